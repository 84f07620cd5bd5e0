"""The named sets in IDX files: their mirrors and checksums, found on this machine or downloaded."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import platformdirs

from condvae.checks import InputError
from condvae.data.dataset import Dataset
from condvae.data.download import DownloadError, download
from condvae.data.idx import idx_array, idx_content
from condvae.spec import DataSpec


class IdxSet(NamedTuple):
    """A set in four IDX files.

    Attributes:
        condition_name: name of the labels.
        categories: names of the classes in the order of their codes.
        mirrors: base URLs that serve the gzipped files.
        md5: md5 of images and labels for training, then for testing. Under a plain name it is the
            sum of the content, gzipped or not; under a name in .gz, of the file as served.
    """

    condition_name: str
    categories: tuple[str, ...]
    mirrors: tuple[str, ...]
    md5: dict[str, str]


IDX_SETS = {
    "mnist": IdxSet(
        "digit",
        tuple("0123456789"),
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            "https://storage.googleapis.com/cvdf-datasets/mnist",
        ),
        {
            "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
            "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
            "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
            "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
        },
    ),
    "fashion_mnist": IdxSet(
        "article",
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        (
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        ),
        {
            "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
            "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
            "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
        },
    ),
    "kmnist": IdxSet(
        "character",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist",),
        {
            "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
            "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
            "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
            "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
        },
    ),
}


def load_idx_set(
    name: str, data_dir: str | Path | None = None, spec: DataSpec | None = None
) -> Dataset:
    """A data set in four IDX files; missing files are downloaded.

    Args:
        name: one of IDX_SETS.
        data_dir: where to look first, and where downloads are saved: its folder NAME. None:
            `$CONDVAE_DATA/NAME`, then the user's cache, where downloads are saved.
        spec: how to split; None: the defaults.

    Raises:
        InputError: a file whose checksum differs from the published one, or a file that is
            neither found nor downloadable.
    """
    idx_set = IDX_SETS[name]
    folders = _folders(name, data_dir)
    # never into $CONDVAE_DATA, which may be shared
    target = folders[0] if data_dir else folders[-1]
    x, y, x_test, y_test = (
        _verified_array(_found_or_fetched(name, file_name, folders, target), file_name, md5)
        for file_name, md5 in idx_set.md5.items()
    )
    return Dataset.from_arrays(
        x,
        y,
        condition_name=idx_set.condition_name,
        categories=idx_set.categories,
        name=name,
        test=(x_test, y_test),
        spec=spec,
    )


def _folders(name: str, data_dir: str | Path | None) -> list[Path]:
    """Where the files of a data set may be, in search order."""
    # a folder of several sets, or the set's own
    folders = [Path(data_dir) / name, Path(data_dir)] if data_dir else []
    if shared := os.environ.get("CONDVAE_DATA"):
        folders.append(Path(shared) / name)
    return [*folders, platformdirs.user_cache_path("condvae") / name]


def _found_or_fetched(name: str, file_name: str, folders: list[Path], target: Path) -> Path:
    """The first file of that name, or with .gz, in the folders; else a download into target."""
    idx_set, zipped = IDX_SETS[name], f"{file_name.removesuffix('.gz')}.gz"
    candidates = (folder / candidate for folder in folders for candidate in (file_name, zipped))
    if found := next((path for path in candidates if path.is_file()), None):
        return found
    try:
        return download(
            idx_set.mirrors,
            target / zipped,
            lambda fresh: _verified_array(fresh, file_name, idx_set.md5[file_name]),
        )
    except DownloadError as error:
        raise InputError(
            f"{name} needs the files {', '.join(idx_set.md5)} (plain names also with .gz) in one "
            f"of the folders {', '.join(map(str, folders))}",
            f"no {file_name} there, and no download ({error})",
            f"Put them into a folder FOLDER/{name}, and pass --data-dir FOLDER or set "
            "CONDVAE_DATA=FOLDER.",
        ) from None


def _verified_array(path: Path, file_name: str, md5: str) -> np.ndarray:
    """The array in an IDX file of a named data set, after its checksum is compared."""
    num_axes = 3 if "idx3" in file_name else 1
    content = idx_content(path, num_axes)
    digest = hashlib.md5(content, usedforsecurity=False)
    # the published sum is of the file as served, not of its content
    if file_name.endswith(".gz"):
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    found = digest.hexdigest()
    if found != md5:
        raise InputError(
            f"{path} must have the md5 {md5}"
            + ("" if file_name.endswith(".gz") else " (of its content, uncompressed)"),
            f"md5 {found}",
            "It differs from the published file: remove it so that it is downloaded again, or put "
            "the published one there.",
        )
    return idx_array(content, num_axes)
