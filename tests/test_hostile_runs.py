"""Specs, weights, run folders and checkpoints that were damaged, or made to do harm.

Whatever comes: an InputError, or what was written.
"""

import gc
import hashlib
import json
import logging
import os
import shutil
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutation import mutants, overwrite

from condvae.checks import InputError
from condvae.files.tensors import StoredTensors, write_tensors
from condvae.runs import Run, load
from condvae.runs.checkpoint import newest_checkpoint
from condvae.spec import Spec, setting_names
from condvae.spec.presets import PRESETS, preset

GOLDEN = Path(__file__).parent / "golden" / "format-1"
MOST_BYTES = 2**22  # for files of a few kilobytes

NUMBERS = st.integers() | st.floats() | st.just(10**400)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.fixture
def run_path(tmp_path):
    return Path(shutil.copytree(GOLDEN, tmp_path / "run"))


@pytest.fixture
def bounded():
    """The test's allocations, NumPy's among them, stay within the bound."""
    # what other tests have left must not decide how often the collector runs
    gc.collect()
    gc.freeze()
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    gc.unfreeze()
    assert peak < MOST_BYTES


def refused(read, *arguments):
    """The content; None if it was refused as it should be."""
    with suppress(InputError):
        return read(*arguments)
    return None


def test_mutated_specs(num_mutants, bounded):
    accepted = 0
    for number, name in enumerate(PRESETS):
        content = preset(name).model_dump_json(indent=2).encode()
        for mutant in mutants(content, num_mutants // len(PRESETS), seed=number):
            if (spec := refused(Spec.parse, mutant)) is None:
                continue
            accepted += 1
            dumped = spec.model_dump(mode="json")
            for section, fields in json.loads(mutant).items():
                assert {**dumped[section], **fields} == dumped[section]
    assert accepted > 0


@given(st.sampled_from(setting_names()), JSON)
def test_any_value_in_a_spec(name, value):
    spec = refused(lambda: Spec().override(**{name: value}))
    assert spec is None or Spec.parse(spec.model_dump_json()) == spec


@given(st.binary(max_size=60))
def test_any_bytes_as_a_spec(content):
    refused(Spec.parse, content)


def test_a_deep_or_gigantic_spec():
    for content in (b"[" * 10**6, b'{"training":' * 10**5, b"9" * 10**6, b'"' + b"a" * 10**6):
        with pytest.raises(InputError):
            Spec.parse(content)


def test_mutated_weights(tmp_path, num_mutants, bounded):
    path = tmp_path / "weights.safetensors"
    content = (GOLDEN / "weights.safetensors").read_bytes()
    shapes = StoredTensors(GOLDEN / "weights.safetensors").shapes
    expected = StoredTensors(GOLDEN / "weights.safetensors").read(shapes)
    length = int.from_bytes(content[:8], "little")
    header, body = content[8 : 8 + length], content[8 + length :]
    accepted = 0
    for mutant in mutants(content, num_mutants // 2, seed=0):
        overwrite(path, mutant)
        accepted += _same_or_refused(path, shapes, expected)
    for mutant in mutants(header, num_mutants // 2, seed=1):
        overwrite(path, len(mutant).to_bytes(8, "little") + mutant + body)
        accepted += _same_or_refused(path, shapes, expected)
    assert accepted < num_mutants


def _same_or_refused(path, shapes, expected) -> bool:
    tensors = refused(lambda: StoredTensors(path).read(shapes))
    if tensors is not None:
        for name, tensor in expected.items():
            assert tensors[name].tobytes() == tensor.tobytes()
    return tensors is not None


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}},
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2**63]}},
        {"a": {"dtype": "F32", "shape": [1] * 10**5, "data_offsets": [0, 4]}},
        {"a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}},
        {"a": {"dtype": "O", "shape": [1], "data_offsets": [0, 4]}},
        {"../../etc/passwd": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}},
        {"__metadata__": {"sha256": "[" * 10**5}, "a": {"dtype": "F32", "shape": []}},
        {"__metadata__": {"sha256": 7}},
        {},
    ],
)
def test_hostile_headers(header, tmp_path, bounded):
    content = json.dumps(header).encode()
    path = tmp_path / "weights.safetensors"
    path.write_bytes(len(content).to_bytes(8, "little") + content + bytes(4))
    with pytest.raises(InputError):
        StoredTensors(path).read({"a": (1,)})


@pytest.mark.parametrize("length", [2**24 + 1, 2**40, 2**63, 2**64 - 1])
def test_an_absurd_header_length(length, tmp_path, bounded):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + b"{}")
    with pytest.raises(InputError, match="header"):
        StoredTensors(path)


def test_a_pipe_is_no_file(run_path):
    for name in ("run.json", "weights.safetensors"):
        (run_path / name).unlink()
        os.mkfifo(run_path / name)
        with pytest.raises(InputError):
            load(run_path)


def test_mutated_run_folders(run_path, num_mutants, bounded):
    """Each file in turn; the record and the history say what was written, or are refused."""
    record = Run.open(GOLDEN).record
    for name in ("run.json", "history.csv"):
        content, path = (GOLDEN / name).read_bytes(), run_path / name
        for mutant in mutants(content, num_mutants // 2, seed=len(name)):
            overwrite(path, mutant)
            run = refused(Run.open, run_path)
            if name == "run.json":
                assert run is None or run.record == record
            else:  # without sums: the numbers of the file, whatever they are now
                refused(lambda run=run: run.history)
        overwrite(path, content)


def test_mutated_archives(tmp_path, num_mutants, bounded):
    record = Run.open(GOLDEN).record
    path = tmp_path / "archive.safetensors"
    for mutant in mutants(GOLDEN.with_suffix(".safetensors").read_bytes(), num_mutants, seed=5):
        overwrite(path, mutant)
        run = refused(Run.open, path)
        assert run is None or run.record == record
        refused(lambda run=run: run and run.history)


def test_mutated_checkpoints(tmp_path, num_mutants, caplog, bounded):
    """There is no other checkpoint, so a mutant is accepted as written or refused."""
    caplog.set_level(logging.CRITICAL)  # pytest would keep every notice
    expected = newest_checkpoint(GOLDEN / "checkpoints")
    folder = tmp_path / "checkpoints"
    (whole,) = shutil.copytree(GOLDEN / "checkpoints", folder).iterdir()
    for number, path in enumerate(sorted(whole.iterdir())):
        content = path.read_bytes()
        for mutant in mutants(content, num_mutants // 3, seed=number):
            overwrite(path, mutant)
            found = refused(newest_checkpoint, folder)
            if found is not None:
                assert found.state == expected.state
                for name, tensor in expected.tensors.items():
                    assert found.tensors[name].tobytes() == tensor.tobytes()
        overwrite(path, content)


@pytest.mark.parametrize(
    ("dtype", "shape", "size"),
    [
        ("BF16", [1], 2),
        ("F8_E4M3", [1], 1),
        ("F32", [0, 2**62], 0),
        ("F32", [0, 2**64 - 1], 0),
        ("F32", [1] * 70, 4),
    ],
)
def test_checkpoints_of_tensors_that_numpy_has_not(run_path, dtype, shape, size):
    """With right sums."""
    (path,) = (run_path / "checkpoints").iterdir()
    header = json.dumps({"a": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}})
    content = len(header).to_bytes(8, "little") + header.encode() + bytes(size)
    (path / "tensors.safetensors").write_bytes(content)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["tensors.safetensors"] = {
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="all damaged"):
        newest_checkpoint(run_path / "checkpoints")


def test_an_empty_history_is_damaged(run_path):
    (run_path / "history.csv").write_bytes(b"")
    with pytest.raises(InputError, match="must hold the columns epoch"):
        _ = Run.open(run_path).history


def falsify(run_path, **changes):
    """Replace fields of the record and make its sums right: the work of someone who means harm."""
    fields = json.loads((run_path / "run.json").read_text())
    for place, value in changes.items():
        *sections, name = place.split("__")
        section = fields
        for part in sections:
            section = section[part]
        section[name] = value
    del fields["sha256"]
    fields["sha256"] = {
        name: hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
        for name, value in fields.items()
    }
    (run_path / "run.json").write_text(json.dumps(fields))


@pytest.mark.parametrize(
    "changes",
    [
        {"spec__model__latent_dim": 10**6, "spec__model__hidden_dims": [10**6, 10**6]},
        {"spec__model__hidden_dims": [10**6] * 50},
        {"spec__model__hidden_dims": [1] * 10**4},
        {"spec__model__latent_dim": 3},
        {"spec__model__likelihood": "__import__('os')"},
        {"spec__model__activation": "lambda x: x"},
        {"preprocessing__image_shape": [10**6, 10**6, 1]},
        {"preprocessing__image_shape": [10**9, 1, 1]},
        {"preprocessing__image_shape": [0, 1, 1]},
        {"preprocessing__x_max": 0},
        {"condition__categories": ["a"] * 10},
        {"condition__categories": [str(n) for n in range(10**5)]},
        {"condition__kind": "pickle"},
        {"format": 2},
        {"foreign": 1},
        {"spec__foreign": 1},
    ],
    ids=lambda changes: "-".join(changes)[:40],
)
def test_hostile_records(run_path, changes):
    """Refused before anything of the announced size is allocated."""
    falsify(run_path, **changes)
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            load(run_path)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


def test_weights_that_are_not_finite_are_refused_even_with_right_sums(run_path):
    path = run_path / "weights.safetensors"
    stored = StoredTensors(path)
    tensors = stored.read(stored.shapes)
    tensors["decoder/x_params/bias"][3] = np.nan
    write_tensors(path, tensors)
    with pytest.raises(InputError, match=r"decoder/x_params/bias.*finite"):
        load(run_path)


def test_a_flipped_bit_in_the_weights_names_the_tensor(run_path):
    path = run_path / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"tensor 'encoder/.+' of .+ must be unchanged"):
        load(run_path)


def test_a_foreign_tensor_is_refused(run_path):
    path = run_path / "weights.safetensors"
    stored = StoredTensors(path)
    tensors = stored.read(stored.shapes)
    write_tensors(path, {**tensors, "encoder/../../x": np.zeros(1, "float32")})
    with pytest.raises(InputError, match="absent"):
        load(run_path)
