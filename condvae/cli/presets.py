"""condvae presets."""

from typing import Annotated

from cyclopts import Parameter


def presets(name: Annotated[str | None, Parameter(name="NAME")] = None, /) -> int:
    """List the presets, or print one as the JSON that --config takes.

    Args:
        name: A preset.
    """
    from condvae.spec.presets import PRESETS, preset

    if name is not None:
        print(preset(name).model_dump_json(indent=2))
        return 0
    width = max(map(len, PRESETS))
    for known, (purpose, _) in PRESETS.items():
        print(f"{known:<{width}} {purpose}")
    return 0
