"""The command line: thin; what a command needs is imported when it runs."""

import sys

from cyclopts import App, CycloptsError

from condvae.checks import InputError, check_text
from condvae.cli.exploring import explore
from condvae.cli.generating import generate
from condvae.cli.judging import audit, score
from condvae.cli.looking import evaluate, info, plot, presets
from condvae.cli.start import hide_from_keras, keep_compiled
from condvae.cli.sweeping import sweep
from condvae.cli.training import INTERRUPTED, demo, train
from condvae.cli.using import complete, encode, export, transfer

USER_ERROR = 2


def _version() -> str:
    """The installed version."""
    import condvae

    return condvae.__version__


app = App(
    name="condvae",
    help="Conditional variational autoencoders: train, measure, explore.\n\n"
    "DATA is the name of a data set (images: digits, mnist, fashion_mnist, kmnist, signs, glyphs; "
    "tables: wine, breast_cancer, diabetes) or a path (.npz, IDX images, a folder with a folder "
    "per class, or a table: .csv, .tsv, .parquet). RUN is a folder made by `condvae train`, or an "
    "archive of one made by `condvae export`.",
    help_format="plaintext",
    version=_version,
    suppress_keyboard_interrupt=False,  # main says it and returns 130
)
data = App(name="data", help="Look at a data set.", help_format="plaintext")
data.command(info)
for command in (
    demo,
    train,
    sweep,
    evaluate,
    plot,
    generate,
    encode,
    transfer,
    complete,
    score,
    audit,
    explore,
    export,
    data,
    presets,
):
    app.command(command)


def entry() -> int:
    """What the shell calls: `main` in a process of its own."""
    hide_from_keras()
    keep_compiled()
    return main()


def main(arguments: list[str] | None = None) -> int:
    """Run a command; a user's mistake is one sentence and exit code 2, never a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        for argument in arguments:
            check_text(argument, "each argument")
        return app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        received, _, hint = str(error).partition(" Did you mean ")
        mistake: Exception = InputError(
            "the arguments must be those of `condvae COMMAND --help`",
            received.strip().rstrip("."),
            f"Did you mean {hint.partition('?')[0]}?" if hint else "Correct them.",
        )
    except InputError as error:
        mistake = error
    except OSError as error:
        mistake = InputError(
            "files must be readable and writable",
            str(error),
            "Check the path, the permissions and the free space.",
        )
    except KeyboardInterrupt:
        print("condvae: interrupted", file=sys.stderr)
        return INTERRUPTED
    print(f"condvae: {mistake}", file=sys.stderr)
    return USER_ERROR
