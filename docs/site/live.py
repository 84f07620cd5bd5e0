"""The page in which a model runs, for the site: a run of the embedded digits, made once.

    python docs/site/live.py

Writes build/docs/live/digits.html. Remove build/docs to train it again.
"""

import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).parents[2] / "build" / "docs"
RUN = BUILD / "runs" / "digits"
PAGE = BUILD / "live" / "digits.html"


def main() -> None:
    """Train what is missing and write the page."""
    if PAGE.exists():
        return
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    if not (RUN / "run.json").exists():
        run("train", "digits", "--run", RUN)
    run("evaluate", RUN)  # which names the latents
    run("explore", RUN, "--out", PAGE)


def run(*arguments: object) -> None:
    """A command of condvae; what it prints is shown if it fails."""
    command = [sys.executable, "-m", "condvae", *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
