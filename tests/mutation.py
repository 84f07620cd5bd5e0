"""Damaged versions of a file's content, the same ones for the same seed."""

import random
from collections.abc import Iterator
from pathlib import Path

BYTES = (0x00, 0x7F, 0x80, 0xFF)
INTEGERS = (0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
MOST_STACKED = 4


def mutants(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """`count` versions of the content, each with 1 to 4 mutations, one upon the other."""
    rng = random.Random(seed)
    for _ in range(count):
        mutant = bytearray(content)
        for _ in range(rng.randint(1, MOST_STACKED)):
            rng.choice(MUTATIONS)(mutant, rng)
        yield bytes(mutant)


def overwrite(path: Path, content: bytes) -> None:
    """Write a file in place: emptied first, ext4 would flush it, a hundred times as slow."""
    path.touch()
    with open(path, "r+b") as file:
        file.truncate(file.write(content))


def _range(mutant: bytearray, rng: random.Random) -> slice:
    """A range of the content, more often short than long."""
    start = rng.randint(0, len(mutant))
    return slice(start, start + rng.randint(1, rng.choice((1, 4, 16, len(mutant) + 1))))


def _flip_bit(mutant: bytearray, rng: random.Random) -> None:
    if mutant:
        mutant[rng.randrange(len(mutant))] ^= 1 << rng.randrange(8)


def _set_byte(mutant: bytearray, rng: random.Random) -> None:
    if mutant:
        mutant[rng.randrange(len(mutant))] = rng.choice((*BYTES, rng.randrange(256)))


def _set_integer(mutant: bytearray, rng: random.Random) -> None:
    size = rng.choice((2, 4, 8))
    start = rng.randint(0, max(len(mutant) - size, 0))
    number = rng.choice(INTEGERS) % 256**size
    mutant[start : start + size] = number.to_bytes(size, rng.choice(("big", "little")))


def _truncate(mutant: bytearray, rng: random.Random) -> None:
    del mutant[rng.randint(0, len(mutant)) :]


def _extend(mutant: bytearray, rng: random.Random) -> None:
    mutant += rng.choice((bytes(rng.randint(1, 64)), rng.randbytes(rng.randint(1, 64))))


def _delete(mutant: bytearray, rng: random.Random) -> None:
    del mutant[_range(mutant, rng)]


def _duplicate(mutant: bytearray, rng: random.Random) -> None:
    copied, place = mutant[_range(mutant, rng)], rng.randint(0, len(mutant))
    mutant[place:place] = copied


def _swap(mutant: bytearray, rng: random.Random) -> None:
    first, second = sorted((_range(mutant, rng), _range(mutant, rng)), key=lambda part: part.start)
    if first.stop <= second.start:
        mutant[second], mutant[first] = mutant[first], mutant[second]


MUTATIONS = (
    *(_flip_bit, _set_byte, _set_integer, _truncate),
    *(_extend, _delete, _duplicate, _swap),
)
