"""The pixels of a file as they are stored, or one sentence that says why there are none."""

import struct
import tokenize
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from rrca.errors import InputError

SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg", ".npy")
LARGEST = 2**28  # values of a TIFF; Pillow has a limit of its own, about as large
# What decoders raise for a file whose bytes are not what its header promises.
DAMAGE = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)


def load_pixels(path: Path) -> np.ndarray:
    """The values of a file as stored: bool, uint8, uint16, floats or what .npy holds; palettes resolved."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a file in it.")
    if not path.exists():
        raise InputError(f"no file {path}; check the path.")
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path} is of an unknown type; frames are read from {', '.join(SUFFIXES)}.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty; get the file again.")
    try:
        return _load_array(path) if path.suffix.lower() == ".npy" else _load_image(path)
    except InputError:
        raise
    except PermissionError:
        raise InputError(f"{path} may not be read; change its permissions.") from None
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} is too large to be a frame ({error}); cut it into tiles.") from None
    except DAMAGE as error:
        raise InputError(
            f"{path} cannot be decoded, it is damaged or cut short ({error}); get the file again."
        ) from None


def _load_array(path: Path) -> np.ndarray:
    """The array of a .npy file; nothing that would run code is read."""
    with path.open("rb") as file:
        if file.read(6) != b"\x93NUMPY":
            raise InputError(
                f"{path} is not a .npy file, whatever its name says; save the array with numpy.save."
            )
    try:
        return np.load(path, allow_pickle=False)
    except (*DAMAGE, tokenize.TokenError):  # NumPy parses the header as Python
        raise InputError(
            f"{path} holds no plain array of numbers, or is cut short; save it again with numpy.save."
        ) from None


def _load_image(path: Path) -> np.ndarray:
    """The pixels of an image file: by Pillow, and by tifffile where Pillow can't, or would drop bits."""
    is_tiff = path.suffix.lower() in (".tif", ".tiff")
    try:
        with Image.open(path) as image:
            frames = getattr(image, "n_frames", 1)
            if frames > 1:
                raise InputError(f"{path} holds {frames} pages; save the page you want as a file of its own.")
            if not _loses_bits(image):
                return _values(image)
    except UnidentifiedImageError:
        if not is_tiff:
            raise InputError(f"{path} is not an image, whatever its name says; give a frame.") from None
    if not is_tiff:
        raise InputError(
            f"{path} has 16 bit a colour, of which only 8 can be read from this type; save it as grey or as TIFF."
        )
    return _load_tiff(path)


def _load_tiff(path: Path) -> np.ndarray:
    import tifffile  # comes with scikit-image

    try:
        with tifffile.TiffFile(path) as file:
            if len(file.pages) > 1:
                raise InputError(
                    f"{path} holds {len(file.pages)} pages; save the page you want as a file of its own."
                )
            if file.pages.first.size > LARGEST:
                raise InputError(
                    f"{path} says that it holds {file.pages.first.size} values; cut it into tiles."
                )
            return file.pages.first.asarray()
    except tifffile.TiffFileError:
        raise InputError(f"{path} is not an image, whatever its name says; give a frame.") from None


def _loses_bits(image: Image.Image) -> bool:
    """Whether Pillow would silently cut 16-bit colours to 8 bit."""
    rawmode = image.tile[0][3] if image.tile else ""
    rawmode = rawmode if isinstance(rawmode, str) else str(rawmode[0])
    return image.mode in ("RGB", "RGBA", "LA") and "16" in rawmode


def _values(image: Image.Image) -> np.ndarray:
    """Pillow's modes as arrays; palettes and CMYK become RGB, 16-bit modes uint16."""
    if image.mode.startswith("I"):  # I;16, I;16B, I: what Pillow makes of 16-bit files
        values = np.asarray(image)
        return values.astype(np.uint16) if 0 <= values.min() and values.max() <= 65535 else values
    if image.mode in ("1", "L", "RGB", "RGBA", "F"):
        return np.asarray(image)
    return np.asarray(image.convert("RGBA" if image.mode == "LA" or "transparency" in image.info else "RGB"))
