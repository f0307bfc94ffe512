"""What training does to a frame: the same geometry for image and mask, from one seed."""

import numpy as np
import pytest
import torch
from augment_reference import PIPELINES, ours, paper

from rrca.data.normalisation import IMAGENET, Normalisation, measure
from rrca.errors import InputError

PLAIN = Normalisation((0.0,), (1.0,))


def frame_with_target(size=(150, 180), box=(40, 52, 60, 75)):
    """A frame that is its own mask: bright exactly on the target."""
    mask = np.zeros(size, bool)
    mask[box[0] : box[1], box[2] : box[3]] = True
    return mask.astype(np.float32), mask


def small_target(size=(90, 110), at=(30, 70)):
    image, mask = np.full(size, 0.2, np.float32), np.zeros(size, bool)
    mask[at[0] : at[0] + 3, at[1] : at[1] + 3] = True
    return image, mask


@pytest.mark.parametrize("name", PIPELINES)
def test_image_and_mask_undergo_the_same_geometry(name):
    image, mask = frame_with_target()
    seen = 0
    for seed in range(30):
        x, g = PIPELINES[name](image, mask, np.random.default_rng(seed), PLAIN, size=96)
        assert x.shape == g.shape == (1, 96, 96) and x.dtype == g.dtype == torch.float32
        assert set(g.unique().tolist()) <= {0.0, 1.0}
        # resampling softens the target's rim and nothing else; another flip or offset would cost a multiple
        rim = max(1.0, 4 * g.sum().sqrt().item())
        assert ((x > 0.5) != (g > 0.5)).sum() <= rim
        seen += bool(g.any())
    assert seen >= 10


@pytest.mark.parametrize("name", PIPELINES)
def test_the_seed_is_all_there_is_to_chance(name):
    image, mask = (
        np.random.default_rng(0).random((70, 60), dtype=np.float32),
        small_target((70, 60), (20, 20))[1],
    )
    given = image.copy(), mask.copy()
    torch.manual_seed(1)
    one = PIPELINES[name](image, mask, np.random.default_rng(5), PLAIN, size=48)
    torch.manual_seed(2)
    two = PIPELINES[name](image, mask, np.random.default_rng(5), PLAIN, size=48)
    other = PIPELINES[name](image, mask, np.random.default_rng(6), PLAIN, size=48)
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one[0], other[0])
    np.testing.assert_array_equal(image, given[0])
    np.testing.assert_array_equal(mask, given[1])


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("size", [(1, 1), (5, 300), (300, 5)])
def test_frames_of_any_size_are_taken(name, size):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x, g = PIPELINES[name](np.ones(size, np.float32), np.ones(size, bool), rng, PLAIN, size=32)
        assert x.shape == g.shape == (1, 32, 32) and torch.isfinite(x).all()


def test_colour_frames_stay_in_colour_and_are_normalised():
    image = np.ones((40, 50, 3), np.float32) * np.float32([0.485, 0.456, 0.406])
    x, _ = paper(image, np.zeros((40, 50), bool), np.random.default_rng(0), IMAGENET, size=16)
    assert x.shape == (3, 16, 16)


@pytest.mark.parametrize("share", [0.0, 0.7, 1.0])
def test_share_of_crops_with_a_target_is_at_least_what_was_asked(share):
    image, mask = small_target((400, 400), (30, 350))
    crops = [
        ours(image, mask, np.random.default_rng(seed), PLAIN, size=48, target_share=share, scale=(1.0, 1.0))[
            1
        ]
        for seed in range(200)
    ]
    found = np.mean([bool(crop.any()) for crop in crops])
    # by chance, a window of 48² in 400² holds the target in under 5 % of the crops
    assert share - 0.11 <= found <= share + 0.11  # three standard deviations of 200 draws


def test_every_target_and_every_turn_occurs():
    image = np.zeros((60, 60), np.float32)
    mask = np.zeros((60, 60), bool)
    image[0, 0] = mask[0, 0] = True  # a target in the corner: its place tells the turn
    places = set()
    for seed in range(120):
        _, g = ours(
            image, mask, np.random.default_rng(seed), PLAIN, size=60, target_share=0.0, scale=(1.0, 1.0)
        )
        places.add(tuple(g[0].nonzero()[0].tolist()))
    assert places == {(0, 0), (0, 59), (59, 0), (59, 59)}


def test_papers_crop_holds_zeros_where_the_frame_ends():
    image, mask = np.ones((64, 64), np.float32), np.ones((64, 64), bool)
    shares = set()
    for seed in range(20):
        x, g = paper(image, mask, np.random.default_rng(seed), PLAIN, size=64)
        # long side 32 … 128: when it is below 64 the rest is zero, else the crop is full
        assert g[0, 0, 0] == 1 and x[0, 0, 0] > 0.4
        shares.add(g.mean().item() == 1)
    assert shares == {True, False}


# --- normalisation --------------------------------------------------------------------------------------------


def test_normalisation_by_hand():
    x = Normalisation((0.5,), (0.25,))(np.array([[0.5, 1.0]], np.float32))
    assert x.tolist() == [[[0.0, 2.0]]]


def test_grey_is_repeated_for_three_channels_and_colour_kept():
    grey = IMAGENET(np.full((2, 2), 0.485, np.float32))
    assert grey.shape == (3, 2, 2)
    assert grey[:, 0, 0].tolist() == pytest.approx(
        [0, (0.485 - 0.456) / 0.224, (0.485 - 0.406) / 0.225], abs=1e-6
    )
    colour = np.zeros((2, 3, 3), np.float32)
    colour[..., 2] = 0.406
    assert IMAGENET(colour)[2].abs().max() < 1e-6


def test_colour_for_a_network_of_one_channel_is_refused():
    with pytest.raises(InputError, match="channels='grey'"):
        PLAIN(np.zeros((2, 3, 3), np.float32))


@pytest.mark.parametrize(
    ("mean", "std"), [((), ()), ((0.1,), (0.1, 0.2)), ((0.1,), (0.0,)), ((0.1,), (-1.0,))]
)
def test_impossible_normalisations_are_refused(mean, std):
    with pytest.raises(InputError, match="normalisation"):
        Normalisation(mean, std)


def test_measure_counts_pixels_not_frames():
    frames = [np.zeros((10, 10), np.float32), np.ones((10, 30), np.float32)]
    measured = measure(iter(frames), channels=3)
    assert measured.mean == pytest.approx((0.75,) * 3)
    assert measured.std == pytest.approx((np.sqrt(0.75 * 0.25),) * 3)
    pixels = np.concatenate([measured(frame)[0].ravel() for frame in frames])
    assert pixels.mean() == pytest.approx(0, abs=1e-6) and pixels.std() == pytest.approx(1, abs=1e-6)


def test_card_form_round_trips():
    assert Normalisation(**IMAGENET.as_dict()) == IMAGENET
