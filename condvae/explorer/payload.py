"""The data of a page beside its script, as one block of text: numbers, graphs, words."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from condvae.explorer.latents import order_latents
from condvae.explorer.shown import Shown, as_int16, background, extent
from condvae.explorer.subject import Subject
from condvae.explorer.weights import Weights

FORMAT = 2
ALIGNMENT = 4  # alignment of arrays in bytes, as typed arrays in browsers require
WORKER_ABOVE = 8.0
NUM_FINE = 8  # most active latents, whose points are told to a pixel


def pack(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """A header and arrays as base64.

    Deflated with its own checksum (zlib), which the browser checks: four bytes with the length of
    the header, the header as padded JSON, and the arrays. Under "arrays" the header lists for each
    its dtype, its shape and its offset, counted from the end of the padded header. To numbers of
    two bytes 128 is added, modulo 65,536, so that small ones differ in one byte alone; all their
    low bytes, padded, stand before all their high bytes. So they deflate better.
    """
    index, blocks, offset = {}, [], 0
    for name, array in arrays.items():
        # the byte order of the browser's typed arrays on all common machines
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        block = _padded(little.tobytes())
        if little.itemsize == 2:
            low, high = (little.view("<u2") + np.uint16(128)).view("uint8").reshape(-1, 2).T
            block = _padded(low.tobytes()) + _padded(high.tobytes())
        index[name] = {"dtype": array.dtype.name, "shape": array.shape, "offset": offset}
        blocks.append(block)
        offset += len(block)
    # NaN is not JSON: JavaScript would refuse the whole page
    text = json.dumps({**header, "arrays": index}, allow_nan=False, separators=(",", ":"))
    words = _padded(text.encode(), b" ")
    content = b"".join([len(words).to_bytes(4, "little"), words, *blocks])
    # base64 has no < or &, so nothing in it can end the element that holds it
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")


def page_content(
    subject: Subject,
    weights: Weights,
    shown: Shown | None = None,
    moves: Mapping[int, str] | None = None,
    worker_above: float = WORKER_ABOVE,
    faults: Sequence[str] = (),
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of a page, see `pack`.

    Args:
        shown: the data; None: the page has no points or examples.
        moves: what each axis of z changes, in a word.
        worker_above: milliseconds above which a decode leaves the page's own thread.
        faults: the doctor's findings, in sentences.
    """
    # the page shows the two most active latents first
    order, activity = order_latents(None if shown is None else shown.mean, subject.latent_dim)
    header = {
        "format": FORMAT,
        "name": subject.name,
        "image_shape": subject.image_shape,
        "latent_dim": subject.latent_dim,
        "latent_groups": subject.latent_groups,
        "pixel_range": weights.pixel_range,
        "pixel_classes": subject.pixel_classes,
        "of_bits": subject.of_bits,
        "condition": subject.condition.for_page(),
        "graphs": {n: g.model_dump(mode="json") for n, g in subject.used_graphs.items()},
        "latents": {"order": order, "activity": activity, "moves": dict(moves or {})},
        "worker_above": worker_above,
        "points": None,
        "examples": None,
        "pictures": None,
        "unusual": None,
        "faults": list(faults),
    }
    arrays: dict[str, np.ndarray] = dict(weights.arrays)
    if shown is not None:
        mean, low, span = as_int16(shown.mean, order[:NUM_FINE])
        wide = len(shown.names) > 256
        header["points"] = {"names": shown.names, "low": low.tolist(), "span": span.tolist()}
        arrays["points"] = mean
        arrays["codes"] = shown.codes.astype("uint16" if wide else "uint8")
        if shown.rows is not None:
            # differences from row to row: mostly ones, which deflate to nearly nothing
            arrays["row_steps"] = np.diff(shown.rows, prepend=0).astype("uint32")
        if shown.log_prob is not None:
            header["points"]["estimator"] = shown.estimator
            # to a 32nd of a nat: what a page writes, in half the bytes
            arrays["log_prob"] = (np.rint(32 * shown.log_prob) / 32).astype("float32")
    if shown is not None and (pictures := shown.pictures) is not None:
        header["pictures"] = {}
        arrays["picture_places"] = pictures.places.astype("uint32")
        arrays["pictures"] = pictures.x
        if subject.condition.of_x:  # the given pixels are those of x
            arrays["pictures_mask"] = pictures.y[..., -1].astype("uint8")
        else:
            arrays["pictures_y"] = pictures.y.astype("float32")
        if shown.unusual is not None and shown.rows is not None:
            header["unusual"] = shown.unusual.for_page(shown.rows)
    if shown is not None and len(shown.images):
        header["examples"] = {
            "background": background(shown.images),
            "extent": extent(shown.images),
        }
        arrays["examples"] = np.rint(shown.images * 255).astype("uint8")
        if subject.condition.of_x:
            # the share given in training, as a start
            arrays["mask"] = shown.y[0, ..., -1].astype("uint8")
        elif not subject.condition.is_image:
            arrays["examples_y"] = shown.y.astype("float32")
    return header, arrays


def _padded(content: bytes, by: bytes = b"\0") -> bytes:
    """The content, padded to a multiple of ALIGNMENT bytes."""
    return content + by * (-len(content) % ALIGNMENT)
