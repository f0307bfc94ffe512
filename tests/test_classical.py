"""The nine classical detectors: the authors' programs' values, the literal implementations, and bad frames."""

import warnings

import classical_reference as literal
import numpy as np
import pytest

import rrca.classical as classical
from rrca.classical import METHODS, Step
from rrca.classical.patches import Grid, mean
from rrca.classical.pstnn import corner_prior
from rrca.classical.structure import structure_eigenvalues
from rrca.data import scenes
from rrca.errors import InputError, InputWarning

FILTERS = ("top-hat", "max-median", "tllcm", "wslcm")
PATCHES = ("ipi", "nram", "ript", "pstnn")  # they need a frame of at least one patch
TOLERANCE = dict.fromkeys(METHODS, 1e-6) | {
    "mslstipt": 1e-3
}  # of the largest response; see the description's §0.8


def self_check_image():
    """The description's §11: a stepped, noisy ramp with two targets."""
    r, c = np.indices((110, 130))
    image = 60 + r // 3 + c // 5 + (7 * r * r + 13 * c + 5 * r * c) % 7 + 35 * (c >= 80)
    image[29:32, 39:42] += np.array([[20, 40, 20], [40, 80, 40], [20, 40, 20]])
    distance = np.maximum(abs(r - 75), abs(c - 22))
    return image + np.where(distance <= 2, 12 * (3 - distance), 0)


@pytest.fixture(scope="module")
def image():
    return self_check_image()


def eight_bit_scene(shape, seed=3):
    """A synthetic frame of grey levels, with a target of 3×3 pixels in its middle."""
    frame = np.round(scenes.scene(seed=seed, targets=0, size=shape).image * 255).astype(np.uint8)
    frame[shape[0] // 2 - 1 :, shape[1] // 2 - 1 :][:3, :3] += 60
    return frame


def test_self_check_image_is_the_described_one(image):
    assert (image.min(), image.max(), image.sum()) == (60, 161, 1521573)
    assert image[0, :5].tolist() == [60, 66, 65, 64, 63]
    assert (image[109, 129], image[30, 40], image[75, 22]) == (157, 161, 128)


# What the authors' programs gave under Octave: place of the maximum, sum, pixels that are not 0, the response at
# (30, 40), (75, 22), (29, 39) and (76, 23), minimum.
OCTAVE = {
    "top-hat": ((30, 40), 28987, 8998, (83, 28, 21, 15), 0),
    "max-median": ((30, 40), -18214, 10230, (43, 14, 0, 0), -7),
    "tllcm": ((30, 40), 369.2129474, 30, (51.11479682, 22.44797922, 12.97091686, 12.93064457), 0),
    "wslcm": ((75, 22), 6470.705935, 49, (391.1350659, 595.4330918, 108.4916095, 345.4909859), 0),
    "ipi": ((30, 40), 2.792355462, 20, (0.6531879485, 0.2240400783, 0.03933567878, 0.09233081023), 0),
    "nram": ((30, 40), 2.781539299, 14, (0.6472948369, 0.2736171306, 0, 0.09076692643), 0),
    "ript": ((30, 40), 595.8924226, 24, (81.60342032, 34.79162126, 20.81267961, 22.29028627), 0),
    "pstnn": ((30, 40), 369.3504949, 9, (85.33378525, 41.7998624, 0, 0), 0),
    "mslstipt": ((30, 40), 1.970391267, 12902, (0.3031829822, 0.06052755398), -0.03479019791),
}


def check_response(response, expected, tolerance):
    place, total, nonzeros, values, least = expected
    near = {"rel": 0, "abs": tolerance * response.max()}
    assert response.dtype == np.float64 and response.shape == (110, 130)
    assert np.unravel_index(response.argmax(), response.shape) == place
    assert response.sum() == pytest.approx(total, rel=1e-6)
    assert np.count_nonzero(np.abs(response) > 1e-9 * response.max()) == nonzeros
    at = [response[r, c] for r, c in ((30, 40), (75, 22), (29, 39), (76, 23))]
    assert at[: len(values)] == pytest.approx(list(values), **near)
    assert response.min() == pytest.approx(least, **near)


@pytest.mark.parametrize("method", METHODS)
def test_self_check_values(method, image):
    check_response(METHODS[method](image), OCTAVE[method], TOLERANCE[method])


def test_self_check_values_of_ript_with_the_mean_of_overlapping_patches(image):
    expected = ((30, 40), 601.171239, 25, (81.55730526, 34.81336909, 21.3573264, 22.55363985), 0)
    check_response(classical.ript(image, join=mean), expected, 1e-6)


# Iterations, the last step's rank (where it is described) and why it stopped.
STEPS = {
    "ipi": (27, 19, "rank"),
    "nram": (19, None, "tolerance"),
    "ript": (3, None, "non-zeros unchanged"),
    "pstnn": (3, None, "non-zeros unchanged"),
    "mslstipt": (138, None, "tolerance"),
}


@pytest.mark.parametrize("method", STEPS)
def test_iterations_are_counted_and_told(method, image):
    steps = []
    response = METHODS[method](image, on_step=steps.append)
    iterations, rank, stopped = STEPS[method]
    assert [step.iteration for step in steps] == list(range(1, iterations + 1))
    assert [step.stopped for step in steps] == [""] * (iterations - 1) + [stopped]
    assert rank in (None, steps[-1].rank)
    assert np.array_equal(steps[-1].target, response)
    with pytest.raises(InputError, match="iteration 1 has been written over"):
        _ = steps[0].target


def test_mslstipt_learns_its_dictionary_in_the_described_iterations(image):
    learning, steps = [], []
    classical.mslstipt(image, on_step=steps.append, on_dictionary_step=learning.append)
    assert (len(learning), learning[-1].rank) == (115, 4)
    assert steps[-1].error == pytest.approx(9.0758e-5, rel=1e-4)


@pytest.mark.parametrize("method", ("ipi", "nram", "ript", "pstnn", "mslstipt"))
def test_background_and_target_make_up_the_frame(method, image):
    """In the method's unit: grey levels, or stretched; what is left over is noise, a few per cent."""
    steps = []
    METHODS[method](image, on_step=steps.append)
    both = steps[-1].background + steps[-1].target
    inside = np.s_[:110, :130]
    slope, offset = np.polyfit(image[inside].ravel(), both[inside].ravel(), 1)
    spread = np.std(both - slope * image - offset)
    assert slope > 0 and spread < 0.1 * np.std(both)


def test_grids_are_the_described_ones(image):
    ipi, nram = (make(image.shape, 50, 10, "") for make in (Grid.regular, Grid.flush))
    assert (len(ipi), ipi.rows[-1], ipi.columns[-1]) == (63, 60, 80)
    assert (nram.rows, nram.columns) == (ipi.rows, ipi.columns)
    ript, pstnn = Grid.flush(image.shape, 30, 10, ""), Grid.flush(image.shape, 40, 40, "")
    assert (len(ript), ript.rows[-1], ript.columns[-1]) == (99, 80, 100)
    assert (pstnn.rows, pstnn.columns) == ([0, 40, 70], [0, 40, 80, 90])


def test_structure_tensor_has_the_described_extremes(image):
    larger, smaller = structure_eigenvalues(image.astype(float), 1.2, 2)
    assert (larger.max(), smaller.max()) == pytest.approx((127.2900844, 106.5448515), rel=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_equals_the_literal_implementation(method):
    """On a frame of odd sides, which leaves strips, flush patches and a partial one."""
    frame = eight_bit_scene((50, 53) if method in FILTERS else (105, 113))
    expected = getattr(literal, METHODS[method].__name__)(frame)
    expected = expected[0] if isinstance(expected, tuple) else expected
    response = METHODS[method](frame)
    largest = np.abs(expected).max()
    assert largest > 0
    assert np.abs(response - expected).max() <= TOLERANCE[method] * largest
    assert np.array_equal(np.abs(response) > 1e-9 * largest, np.abs(expected) > 1e-9 * largest)


def test_overlapping_patches_overwrite_average_and_take_medians():
    grid = Grid.flush((4, 5), patch=3, step=1, method="")
    frame = np.arange(20.0).reshape(4, 5)
    patches = grid.cut(frame)
    expected = literal.patch_tensor(frame, 3, 1).transpose(2, 0, 1)
    assert np.array_equal(patches, expected)
    patches = patches + np.arange(len(grid))[:, None, None] ** 2
    tensor = patches.transpose(1, 2, 0)
    assert np.array_equal(
        grid.assemble(patches, classical.patches.last), literal.overwrite(tensor, (4, 5), 3, 1)
    )
    assert np.allclose(grid.assemble(patches, mean), literal.average(tensor, (4, 5), 3, 1))
    middle = grid.assemble(patches, classical.patches.median)
    assert middle[0, 0] == patches[0, 0, 0]
    assert middle[1, 0] == np.median([patches[0, 1, 0], patches[1, 0, 0]])


def test_pstnn_treats_flat_regions_as_asked():
    frame = self_check_image()[:80, :80]
    frame[10:17, 50:57] = 160  # saturated: no structure at all in its middle
    for flat_prior, nan_to_one in ((0.0, False), (1.0, True)):
        response = classical.pstnn(frame, flat_prior=flat_prior)
        expected, _ = literal.pstnn(frame, nan_to_one)
        assert np.abs(response - expected).max() <= 1e-6 * expected.max()
        assert corner_prior(frame.astype(float), flat_prior)[13, 53] == flat_prior
    assert not np.array_equal(classical.pstnn(frame), classical.pstnn(frame, flat_prior=1.0))


# --- frames ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", (0, 90, 255, 33.3))
def test_a_constant_frame_has_an_empty_response(method, level):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        response = METHODS[method](np.full((64, 90), level))
    assert not response.any()
    assert not classical.segment(response)[0].any()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", ((64, 90), (64, 250)))
def test_black_frames_with_one_point_give_finite_responses(method, shape):
    frame = np.zeros(shape)
    frame[30:33, 60:63] = 200
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        response = METHODS[method](frame)
        mask, _ = classical.segment(response)
    assert np.isfinite(response).all()
    assert mask.mean() < 0.5


@pytest.mark.parametrize("method", METHODS)
def test_frames_without_noise_raise_no_warning(method):
    """Steps, stripes and ramps have flat parts, vanishing gradients and unfoldings of low rank."""
    r, c = np.indices((60, 70))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for frame in (r + c, 200 * (c > 30), 100 * (c % 10 < 5), 250 * ((r + c) % 2), 255 * (r == c)):
            assert np.isfinite(METHODS[method](frame)).all()


@pytest.mark.parametrize("method", PATCHES)
def test_a_frame_smaller_than_a_patch_is_refused_in_one_sentence(method):
    with pytest.raises(
        InputError, match=rf"{method.upper()}: the frame of 20×64 pixels is smaller than a patch"
    ):
        METHODS[method](np.zeros((64, 20)))


def test_ipi_needs_four_patches():
    with pytest.raises(InputError, match="gives 1 patches"):
        classical.ipi(eight_bit_scene((55, 55)))


@pytest.mark.parametrize("method", FILTERS)
def test_filters_take_frames_smaller_than_their_windows(method):
    frame = np.array([[10, 10, 10], [10, 90, 10]])
    reference = getattr(literal, METHODS[method].__name__)
    response = METHODS[method](frame)
    if method in ("tllcm", "wslcm"):  # all eight cells lie outside: B = 0, where the programs divide by 0
        assert np.isfinite(response).all()
    else:
        assert np.array_equal(response, reference(frame))


def test_mslstipt_takes_frames_lower_than_a_patch():
    response = classical.mslstipt(eight_bit_scene((60, 120)), max_iterations=5, dictionary_iterations=5)
    assert response.shape == (60, 120) and np.isfinite(response).all()


BAD = {
    "NaN": np.array([[1.0, np.nan]]),
    "smaller|-3": np.array([[-3.0, 4.0]]),
    "bool": np.zeros((4, 4), bool),
    "shape": np.zeros((2, 4, 4)),
    "<U1": np.array([["a"]]),
    "to 400": np.array([[0, 400]]),
    "(0, 5)": np.zeros((0, 5)),
}


@pytest.mark.parametrize("message", BAD)
@pytest.mark.parametrize("method", METHODS)
def test_what_is_no_frame_is_refused(method, message):
    with pytest.raises(InputError, match=message.replace("(", r"\(").replace(")", r"\)")):
        METHODS[method](BAD[message])


def test_frames_of_any_type_reach_the_same_levels(image):
    from rrca.classical.grey import grey_levels

    eight = image.astype(np.uint8)
    assert np.array_equal(grey_levels(eight), image)
    assert np.array_equal(grey_levels(np.repeat(eight[..., None], 3, axis=2)), image)
    assert np.array_equal(grey_levels(eight.astype(np.uint16) * 257), image)
    deep = grey_levels((eight.astype(np.uint16) * 257) + 100)
    assert np.allclose(deep, image + 100 / 257) and (deep % 1).any()  # 16 bit is scaled and not rounded
    with pytest.warns(InputWarning, match="multiply by 255"):
        grey_levels(image / 255)


def test_colour_is_read_by_rounded_luminance():
    from rrca.classical.grey import grey_levels

    colour = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    with pytest.warns(InputWarning, match="luminance"):
        levels = grey_levels(colour)
    difference = np.abs(levels - np.round(colour @ [0.298936, 0.587043, 0.114021]))
    assert difference.max() <= 1 and difference.mean() < 0.02  # Pillow's weights have 16 bit


@pytest.mark.parametrize("method", ("top-hat", "max-median"))
def test_linear_filters_scale_with_the_frame(method, image):
    assert np.allclose(METHODS[method](image / 2), METHODS[method](image) / 2)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: classical.top_hat(x, size=4), "size = 4"),
        (lambda x: classical.max_median(x, length=0), "length = 0"),
        (lambda x: classical.tllcm(x, top=82), "top = 82"),
        (lambda x: classical.wslcm(x, sizes=(5, 8)), "sizes = 8"),
        (lambda x: classical.ript(x, patch=30, step=0), "step = 0"),
        (lambda x: classical.nram(x, max_iterations=0), "max_iterations = 0"),
        (lambda x: classical.mslstipt(x, power=1.0), "power = 1.0"),
    ],
)
def test_settings_out_of_range_are_refused(call, message, image):
    with pytest.raises(InputError, match=message):
        call(image)


def test_iterations_end_at_their_limit(image):
    steps: list[Step] = []
    classical.nram(image, max_iterations=2, on_step=steps.append)
    assert [step.stopped for step in steps] == ["", "2 iterations"]


@pytest.mark.parametrize("size, count", [(3, 1), (5, 9), (7, 9), (9, 9), (11, 9), (3, 9), (13, 20)])
def test_means_of_the_largest_samples_are_those_of_sorted_windows(size, count):
    from rrca.classical.windows import top_means

    frame = np.random.default_rng(size).uniform(0, 255, (19, 60))
    padded = np.pad(frame, size + size // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    expected = np.sort(windows.reshape(*windows.shape[:2], -1), axis=2)[..., -count:].mean(axis=2)
    assert np.allclose(top_means(frame, size, count), expected, rtol=1e-13)


def test_small_singular_values_beside_large_ones_are_taken_from_a_full_decomposition():
    """σ = 1e8 … 1e-2: their squares lie 1e20 apart, more than double precision holds."""
    from rrca.classical.spectrum import shrink, singular_values

    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.standard_normal((n, 6)))[0] for n in (30, 40))
    s = np.array([1e8, 1e4, 10, 1, 0.1, 0.01])
    matrix = (U * s) @ V.T
    low, new = shrink(matrix, lambda s: np.maximum(s - 0.05, 0))
    assert np.count_nonzero(new > 1e-6) == 5
    assert new[3] == pytest.approx(0.95, rel=1e-5)
    assert np.abs(low - (U * np.maximum(s - 0.05, 0)) @ V.T).max() < 1e-6
    assert singular_values(matrix, 5)[4] == pytest.approx(0.1, rel=1e-5)


@pytest.mark.parametrize("shape", ((20, 50), (50, 20)))
@pytest.mark.parametrize("expected", (3, 0, None))
def test_thresholding_singular_values_equals_the_full_decomposition(shape, expected):
    from rrca.classical.spectrum import soft_spectrum

    matrix = np.random.default_rng(1).standard_normal(shape)
    U, s, Vt = np.linalg.svd(matrix, full_matrices=False)
    for by in (s[2] + 1e-3, s[10], 2 * s[0]):  # three, a tie, none
        out = np.empty(shape)
        low, new = soft_spectrum(matrix, by, expected, out=out)
        assert low is out
        assert np.allclose(low, (U * np.maximum(s - by, 0)) @ Vt, atol=1e-12)
        assert np.count_nonzero(new > 1e-12) == np.count_nonzero(s - by > 1e-12)


@pytest.mark.parametrize("shape", ((150, 400), (400, 150)))
@pytest.mark.parametrize(
    "above", ([90, 7, 5], [90, 7, 5, 5, 5, 5, 5, 5, 5], [90, *np.linspace(9, 2, 40)], []), ids=len
)
def test_a_few_singular_values_are_computed_alone_and_none_is_missed(shape, above, monkeypatch):
    """Not even one found from no start vector, or one that is there many times: the full decomposition follows then."""
    from rrca.classical import spectrum

    rng = np.random.default_rng(2)
    m, n = min(shape), max(shape)
    U, V = (rng.standard_normal((size, m)) for size in (m, n))
    U[:, 0] = np.repeat([1.0, -1.0], m // 2)  # of sum 0: no share in the vector that Lanczos starts from
    U, V = np.linalg.qr(U)[0], np.linalg.qr(V)[0]
    s = np.append(above, rng.uniform(0, 1, m - len(above)))
    matrix, expected = (U * s) @ V.T, (U * np.maximum(s - 1.5, 0)) @ V.T
    if shape[0] > shape[1]:
        matrix, expected = matrix.T, expected.T
    whole = []
    eigh = spectrum.eigh
    monkeypatch.setattr(spectrum, "eigh", lambda *given, **how: whole.append(1) or eigh(*given, **how))
    low, new = spectrum.soft_spectrum(matrix, 1.5, expected=min(len(above), 1))
    assert np.allclose(low, expected, atol=1e-10)
    assert np.count_nonzero(new) == len(above)
    assert bool(whole) == (len(above) > 5)  # 5 are a thirtieth of 150


def test_a_large_singular_value_that_lanczos_misses_is_found_all_the_same(monkeypatch):
    from rrca.classical import spectrum

    rng = np.random.default_rng(3)
    Q = np.linalg.qr(rng.standard_normal((150, 150)))[0]
    s = np.append([50.0, 20.0, 10.0], rng.uniform(0, 1, 147))
    eigsh, eigh, called = spectrum.eigsh, spectrum.eigh, []

    def without_the_second(gram, count, **how):
        called.append("Lanczos")
        squares, vectors = eigsh(gram, count + 1, **how)
        return np.delete(squares, -2), np.delete(vectors, -2, axis=1)

    monkeypatch.setattr(spectrum, "eigsh", without_the_second)
    monkeypatch.setattr(spectrum, "eigh", lambda *given, **how: called.append("all") or eigh(*given, **how))
    _, new = spectrum.soft_spectrum((Q * s) @ Q.T, 1.5, expected=1)
    assert called == ["Lanczos", "all"]
    assert np.allclose(new[:3], [48.5, 18.5, 8.5])
