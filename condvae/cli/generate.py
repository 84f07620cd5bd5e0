"""condvae generate."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from condvae.checks import InputError, check_at_least, check_choice, check_new_path
from condvae.cli.arguments import Overwrite, counted, numbers, working

if TYPE_CHECKING:
    from condvae.runs import Run

_log = logging.getLogger(__name__)


def generate(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    out: Path,
    given: Annotated[list[str] | None, Parameter(negative="")] = None,
    num_samples: Annotated[int | None, Parameter(name=["--num-samples", "-n"])] = None,
    per_class: int | None = None,
    z: str | None = None,
    sample: Annotated[bool, Parameter(negative="")] = False,
    seed: int = 0,
    overwrite: Overwrite = False,
) -> int:
    """New images under a label or given an image: a sheet (.png), arrays (.npz), x alone (.npy) or
    a folder; new rows of a table: .csv, .tsv or .parquet. Arrays may be larger than memory.

    Args:
        run: A run folder.
        out: Where to write; its suffix says in which form.
        given: The label: 3, or digit=3; of several conditions once for each, name=value, what is
            left out being missing; or the file of the image that is given. Of a table any column;
            the model draws the others.
        num_samples: How many images; 16 when not given.
        per_class: So many images of every label: a balanced synthetic set.
        z: One style for all, such as --z=0.5,-1.2, in place of draws from the prior.
        sample: Draw the pixels too; else each pixel is its expected value.
        seed: Of z and of the pixels.
    """
    import numpy as np

    from condvae.blocks import repeated
    from condvae.data.array_files import write_blocks
    from condvae.data.writers import ARRAYS, check_image_path, write_images
    from condvae.inference.imputation import complete
    from condvae.runs import Run

    check_new_path(out, overwrite)
    for option, number in (("--num-samples", num_samples), ("--per-class", per_class)):
        check_at_least(1 if number is None else number, 1, option)
    if per_class is not None and (given or num_samples is not None or z is not None):
        raise InputError(
            "--per-class stands alone", "--given, -n or --z beside it", "Leave one out."
        )
    if z is not None and (num_samples or 1) > 1 and not sample:
        raise InputError(
            "--z must come with one image, or with --sample",
            f"-n {num_samples}",
            "One style has one expected image: leave -n out.",
        )
    opened = Run.open(run)
    preprocessing = opened.record.preprocessing
    is_table, as_arrays = preprocessing.table is not None, out.suffix.lower() in ARRAYS
    if not is_table:
        check_image_path(out)
    if not (preprocessing.in_unit_interval or is_table or as_arrays):
        raise InputError(
            "images must lie in [0, 1] to be written as pictures",
            f"a run on {preprocessing.assumption}",
            "Write an .npz.",
        )
    count = num_samples or (16 if z is None else 1)
    given, cells = _of_conditions_and_columns(opened, given or [])
    if is_table and not (given or cells or per_class):
        y, labels, times = drawn_conditions(opened, count, seed), [""] * count, 1
    else:
        y, labels, times = conditions(opened, given, count, per_class)
    style = None if z is None else np.array(numbers(z, "--z", float), "float32")
    num_images = len(labels) * times
    with working("generating") as say:
        if is_table:
            y = np.repeat(y, times, axis=0)
            styles = None if style is None else np.repeat(style[None], num_images, axis=0)
            if cells and preprocessing.table is not None:
                known = preprocessing.table.rows_with(cells, num_images)
                x = complete(opened.model, known, y, seed)
            else:
                x = opened.model.generate(y, z=styles, sample=sample, seed=seed)
            return write_rows(opened, x, out, seed)
        finish = _finish(opened, as_arrays)
        settings = {"z": style, "sample": sample, "seed": seed, "finish": finish}
        images = opened.model.generate_blocks(repeated(y, times), **settings)
        blocks = counted(images, num_images, say)
        if as_arrays:
            names = repeated(np.asarray(labels), times)
            pairs = ({"x": x, "y": y} for x, y in zip(blocks, names, strict=True))
            write_blocks(out, num_images, pairs)
        else:
            write_images(out, np.concatenate(list(blocks)), np.repeat(labels, times).tolist())
    kind = "samples of the pixels" if sample else "expected pixels"
    print(f"{out}: {num_images:,} images, {kind}, seed {seed}")
    return 0


def _of_conditions_and_columns(run: "Run", given: list[str]) -> tuple[list[str], dict[str, Any]]:
    """What is given of the conditions, as it was written, and of the columns of x, as cells."""
    table = run.record.preprocessing.table
    if table is None:
        return given, {}
    several = run.record.condition.by_name
    of_y = several.names if several else ()
    known = (*of_y, *(name for name in table.all_names if name not in of_y))
    named = {text: text.partition("=")[0] for text in given}
    for text, name in named.items():
        if "=" in text or not (several and several.names):
            check_choice(name, known, "the column in --given")
    of_columns = [text for text in given if named[text] in known[len(of_y) :]]
    rest = [text for text in given if text not in of_columns]
    return rest, table.given(of_columns)


def _finish(run: "Run", as_arrays: bool) -> Callable[[Any], Any] | None:
    """From what the model expects to what is written: grey levels, classes; None: the numbers."""
    if run.record.preprocessing.pixel_classes is not None:
        from condvae.figures.figure import class_colours

        if not as_arrays:
            return class_colours
        return lambda x: x.argmax(axis=-1)[..., None].astype("uint8")
    from condvae.data.writers import to_uint8

    return to_uint8 if as_arrays and run.record.preprocessing.in_unit_interval else None


def conditions(
    run: "Run", given: list[str], count: int, per_class: int | None
) -> tuple[Any, list[str], int]:
    """y of the images to generate, what to call them, and how often each comes, one by one."""
    import numpy as np

    from condvae.conditions import check_categorical
    from condvae.data.image_folder import read_image

    condition = run.record.condition
    if (several := condition.by_name) is not None:
        if per_class is not None:
            only = check_categorical(
                several.conditions[0] if len(several.names) == 1 else condition
            )
            labels = list(only.categories)
            return several.encode({only.name: np.asarray(labels)}), labels, per_class
        values = several.parse(given)
        encoded = several.encode(values)
        for sentence in several.outside(values):
            _log.warning("%s", sentence)
        return encoded, [" ".join(given) or "anything"], count
    if per_class is not None:
        labels = list(check_categorical(condition).categories)
        return np.asarray(labels), labels, per_class
    if len(given) != 1:
        raise InputError(
            "generate needs either --given LABEL or --per-class N",
            f"{len(given)} labels" if given else "none of them",
            "Give one.",
        )
    if condition.of_x:
        raise InputError(
            "generate needs a run that is given classes or whole images",
            f"{run.path}, which is given parts of images",
            "Use `condvae complete`.",
        )
    if condition.is_image:
        # a float: the training images may have been binary
        picture = read_image(Path(given[0]), condition.shape) / np.float32(255)
        return picture[None], given, count
    label = check_categorical(condition).given(given[0])
    return np.asarray([label]), [label], count


def drawn_conditions(run: "Run", count: int, seed: int) -> Any:
    """y of rows for which nothing is given: the first condition is drawn as often as it occurs.

    The model draws the others, so that no combination of values is copied from a training row; and
    the first one too, where it may be missing.
    """
    import numpy as np

    condition, table = run.record.condition, run.record.preprocessing.table
    several = condition.by_name
    if several is None or table is None:
        raise TypeError("a run on a table has both")
    if not several.names:
        return condition.encode({})[[0] * count]
    rows = run.check_data(run.load_data()).train.given
    rows = rows[np.random.default_rng(seed).integers(len(rows), size=count)]
    if table.conditions:
        first = several.names[0]
        has_first = several.is_given(rows)[first].all()
        rows = several.only(rows, (first,) if has_first else ())
    return rows


def write_rows(run: "Run", columns: Any, out: Path, seed: int) -> int:
    """Generated rows of a table, and the columns that no model learns."""
    from condvae.data.writing import write_table

    table, several = run.record.preprocessing.table, run.record.condition.by_name
    if table is None or several is None:
        raise TypeError("a run on a table has both")
    whole = [c.name for c in several.conditions if c.integer and c.name in columns]
    # classes that are numbers are integers too
    whole += [name for name, values in columns.items() if values.dtype.kind == "i"]
    num_rows = len(next(iter(columns.values())))
    columns |= {column.name: column.rows(num_rows, seed) for column in table.carried}
    whole += [column.name for column in table.carried if column.number and column.how == "count"]
    order = [name for name in table.order if name in columns]
    rows = {name: columns[name] for name in order}
    write_table(out, rows, {*table.integers, *whole}, table.formats)
    print(f"{out}: {len(columns[order[0]]):,} rows, drawn, seed {seed}")
    return 0
