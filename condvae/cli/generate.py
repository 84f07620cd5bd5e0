"""condvae generate."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from condvae.checks import (
    InputError,
    UnseenConditionWarning,
    check_at_least,
    check_choice,
    check_new_path,
    check_suffix,
)
from condvae.cli.arguments import Overwrite, Scale, counted, numbers, working
from condvae.cli.bulk import InParts, written

if TYPE_CHECKING:
    from condvae.conditions.formats import CellFormat
    from condvae.runs import Run
    from condvae.serving.bulk.generate import Generate


def generate(
    run: Annotated[Path, Parameter(name="RUN")],
    table: Annotated[str | None, Parameter(name="TABLE")] = None,
    /,
    *,
    out: str,
    given: Annotated[list[str] | None, Parameter(negative="")] = None,
    num_samples: Annotated[int | None, Parameter(name=["--num-samples", "-n"])] = None,
    per_class: int | None = None,
    z: str | None = None,
    sample: Annotated[bool, Parameter(negative="")] = False,
    seed: int = 0,
    temperature: float = 1.0,
    guidance: float = 0.0,
    keep: int = 0,
    prior: Literal["model", "encodings"] | None = None,
    texture: bool | None = None,
    scale: Scale = None,
    overwrite: Overwrite = False,
    parts: InParts = InParts(),
) -> int:
    """New images under a label or given an image: a sheet (.png), arrays (.npz), x alone (.npy) or
    a folder; new rows of a table: .csv, .tsv, .jsonl, .xlsx or .parquet. Arrays and tables may
    be larger than memory.

    Args:
        run: A run folder.
        table: Conditions in place of --given: a table with a column for each condition; every row
            yields one image, or one row. A pattern in quotes, 'parts/*.csv', names several tables.
            What is drawn for a row depends on --seed and on the row's number, counted over all
            parts.
        out: Where to write; the suffix says in which form. For a pattern, a folder in which each
            part gets an .npz or a .parquet file; running the command again makes the ones that are
            missing.
        given: The label: 3, or digit=3. For several conditions, name=value once for each;
            conditions that are left out are missing. Or the file of the image that is given. For a
            table, any column; the model draws the others.
        num_samples: Number of images; 16 by default.
        per_class: Number of images of every label, for a balanced synthetic set.
        z: One style for all images, such as --z=0.5,-1.2, in place of draws from the prior.
        sample: Draw the pixels too. Otherwise each pixel is its expected value.
        seed: Seed of z and of the pixels.
        temperature: Scale of the draws of z: below 1, images are closer to the average image, less
            varied and often clearer.
        guidance: Strength of guidance: 2, for example, shows the label more clearly than the model
            does by itself; 0 is off.
        keep: For the prior ladder: number of coarse groups of z that all images share, from --z or
            from one draw; the finer groups are drawn for each image.
        prior: Where z comes from: the model's prior, or sums of the encodings of five training
            images of the class, which are stored in the run folder and need the data once. Default:
            encodings for photographs (preset photo) without --z, --keep and --sample; else model.
        texture: Draw the pixels with noise that depends on that of neighbouring pixels as in the
            training images; for --prior encodings, and its default except with --guidance.
    """
    import numpy as np

    from condvae.blocks import repeated
    from condvae.data.array_files import write_blocks
    from condvae.data.enlarged import check_scale
    from condvae.data.writers import ARRAYS, check_image_path, write_images
    from condvae.runs import Run
    from condvae.runs.drawing import Drawing
    from condvae.runs.samplers import sampler_of

    for option, number in (("--num-samples", num_samples), ("--per-class", per_class)):
        check_at_least(1 if number is None else number, 1, option)
    if per_class is not None and (given or num_samples is not None or z is not None):
        raise InputError(
            "--per-class must be used alone", "--given, -n or --z as well", "Leave one out."
        )
    if z is not None and (num_samples or 1) > 1 and not (sample or keep):
        raise InputError(
            "--z must come with one image, or with --sample or --keep",
            f"-n {num_samples}",
            "One style has one expected image: leave -n out.",
        )
    check_scale(scale, "--scale")
    if scale is not None and Path(out).suffix.lower() not in (".png", ""):
        raise InputError("--scale must come with a .png or a folder", out, "Leave it out.")
    if table is not None or parts != InParts():
        others = (given, per_class, num_samples, z, scale)
        if prior or texture or any(option is not None for option in others):
            raise InputError(
                "a table of conditions must be used alone",
                "--given, -n, --per-class, --z, --scale or --prior as well",
                "Leave one out.",
            )
        from condvae.serving.bulk.generate import Generate

        verb = Generate(sample, seed, temperature, guidance, keep)
        return _of_table(run, table or "", out, verb, parts, overwrite)
    of_model = z is not None or keep > 0
    if of_model and (prior == "encodings" or texture):
        raise InputError(
            "--prior encodings and --texture must be used without --z and --keep",
            "one of them",
            "Leave it out.",
        )
    path = check_new_path(Path(out), overwrite)
    opened = Run.open(run)
    preprocessing = opened.record.preprocessing
    of_table = preprocessing.table is not None
    for option, number in (("--keep", keep), ("--guidance", guidance)):
        if number and of_table:
            raise InputError(f"{option} must come with images", "a table", "Leave it out.")
    if temperature != 1 and (of_table or (z is not None and not keep)):
        raise InputError(
            "--temperature must come with images whose z is drawn",
            "a table" if of_table else "--z",
            "Leave it out.",
        )
    style = None if z is None else np.array(numbers(z, "--z", float), "float32")
    count = num_samples or (16 if z is None else 1)
    if preprocessing.table is not None:
        with working("generating") as say:
            num_rows = write_rows(opened, given or [], count, per_class, style, seed, path, say)
        print(f"{out}: {num_rows:,} rows, drawn, seed {seed}")
        return 0
    check_image_path(path)
    as_arrays = path.suffix.lower() in ARRAYS
    if not (preprocessing.in_unit_interval or as_arrays):
        raise InputError(
            "images must lie in [0, 1] to be written as pictures",
            f"a run on {preprocessing.assumption}",
            "Write an .npz.",
        )
    y, labels, times = conditions(opened, given or [], count, per_class)
    num_images = len(labels) * times
    if of_model or (sample and not texture):
        prior = prior or "model"
    with working("generating") as say:
        drawing = Drawing.of(opened, None, prior, texture, temperature, guidance)
        finish = _finish(opened, as_arrays)
        how = {"temperature": temperature, "guidance": guidance, "seed": seed, "finish": finish}
        if drawing.prior == "encodings":
            sampler = sampler_of(opened)
            images = sampler.blocks(np.repeat(labels, times), drawing.texture, sample, **how)
        else:
            settings = {"z": style, "sample": sample, "keep": keep}
            images = opened.model.generate_blocks(repeated(y, times), **settings, **how)
        blocks = counted(images, num_images, say)
        if as_arrays:
            names = repeated(np.asarray(labels), times)
            pairs = ({"x": x, "y": y} for x, y in zip(blocks, names, strict=True))
            write_blocks(path, num_images, pairs)
        else:
            names = np.repeat(labels, times).tolist()
            write_images(path, np.concatenate(list(blocks)), names, scale=scale)
    kind = "samples of the pixels" if sample and not drawing.texture else drawing.pixels
    also = f", guidance {guidance:g}" if guidance else ""
    also += ", z from encodings of training images" if drawing.prior == "encodings" else ""
    print(f"{out}: {num_images:,} images, {kind}, seed {seed}{also}")
    return 0


def _of_table(
    run: Path, table: str, out: str, verb: "Generate", parts: InParts, overwrite: bool
) -> int:
    """Generate for the rows of a table of conditions, or of several tables."""
    from condvae.data.writing import check_written
    from condvae.runs import Run
    from condvae.serving.bulk.parts import local

    if parts.has(table):
        return parts.make(run, table, out, verb, overwrite)
    with written(out, overwrite) as path, working("generating"), local(table) as source:
        opened = Run.open(run)
        verb.check(opened)
        if opened.record.preprocessing.table is not None:
            check_written(path)
        else:
            check_suffix(path, ".npz", ".npy")
        count = verb.make(opened, source, path, spread=True)
    print(f"{out}: {count:,} rows, seed {verb.seed}")
    return 0


def _as_number(given: str, formats: "Mapping[str, CellFormat]") -> str:
    """What is given, a number as it is written in the table as one that is plain."""
    from condvae.data.reading import read_cell

    name, _, value = given.partition("=")
    if name not in formats or formats[name].boolean:
        return given
    return f"{name}={read_cell(name, value, formats[name])!r}"


def _finish(run: "Run", as_arrays: bool) -> Callable[[Any], Any] | None:
    """Conversion from the model's values for writing: grey levels, classes; None: the numbers."""
    if as_arrays:
        from condvae.serving.bulk.generate import finish_of

        return finish_of(run)
    if run.record.preprocessing.pixel_classes is not None:
        from condvae.figures.figure import class_colours

        return class_colours
    return None


def conditions(
    run: "Run", given: list[str], count: int, per_class: int | None
) -> tuple[Any, list[str], int]:
    """y of the images to generate, their names, and how often each occurs, one by one."""
    import numpy as np

    from condvae.conditions import check_categorical
    from condvae.data.pictures import read_image

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
            warnings.warn(sentence, UnseenConditionWarning, stacklevel=2)
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
        # a float, since the training images may have been binary
        picture = read_image(Path(given[0]), condition.shape) / np.float32(255)
        return picture[None], given, count
    label = check_categorical(condition).given(given[0])
    return np.asarray([label]), [label], count


def drawn_conditions(run: "Run", count: int, size: int, seed: int) -> Iterator[Any]:
    """y of rows without conditions, in blocks: the first condition as often as it occurs.

    The model draws the others, so that no combination of values is copied from a training row; it
    also draws the first one if that may be missing.
    """
    import numpy as np

    from condvae.blocks import slices

    rows, places = run.first_conditions()
    rng = np.random.default_rng(seed)
    for part in slices(count, size):
        yield np.asarray(rows[places[rng.integers(len(places), size=part.stop - part.start)]])


def write_rows(
    run: "Run",
    given: list[str],
    count: int,
    per_class: int | None,
    style: Any,
    seed: int,
    out: Path,
    say: Callable[[str], None],
) -> int:
    """Write generated rows of a table, with the columns that no model learns; return how many."""
    import numpy as np

    from condvae.blocks import repeated
    from condvae.data.writing import check_written
    from condvae.inference.imputation import complete
    from condvae.inference.obedience import rows_at_once
    from condvae.serving.bulk.generate import write_drawn

    table, several = run.record.preprocessing.table, run.record.condition.by_name
    if table is None or several is None:
        raise TypeError("a run on a table has both")
    check_written(out)
    given, cells = _of_conditions_and_columns(run, given)
    if given or cells or per_class is not None:
        y, labels, times = conditions(run, given, count, per_class)
        count = len(labels) * times
        ys = repeated(y, times, rows_at_once(table))
    else:
        ys = drawn_conditions(run, count, rows_at_once(table), seed)
    drawn: Any
    if cells:
        drawn = complete(run.model, cells, ys, seed)
    else:
        drawn = run.model.generate_blocks(ys, z=style, seed=seed)
    keys = np.random.default_rng(seed)
    write_drawn(run, drawn, out, keys, say=lambda done: say(f"{done:,} of {count:,}"))
    return count


def _of_conditions_and_columns(run: "Run", given: list[str]) -> tuple[list[str], dict[str, Any]]:
    """The given conditions, as they were written, and the given columns of x, as cells."""
    table, several = run.record.preprocessing.table, run.record.condition.by_name
    if table is None or several is None:
        raise TypeError("a run on a table has both")
    named = {text: text.partition("=")[0] for text in given}
    of_x = [name for name in table.all_names if name not in several.names]
    for text, name in named.items():
        if "=" in text or not several.names:
            check_choice(name, (*several.names, *of_x), "the column in --given")
    of_columns = [text for text in given if named[text] in of_x]
    rest = [text for text in given if text not in of_columns]
    if len(several.names) == 1:
        rest = [text if "=" in text else f"{several.names[0]}={text}" for text in rest]
    numbers = [condition.name for condition in several.conditions if condition.of_dates]
    rest = [
        _as_number(text, table.formats) if text.partition("=")[0] in numbers else text
        for text in rest
    ]
    return rest, table.given([_as_number(text, table.formats) for text in of_columns])
