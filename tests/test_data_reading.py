"""Any file or array as a frame: values by bit depth and colour mode, and one clear sentence for what is none."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rrca import data
from rrca.errors import InputError, InputWarning

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (7, 9), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (7, 9, 3), dtype=np.uint8)
LOSSLESS = (".png", ".tif", ".bmp")


def save(path, array, mode=None):
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path)
    return path


def sentence(call, *given, **named):
    """The one sentence that an input is refused with."""
    with pytest.raises(InputError) as refused:
        call(*given, **named)
    message = str(refused.value)
    assert "\n" not in message and message.endswith(".")
    return message


def png(values, depth, kind):
    """A PNG that Pillow does not write: (H, W, C) big-endian samples, colour type `kind`."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    H, W = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", W, H, depth, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


# --- values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_8_bit_grey_is_divided_by_255(tmp_path, suffix):
    frame = data.read(save(tmp_path / f"a{suffix}", GREY))
    assert frame.dtype == np.float32
    np.testing.assert_array_equal(frame, (GREY / 255.0).astype(np.float32))


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_true_colour_is_pillows_luminance_and_warns_once(tmp_path, suffix):
    path = save(tmp_path / f"a{suffix}", COLOUR)
    with pytest.warns(InputWarning, match="colour") as caught:
        frame = data.read(path)
    assert len(caught) == 1
    assert str(path) in str(caught[0].message)
    assert caught[0].filename == __file__  # the warning points at the line that called
    expected = np.asarray(Image.fromarray(COLOUR).convert("L"))
    np.testing.assert_array_equal(np.round(frame * 255), expected)
    by_hand = COLOUR @ np.array([0.299, 0.587, 0.114])
    assert np.abs(expected - by_hand).max() <= 0.51


def test_rgb_is_kept_and_grey_repeated(tmp_path):
    np.testing.assert_array_equal(
        data.read(save(tmp_path / "a.png", COLOUR), channels="rgb"), np.float32(COLOUR / 255.0)
    )
    frame = data.read(save(tmp_path / "b.png", GREY), channels="rgb")
    assert frame.shape == (7, 9, 3)
    assert (frame == frame[..., :1]).all()


@pytest.mark.parametrize("form", ["RGB", "RGBA", "LA", "P", "palette with transparency", "CMYK"])
def test_grey_pixels_in_any_mode_read_the_same_without_a_warning(tmp_path, form):
    path = tmp_path / ("a.tif" if form == "CMYK" else "a.png")
    if form == "palette with transparency":
        Image.fromarray(GREY).convert("P").save(path, transparency=3)
        expected = GREY
    elif form == "CMYK":  # black at 255 - grey, no ink else
        inks = np.zeros((7, 9, 4), np.uint8)
        inks[..., 3] = 255 - GREY
        Image.frombytes("CMYK", (9, 7), inks.tobytes()).save(path)
        expected = GREY
    else:
        save(path, GREY, form)
        expected = GREY
    with warnings.catch_warnings():
        if form == "palette with transparency":
            warnings.simplefilter("ignore", InputWarning)  # transparent parts: tested below
        else:
            warnings.simplefilter("error")
        frame = data.read(path)
    np.testing.assert_array_equal(np.round(frame * 255), expected)


def test_alpha_is_dropped_and_mentioned_only_if_it_varies(tmp_path):
    rgba = np.dstack([np.repeat(GREY[..., None], 3, axis=2), np.full_like(GREY, 200)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(data.read(save(tmp_path / "a.png", rgba)), np.float32(GREY / 255.0))
    rgba[0, 0, 3] = 0
    with pytest.warns(InputWarning, match="transparent parts"):
        np.testing.assert_array_equal(data.read(save(tmp_path / "b.png", rgba)), np.float32(GREY / 255.0))


def test_jpeg_is_read_as_grey(tmp_path):
    flat = np.full((16, 16), 128, np.uint8)
    assert np.abs(data.read(save(tmp_path / "a.jpg", flat)) - 128 / 255).max() < 0.01


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy"])
def test_16_bit_is_divided_by_65535_and_no_bit_is_lost(tmp_path, suffix):
    deep = np.array([[0, 1, 255, 256], [4097, 32768, 65534, 65535]], dtype=np.uint16)
    path = tmp_path / f"a{suffix}"
    np.save(path, deep) if suffix == ".npy" else save(path, deep)
    np.testing.assert_array_equal(data.read(path), (deep / 65535.0).astype(np.float32))


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_byte_order_of_an_array_does_not_matter(tmp_path, order):
    np.save(tmp_path / "a.npy", np.array([[65535, 0]], dtype=order))
    np.testing.assert_array_equal(data.read(tmp_path / "a.npy"), [[1, 0]])


def test_16_bit_colour_is_read_whole_from_tiff_and_refused_from_png(tmp_path):
    # Pillow would cut both to 8 bit without a word: 0x12ff would become 0x12
    deep = np.full((4, 5, 3), 0x12FF, dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    np.testing.assert_allclose(data.read(tmp_path / "a.tif"), 0x12FF / 65535, rtol=1e-6)
    (tmp_path / "a.png").write_bytes(png(deep, 16, 2))
    assert "16 bit a colour" in sentence(data.read, tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(png(deep[..., :2], 16, 4))  # grey and alpha
    assert "16 bit a colour" in sentence(data.read, tmp_path / "b.png")


def test_dark_16_bit_frame_warns_and_a_stretch_does_not(tmp_path):
    path = save(tmp_path / "a.png", np.array([[1000, 2000], [3000, 4095]], dtype=np.uint16))
    with pytest.warns(InputWarning, match=r"maximum is 4095 of 65535.*percentile"):
        assert data.read(path).max() == pytest.approx(4095 / 65535)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(data.read(path, scale=(1000, 3000)), [[0, 0.5], [1, 1]])
        stretched = data.read(path, scale="percentile")
        save(path, np.array([[4096, 0]], dtype=np.uint16))  # 1/16 of the range: bright enough
        data.read(path)
    assert (stretched.min(), stretched.max()) == (0, 1)


def test_percentile_stretch_of_a_constant_frame_is_black():
    assert (data.as_frame(np.full((4, 4), 300, np.uint16), scale="percentile") == 0).all()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_float_tiff_counts_as_it_is(tmp_path, dtype):
    values = np.array([[0, 0.25], [0.5, 1]], dtype=dtype)
    tifffile.imwrite(tmp_path / "a.tif", values)  # Pillow does not know 64-bit floats
    np.testing.assert_array_equal(data.read(tmp_path / "a.tif"), values.astype(np.float32))


def test_a_single_pixel_is_a_frame(tmp_path):
    assert data.read(save(tmp_path / "a.png", np.array([[255]], np.uint8))).tolist() == [[1.0]]


@pytest.mark.parametrize(
    "array",
    [
        GREY,
        GREY[..., None],
        GREY.astype(np.uint16) * 257,
        (GREY / 255).astype(np.float64),
        torch.from_numpy(GREY / np.float32(255)),
        torch.from_numpy(GREY),
        (torch.from_numpy(GREY) / 255.0).requires_grad_(),
    ],
    ids=["uint8", "one channel", "uint16", "float64", "float tensor", "uint8 tensor", "tensor with gradient"],
)
def test_arrays_follow_the_rule_of_files(array):
    frame = data.as_frame(array)
    assert frame.dtype == np.float32
    np.testing.assert_allclose(frame, GREY / 255.0, atol=1e-6)


def test_bfloat16_tensor_is_read():
    assert data.as_frame(torch.tensor([[0.5, 1.0]], dtype=torch.bfloat16)).tolist() == [[0.5, 1.0]]


def test_frame_is_a_copy():
    array = np.zeros((2, 2), np.float32)
    data.as_frame(array)[0, 0] = 1
    assert array[0, 0] == 0


def test_white_float_pixels_of_a_colour_frame_stay_in_range():
    colour = np.ones((2, 2, 3))
    colour[0, 0, 0] = 0
    with pytest.warns(InputWarning):
        frame = data.as_frame(colour)
    assert frame.max() <= 1 and frame[1, 1] == 1


# --- what is no frame -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((2, 3), bool), "mask, not a frame"),
        (np.zeros((2, 3), np.int64), "holds int64"),
        (np.zeros((2, 3), np.uint32), "holds uint32"),
        (np.array([["a"]]), "convert it"),
        (np.zeros((0, 3), np.uint8), r"shape (0, 3)"),
        (np.zeros(3, np.uint8), r"shape (3,)"),
        (np.zeros((2, 3, 5), np.uint8), r"shape (2, 3, 5)"),
        (np.zeros((1, 1, 4, 4), np.uint8), "one frame at a time"),
        (np.array([[0, np.nan]]), "NaN or infinite"),
        (np.array([[0, np.inf]]), "NaN or infinite"),
        (np.array([[0, 1.5]]), "from 0 to 1.5"),
        (np.array([[-0.1, 1]]), "from -0.1 to 1"),
    ],
    ids=str,
)
def test_other_arrays_are_refused_by_name(array, says):
    message = sentence(data.as_frame, array, name="frame 7")
    assert says in message and message.startswith("frame 7")


@pytest.mark.parametrize(
    "scale", ["minmax", (1, 1), (2, 1), (0, 1, 2), 5, (0, float("inf")), (float("nan"), 1), ("a", "b")]
)
def test_other_scales_are_refused(scale):
    assert "scale" in sentence(data.as_frame, GREY, scale=scale)


def test_other_channels_are_refused():
    assert "'grey' or 'rgb'" in sentence(data.as_frame, GREY, channels="gray")


def test_what_is_no_image_file_is_refused_by_name(tmp_path):
    def refused(name, content=None):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        message = sentence(data.read, path)
        assert str(path) in message
        return message

    whole = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (64, 64), dtype=np.uint8)).save(whole, "PNG")
    whole = whole.getvalue()
    assert "no file" in refused("absent.png")
    assert "not an image" in refused("text.png", b"hello\n")
    assert "not an image" in refused("text.tif", b"hello, this is no TIFF\n")
    assert "is empty" in refused("empty.png", b"")
    assert "cut short" in refused("half.png", whole[: len(whole) // 2])
    assert "unknown type" in refused("a.gif", b"GIF89a")
    assert "unknown type" in refused("a", whole)
    assert "numpy.save" in refused("text.npy", b"hello\n")
    (tmp_path / "folder.png").mkdir()
    assert "is a folder" in refused("folder.png")


def test_wrong_npy_files_are_refused_and_no_code_is_run(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([[{"run": "me"}]], dtype=object), allow_pickle=True)
    assert "no plain array" in sentence(data.read, path)
    np.savez(tmp_path / "a.npz", GREY)
    (tmp_path / "a.npz").rename(path)
    assert "not a .npy file" in sentence(data.read, path)
    np.save(path, GREY)
    path.write_bytes(path.read_bytes()[:-5])
    assert "cut short" in sentence(data.read, path)
    np.save(path, np.zeros((2, 3, 4, 5), np.float32))
    assert "shape (2, 3, 4, 5)" in sentence(data.read, path)
    np.save(path, np.array([[np.nan, 0]], np.float32))
    assert "NaN" in sentence(data.read, path)


def test_a_file_with_several_pages_is_refused(tmp_path):
    pages = [Image.fromarray(GREY)] * 2
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert "2 pages" in sentence(data.read, tmp_path / "a.tif")


def _bytes_of(suffix):
    out = io.BytesIO()
    if suffix == ".npy":
        np.save(out, GREY)
    elif suffix == ".float.tif":
        tifffile.imwrite(out, np.zeros((8, 8)))
    else:
        kind = {".png": "PNG", ".tif": "TIFF", ".bmp": "BMP", ".jpg": "JPEG"}[suffix]
        Image.fromarray(COLOUR).save(out, kind)
    return out.getvalue()


CHANGES = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4
)  # (place, byte)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".png", ".tif", ".float.tif", ".bmp", ".jpg", ".npy"])
@settings(deadline=None, max_examples=100)
@given(changes=CHANGES, cut=st.integers(0, 60))
def test_a_damaged_file_is_read_or_refused_in_a_sentence(tmp_path_factory, suffix, changes, cut):
    content = bytearray(_bytes_of(suffix))
    for place, value in changes:
        content[place % len(content)] = value
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    path.write_bytes(content[: len(content) - cut])
    try:
        frame = data.read(path)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert frame.ndim == 2 and frame.dtype == np.float32 and 0 <= frame.min() and frame.max() <= 1


# --- masks ----------------------------------------------------------------------------------------------------


def test_mask_is_128_and_above_and_grey_values_warn(tmp_path):
    path = save(tmp_path / "m.png", np.array([[0, 127, 128, 254, 255]], np.uint8))
    with pytest.warns(InputWarning, match=r"m\.png holds grey values") as caught:
        mask = data.read_mask(path)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert mask.dtype == bool and mask.tolist() == [[False, False, True, True, True]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        raw = data.read_mask(path, raw=True)
    assert raw.dtype == np.uint8 and raw.tolist() == [[0, 127, 128, 254, 255]]


def test_a_mask_of_zeros_and_ones_says_how_large_its_values_are(tmp_path):
    path = save(tmp_path / "m.png", np.array([[0, 1]], np.uint8))
    with pytest.warns(InputWarning, match="grey values up to 1;"):
        assert not data.read_mask(path).any()


@pytest.mark.parametrize(
    "form", ["1 bit", "grey", "RGB", "RGBA", "palette", "16 bit", "8 bit in 16", "bool.npy"]
)
def test_clean_masks_of_any_form_read_the_same(tmp_path, form):
    mask = GREY > 200
    eight = mask.astype(np.uint8) * 255
    path = tmp_path / "m.png"
    if form == "bool.npy":
        path = tmp_path / "m.npy"
        np.save(path, mask)
    elif form == "1 bit":
        save(path, mask)
    elif form == "16 bit":
        save(path, mask.astype(np.uint16) * 65535)
    elif form == "8 bit in 16":
        save(path, eight.astype(np.uint16))
    else:
        save(path, eight, {"grey": "L", "palette": "P"}.get(form, form))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(data.read_mask(path, shape=(7, 9)), mask)
        np.testing.assert_array_equal(data.read_mask(path, raw=True), eight)


def test_mask_of_another_size_names_both_sizes(tmp_path):
    message = sentence(data.read_mask, save(tmp_path / "m.png", GREY), shape=(400, 592))
    assert "9×7" in message and "592×400" in message


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 2), np.float32), np.zeros((2, 2), np.int64), np.zeros((2, 2, 5), np.uint8)],
    ids=str,
)
def test_arrays_that_are_no_masks_are_refused(tmp_path, array):
    np.save(tmp_path / "m.npy", array)
    assert "mask" in sentence(data.read_mask, tmp_path / "m.npy")
