"""condvae complete."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import InputError, check_at_least, check_new_path
from condvae.cli.arguments import Overwrite, Scale, working


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
    scale: Scale = None,
    overwrite: Overwrite = False,
) -> int:
    """Inpaint the missing part of an image, several times: a sheet (.png) or arrays (.npz).

    Args:
        run: A run that is given parts of images (--task) or classes.
        image: An image file of the model's size.
        mask: An image of the same size, white where pixels are to be predicted.
        out: The file to write; the sheet begins with the part that is given.
        given: The label of the image, for a run on classes.
        num_samples: Number of completions.
        seed: Seed of all draws.
    """
    from condvae.data.enlarged import check_scale
    from condvae.data.pictures import read_image
    from condvae.data.writers import check_image_path, write_images
    from condvae.figures.completion import complete as complete_image
    from condvae.figures.completion import with_given
    from condvae.runs import Run

    check_image_path(check_new_path(out, overwrite))
    if not out.suffix:
        raise InputError("the output must be a .png or an .npz", f"{out}", "Change its name.")
    check_scale(scale, "--scale")
    if scale is not None and out.suffix.lower() != ".png":
        raise InputError("--scale must come with a .png", f"{out}", "Leave it out.")
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
        drawn = complete_image(opened.by_keras, pixels, known, num_samples, label, seed)
        shown = with_given(pixels, known, drawn) if out.suffix.lower() == ".png" else drawn
        write_images(out, shown, [label or ""] * len(shown), scale=scale)
    print(f"{out}: {num_samples} completions of {image}, seed {seed}")
    return 0
