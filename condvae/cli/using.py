"""condvae generate, encode, transfer, complete, export."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from condvae.checks import InputError, check_at_least, check_new_path, check_suffix
from condvae.cli.arguments import DataDir, Overwrite, load_dataset, numbers, working

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
    """New images under a label or given an image: a sheet (.png), arrays (.npz), or a folder;
    new rows of a table: .csv, .tsv or .parquet.

    Args:
        run: A run folder.
        out: Where to write; its suffix says in which form.
        given: The label: 3, or digit=3; of several conditions once for each, name=value, what is
            left out being missing; or the file of the image that is given. Of a table with nothing
            given the conditions are drawn from the training rows.
        num_samples: How many images; 16 when not given.
        per_class: So many images of every label: a balanced synthetic set.
        z: One style for all, such as --z=0.5,-1.2, in place of draws from the prior.
        sample: Draw the pixels too; else each pixel is its expected value.
        seed: Of z and of the pixels.
    """
    import numpy as np

    from condvae.data.writers import check_image_path, write_images
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
    if preprocessing.table is None:
        check_image_path(out)
    bounded = preprocessing.in_unit_interval
    if not bounded and preprocessing.table is None and out.suffix != ".npz":
        raise InputError(
            "images must lie in [0, 1] to be written as pictures",
            f"a run on {preprocessing.assumption}",
            "Write an .npz.",
        )
    count = num_samples or (16 if z is None else 1)
    y, labels = conditions(opened, given or [], count, per_class, seed)
    style = None if z is None else np.array([numbers(z, "--z", float)] * len(labels), "float32")
    with working("generating"):
        x = generated(opened, y, style, sample, seed)
        if preprocessing.table is not None:
            return write_rows(opened, x, y, out, seed)
        if preprocessing.pixel_classes is not None:
            from condvae.exploration.figure import class_colours

            bounded = out.suffix.lower() != ".npz"
            x = class_colours(x) if bounded else x.argmax(axis=-1)[..., None].astype("uint8")
        write_images(out, x, labels, bounded)
    kind = "samples of the pixels" if sample else "expected pixels"
    print(f"{out}: {len(x):,} images, {kind}, seed {seed}")
    return 0


def generated(run: "Run", y: Any, z: Any, sample: bool, seed: int) -> Any:
    """New x, by NumPy alone where the run has graphs and only expected pixels are asked for."""
    graphs = None if sample or run.record.preprocessing.table is not None else run.graph_model
    if graphs is None:
        return run.model.generate(y, z=z, sample=sample, seed=seed)
    return graphs.generate(run.record.condition.encode(y), z, seed)


def conditions(
    run: "Run", given: list[str], count: int, per_class: int | None, seed: int
) -> tuple[Any, list[str]]:
    """y of the images to generate, one a row, and what to call each of them."""
    import numpy as np

    from condvae.conditions import Image, MaskedImage, Schema, check_categorical
    from condvae.data.image_folder import read_image

    condition = run.record.condition
    if isinstance(condition, Schema):
        if per_class is not None:
            only = check_categorical(
                condition.conditions[0] if len(condition.names) == 1 else condition
            )
            labels = [name for name in only.categories for _ in range(per_class)]
            return {only.name: np.asarray(labels)}, labels
        if not given and run.record.preprocessing.table is not None:
            rows = run.check_data(run.load_data()).train.given
            return rows[np.random.default_rng(seed).integers(len(rows), size=count)], [""] * count
        values = condition.parse(given)
        encoded = condition.encode(values)
        for sentence in condition.outside(values):
            _log.warning("%s", sentence)
        return np.repeat(encoded, count, axis=0), [" ".join(given) or "anything"] * count
    if per_class is not None:
        labels = [n for n in check_categorical(condition).categories for _ in range(per_class)]
        return labels, labels
    if len(given) != 1:
        raise InputError(
            "generate needs either --given LABEL or --per-class N",
            f"{len(given)} labels" if given else "none of them",
            "Give one.",
        )
    if isinstance(condition, MaskedImage):
        raise InputError(
            "generate needs a run that is given classes or whole images",
            f"{run.path}, which is given parts of images",
            "Use `condvae complete`.",
        )
    if isinstance(condition, Image):
        # a float: the training images may have been binary
        picture = read_image(Path(given[0]), condition.image_shape) / np.float32(255)
        return np.repeat(picture[None], count, axis=0), given * count
    labels = [condition.given(given[0])] * count
    return labels, labels


def write_rows(run: "Run", x: Any, y: Any, out: Path, seed: int) -> int:
    """Generated rows of a table, with the conditions that they were given; no column for others."""
    from condvae.conditions import Continuous, Schema
    from condvae.data.tables import write_table

    table, condition = run.record.preprocessing.table, run.record.condition
    if table is None or not isinstance(condition, Schema):
        raise TypeError("a run on a table has both")
    encoded = condition.encode(y)
    given = {c.name for c, block in condition.blocks if encoded[:, block.stop].any()}
    decoded = condition.decode(encoded)
    columns = {**x, **{name: decoded[name] for name in condition.names if name in given}}
    wholes = [c for c in condition.conditions if isinstance(c, Continuous) and c.integer]
    whole = [c.name for c in wholes if c.name in given]
    # classes that are numbers are integers too
    whole += [name for name, values in columns.items() if values.dtype.kind == "i"]
    order = [name for name in table.order if name in columns]
    write_table(out, {name: columns[name] for name in order}, {*table.integers, *whole})
    print(f"{out}: {len(columns[order[0]]):,} rows, drawn, seed {seed}")
    return 0


def encode(
    run: Annotated[Path, Parameter(name="RUN")],
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    out: Path,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
) -> int:
    """The posterior of every image: an .npz with mean, logvar and y, in the data's order.

    Args:
        run: A run folder.
        source: A set's name or a path.
        out: The .npz to write.
    """
    import numpy as np

    from condvae.atomic import atomic_path
    from condvae.conditions import Categorical, MaskedImage, Schema
    from condvae.runs import Run

    check_suffix(check_new_path(out, overwrite), ".npz")
    opened = Run.open(run)
    if isinstance(opened.record.condition, MaskedImage):
        raise InputError(
            "encode needs a run that is given classes or whole images",
            f"{run}, which is given parts of images",
            "Use condvae.load(RUN).encode from Python.",
        )
    dataset = load_dataset(source, data_dir, opened.spec.data)
    of_classes = isinstance(dataset.condition, Categorical)
    labels = dataset.y.astype(str) if of_classes else dataset.y
    with working("encoding"):
        x = dataset.x
        if dataset.x_max != opened.record.preprocessing.x_max:
            x = (x / dataset.x_max).astype("float32")  # binary pixels for a grey model, or the like
        condition = opened.record.condition
        if isinstance(condition, Schema):
            # by the run's scales, not those of these data; a class that is never missing has none
            raw = dataset.raw or {dataset.condition.name: dataset.y}
            given = {name: raw[name] for name in condition.names if name in raw}
            labels = opened.model.encode_condition(given)
            x = x if dataset.table is None else raw
        mean, logvar = opened.model.encode(x, labels)
        with atomic_path(out) as fresh:
            np.savez_compressed(fresh, mean=mean, logvar=logvar, y=labels)
    print(f"{out}: mean and logvar of {len(mean):,} {dataset.unit}, {mean.shape[1]} latents")
    return 0


def transfer(
    run: Annotated[Path, Parameter(name="RUN")],
    image: Annotated[Path, Parameter(name="IMAGE")],
    /,
    *,
    label: Annotated[str, Parameter(name="--from")],
    to: str,
    out: Path,
    overwrite: Overwrite = False,
) -> int:
    """The style of an image under another label.

    Args:
        run: A run folder.
        image: An image file of the model's size.
        label: What the image shows.
        to: The label to draw it with.
        out: The .png to write.
    """
    from condvae.data.image_folder import read_image
    from condvae.data.writers import write_images
    from condvae.runs import Run

    check_suffix(check_new_path(out, overwrite), ".png")
    opened = Run.open(run)
    if not opened.record.preprocessing.in_unit_interval:
        raise InputError(
            "transfer needs a run on pixels in [0, 1]",
            f"a run on {opened.record.preprocessing.assumption}",
            "Use TrainedModel.transfer from Python.",
        )
    given, wanted = (opened.record.classes.given(text) for text in (label, to))
    pixels = read_image(image, opened.record.preprocessing.image_shape)
    x = (pixels[None] / 255.0).astype("float32")
    with working("transferring"):
        if "encoder" in opened.graphs and opened.graph_model is not None:
            y, to_y = (opened.record.classes.encode(name) for name in (given, wanted))
            drawn = opened.graph_model.transfer(x, y, to_y)
        else:
            drawn = opened.model.transfer(x, given, to=wanted)
        write_images(out, drawn, [wanted])
    print(f"{out}: the style of {image} ({given}) under {wanted}")
    return 0


def complete(
    run: Annotated[Path, Parameter(name="RUN")],
    image: Annotated[Path, Parameter(name="IMAGE")],
    /,
    *,
    mask: Path,
    out: Path,
    given: str | None = None,
    num_samples: Annotated[int, Parameter(name=["--num-samples", "-n"])] = 8,
    seed: int = 0,
    overwrite: Overwrite = False,
) -> int:
    """Fill the missing part of an image, several times: a sheet (.png) or arrays (.npz).

    Args:
        run: A run, given parts of images (--task) or classes.
        image: An image file of the model's size.
        mask: An image of the same size, white where a pixel is to be predicted.
        out: Where to write; the sheet begins with what is given.
        given: The label of the image, for a run on classes.
        num_samples: How many completions.
        seed: Of all draws.
    """
    from condvae.data.image_folder import read_image
    from condvae.data.writers import check_image_path, write_images
    from condvae.exploration.completion import complete as complete_image
    from condvae.exploration.completion import with_given
    from condvae.runs import Run

    check_image_path(check_new_path(out, overwrite))
    if not out.suffix:
        raise InputError("the output must be a .png or an .npz", f"{out}", "Change its name.")
    check_at_least(num_samples, 1, "--num-samples")
    opened = Run.open(run)
    preprocessing = opened.record.preprocessing
    if not preprocessing.in_unit_interval:
        raise InputError(
            "complete needs a run on pixels in [0, 1]",
            f"a run on {preprocessing.assumption}",
            "Use condvae.exploration.complete from Python.",
        )
    label = None if given is None else opened.record.classes.given(given)
    height, width, _ = preprocessing.image_shape
    pixels = read_image(image, preprocessing.image_shape) / 255.0
    known = read_image(mask, (height, width, 1))[..., 0] < 128
    with working("completing"):
        drawn = complete_image(opened.model, pixels, known, num_samples, label, seed)
        shown = with_given(pixels, known, drawn) if out.suffix.lower() == ".png" else drawn
        write_images(out, shown, [label or ""] * len(shown))
    print(f"{out}: {num_samples} completions of {image}, seed {seed}")
    return 0


def export(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    format: Literal["archive", "onnx", "keras"],
    out: Path | None = None,
    overwrite: Overwrite = False,
) -> int:
    """Write a run for others: as one file, or its networks as ONNX or Keras files.

    archive: a safetensors file, weights and in its header the run record and the history, which
    every command takes in place of the folder. onnx: a folder with encoder.onnx, decoder.onnx and
    so on, which need neither Keras nor JAX, and a manifest.json with labels, shapes and ranges.
    keras: the networks as Keras saves them. Nothing in any of them can run code.

    Args:
        run: A run folder.
        format: The kind of file.
        out: Where to write; here NAME.safetensors, or the folder NAME-onnx or NAME-keras, when not
            given.
    """
    from condvae.runs import Run

    opened = Run.open(run)
    whole = run.resolve()
    name = whole.stem if opened.is_archive else whole.name
    is_file = format == "archive"
    default = f"{name}.safetensors" if is_file else f"{name}-{format}"
    path = check_new_path(out or Path(default), overwrite)
    if is_file:
        check_suffix(path, ".safetensors")
    with working("exporting"):
        if is_file:
            opened.export(path)
        elif format == "onnx":
            from condvae.export.folder import export_onnx

            export_onnx(opened, path)
        else:
            from condvae.export.folder import export_keras

            export_keras(opened, path)
    files = [path] if is_file else sorted(path.iterdir())
    print(f"{path}: {sum(file.stat().st_size for file in files):,} bytes")
    return 0
