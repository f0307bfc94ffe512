"""Synthetic scenes: what was set is what is found, and each concern has its own randomness."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from rrca.data import scenes
from rrca.errors import InputError

KINDS = list(scenes.KINDS)


def blobs(mask):
    """Labels and number of 8-connected components."""
    return ndimage.label(mask, np.ones((3, 3)))


def measured_scr(image, mask, target):
    """SCR by its definition, written apart from the package: a box, a ring, two means."""
    labels, _ = blobs(mask)
    label = labels[round(target.row), round(target.column)]
    rows, columns = np.where(labels == label)
    top, left = max(rows.min() - 20, 0), max(columns.min() - 20, 0)
    box = np.s_[top : rows.max() + 21, left : columns.max() + 21]
    ring = image[box][~mask[box]].astype(float)
    return abs(image[labels == label].astype(float).mean() - ring.mean()) / ring.std()


def slope(field):
    """Exponent of the radial power spectrum between 0.03 and 0.3 cycles/px (Hann window against leakage)."""
    window = np.hanning(field.shape[0])[:, None] * np.hanning(field.shape[1])
    power = np.abs(np.fft.fft2((field - field.mean()) * window)) ** 2
    frequency = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, field.shape), indexing="ij"))
    edges = np.geomspace(0.03, 0.3, 11)
    mean = [power[(frequency >= a) & (frequency < b)].mean() for a, b in pairwise(edges)]
    return -np.polyfit(np.log(np.sqrt(edges[1:] * edges[:-1])), np.log(mean), 1)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bits_and_another_one_another_frame(kind):
    one, two, other = scenes.scene(3, kind), scenes.scene(3, kind), scenes.scene(4, kind)
    assert np.array_equal(one.image, two.image) and np.array_equal(one.mask, two.mask)
    assert one.targets == two.targets
    assert not np.array_equal(one.image, other.image)


def test_the_global_random_state_is_neither_used_nor_changed():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first = scenes.scene(1)
    assert np.array_equal(before, np.random.get_state()[1])
    np.random.seed(1)
    assert np.array_equal(first.image, scenes.scene(1).image)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_float32_in_0_1_and_masks_bool(kind):
    for seed in range(4):
        one = scenes.scene(seed, kind, size=(96, 131), clutter=0.3, noise=0.02, targets=0)
        assert one.image.shape == one.mask.shape == (96, 131)
        assert one.image.dtype == np.float32 and one.mask.dtype == bool
        assert np.isfinite(one.image).all() and one.image.min() >= 0 and one.image.max() <= 1
        assert not one.mask.any() and one.targets == ()


# 0.1 %: amplitudes are solved to 1e-4 between neighbours; float32 rounding is far below that.
@pytest.mark.parametrize("polarity", ["bright", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_scr_set_is_the_scr_found(kind, polarity):
    for seed, scr in enumerate([1.0, 2.5, 5.0, 8.0]):
        one = scenes.scene(seed, kind, scr=scr, targets=3, polarity=polarity)
        assert len(one.targets) == 3
        for target in one.targets:
            assert target.scr == scr
            assert measured_scr(one.image, one.mask, target) == pytest.approx(scr, rel=1e-3)
            assert (target.amplitude > 0) == (polarity == "bright")


def test_the_scr_holds_where_targets_saturate():
    """A bright level and much noise drive the peaks above 1; the SCR is that of the clipped frame."""
    found = [scenes.scene(seed, "sky", clutter=0.1, noise=0.06, scr=7.0, targets=1) for seed in range(8)]
    saturated = [one for one in found if one.image[one.mask].max() == 1]
    assert saturated
    for one in saturated:
        assert measured_scr(one.image, one.mask, one.targets[0]) == pytest.approx(7, rel=1e-3)


def test_targets_close_to_each_other_agree_on_their_scr():
    """Six targets in 64 x 64 px: every ring holds the tails of others."""
    one = scenes.scene(0, "sky", size=(64, 64), targets=6, scr=(2, 4), psf_sigma=0.8)
    assert blobs(one.mask)[1] == 6
    for target in one.targets:
        assert 2 <= target.scr <= 4
        assert measured_scr(one.image, one.mask, target) == pytest.approx(target.scr, rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_changing_the_scr_changes_no_pixel_away_from_the_targets(kind):
    weak, strong = scenes.scene(7, kind, scr=1), scenes.scene(7, kind, scr=5)
    assert [(t.row, t.column) for t in weak.targets] == [(t.row, t.column) for t in strong.targets]
    assert np.array_equal(weak.mask, strong.mask)
    near = ndimage.binary_dilation(weak.mask, np.ones((3, 3)), iterations=7)
    assert np.array_equal(weak.image[~near], strong.image[~near])
    assert (strong.image[weak.mask] > weak.image[weak.mask]).all()


def test_one_target_more_leaves_the_others_and_the_background_in_place():
    one, two = scenes.scene(5, targets=1), scenes.scene(5, targets=2)
    assert (one.targets[0].row, one.targets[0].column) == (two.targets[0].row, two.targets[0].column)
    near = ndimage.binary_dilation(two.mask, np.ones((3, 3)), iterations=7)
    assert np.array_equal(one.image[~near], two.image[~near])


def test_noise_has_its_own_stream_and_the_set_spread():
    calm, noisy = (
        scenes.scene(2, "sky", targets=0, noise=noise).image.astype(float) for noise in (0.01, 0.03)
    )
    # The frame is linear in the noise, which is the same field: the difference is 0.02 times it.
    assert (noisy - calm).std() == pytest.approx(0.02, rel=0.01)  # 65 536 draws: spread of a std 0.3 %


def test_clutter_is_the_standard_deviation_of_the_background():
    one = scenes.scene(2, "sky", targets=0, clutter=0.05, noise=0.001).image
    assert one.std() == pytest.approx(0.05, rel=0.01)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(KINDS),
    sigma=st.floats(0.5, 2.5),
    length=st.floats(0, 12),
)
def test_a_target_lies_where_it_says(seed, kind, sigma, length):
    one = scenes.scene(seed, kind, targets=(1, 2), psf_sigma=sigma, target_size=length, scr=2)
    labels, n = blobs(one.mask)
    assert n == len(one.targets)
    for target in one.targets:
        label = labels[round(target.row), round(target.column)]
        assert label > 0
        row, column = ndimage.center_of_mass(labels == label)
        assert np.hypot(row - target.row, column - target.column) < 0.5


def test_the_mask_ends_at_the_stated_fraction_of_the_peak():
    """A Gaussian exceeds 0.35 of its peak within sigma * sqrt(2 ln(1 / 0.35)): an area of 6.6 sigma^2."""
    area = np.mean([scenes.scene(seed, "sky", targets=1, psf_sigma=3).mask.sum() for seed in range(20)])
    assert area == pytest.approx(2 * np.pi * np.log(1 / 0.35) * 3**2, rel=0.03)


def test_the_profile_is_the_blurred_box():
    """Against brute force: a box on a grid 20 times finer, blurred by SciPy."""
    stamp = scenes._stamp((0.0, 0.0), (6.0, 3.0), 0.0, 1.2)
    fine = np.zeros((20 * len(stamp.profile),) * 2)
    middle = len(fine) // 2
    fine[middle - 30 : middle + 30, middle - 60 : middle + 60] = 1  # 3 px high, 6 px wide
    fine = ndimage.gaussian_filter(fine, 24)
    sampled = fine[10::20, 10::20] / fine[middle, middle]
    assert np.abs(sampled - stamp.profile).max() < 0.02  # half a fine pixel at the steepest place


@pytest.mark.parametrize("beta", [1.0, 2.0, 3.0])
def test_the_spectrum_of_clutter_falls_as_set(beta):
    found = [slope(scenes.clutter_field(np.random.default_rng(seed), (256, 256), beta)) for seed in range(4)]
    assert np.mean(found) == pytest.approx(beta, abs=0.15)  # 4 fields, 10 bands: spread about 0.05


def test_stretched_clutter_is_correlated_along_its_angle():
    field = scenes.clutter_field(np.random.default_rng(0), (200, 200), 2.5, stretch=6)
    assert np.diff(field, axis=1).std() < 0.5 * np.diff(field, axis=0).std()


def test_the_opposite_borders_of_a_field_do_not_match():
    """The FFT's period is cut off: left and right border differ far more than neighbours do."""
    field = scenes.clutter_field(np.random.default_rng(0), (128, 128), 3)
    assert np.abs(field[:, 0] - field[:, -1]).mean() > 5 * np.abs(np.diff(field, axis=1)).mean()


def test_kinds_differ_physically():
    """Sea: rows differ more than columns. Cloud: edges, so heavy-tailed gradients. Sky: the smoothest."""

    def gradients(kind):
        fields = [scenes.scene(seed, kind, targets=0, clutter=0.05, noise=0).image for seed in range(8)]
        return [[np.diff(field.astype(float), axis=axis) for field in fields] for axis in (0, 1)]

    down, across = gradients("sea")
    assert all(d.std() > 1.5 * a.std() for d, a in zip(down, across, strict=True))
    roughness = {kind: np.median([d.std() for d in gradients(kind)[0]]) for kind in KINDS}
    assert min(roughness, key=roughness.get) == "sky"
    kurtosis = [(d**4).mean() / (d**2).mean() ** 2 for d in gradients("cloud")[0]]
    assert np.median(kurtosis) > 5  # 3 for a Gaussian field


def test_splits_are_disjoint_and_complete():
    train, val, test = (set(scenes.split_seeds(name)) for name in ("train", "val", "test"))
    assert (len(train), len(val), len(test)) == (160, 32, 64)
    assert not (train & val or train & test or val & test)
    assert set(scenes.split_seeds("trainval")) == train | val
    assert sorted(scenes.split_seeds("all")) == sorted(train | val | test)


@pytest.mark.slow
def test_the_synthetic_set_resembles_nuaa_sirst():
    """Real: targets a frame 1 in 84 %, areas median 20, mean 33, max 330 px; all masks in one piece."""
    frames = [scenes.split_scene(seed) for seed in scenes.split_seeds("all")]
    areas = np.concatenate([np.bincount(blobs(f.mask)[0].ravel())[1:] for f in frames])
    numbers = [len(f.targets) for f in frames]
    assert len(areas) == sum(numbers)
    assert np.mean(np.array(numbers) == 1) == pytest.approx(0.84, abs=0.07)  # 3 spreads of 256 draws
    assert min(numbers) == 1 and max(numbers) <= 3
    assert np.median(areas) == pytest.approx(20, abs=3)
    assert areas.mean() == pytest.approx(33, abs=5)
    assert 200 < areas.max() < 600
    assert {f.kind for f in frames} == set(KINDS)
    scrs = [t.scr for f in frames for t in f.targets]
    assert min(scrs) >= 2 and max(scrs) <= 20 and 4 < np.median(scrs) < 9


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("seed", -1),
        ("seed", 1.5),
        ("seed", True),
        ("kind", "desert"),
        ("size", (256, 20)),
        ("size", 256),
        ("size", (256.0, 256)),
        ("targets", -1),
        ("targets", 1.5),
        ("targets", (3, 1)),
        ("scr", 0.1),
        ("scr", (5, 2)),
        ("scr", float("nan")),
        ("scr", "high"),
        ("scr", (1, 2, 3)),
        ("psf_sigma", 0.1),
        ("target_size", -1),
        ("clutter", -0.1),
        ("clutter", float("nan")),
        ("noise", 2),
        ("noise", 0),
        ("polarity", "grey"),
    ],
)
def test_bad_arguments_are_named(argument, value):
    with pytest.raises(InputError, match=f"^{argument}="):
        scenes.scene(**{"seed": 0, argument: value})


@pytest.mark.parametrize("arguments", [{"scr": 60}, {"targets": 60, "size": (64, 64)}])
def test_what_does_not_fit_is_said(arguments):
    with pytest.raises(InputError, match="do not fit into the scene of seed=0"):
        scenes.scene(0, "sky", **arguments)


def test_a_scr_drawn_too_high_for_the_frame_is_lowered():
    """A point target's own blur limits its SCR to about 46: a range beyond is cut there, less a tenth."""
    one = scenes.scene(0, "sky", targets=2, scr=(20, 1000), noise=0.001)
    for target in one.targets:
        assert 20 <= target.scr < 46
        assert measured_scr(one.image, one.mask, target) == pytest.approx(target.scr, rel=1e-3)


def test_unknown_splits_and_bad_seeds_are_named():
    with pytest.raises(InputError, match=r"^split='tests'"):
        scenes.split_seeds("tests")
    with pytest.raises(InputError, match=r"^seed=-1"):
        scenes.split_scene(-1)
