"""Mistakes on the command line: one sentence, exit code 2, nothing changed."""

import pytest
from rooms import listing

from condvae.cli import main

# command: what the sentence must say was expected, what came, what to do
MISTAKES = {
    "train flat.npz": ("x of flat.npz", "(30, 64)", "Reshape"),
    "train complex.npz": ("x of complex.npz", "complex128", "astype"),
    "train range.npz": ("[0, 1]", "in row 0", "Rescale"),
    "train nan.npz": ("finite", "row 7", "Remove or correct"),
    "train labels.npz": ("one label for each of the 30", "31 labels", "same order"),
    "train one.npz": ("at least 3 examples", "1.", "Add more"),
    "train missing.npz": ("arrays x and y", "x", "numpy.savez"),
    "train pickled.npz": ("'y' of pickled.npz", "never unpickled", "Write the file again"),
    "train text.npz": ("numpy.savez", "no zip", "write it again"),
    "train cut": ("cut/train-images-idx3-ubyte", "1,926 bytes", "download or copy it again"),
    "train odd": ("odd/train-images-idx3-ubyte", "0x01000803", "Pass the images file"),
    "train mnist": ("mnist/train-images-idx3-ubyte.gz", "md5", "remove it"),
    "train broken": ("readable", "broken/bee/2.png", "Correct or remove"),
    "train oddsize": ("same width × height", "8 × 5 (oddsize/bee/2.png)", "--resize HEIGHT,WIDTH"),
    "train loose": ("a folder for each class", "1 image(s) in no class folder", "into folders"),
    "train nowhere.npz": ("digits, mnist", "nowhere.npz", "Check the path"),
    "train minst": ("digits, mnist", "'minst'", "Did you mean 'mnist'?"),
    "train digits --preset plain": ("plane, small", "'plain'", "Did you mean 'plane'?"),
    "train digits --epochs 0": ("training.epochs", "0", "Correct it"),
    "train digits --epochs ten": ("--help", "ten", "Correct"),
    "train digits --epoch 3": ("--help", "--epoch", "Did you mean --epochs?"),
    "train digits --hidden-dims 8;8": ("--hidden-dims", "'8;8'", "Write"),
    "train digits --validation 1.5": ("data.validation", "1.5", "Correct it"),
    "train digits --config typo.json": ("epochs", "'epoch'", "Did you mean 'epochs'?"),
    "train digits --config notjson.json": ("JSON", "Invalid JSON", "Correct"),
    "train digits --config nothing.json": ("--config", "nothing.json", "Check the path"),
    "train digits --run run": ("new folder", "run, which exists", "Choose another name"),
    "train digits --run afile/run": ("folder", "afile, which is a file", "Choose another place"),
    "train digits --run run --resume --seed 9": ("the settings of run", "seed 9", "Omit them"),
    "train good.npz --run run --resume": ("data must be those of run", "good.npz", "--data"),
    "train digits --run broken --resume": ("a run folder", "no run.json", "Choose another folder"),
    "train digits --run run --resume --epochs 1": ("--epochs must be", "1", "more epochs"),
    "train digits --run run --resume --start-from away": (
        "settings of run",
        "away instead of",
        "Omit",
    ),
    "train digits --run typo.json --resume": ("a run folder", "which is a file", "train a new run"),
    "train digits --resume --dry-run": ("exclude each other", "both", "Leave one"),
    "export run --format archive --out a.zip": (".safetensors", "a.zip", "Change its name"),
    "export run --format onyx": ("--help", "onyx", 'Did you mean "onnx"?'),
    "push run digits": ("user/name", "'digits'", "Write your user name on the hub"),
    "push run me/digits --with-data": ("page of a Space", "no --space", "--space --with-data"),
    "pull me/digits --out run": ("new path", "run, which is a folder", "Choose another name"),
    "score hf://digits good.npz --out a.csv": ("user/name", "'hf:/digits'", "Write your user name"),
    "export nan --format archive": ("weights.safetensors", "'failed'", "completed an epoch"),
    "generate typo.json --given 3 --out a.png": ("safetensors", "header", "complete run"),
    "train digits --start-from notarun --run new": ("run.json", "notarun", "condvae train"),
    "train": ("--help", "DATA", "Correct"),
    "trian digits": ("--help", "trian", 'Did you mean "train"?'),
    "evaluate": ("run folder", "none", "Write `condvae evaluate RUN`"),
    "evaluate notarun": ("run.json", "notarun", "condvae train"),
    "evaluate run --data good.npz": ("must be those of run", "good.npz", "--data"),
    "plot run predictions": ("conditioned on images", "a run on classes", "reconstruct"),
    "plot run scater": ("scatter", "'scater'", "Did you mean 'scatter'?"),
    "plot run manifold --given ten": ("0, 1, 2", "'ten'", "Use one of these"),
    "plot run --out afile/x": ("folder", "afile, which is a file", "Choose another place"),
    "generate run --given 3": ("--help", "--out", "Correct"),
    "generate run --out a.png": ("--given", "none", "Give one"),
    "generate run --given 11 --out a.png": ("0, 1, 2", "'11'", "Use one of these"),
    "generate run --given digits=3 --out a.png": ("'digit'", "'digits'", "Write --given"),
    "generate run --given 3 --out a.jpg": (".png", "a.jpg", "Change its name"),
    "generate run --given 3 --out eight.png": ("new path", "eight.png", "--overwrite"),
    "generate run --given 3 --z 1,2,3 --out a.png": ("(N, 2)", "(1, 3)", "Reshape"),
    "generate run --given 3 --z a,b --out a.png": ("--z", "'a,b'", "Write"),
    "generate run --given 3 -n 0 --out a.png": ("1 or more", "0", "Correct it"),
    "generate run --per-class 0 --out a": ("1 or more", "0", "Correct it"),
    "generate run --per-class 2 -n 3 --out a": ("must be used alone", "-n", "Leave one out"),
    "generate run --given 3 --z 1,2 -n 3 --out a.png": ("one image", "-n 3", "leave -n out"),
    "generate run --given 3 --guidance -1 --out a.png": ("0 or more", "-1", "Use 2"),
    "generate run --given 3 --guidance 1 --sample --out a.png": (
        "expected",
        "samples",
        "Omit one",
    ),
    "generate run --given 3 --keep 1 --out a.png": ("a group", "without such", "prior 'ladder'"),
    "generate run --given 3 --seed -1 --out a.png": ("0 or more", "-1", "Correct it"),
    "generate run --given 3 --out notarun --overwrite": ("new path", "is a folder", "another name"),
    "generate floats --given 3 --out a.png": ("[0, 1]", "-30 to 30", "Write an .npz"),
    "generate nan --given 3 --out a.png": ("weights.safetensors", "'failed'", "completed an epoch"),
    "transfer floats eight.png --from 5 --to 3 --out t.png": ("[0, 1]", "-30 to 30", "Python"),
    "transfer run deep.tif --from 5 --to 3 --out t.png": ("8 bits", "deep.tif", "Convert it"),
    "plot history": ("history.csv", "kl_loss", "Restore the file"),
    "data info digits --sheet s.abc": ("a .png", "s.abc", "Change its name"),
    "data info digits --sheet afile/s.png": ("folder", "afile, which is a file", "another place"),
    "train kmnist": ("kmnist needs the files", "no download", "--data-dir"),
    "train half.npz": ("both x_test and y_test", "x_test alone", "Add the other"),
    "train digits --config list.json": ("JSON object", "object", "Correct the file"),
    "train digits --likelihood normal --pixels dynamic": ("model", "bernoulli", "Correct it"),
    "train good.npz --freeze encoder --run new": ("by --start-from", "encoder", "Name a run"),
    "evaluate away": ("the data must be", "gone.npz", "use --data"),
    "generate run --given 3 --out afile/a.png": ("folder", "afile", "Choose another place"),
    "encode run good.npz --out z.txt": (".npz", "z.txt", "Change its name"),
    "encode run range.npz --out z.npz": ("[0, 1]", "in row 0", "Rescale"),
    "transfer run five.png --from 5 --to 3 --out t.png": ("8 × 8", "five.png with 8 × 5", "Crop"),
    "transfer run text.npz --from 5 --to 3 --out t.png": ("readable", "text.npz", "Correct"),
    "transfer run eight.png --from x --to 3 --out t.png": ("0, 1, 2", "'x'", "Use one"),
    "data info caf\udce9.npz": ("text that UTF-8 can hold", "caf?.npz", "Rename"),
    "complete run eight.png --mask five.png --given 3 --out c.png": ("8 × 8", "8 × 5", "Crop"),
    "complete run eight.png --mask white.png --given 3 --out c.png": ("mask", "no pixel", "white"),
    "complete run eight.png --mask right.png --out c.png": ("label", "no label", "--given LABEL"),
    "complete run eight.png --mask right.png --given 3 --out c": (".npz", "c", "Change its name"),
    "complete run eight.png --mask right.png --given x --out c.png": ("0, 1", "'x'", "Use one"),
    "train digits --task quadrants --observed 4": ("data.observed", "4", "Correct it"),
    "train digits --alpha 1.5": ("objective.alpha", "1.5", "Correct it"),
    "train digits --task halves --baseline frozen": ("--start-from", "none", "deterministic"),
    "data info notarun": ("a folder for each class", "no images", "into folders"),
    "presets plain": ("plane, small", "'plain'", "Did you mean 'plane'?"),
}


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_one_sentence_and_leaves_everything_as_it_was(command, shared_room, capsys):
    before = listing(shared_room)
    assert main(command.split()) == 2
    output = capsys.readouterr()
    assert output.out == ""
    # progress notes may stand before; the mistake is the last line, and one line
    *_, sentence = output.err.strip().splitlines()
    assert sentence.startswith("condvae: ")
    expected, rest = sentence.split("; received ")
    for part, where in zip(MISTAKES[command], (expected, rest, rest), strict=True):
        assert part in where
    assert listing(shared_room) == before
