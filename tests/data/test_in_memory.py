"""Objects in memory that need no other library; the others are in tests/integrations."""

import logging

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from scipy import sparse
from sklearn.datasets import load_digits

from condvae.checks import InputError
from condvae.conditions.booleans import are_boolean, as_booleans, as_words, has_booleans
from condvae.data import Dataset, load_data
from condvae.data.in_memory import is_read_once
from condvae.spec import DataSpec

X, Y = load_digits(return_X_y=True)
X, Y = X[:200], Y[:200]
IMAGES = X.reshape(-1, 8, 8).astype("uint8")


def blocks():
    for start in range(0, 200, 64):
        yield IMAGES[start : start + 64], Y[start : start + 64]


class Batches:
    """What has a length and can be gone through again."""

    def __len__(self):
        return 4

    def __iter__(self):
        return iter(list(blocks()))


SOURCES = {
    "pair": lambda: (IMAGES, Y),
    "dictionary": lambda: {"image": IMAGES, "label": Y},
    "generator": blocks,
    "generator of lists": lambda: (list(block) for block in blocks()),
    "generator of dictionaries": lambda: ({"x": x, "y": y} for x, y in blocks()),
    "generator of rows": lambda: iter(list(zip(IMAGES, Y, strict=True))),
    "batches as Keras has them": lambda: (({"x": x, "y": y},) for x, y in blocks()),
    "batches": Batches,
    "list of rows": lambda: list(zip(IMAGES, Y.tolist(), strict=True)),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_images_and_labels_become_one_data_set(kind):
    data = load_data(SOURCES[kind]())
    assert data.fingerprint == Dataset.from_arrays(IMAGES, Y).fingerprint
    assert data.name == ""


def test_settings_hold_and_others_are_conditions():
    rng = np.random.default_rng(0)
    parts = {"x": IMAGES, "digit": Y, "slant": rng.random(200)}
    data = load_data(parts, conditions=("slant", "digit"), validation=0.3)
    assert data.condition.names == ("slant", "digit")
    assert len(data.validation.x) == round(0.3 * 160)
    alone = load_data(IMAGES)
    assert set(alone.y) == {"image"}


def test_a_generator_is_read_once():
    generator = blocks()
    assert is_read_once(generator)
    load_data(generator)
    with pytest.raises(InputError, match="has been read before"):
        load_data(generator)
    assert not is_read_once(Batches())
    assert not is_read_once("digits")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (17, "received int"),
        (None, "received nothing"),
        (iter([(IMAGES, Y, Y)]), "3 parts"),
        (iter([(IMAGES, Y), {"x": IMAGES}]), "batch 1"),
        (iter([(IMAGES, Y), (IMAGES[:, :4], Y)]), "all batches must be alike"),
        ({"a": Y, "b": X}, "one value per row"),
        ({"a": Y, "b": Y[:9]}, "of one length"),
        ({"a": Y, "b": np.array([{}] * 200)}, "numbers, text, booleans or dates"),
    ],
)
def test_what_does_not_fit_is_refused(data, said):
    with pytest.raises(InputError, match=said):
        load_data(data)


@pytest.fixture(scope="module")
def table():
    """Cells of every type that Arrow has, some missing."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(0, 1, 90).round(3).tolist()
    numbers[4] = None
    return pyarrow.table(
        {
            "number": numbers,
            "whole": pyarrow.array(rng.integers(0, 5, 90), "int16"),
            "word": pyarrow.array(rng.choice(["p", " q"], 90)).dictionary_encode(),
            "truth": [None if n == 7 else bool(n % 3) for n in range(90)],
            "day": pyarrow.array(rng.integers(0, 9000, 90), "int32").cast("date32"),
            "at": pyarrow.array(rng.integers(0, 10**15, 90), pyarrow.timestamp("us", "UTC")),
            "price": pyarrow.array(rng.integers(0, 99, 90), "int64").cast(
                pyarrow.decimal128(21, 2)
            ),
        }
    )


@pytest.mark.parametrize("settings", [{}, {"conditions": ("word",), "kinds": ("whole:class",)}])
def test_an_arrow_table_is_what_its_parquet_file_is(table, settings, tmp_path):
    parquet.write_table(table, tmp_path / "table.parquet")
    oracle = load_data(tmp_path / "table.parquet", **settings)
    data = load_data(table, **settings)
    assert data.fingerprint == oracle.fingerprint
    assert data.table.model_dump_json() == oracle.table.model_dump_json()
    assert data.split_record() == oracle.split_record()


def test_a_dictionary_of_columns_is_a_table(table):
    columns = {
        name: table[name].to_pylist() if name == "truth" else table[name].to_numpy()
        for name in ("number", "whole", "truth", "day")
    }
    columns["x"] = columns.pop("number")  # which are no images
    table = table.rename_columns({"number": "x"})
    data = load_data(columns)
    assert data.fingerprint == load_data(table.select(list(columns))).fingerprint


def test_flat_rows_are_images_where_their_shape_is_said(tmp_path):
    spec = DataSpec(image_shape=(8, 8))
    flat = Dataset.from_arrays(X.astype("uint8"), Y, spec=spec)
    assert flat.fingerprint == Dataset.from_arrays(IMAGES, Y).fingerprint
    assert load_data((X.astype("uint8"), Y), image_shape=(8, 8)).image_shape == (8, 8, 1)
    np.savez(tmp_path / "flat.npz", x=X.astype("uint8"), y=Y)
    assert load_data(tmp_path / "flat.npz", image_shape=(8, 8)).fingerprint == flat.fingerprint
    with pytest.raises(InputError, match="state the `image_shape`"):
        load_data(tmp_path / "flat.npz")
    with pytest.raises(InputError, match="of the 64 numbers in a row of x"):
        load_data((X, Y), image_shape=(8, 9))


def test_flat_rows_are_a_table_where_it_is_not():
    data = Dataset.from_arrays(X, Y, test=(X[:40], Y[:40]))
    assert data.condition.names == ("label",)
    assert len(data.test.x) == 40
    constant = {f"x{n}" for n in np.flatnonzero((X[0] == X).all(axis=0))}
    assert constant == {column.name for column in data.table.carried}
    rows = data.table.decode(np.asarray(data.train.x))
    numbers = np.stack([rows[name] for name in rows if name.startswith("x")], axis=1)
    varying = [n for n in range(64) if f"x{n}" not in constant]
    np.testing.assert_allclose(
        numbers, np.tile(X, (2, 1))[: len(X) + 40][data.train.rows][:, varying]
    )
    with pytest.raises(InputError, match="rows of numbers"):
        Dataset.from_arrays(np.array([["a", "b"]] * 9), Y[:9])


def test_sparse_matrices_are_counts(caplog):
    counts = np.random.default_rng(0).poisson(1.0, (60, 12))
    with caplog.at_level(logging.WARNING):
        data = load_data(sparse.csr_array(counts))
    assert "negative_binomial" in caplog.text
    np.testing.assert_array_equal(data.x[:, 0, :, 0], counts)
    assert data.x.dtype == np.uint8
    np.testing.assert_allclose(load_data(sparse.coo_matrix(counts / 3)).x[:, 0, :, 0], counts / 3)
    with pytest.raises(InputError, match="at most 255"):
        load_data(sparse.csr_matrix(counts * 300))


def test_booleans_come_back():
    truth = Y > 4
    data = Dataset.from_arrays(IMAGES, truth)
    assert data.y.dtype == bool
    np.testing.assert_array_equal(data.y, truth)
    np.testing.assert_array_equal(data.condition.codes([True, False]), [1, 0])
    named = Dataset.from_columns({"truth": truth}, IMAGES)
    np.testing.assert_array_equal(named.y, truth)
    np.testing.assert_array_equal(named.condition.codes(np.array([True, False])), [1, 0])
    np.testing.assert_array_equal(named.condition.codes(["true", "False"]), [1, 0])


@pytest.mark.parametrize("words", [("False", "True"), ("false", "true")])
def test_cells_of_booleans_come_back(words):
    truth = np.where(Y == 3, "", np.where(Y > 4, words[1], words[0]))
    data = Dataset.from_columns({"n": X[:, 20], "truth": truth})
    cells = data.table.decode(np.asarray(data.train.x))["truth"]
    typed = data.table.typed({"truth": cells})["truth"]
    expected = [None if y == 3 else bool(y > 4) for y in Y[data.train.rows].tolist()]
    assert typed.tolist() == expected
    own = {"n": X[data.train.rows, 20], "truth": np.array(expected, object)}
    np.testing.assert_array_equal(data.table.encode(own), np.asarray(data.train.x))


def test_words_and_booleans():
    assert are_boolean(("false", "true"))
    assert not are_boolean(("False", "true"))
    values = np.array([True, None, False], object)
    np.testing.assert_array_equal(as_words(values), ["true", "", "false"])
    assert as_booleans(as_words(values)).tolist() == values.tolist()
    assert as_booleans(np.array(["True", "False"])).dtype == bool
    assert has_booleans([None, True])
    assert not has_booleans(["true", "False", ""])
