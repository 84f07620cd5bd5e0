"""The functions of a served run, one file each."""

from condvae.serving.functions.decode import Decode
from condvae.serving.functions.encode import Encode
from condvae.serving.functions.function import Asked, Function
from condvae.serving.functions.generate import Generate
from condvae.serving.functions.generate_rows import GenerateRows
from condvae.serving.functions.transfer import Transfer

__all__ = ["FUNCTIONS", "Asked", "Function"]

# of two functions with the same name, a run has the one that fits it
FUNCTIONS: tuple[Function, ...] = (Generate(), GenerateRows(), Encode(), Decode(), Transfer())
