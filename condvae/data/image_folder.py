"""A folder of images, one folder per class."""

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
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
from condvae.data.tables import read_table, table_suffix
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
FILE_COLUMN = "file"
_log = logging.getLogger(__name__)


def read_image_folder(folder: Path, spec: DataSpec | None = None) -> Dataset:
    """A data set of the images in a folder: of a folder for each class, or told by a table.

    Grey images stay grey if all are; else all become RGB. 1-bit images become 0 and 255.
    Hidden files and files with other suffixes are passed over. A table in the folder (.csv, .tsv or
    .parquet) has a column `file`, paths from the folder on; its other columns are conditions.
    With `spec.resize` images are scaled to that size; with `spec.skip_broken` those that cannot be
    decoded are named in a warning and left out.

    Raises:
        InputError: a class folder without images, a broken, 16-bit or gigantic image, images
            of different sizes, more of them than memory should hold, or what
            `Dataset.from_arrays` refuses.
    """
    if (table := attribute_table(folder)) is not None:
        return _read_with_table(folder, table, spec or DataSpec())
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
    spec = spec or DataSpec()
    # NumPy's strings are all as wide as the longest
    of_labels = bytes_needed((len(paths),), np.dtype(f"U{max(map(len, labels))}"))
    x, rows = _read_images(folder, paths, spec, of_labels)
    return Dataset.from_arrays(x, [labels[row] for row in rows], name=str(folder), spec=spec)


def attribute_table(folder: Path) -> Path | None:
    """The table that says what the images in a folder show; None where there is none.

    Raises:
        InputError: there are several.
    """
    found = sorted(p for p in folder.iterdir() if _is_shown(p) and table_suffix(p))
    if len(found) > 1:
        raise InputError(
            f"{folder} must hold one table beside its images",
            ", ".join(path.name for path in found[:5]),
            "Move the others away.",
        )
    return found[0] if found else None


def _read_with_table(folder: Path, table: Path, spec: DataSpec) -> Dataset:
    """The images that a table names, its other columns their conditions."""
    columns = read_table(table, spec).columns
    files = columns.pop(FILE_COLUMN, None)
    if files is None or files.dtype.kind != "U" or not columns:
        raise InputError(
            f"{table} must have a column {FILE_COLUMN!r}, the images' paths, and conditions",
            f"the columns {', '.join(columns)[:200]}",
            "Name the columns in its first line.",
        )
    for row, file in enumerate(files.tolist()):
        path = folder / file
        # no path of a table leads out of its folder, by .. or by a link
        if not file or not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            raise InputError(
                f"{table} must name images in {folder}",
                f"{file!r} in row {row}, which is none",
                "Correct the path, or remove the row.",
            )
    x, rows = _read_images(folder, [folder / file for file in files], spec)
    columns = {name: values[rows] for name, values in columns.items()}
    return Dataset.from_columns(columns, x, name=str(folder), spec=spec)


def _read_images(
    folder: Path, paths: list[Path], spec: DataSpec, more_bytes: int = 0
) -> tuple[np.ndarray, list[int]]:
    """The images (n, height, width, channels) uint8, and which of the paths they are.

    Args:
        more_bytes: that what belongs to the images takes.
    """
    rows = list(range(len(paths)))
    if spec.skip_broken:
        rows = [row for row in rows if _is_whole(paths[row])]
        if not rows:
            raise InputError(f"{folder} must hold images", "none that is whole", "Bring some.")
    mode, size = _common_form([paths[row] for row in rows], spec.resize)
    width, height = size
    shape = (len(rows), height, width, 3 if mode == "RGB" else 1)
    check_memory(
        bytes_needed(shape, np.dtype(np.uint8)) + more_bytes + PIXEL_BYTES * width * height,
        f"the {len(rows):,} images of {width} × {height} pixels in {folder}, with copies,",
    )
    # filled image by image: decoded ones are never in memory together
    x = np.empty(shape, np.uint8)
    for place, row in enumerate(rows):
        with _opened(paths[row]) as image:
            pixels = _converted(image, mode)
        if pixels.shape[1::-1] != size:
            # BOX averages all pixels where it shrinks, so that thin strokes stay
            pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
        x[place] = pixels.reshape(shape[1:])
    return x, rows


def _is_whole(path: Path) -> bool:
    """Whether an image can be decoded; one that cannot is named in a warning."""
    try:
        with _opened(path) as image:
            _check_decoding(image, path)
            image.load()
    except InputError as error:
        _log.warning("left out: %s", error)
        return False
    return True


def read_image(path: Path, image_shape: Sequence[int]) -> np.ndarray:
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
            # a link to a folder above would never end
            if entry.is_dir() and not entry.is_symlink():
                folders.append(entry)
            elif entry.suffix.lower() in IMAGE_SUFFIXES and entry.is_file():
                images.append(entry)
    return sorted(images)


def _common_form(paths: list[Path], resize: tuple[int, int] | None) -> tuple[str, tuple[int, int]]:
    """Mode ("L" or "RGB") and (width, height) that all images get; reads headers only.

    Args:
        resize: (height, width) that they are scaled to; None: they must have one size.
    """
    # one path for each size is kept, to name it
    mode, first_of_size = "L", {}
    for path in paths:
        with _opened(path) as image:
            _check_decoding(image, path)
            first_of_size.setdefault(image.size, path)
            if not _is_grey(image):
                mode = "RGB"
    if resize is not None:
        height, width = resize
        return mode, (width, height)
    if len(first_of_size) > 1:
        sizes = [f"{width} × {height} ({path})" for (width, height), path in first_of_size.items()]
        more = f" and {len(sizes) - 5} more sizes" if len(sizes) > 5 else ""
        raise InputError(
            "all images must have the same width × height",
            ", ".join(sizes[:5]) + more,
            "Scale them with --resize HEIGHT,WIDTH, or crop them to one size.",
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
        # these bytes begin a scan; between them, compressed data never hold 0xff 0xda
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
        # the whole palette, used or not: no pixel has to be decoded
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
            with open(path, "rb") as file, Image.open(file, formats=FORMATS) as image:
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
