"""condvae encode, transfer, complete, export."""

from collections.abc import Iterator
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from condvae.checks import InputError, check_at_least, check_new_path, check_suffix
from condvae.cli.arguments import DataDir, Overwrite, counted, load_dataset, working

if TYPE_CHECKING:
    from condvae.conditions import Condition
    from condvae.runs import Run


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
    from condvae.conditions import MaskedImage
    from condvae.data.array_files import write_blocks
    from condvae.runs import Run
    from condvae.runs.streaming import encode_blocks

    check_suffix(check_new_path(out, overwrite), ".npz")
    opened = Run.open(run)
    if isinstance(opened.record.condition, MaskedImage):
        raise InputError(
            "encode needs a run that is given classes or whole images",
            f"{run}, which is given parts of images",
            "Use condvae.load(RUN).encode from Python.",
        )
    condition = opened.record.condition
    with working("encoding") as say:
        pairs, count, unit = _rows_to_encode(opened, source, data_dir)
        for_model, for_file = tee(pairs)
        posteriors = encode_blocks(opened, for_model)
        labels = counted((_text(y, condition) for _, y in for_file), count, say)
        arrays = (
            {"mean": mean, "logvar": logvar, "y": y}
            for (mean, logvar), y in zip(posteriors, labels, strict=True)
        )
        write_blocks(out, count, arrays)
    latents = opened.spec.model.latent_dim
    print(f"{out}: mean and logvar of {count:,} {unit}, {latents} latents")
    return 0


def _rows_to_encode(
    run: "Run", source: str, data_dir: Path | None
) -> tuple[Iterator[tuple[Any, Any]], int, str]:
    """Blocks of x and y as the run's model takes them, how many rows, and what they are called."""
    import numpy as np

    from condvae.blocks import slices
    from condvae.conditions import Categorical, Schema
    from condvae.data.npz_rows import open_rows

    condition, x_max = run.record.condition, run.record.preprocessing.x_max

    def scaled(x: Any, white: int) -> Any:
        """Binary pixels for a grey model, or the like."""
        return x if white == x_max or x.dtype.kind == "f" else x / np.float32(white)

    path = Path(source)
    if isinstance(condition, Categorical) and path.is_file() and path.suffix.lower() == ".npz":
        rows = open_rows(path)
        if rows is not None:
            white = rows.x_max
            return ((scaled(x, white), y) for x, y in rows.blocks()), rows.num_rows, "images"
    dataset = load_dataset(source, data_dir, run.spec.data)
    count, y = len(dataset.x), dataset.y
    parts = slices(count)
    if isinstance(condition, Schema):
        # by the run's scales, not those of these data; a class that is never missing has none
        raw = dataset.raw or {dataset.condition.name: dataset.y}
        y = run.model.encode_condition({name: raw[name] for name in condition.names if name in raw})
        if dataset.table is not None:
            columns = ({name: values[part] for name, values in raw.items()} for part in parts)
            return zip(columns, (y[part] for part in slices(count)), strict=True), count, "rows"
    pairs = ((scaled(dataset.x[part], dataset.x_max), y[part]) for part in parts)
    return pairs, count, dataset.unit


def _text(y: Any, condition: "Condition") -> Any:
    """Labels as text, of one width in all blocks; other conditions as they are."""
    from condvae.conditions import Categorical

    if not isinstance(condition, Categorical):
        return y
    width = max(map(len, (*condition.categories, str(condition.dim))))
    return y.astype(f"U{width}")


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
    from condvae.figures.completion import complete as complete_image
    from condvae.figures.completion import with_given
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
            "Use condvae.figures.complete from Python.",
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
