"""What steps of a training do to targets, and the figures of it."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from rrca import plots
from rrca.errors import InputError
from rrca.studies import augmented


def frame(area=(4, 6), place=(40, 50), shape=(90, 150)):
    image = np.full(shape, 0.3, np.float32)
    image[::2] += 0.02
    mask = np.zeros(shape, bool)
    (h, w), (r, c) = area, place
    image[r : r + h, c : c + w], mask[r : r + h, c : c + w] = 0.8, True
    return SimpleNamespace(id="made", image=image, mask=mask)


def test_flip_and_transpose_change_nothing_that_is_measured():
    effects = augmented.measure([frame()])
    for name in ("flip", "transpose"):
        assert effects[name].area == effects["as read"].area == [24.0]
        assert effects[name].scr == pytest.approx(effects["as read"].scr)
        assert effects[name].height == pytest.approx(effects["as read"].height)


def test_a_resize_changes_the_area_by_the_square_of_the_scale():
    effects = augmented.measure([frame()])
    for who in ("ours", "paper"):
        assert effects[f"half size, {who}"].area == [6.0]
        assert effects[f"double size, {who}"].area == [96.0]


def test_a_lone_pixel_vanishes_at_half_size():
    """Half of it is a quarter of a pixel: below one half for ours; nearest neighbour takes it or leaves it."""
    pixels = [frame((1, 1), (40 + i, 50 + j)) for i in (0, 1) for j in (0, 1)]
    effects = augmented.measure(pixels)
    assert effects["half size, ours"].lost == 4
    assert effects["half size, paper"].lost == 3  # one of the four places is looked at
    assert effects["double size, ours"].lost == effects["blur 1 px, paper"].lost == 0


def test_blur_dims_and_keeps_the_mask():
    effects = augmented.measure([frame((2, 2))])
    assert effects["blur 1 px, paper"].area == effects["as read"].area
    assert effects["blur 1 px, paper"].height[0] < 0.9 * effects["as read"].height[0]
    assert effects["as read"].height[0] == pytest.approx(0.8 - 0.31, abs=1e-3)


def test_the_paper_s_resize_is_pillow_s_on_eight_bits():
    one = frame()
    image, mask = augmented.resized_paper(one.image, one.mask, 0.5)
    pixels = Image.fromarray(np.round(one.image * 255).astype(np.uint8)).reduce(1)
    small = pixels.resize((75, 45), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(np.round(image * 255), np.asarray(small))
    assert image.shape == mask.shape == (45, 75)


def test_a_crop_holds_the_first_target_near_its_corner():
    one = frame(place=(40, 50), shape=(300, 300))
    image, mask = augmented.cropped(one.image, one.mask)
    rows, columns = np.nonzero(mask)
    assert image.shape == (128, 128) and mask.sum() == 24
    assert abs(rows.mean() - 8) < 1 and abs(columns.mean() - 8) < 1
    small = frame(shape=(90, 100))
    assert augmented.cropped(small.image, small.mask)[0].shape == (90, 100)
    assert augmented.cropped(one.image, np.zeros_like(one.mask))[0].shape == (128, 128)


def test_the_target_is_shown_on_one_grey_scale_in_windows_of_one_size():
    one = frame()
    figure = plots.augmented_target(one.image, one.mask)
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == len(augmented.STEPS)
    assert len({axes.images[0].get_clim() for axes in panels}) == 1
    assert {round(abs(np.diff(axes.get_xlim())[0])) for axes in panels} == {32}
    assert figure.numbers["double size, ours"]["area"] == 96
    assert "from 6 px (half size" in figure.caption and "to 96 px (double size" in figure.caption
    with pytest.raises(InputError, match="holds no target"):
        plots.augmented_target(one.image, np.zeros_like(one.mask))


def test_effects_are_drawn_as_measured():
    effects = augmented.measure([frame(), frame((2, 3)), frame((5, 5))])
    figure = plots.augmentation_effects(effects)
    assert figure.numbers["as read"]["area"][1] == 24 and figure.numbers["as read"]["targets"] == 3
    drawn = figure.axes[0].lines[1]
    np.testing.assert_allclose(drawn.get_xdata()[0], 24)
    assert figure.axes[0].get_yticklabels()[0].get_text() == "as read (0 lost)"
