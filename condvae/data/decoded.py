"""Pictures as an array whose rows are decoded on request."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from condvae.data.file_tree import FileTree
from condvae.data.pictures import opened, pixels_of


class DecodedRows:
    """Pictures (n, height, width, channels) uint8, decoded again for each slice or sorted rows.

    Args:
        tree: the files.
        names: names of the pictures.
        mode: "L" or "RGB".
        size: (width, height) that pictures of other sizes are scaled to.
    """

    dtype = np.dtype("uint8")

    def __init__(self, tree: FileTree, names: Sequence[str], mode: str, size: tuple[int, int]):
        self.tree, self.names, self.mode, self.size = tree, names, mode, size
        self.shape = (len(names), size[1], size[0], 3 if mode == "RGB" else 1)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Some pictures, decoded one by one into the array: only it holds all of them."""
        places = range(len(self))[rows] if isinstance(rows, slice) else np.asarray(rows).tolist()
        names = [self.names[place] for place in places]
        x = np.empty((len(names), *self.shape[1:]), self.dtype)
        for place in self.tree.in_order(names):
            x[place] = self._pixels(names[place]).reshape(self.shape[1:])
        return x

    def _pixels(self, name: str) -> np.ndarray:
        """One picture, (height, width) or (height, width, 3)."""
        tree = self.tree
        with tree.open(name) as file, opened(file, tree.called(name), tree.size(name)) as image:
            pixels = pixels_of(image, self.mode)
        if pixels.shape[1::-1] == self.size:
            return pixels
        # BOX averages all pixels when shrinking, so thin strokes stay visible
        return np.asarray(Image.fromarray(pixels).resize(self.size, Image.Resampling.BOX))
