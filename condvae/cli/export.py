"""condvae export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from condvae.checks import check_new_path, check_suffix
from condvae.cli.arguments import Overwrite, working

if TYPE_CHECKING:
    pass


def export(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    format: Literal["archive", "onnx", "keras"],
    out: Path | None = None,
    overwrite: Overwrite = False,
) -> int:
    """Write a run for others: as one file, or its networks as ONNX or Keras files.

    archive: a safetensors file with the weights and, in its header, the run record and the history;
    every command takes it in place of the folder. onnx: a folder with encoder.onnx, decoder.onnx
    and so on, which need neither Keras nor JAX, and a manifest.json with labels, shapes and ranges.
    keras: the networks in Keras's own format. Nothing in any of these files can run code.

    Args:
        run: A run folder.
        format: The kind of file.
        out: Where to write. Default: NAME.safetensors, or the folder NAME-onnx or NAME-keras, in
            the current folder.
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
