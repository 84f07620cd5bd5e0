"""A data set at a glance: in words, and as a sheet of its images."""

import numpy as np
from PIL import Image

from condvae.data.dataset import Dataset
from condvae.data.writers import sheet, to_uint8

GAP_LEVEL = 128  # grey, so that black and white images both have an edge


def describe(dataset: Dataset) -> str:
    """What a data set holds and how it is split, as text of a dozen lines and one per class."""
    height, width, channels = dataset.image_shape
    low, high = dataset.x.min(), dataset.x.max()
    spec = dataset.spec
    own_test = "the source's own" if dataset.test_rows is not None else f"{spec.test:g} of all"
    validation = (
        "the test images" if spec.validation == "test" else f"{spec.validation:g} of the rest"
    )
    facts = {
        "name": dataset.name or "arrays",
        "images": f"{len(dataset.x):,} of {height} × {width} pixels, {channels} channel(s)",
        "pixels": f"{dataset.x.dtype} from {low:g} to {high:g}",
        "assumed": dataset.assumption,
        "condition": str(dataset.condition),
        "test": own_test,
        "validation": f"{validation}, split seed {spec.split_seed}",
        "fingerprint": dataset.fingerprint[:12],
    }
    lines = [f"{fact:<12} {value}" for fact, value in facts.items()]
    return "\n".join([*lines, "", *_class_table(dataset)])


def contact_sheet(dataset: Dataset, per_class: int = 10) -> Image.Image:
    """The first training images of each class, a class in each row.

    Args:
        dataset: of one channel (grey), of three (RGB); of other images the first channel shows.
        per_class: images in a row; places of a smaller class stay empty.

    Returns:
        An 8-bit image; floats outside [0, 1] are stretched from their minimum to their maximum.
    """
    height, width, channels = dataset.image_shape
    shown = channels if channels == 3 else 1
    cells = np.full((dataset.num_classes, per_class, height, width, shown), GAP_LEVEL, np.uint8)
    rows, codes = dataset.train.rows, dataset.train.codes
    black, span = _grey_range(dataset)
    for code in range(dataset.num_classes):
        for place, row in enumerate(rows[codes == code][:per_class]):
            cells[code, place] = to_uint8((dataset.x[row, ..., :shown] - black) / span)
    page = sheet(cells.reshape(-1, height, width, shown), per_class, GAP_LEVEL)
    return Image.fromarray(page if shown == 3 else page[..., 0])


def _class_table(dataset: Dataset) -> list[str]:
    """The number of images of each class in each split."""
    splits = (dataset.train, dataset.validation, dataset.test)
    counts = [np.bincount(split.codes, minlength=dataset.num_classes) for split in splits]
    names = [*dataset.label_names, "all"]
    columns = [[*count.tolist(), int(count.sum())] for count in counts]
    margin = max(len(name) for name in [*names, dataset.condition.name])
    lines = [f"{dataset.condition.name:<{margin}} {'train':>9} {'validation':>11} {'test':>9}"]
    for name, train, validation, test in zip(names, *columns, strict=True):
        lines.append(f"{name:<{margin}} {train:>9,} {validation:>11,} {test:>9,}")
    return lines


def _grey_range(dataset: Dataset) -> tuple[float, float]:
    """The value that shows as black, and its distance to white; not zero."""
    if dataset.x.dtype == np.uint8:
        return 0.0, float(dataset.x_max)
    low, high = float(dataset.x.min()), float(dataset.x.max())
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, (high - low) or 1.0)
