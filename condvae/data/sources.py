"""Data sets by name or by path."""

import difflib
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from condvae.checks import InputError
from condvae.data.dataset import Dataset
from condvae.data.glyphs import draw_glyphs
from condvae.data.idx_sets import IDX_SETS, load_idx_set
from condvae.data.in_memory import read_object
from condvae.data.readers import FORMATS, read
from condvae.data.signs import CLASSES, signs
from condvae.data.table_parts import table_parts
from condvae.files.remote import fetched, is_url
from condvae.spec import DataSpec, Spec

# tables included in scikit-learn: the name of the condition
TABLES = {"wine": "cultivar", "breast_cancer": "diagnosis", "diabetes": "progression"}
NAMED_SETS = ("digits", *IDX_SETS, "signs", "glyphs", *TABLES)

NUM_SIGNS = 4_000
NUM_GLYPHS = 10_000
GLYPH_CONDITIONS = ("digit:categorical", "slant:continuous", "thickness:continuous")


def load_data(
    source: Any,
    *,
    data_dir: str | Path | None = None,
    spec: DataSpec | None = None,
    validation: float | Literal["test"] | None = None,
    test: float | None = None,
    split_seed: int | None = None,
    **settings: Any,
) -> Dataset:
    """A data set by its name or path, or from an object in memory.

    Args:
        source: "digits" (included in scikit-learn), "signs" and "glyphs" (generated), the tables
            "wine", "breast_cancer" and "diabetes" (scikit-learn's), "mnist", "fashion_mnist",
            "kmnist", the path of a file of arrays, an IDX images file, a folder or a table; or an
            object that holds data, such as a frame, see `data.in_memory`.
        data_dir: where the files of a named set are, or are saved after the download; None:
            `$CONDVAE_DATA`, then the user's cache.
        spec: how to split; None: the defaults. The settings below replace its fields.
        validation: fraction of the training images, or "test" for the test images.
        test: fraction held out where the source has no test set of its own.
        split_seed: seed of the splits.
        settings: further fields of the spec, such as `conditions=("digit", "slant:continuous")`,
            `ignore=("id",)`, `resize=(64, 64)`.

    Raises:
        InputError: an unknown name, an unsuitable setting or file, or files that are neither
            there nor downloadable; the message says where they were searched for.
    """
    if source is None or (isinstance(source, str) and not source):
        raise InputError(
            f"the data must be one of the sets {', '.join(NAMED_SETS)}, a path, or an object that "
            "holds data",
            "nothing",
            "For arrays use Dataset.from_arrays(x, y).",
        )
    settings |= {"validation": validation, "test": test, "split_seed": split_seed}
    given = {name: value for name, value in settings.items() if value is not None}
    # with a whole spec, which suggests the nearest name for a misspelt setting
    name = str(source) if isinstance(source, str | Path) else ""
    spec = Spec(data=spec or DataSpec()).override(source=name, **given).data
    if not isinstance(source, str | Path):
        return read_object(source, spec)
    if is_url(source):
        with fetched(str(source)) as path:
            return replace(load_data(path, spec=spec), name=str(source))
    try:
        if str(source) == "digits":
            return _digits(spec)
        if str(source) == "signs":
            return _signs(spec)
        if str(source) == "glyphs":
            return _glyphs(spec)
        if str(source) in TABLES:
            return _table(str(source), spec)
        if str(source) in IDX_SETS:
            return load_idx_set(str(source), data_dir, spec)
        if Path(source).exists() or table_parts(Path(source)):
            return read(source, spec)
    except OSError as error:
        raise InputError(
            f"the files of {source} must be readable", str(error), "Check their permissions."
        ) from None
    near = difflib.get_close_matches(str(source).lower(), NAMED_SETS, n=1)
    raise InputError(
        f"the data must be one of the sets {', '.join(NAMED_SETS)}, or the path of {FORMATS}",
        f"{str(source)!r}, which is not a set and does not exist",
        f"Did you mean {near[0]!r}?" if near else "Check the path.",
    )


def _digits(spec: DataSpec) -> Dataset:
    """The 1,797 digits of 8 × 8 pixels included in scikit-learn, 0-16 stretched to 0-255."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x = np.rint(np.reshape(x, (-1, 8, 8)) * (255 / 16)).astype(np.uint8)
    return Dataset.from_arrays(x, y, condition_name="digit", name="digits", spec=spec)


def _signs(spec: DataSpec) -> Dataset:
    """4,000 generated pictures of 64 × 64 and their label maps, see `data.signs`."""
    drawn = signs(NUM_SIGNS, seed=0)
    return Dataset.from_arrays(
        drawn.maps,
        drawn.images,
        condition_name="picture",
        pixel_classes=CLASSES,
        name="signs",
        spec=spec,
    )


def _glyphs(spec: DataSpec) -> Dataset:
    """10,000 digits drawn from fonts, see `data.glyphs`; conditions digit, slant and thickness."""
    x, factors = draw_glyphs(NUM_GLYPHS, seed=0)
    spec = spec if spec.conditions else spec.model_copy(update={"conditions": GLYPH_CONDITIONS})
    return Dataset.from_columns(factors, x, name="glyphs", spec=spec)


def _table(name: str, spec: DataSpec) -> Dataset:
    """A table of scikit-learn, with its classes by name."""
    from sklearn import datasets

    loaded: Any = getattr(datasets, f"load_{name}")()
    target = loaded.target.astype("float64")
    if "target_names" in loaded:
        target = np.asarray(loaded.target_names)[loaded.target].astype(str)
    features = zip(loaded.feature_names, np.transpose(loaded.data).astype("float64"), strict=True)
    columns = {feature.replace(" ", "_"): values for feature, values in features}
    spec = spec if spec.conditions else spec.model_copy(update={"conditions": (TABLES[name],)})
    return Dataset.from_columns({**columns, TABLES[name]: target}, name=name, spec=spec)
