"""A folder of images, one folder per class."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from condvae.checks import InputError, check_memory
from condvae.data.arrays import bytes_needed
from condvae.data.dataset import Dataset
from condvae.data.short_reads import ShortReads
from condvae.spec import DataSpec

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
# no other decoder is tried, whatever a file's content
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
GREY_MODES = ("1", "L", "LA", "La")
PIXEL_BYTES = 32  # of the image that is being decoded: what its decoder and the blending hold
TAG_COPIES = 40  # a TIFF's tags as Python numbers, per byte of the file
MOST_SCANS = 100  # of a progressive JPEG: each takes as long as the whole image, in 100 bytes
MOST_TILE_PIXELS = 2**22
TILE_WIDTH, TILE_LENGTH = 322, 323  # TIFF's tags


def read_image_folder(folder: Path, spec: DataSpec | None = None) -> Dataset:
    """A data set of the images in the sub-folders of a folder, whose names are the classes.

    Grey images stay grey if all are; else all become RGB. 1-bit images become 0 and 255.
    Hidden files and files with other suffixes are passed over.

    Raises:
        InputError: a class folder without images, a broken, 16-bit or gigantic image, images
            of different sizes, more of them than memory should hold, or what
            `Dataset.from_arrays` refuses.
    """
    classes = [entry for entry in sorted(folder.iterdir()) if _is_shown(entry) and entry.is_dir()]
    paths, labels = [], []
    for class_folder in classes:
        images = _images_in(class_folder)
        if not images:
            raise InputError(
                f"every folder in {folder} must hold images ({', '.join(IMAGE_SUFFIXES)})",
                f"{class_folder.name!r} without any",
                "Add images, or remove that folder.",
            )
        paths += images
        labels += [label_of_folder(class_folder.name)] * len(images)
    mode, (width, height) = _common_form(paths)
    shape = (len(paths), height, width, 3 if mode == "RGB" else 1)
    of_labels = bytes_needed(shape[:1], np.dtype(f"U{max(map(len, labels))}"))
    check_memory(
        bytes_needed(shape, np.dtype(np.uint8)) + of_labels + PIXEL_BYTES * width * height,
        f"the {len(paths):,} images of {width} × {height} pixels in {folder}, with copies,",
    )
    x = np.empty(shape, np.uint8)
    for row, path in enumerate(paths):
        with _opened(path) as image:
            x[row] = _converted(image, mode).reshape(x.shape[1:])
    return Dataset.from_arrays(x, labels, name=str(folder), spec=spec)


def read_image(path: Path, image_shape: tuple[int, int, int]) -> np.ndarray:
    """One image as uint8 of a model's shape, (height, width, channels).

    Raises:
        InputError: no readable image, or one of another size.
    """
    height, width, channels = image_shape
    with _opened(path) as image:
        _check_decoding(image, path)
        if image.size != (width, height):
            raise InputError(
                f"the image must have {width} × {height} pixels, as the model's",
                f"{path} with {image.size[0]} × {image.size[1]}",
                "Crop or scale it.",
            )
        return _converted(image, "L" if channels == 1 else "RGB").reshape(image_shape)


def folder_of_label(label: str) -> str:
    """A label as a folder's name: what a name cannot have is written as in a URL (%2F)."""
    name = label.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    return "%2E" + name[1:] if name.startswith(".") else name


def label_of_folder(name: str) -> str:
    """The inverse of `folder_of_label`; a name that it does not write is the label itself."""
    label = unquote(name).rstrip("\0")  # NumPy's strings end before their last zeros
    return label if folder_of_label(label) == name else name


def holds_class_folders(folder: Path) -> bool:
    """Whether a folder has sub-folders that could be classes."""
    return any(_is_shown(entry) and entry.is_dir() for entry in folder.iterdir())


def _is_shown(path: Path) -> bool:
    """Whether a file or folder is not hidden."""
    return not path.name.startswith(".")


def _images_in(folder: Path) -> list[Path]:
    """The images in a folder and its sub-folders, sorted; links to folders are not followed."""
    images, folders = [], [folder]
    while folders:  # not rglob, which passes over folders that it may not read
        for entry in filter(_is_shown, folders.pop().iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                folders.append(entry)
            elif entry.suffix.lower() in IMAGE_SUFFIXES and entry.is_file():
                images.append(entry)
    return sorted(images)


def _common_form(paths: list[Path]) -> tuple[str, tuple[int, int]]:
    """Mode ("L" or "RGB") and (width, height) that all images have; reads headers only."""
    mode, first_of_size = "L", {}
    for path in paths:
        with _opened(path) as image:
            _check_decoding(image, path)
            first_of_size.setdefault(image.size, path)
            if not _is_grey(image):
                mode = "RGB"
    if len(first_of_size) > 1:
        sizes = [f"{width} × {height} ({path})" for (width, height), path in first_of_size.items()]
        more = f" and {len(sizes) - 5} more sizes" if len(sizes) > 5 else ""
        raise InputError(
            "all images must have the same width × height",
            ", ".join(sizes[:5]) + more,
            "Crop or scale them to one size.",
        )
    return mode, next(iter(first_of_size))


def _check_decoding(image: Image.Image, path: Path) -> None:
    """Raise for more than 8 bits a channel, and for what takes far more than its pixels."""
    # Pillow opens 16-bit colour as 8-bit; only the raw mode still tells
    raw_modes = " ".join(str(tile[3]) for tile in getattr(image, "tile", []))
    if image.mode.startswith(("I", "F")) or re.search(r";16[BLN]", raw_modes):
        raise InputError(
            "images must have 8 bits a channel",
            f"{path}, which has more (Pillow's mode {image.mode})",
            "Convert it to 8 bits, or bring the values as floats in an .npz file.",
        )
    if isinstance(image, JpegImageFile):
        scans = path.read_bytes().count(b"\xff\xda")
        if scans > MOST_SCANS:
            raise InputError(
                f"JPEG images must have at most {MOST_SCANS} scans",
                f"{path} with {scans:,}",
                "Save it anew, not progressive.",
            )
    if isinstance(image, TiffImageFile):
        width, length = (image.tag_v2.get(tag, 0) for tag in (TILE_WIDTH, TILE_LENGTH))
        if width * length > MOST_TILE_PIXELS:
            raise InputError(
                f"TIFF images must have tiles of at most {MOST_TILE_PIXELS:,} pixels",
                f"{path} with {width} × {length}",
                "Save it anew, in strips.",
            )


def _is_grey(image: Image.Image) -> bool:
    """Whether an image has grey levels only; one with a palette by the palette's colours."""
    if image.mode == "P":
        red, green, blue = np.reshape(image.getpalette("RGB") or [], (-1, 3)).T
        return bool((red == green).all() and (green == blue).all())
    return image.mode in GREY_MODES


def _converted(image: Image.Image, mode: str) -> np.ndarray:
    """The pixels as uint8, (height, width) or (height, width, 3); transparent ones are white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert(mode))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The image; what Pillow raises, also while it is used, becomes an InputError."""
    check_memory(TAG_COPIES * path.stat().st_size, f"the image {path}, unpacked,")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # over metadata, which nobody reads here
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with ShortReads(path) as file, Image.open(file, formats=FORMATS) as image:
                yield image
    except InputError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(
            "images must be of a moderate size", f"{path} ({error})", "Scale it down."
        ) from None
    except Exception as error:  # Pillow's decoders raise errors of many kinds
        raise InputError(
            "images must be whole and readable",
            f"{path} ({type(error).__name__}: {error})",
            "Mend or remove that file.",
        ) from None
