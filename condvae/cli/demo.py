"""condvae demo."""

from pathlib import Path

from condvae.cli.evaluate import evaluate
from condvae.cli.plot import plot
from condvae.cli.train import train


def demo(*, run: Path | None = None) -> int:
    """`condvae demo`, as `condvae.cli` describes it.

    Args:
        run: The run folder to create. Default: runs/digits-demo.
    """
    from condvae.runs import new_run_path

    path = run or new_run_path("digits-demo")
    code = train("digits", run=path)
    if code == 0:
        print()
        evaluate(path)
        print()
        plot(path)
        print(
            f"\nNow look at {path / 'figures'}, or: condvae generate {path} --given 3 --out 3.png"
        )
    return code
