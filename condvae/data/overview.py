"""A data set at a glance: as text, and as a sheet of its images."""

import numpy as np
from PIL import Image as Picture

from condvae.checks import InputError
from condvae.data.dataset import Dataset
from condvae.data.writers import sheet, to_uint8

GAP_LEVEL = 128  # grey, so that black and white images both have an edge


def describe(dataset: Dataset) -> str:
    """Contents and splits of a data set, as text of about twelve lines and one per class."""
    spec = dataset.spec
    own_test = "the source's own" if dataset.test_rows is not None else f"{spec.test:g} of all"
    validation = (
        "the test images"
        if spec.validation == "test"
        else "the source's own"
        if dataset.validation_rows is not None
        else f"{spec.validation:g} of the rest"
    )
    if dataset.table is None:
        height, width, channels = dataset.image_shape
        low, high = dataset.x.min(), dataset.x.max()
        content = {
            "images": f"{len(dataset.x):,} of {height} × {width} pixels, {channels} channel(s)",
            "pixels": f"{dataset.x.dtype} from {low:g} to {high:g}",
        }
    else:
        columns = dataset.table.own
        content = {"rows": f"{len(dataset.x):,} of {len(columns)} columns, and conditions"}
        content |= {f"column {place}": str(column) for place, column in enumerate(columns, 1)}
    facts = {
        "name": dataset.name or "arrays",
        **content,
        "assumed": dataset.assumption,
        **_conditions(dataset),
        "test": own_test,
        "validation": f"{validation}, split seed {spec.split_seed}",
        "fingerprint": dataset.fingerprint[:12],
    }
    lines = [f"{fact:<12} {value}" for fact, value in facts.items()]
    return "\n".join([*lines, "", *_split_table(dataset)])


def _conditions(dataset: Dataset) -> dict[str, str]:
    """The conditions, a line each, with the share of rows in which they are missing."""
    several = dataset.condition.by_name
    if several is None:
        return {"condition": str(dataset.condition)}
    lines = {}
    for place, (part, block) in enumerate(several.blocks, 1):
        # the bit after a condition's numbers says whether it is given
        missing = 1 - dataset.given[:, block.stop].mean()
        lines[f"condition {place}"] = f"{part}{f'; missing in {missing:.1%}' if missing else ''}"
    return lines


def contact_sheet(dataset: Dataset, per_class: int = 10) -> Picture.Image:
    """The first training images of each class, one class per row; or conditions beside x.

    Args:
        dataset: images with one channel (grey) or three (RGB); for others the first is shown.
        per_class: images per row; cells of a smaller class stay empty.

    Returns:
        An 8-bit image; floats outside [0, 1] are stretched from their minimum to their maximum,
        pixel classes from black to white. Of several conditions, the first class that is never
        missing is used; without one there is one row.

    Raises:
        InputError: a table.
    """
    if dataset.table is not None:
        raise InputError("a sheet must show images", dataset.assumption, "Leave --sheet out.")
    train, x_max = dataset.train, dataset.x_max
    if not dataset.condition.is_image:
        codes = dataset.codes[train.rows]
        of_classes = [train.x[codes == code] for code in range(dataset.codes.max() + 1)]
        rows = [as_bytes(images[:per_class], dataset.x, x_max) for images in of_classes]
    else:
        given = as_bytes(train.given[:per_class], dataset.given, dataset.condition.white)
        rows = [given, as_bytes(train.x[:per_class], dataset.x, x_max)]
    height, width, channels = np.max([images.shape[1:] for images in rows], axis=0)
    cells = np.full((len(rows), per_class, height, width, channels), GAP_LEVEL, np.uint8)
    for row, images in zip(cells, rows, strict=True):
        row[: len(images), : images.shape[1], : images.shape[2]] = images
    page = sheet(cells.reshape(-1, height, width, channels), per_class, GAP_LEVEL)
    return Picture.fromarray(page if channels == 3 else page[..., 0])


def as_bytes(images: np.ndarray, of: np.ndarray, greatest: int) -> np.ndarray:
    """Images for display, RGB or one channel, on the scale of the images that they belong to."""
    black, span = 0.0, float(greatest)
    if of.dtype != np.uint8:
        low, high = float(of.min()), float(of.max())
        black, span = (0.0, 1.0) if low >= 0 and high <= 1 else (low, (high - low) or 1.0)
    return to_uint8((images[..., : 3 if images.shape[-1] == 3 else 1] - black) / span)


def _split_table(dataset: Dataset) -> list[str]:
    """The number of images in each split, per class if there are classes."""
    splits = (dataset.train, dataset.validation, dataset.test)
    names, counts = ["all"], [[len(split.x)] for split in splits]
    if dataset.condition.classes is not None:
        names = [*dataset.label_names, *names]
        of_classes = [np.bincount(split.given, minlength=dataset.num_classes) for split in splits]
        counts = [[*own.tolist(), *total] for own, total in zip(of_classes, counts, strict=True)]
    margin = max(len(name) for name in [*names, dataset.condition.name])
    lines = [f"{dataset.condition.name:<{margin}} {'train':>9} {'validation':>11} {'test':>9}"]
    for name, train, validation, test in zip(names, *counts, strict=True):
        lines.append(f"{name:<{margin}} {train:>9,} {validation:>11,} {test:>9,}")
    return lines
