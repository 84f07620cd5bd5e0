"""The command line: thin; what a command needs is imported when it runs."""

import os
import sys

from cyclopts import App, CycloptsError

from condvae.checks import InputError, check_text
from condvae.cli.audit import audit
from condvae.cli.complete import complete
from condvae.cli.encode import encode
from condvae.cli.evaluate import evaluate
from condvae.cli.exit_codes import CLOSED_PIPE, INTERRUPTED, USER_ERROR
from condvae.cli.explore import explore
from condvae.cli.export import export
from condvae.cli.generate import generate
from condvae.cli.impute import impute
from condvae.cli.plot import plot
from condvae.cli.presets import presets
from condvae.cli.pull import pull
from condvae.cli.push import push
from condvae.cli.score import score
from condvae.cli.serve import serve
from condvae.cli.start import end_at_once, hide_from_keras, keep_compiled, leave_others
from condvae.cli.transfer import transfer
from condvae.cli.words import as_options, warnings_in_a_line


def _version() -> str:
    """The installed version."""
    import condvae

    return condvae.__version__


app = App(
    name="condvae",
    help="Conditional variational autoencoders: train, measure, explore.\n\n"
    "DATA is the name of a data set (images: digits, mnist, fashion_mnist, kmnist, signs, glyphs; "
    "tables: wine, breast_cancer, diabetes) or a path (arrays: .npz, .npy, .mat, .h5; IDX images; "
    "a folder with a folder per class; a table: .csv, .tsv, .parquet). RUN is a folder made by "
    "`condvae train`, an archive of one made by `condvae export`, or hf://USER/NAME on the "
    "Hugging Face hub.",
    help_format="plaintext",
    version=_version,
    suppress_keyboard_interrupt=False,  # main reports it and returns 130
)
# Their options come from the spec, which takes a while to import; they are named here so that the
# other commands need not wait for it.
EXIT_CODES = "0 done, 2 a mistake in the input or a full disk, 130 Ctrl-C, 143 SIGTERM."
OF_A_SPEC = {
    "demo": "Train on the embedded digits, evaluate, draw every figure: the two-minute tour.",
    "train": "Train a conditional VAE. Interrupted runs continue with --resume.\n\n"
    f"Exit codes: {EXIT_CODES}",
    "sweep": "Train a model for each seed, beta and learning rate: a run folder for each, a table, "
    "and a figure of rate and distortion. Interrupted sweeps continue with --resume.\n\n"
    f"Exit codes: {EXIT_CODES}",
    "tune": "Search for the settings with the lowest validation loss, with Optuna: a run folder "
    "for each trial; unpromising trials are stopped early. Interrupted searches continue with "
    "--run.\n\n"
    f"Exit codes: {EXIT_CODES}",
}
for name, words in OF_A_SPEC.items():
    app.command(f"condvae.cli.{name}:{name}", help=words)
data = App(name="data", help="Look at a data set, or pack it.", help_format="plaintext")
data.command(
    "condvae.cli.data:info",
    help="Show shapes, ranges, classes, counts and ten images; for a table, what each column is.",
)
data.command(
    "condvae.cli.data:pack",
    help="Decode images, or read a table, once into a folder OUT that training reads from disk, "
    "for data that do not fit into memory. Running the command again continues, and verifies what "
    "is there.",
)
for command in (
    evaluate,
    plot,
    generate,
    impute,
    encode,
    transfer,
    complete,
    score,
    audit,
    explore,
    export,
    push,
    pull,
    serve,
    data,
    presets,
):
    app.command(command)


def entry() -> int:
    """Entry point of the shell command: `main` in a process of its own."""
    if OF_A_SPEC.keys() & set(sys.argv[1:2]):  # training commands
        end_at_once()
    hide_from_keras()
    keep_compiled()
    code = main()
    leave_others(code)
    return code


def main(arguments: list[str] | None = None) -> int:
    """Run a command; a user's mistake is one sentence and exit code 2, never a traceback."""
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # pending output fails here, not at exit
        return code
    except (BrokenPipeError, SystemExit) as error:
        # rich, which prints help and progress, turns it into a SystemExit
        if BrokenPipeError not in (type(error), type(error.__context__)):
            raise
    # the reader of the output, such as `head`, has seen enough; Python would complain at exit
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return CLOSED_PIPE


def _run(arguments: list[str]) -> int:
    """Run a command, and report what was wrong with it."""
    try:
        for argument in arguments:
            check_text(argument, "each argument")
        with warnings_in_a_line():
            return app(
                arguments, exit_on_error=False, print_error=False, result_action="return_value"
            )
    except BrokenPipeError:  # an OSError, but not a mistake
        raise
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
    print(f"condvae: {as_options(str(mistake))}", file=sys.stderr)
    return USER_ERROR
