"""One picture file as pixels, decoded by Pillow with only the listed decoders."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from condvae.checks import InputError, check_memory, reason_of
from condvae.data.enlarged import as_drawn, scale_of

HEIF_SUFFIXES = (".heic", ".heif")
IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif"),
    *(".pbm", ".pgm", ".ppm", ".pnm"),
    *HEIF_SUFFIXES,
)
# no other decoder is tried, whatever the content of a file
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "AVIF", "PPM")
GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B")
PIXEL_BYTES = 32  # per pixel of the image being decoded: for its decoder and the blending
TAG_COPIES = 40  # a TIFF's tags as Python numbers, per byte of the file
MOST_SCANS = 100  # of a progressive JPEG: each takes as long as the whole image, in 100 bytes
MOST_TILE_PIXELS = 2**22
TILE_WIDTH, TILE_LENGTH = 322, 323  # TIFF's tags
ORIENTATION, ON_ITS_SIDE = 274, (5, 6, 7, 8)  # EXIF's tag, and values that swap the sides


def read_image(path: Path, image_shape: Sequence[int]) -> np.ndarray:
    """One image as uint8 with a model's shape, (height, width, channels).

    A picture that condvae has enlarged is read at its original size.

    Raises:
        InputError: an unreadable image, or one of another size.
    """
    height, width, channels = image_shape
    with open(path, "rb") as file, opened(file, str(path), path.stat().st_size) as image:
        check_decoding(image, file, str(path))
        size = size_of(image)
        if size != (width, height):
            raise InputError(
                f"the image must have {width} × {height} pixels, as the model's",
                f"{path} with {size[0]} × {size[1]}",
                "Crop or scale it.",
            )
        return pixels_of(image, "L" if channels == 1 else "RGB").reshape(image_shape)


@contextmanager
def opened(file: IO[bytes], called: str, size: int) -> Iterator[Image.Image]:
    """The image; any error of Pillow, also during use, becomes an InputError.

    Args:
        called: name of the file in error messages.
        size: size of the file in bytes.
    """
    check_memory(TAG_COPIES * size, f"the image {called}, unpacked,")
    formats = (*FORMATS, *_heif(called))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata, which is not read here
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=formats) as image:
                yield image
    except InputError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(
            "images must be of a moderate size", f"{called} ({error})", "Scale it down."
        ) from None
    except Exception as error:  # Pillow's decoders raise errors of many kinds
        raise InputError(
            "images must be whole and readable",
            f"{called} ({reason_of(error)})",
            "Correct or remove that file.",
        ) from None


def check_decoding(image: Image.Image, file: IO[bytes], called: str) -> None:
    """Raise for unlimited numbers of levels, and for files that take far more than their pixels."""
    if scale_of(image) > 1:  # for others, the pixels of all images are counted together
        check_memory(
            PIXEL_BYTES * image.size[0] * image.size[1], f"the enlarged image {called}, decoded,"
        )
    if image.mode in ("I", "F") and not has_16_bits(image):
        raise InputError(
            "images must have 8 bits a channel, or 16",
            f"{called}, which has more (Pillow's mode {image.mode})",
            "Convert it to 8 bits, or store the values as floats in an .npz file.",
        )
    if isinstance(image, JpegImageFile):
        place = file.tell()
        file.seek(0)
        # these bytes begin a scan; within compressed data, 0xff 0xda never occurs
        scans = file.read().count(b"\xff\xda")
        file.seek(place)
        if scans > MOST_SCANS:
            raise InputError(
                f"JPEG images must have at most {MOST_SCANS} scans",
                f"{called} with {scans:,}",
                "Save it again, not progressive.",
            )
    if isinstance(image, TiffImageFile):
        width, length = (image.tag_v2.get(tag, 0) for tag in (TILE_WIDTH, TILE_LENGTH))
        if width * length > MOST_TILE_PIXELS:
            raise InputError(
                f"TIFF images must have tiles of at most {MOST_TILE_PIXELS:,} pixels",
                f"{called} with {width} × {length}",
                "Save it again, in strips.",
            )


def size_of(image: Image.Image) -> tuple[int, int]:
    """(width, height) of an image once it is upright, before it was enlarged."""
    width, height = (side // scale_of(image) for side in image.size)
    # Pillow has already rotated a TIFF's size
    on_its_side = not isinstance(image, TiffImageFile) and orientation(image) in ON_ITS_SIDE
    return (height, width) if on_its_side else (width, height)


def orientation(image: Image.Image) -> int:
    """EXIF orientation of the camera, 1 to 8; 1 if the tag is damaged."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # Pillow would decode the whole image to look after its pixels
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # it raises many kinds of errors, on parts that the pixels do not need
        return 1


def has_16_bits(image: Image.Image) -> bool:
    """Whether an image has 16 bits a channel, of which the first eight are used."""
    # Pillow opens 16-bit colour as 8-bit; only the raw mode shows the difference
    raw_modes = " ".join(str(tile[3]) for tile in getattr(image, "tile", []))
    of_netpbm = image.format == "PPM" and image.mode == "I"
    return (
        of_netpbm or image.mode.startswith("I;16") or re.search(r";16[BLN]", raw_modes) is not None
    )


def is_grey(image: Image.Image) -> bool:
    """Whether an image has only grey levels; a palette image by the colours of the palette."""
    if image.mode == "P":
        # the whole palette, used or not, so that no pixel has to be decoded
        red, green, blue = np.reshape(image.getpalette("RGB") or [], (-1, 3)).T
        return bool((red == green).all() and (green == blue).all())
    return image.mode in GREY_MODES


def pixels_of(image: Image.Image, mode: str) -> np.ndarray:
    """The pixels as uint8, (height, width) or (height, width, 3), upright; transparent is white.

    An enlarged picture is read at its original size.
    """
    image = as_drawn(image)
    if orientation(image) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        levels = np.asarray(image) >> 8
        image = Image.fromarray(levels.astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert(mode))


def _heif(called: str) -> tuple[str, ...]:
    """Register the decoder of phone pictures, if it is requested and installed."""
    if not called.lower().endswith(HEIF_SUFFIXES):
        return ()
    try:
        from pillow_heif import register_heif_opener  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise InputError(
            "pictures in HEIC need the package pillow-heif",
            f"{called}, and no such package",
            "Install it (pip install pillow-heif), or save the pictures as JPEG.",
        ) from None
    register_heif_opener()
    return ("HEIF",)
