"""condvae transfer."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import InputError, check_new_path, check_suffix
from condvae.cli.arguments import Overwrite, Scale, working


def transfer(
    run: Annotated[Path, Parameter(name="RUN")],
    image: Annotated[Path, Parameter(name="IMAGE")],
    /,
    *,
    label: Annotated[str, Parameter(name="--from")],
    to: str,
    out: Path,
    scale: Scale = None,
    overwrite: Overwrite = False,
) -> int:
    """Draw an image's style under another label.

    Args:
        run: A run folder.
        image: An image file of the model's size.
        label: The label that the image shows.
        to: The label to draw it with.
        out: The .png file to write.
    """
    from condvae.data.enlarged import check_scale
    from condvae.data.pictures import read_image
    from condvae.data.writers import write_images
    from condvae.runs import Run

    check_suffix(check_new_path(out, overwrite), ".png")
    check_scale(scale, "--scale")
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
        write_images(out, opened.model.transfer(x, given, to=wanted), [wanted], scale=scale)
    print(f"{out}: the style of {image} ({given}) under {wanted}")
    return 0
