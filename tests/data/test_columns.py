"""Data sets of named columns: tables, and conditions of images."""

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.conditions import Categorical, Schema
from condvae.data import Dataset, load_data
from condvae.data.mapped import is_mapped
from condvae.spec import DataSpec

N = 200
RNG = np.random.default_rng(0)
COLUMNS = {
    "income": np.round(RNG.normal(30, 8, N), 2),
    "animal": np.tile(["ant", "bee", "cat", "dog"], N // 4),
    "children": RNG.integers(0, 5, N),
    "height": np.where(np.arange(N) % 10 == 0, np.nan, RNG.normal(size=N)),
    "id": np.arange(N).astype(str),
}
SPEC = DataSpec(conditions=("animal", "height"), ignore=("id",))
IMAGES = RNG.integers(0, 256, (N, 4, 4), dtype="uint8")


def table(columns=COLUMNS, **changes):
    return Dataset.from_columns(columns, name="made", spec=SPEC.model_copy(update=changes))


def changed(**columns):
    return {**COLUMNS, **columns}


@pytest.mark.parametrize("x", [None, IMAGES])
def test_large_conditions_are_encoded_where_they_are_read(x, monkeypatch):
    """Thousands of classes would take gigabytes as zeros."""
    spec = SPEC if x is None else SPEC.model_copy(update={"ignore": ("id", "income")})
    small = Dataset.from_columns(COLUMNS, x, name="made", spec=spec)
    monkeypatch.setattr("condvae.data.columns.MOST_ENCODED", 0)
    large = Dataset.from_columns(COLUMNS, x, name="made", spec=spec)
    assert isinstance(small.given, np.ndarray)
    assert is_mapped(large.given)
    np.testing.assert_array_equal(np.asarray(large.given), small.given)
    for split in ("train", "validation", "test"):
        one, other = getattr(large, split), getattr(small, split)
        np.testing.assert_array_equal(np.asarray(one.given), other.given)
        np.testing.assert_array_equal(np.asarray(one.x), np.asarray(other.x))
    assert large.fingerprint == small.fingerprint


def test_columns_that_are_not_given_are_x():
    data = table()
    assert [column.name for column in data.table.own] == ["income", "children"]
    assert data.table.order == ("income", "animal", "children", "height")
    assert data.condition.names == ("animal", "height")
    assert data.x.shape == (N, data.table.dim)
    rows = data.table.decode(data.x)
    np.testing.assert_allclose(rows["children"], COLUMNS["children"])
    inside = (COLUMNS["income"] > rows["income"].min()) & (COLUMNS["income"] < rows["income"].max())
    np.testing.assert_allclose(rows["income"][inside], COLUMNS["income"][inside], atol=0.011)
    given = data.condition.decode(data.given)
    np.testing.assert_array_equal(given["animal"], COLUMNS["animal"])
    np.testing.assert_allclose(given["height"], COLUMNS["height"], atol=1e-6)


@pytest.mark.parametrize("scaling", ["standard", "quantile"])
def test_scales_are_of_the_training_rows_and_measured_again(scaling):
    data = table(scaling=scaling)
    other = data.with_spec(data.spec.model_copy(update={"split_seed": 5, "test": 0.4}))
    for part in (data, other):
        rows = part.train.rows
        height = part.condition["height"]
        assert height.mean[0] == pytest.approx(np.nanmean(COLUMNS["height"][rows]))
        assert height.maximum[0] == np.nanmax(COLUMNS["height"][rows])
        income = COLUMNS["income"][rows]
        ends = [value for value, _ in part.table.columns[0].knots]
        assert (ends[0], ends[-1]) == (income.min(), income.max())
        np.testing.assert_array_equal(part.x[rows], part.train.x)
        np.testing.assert_array_equal(part.table.encode(COLUMNS), part.x)
        columns = {name: COLUMNS[name] for name in ("animal", "height")}
        np.testing.assert_array_equal(part.condition.encode(columns), part.given)
    assert data.condition != other.condition
    assert data.fingerprint == other.fingerprint
    again = other.with_spec(data.spec)
    np.testing.assert_array_equal(again.x, data.x)
    assert again.condition == data.condition


def test_a_kind_given_again_counts():
    """What a run was read with decides, not what its data were read with later."""
    data = table(conditions=("animal", "children"), ignore=("id", "height"))
    assert data.condition["children"].kind == "categorical"
    other = data.with_spec(
        data.spec.model_copy(update={"conditions": ("animal", "children:continuous")})
    )
    assert other.condition["children"].kind == "continuous"
    assert other.with_spec(other.spec).condition == other.condition
    assert other.fingerprint == data.fingerprint


@pytest.mark.parametrize(
    "columns",
    [
        changed(income=COLUMNS["income"] + 1),
        changed(animal=np.roll(COLUMNS["animal"], 1)),
        changed(height=np.where(np.arange(N) == 0, 0, COLUMNS["height"])),
        {("cash" if name == "income" else name): v for name, v in COLUMNS.items()},
    ],
)
def test_the_fingerprint_knows_each_column(columns):
    assert table(columns).fingerprint != table().fingerprint


def test_the_fingerprint_knows_what_is_given_and_what_is_left_out():
    prints = {
        table(conditions=conditions, ignore=ignore).fingerprint
        for conditions in (("animal", "height"), ("height",), ("height", "animal"))
        for ignore in (("id",), ("id", "children"))
    }
    assert len(prints) == 6
    assert table(changed(id=COLUMNS["id"][::-1])).fingerprint == table().fingerprint


def test_splits_draw_from_the_first_class_that_is_never_missing():
    data = table()
    counts = [np.bincount(data.codes[split.rows]) for split in (data.train, data.test)]
    assert all((count == count[0]).all() for count in counts)
    holes = np.where(np.arange(N) == 3, "", COLUMNS["animal"])
    assert not table(changed(animal=holes)).codes.any()


@pytest.mark.parametrize("missing", [None, np.nan, ""], ids=repr)
def test_texts_with_missing_ones_keep_their_kind(missing):
    texts = [missing if n % 7 == 0 else name for n, name in enumerate(COLUMNS["animal"])]
    for values in (texts, np.array(texts, dtype=object)):
        data = table(changed(animal=values))
        assert data.condition["animal"].categories == ("ant", "bee", "cat", "dog")
        given = data.condition.decode(data.given)["animal"]
        np.testing.assert_array_equal(given == "", np.arange(N) % 7 == 0)


def test_numbers_with_none_stay_numbers():
    values = [None if n % 7 == 0 else n / 3 for n in range(N)]
    data = table(changed(height=values))
    assert data.condition["height"].kind == "continuous"
    assert np.isnan(data.raw["height"]).sum() == len(range(0, N, 7))


def test_bytes_bools_and_columns_of_one_are_taken():
    data = table(
        changed(
            animal=np.char.encode(COLUMNS["animal"]),
            height=COLUMNS["height"][:, None],
            children=COLUMNS["children"] > 2,
        )
    )
    assert data.condition["animal"].categories == ("ant", "bee", "cat", "dog")
    assert data.condition["height"].dim == 1
    assert set(data.table.decode(data.x)["children"]) == {"false", "true"}
    rows = data.table.typed(data.table.decode(data.x))
    np.testing.assert_array_equal(rows["children"], COLUMNS["children"] > 2)


def test_mixed_types_are_texts():
    values = ["ant", 1.5, "ant", 2] * (N // 4)
    data = table(changed(animal=values))
    assert data.condition["animal"].categories == ("1.5", "2", "ant")


@pytest.mark.parametrize(
    ("columns", "changes", "said"),
    [
        (COLUMNS, {"conditions": ("animl",)}, "Did you mean 'animal'"),
        (COLUMNS, {"conditions": ("animal:kind",)}, "categorical, continuous"),
        (COLUMNS, {"ignore": ("ids",)}, "Did you mean 'id'"),
        (COLUMNS, {"conditions": ("id",)}, "the condition must be one of"),
        (
            COLUMNS,
            {"conditions": ("income", "animal", "children", "height")},
            "only conditions, of the columns income",
        ),
        (COLUMNS, {"ignore": ()}, "which identify rows"),
        (COLUMNS, {"ignore": (), "conditions": ("id",)}, "which identify rows"),
        ({}, {"ignore": ()}, "the condition must be one of"),
        (changed(income=COLUMNS["income"][1:]), {}, "199 of 'income', 200 of 'animal'"),
        (changed(income=np.full(N, np.inf)), {}, "infinity in row 0"),
        (changed(height=np.full(N, -np.inf)), {}, "infinity in row 0"),
        (changed(income=np.full(N, "x")), {}, "'x' in every row"),
        (changed(income=COLUMNS["income"] + 1j), {}, "complex128"),
        (changed(income=np.zeros((N, 2))), {}, "one value per row"),
        (changed(income=[[1], [1, 2]] * (N // 2)), {}, "values of one shape"),
        (changed(animal=[b"\xff", b"a"] * (N // 2)), {}, "UTF-8"),
        (changed(**{"c\udce9": COLUMNS["income"]}), {}, "UTF-8"),
        (changed(income=np.float64(3)), {}, "shape ()"),
    ],
)
def test_what_is_no_table_is_refused_in_words(columns, changes, said):
    with pytest.raises(InputError) as caught:
        table(columns, **changes)
    assert said in str(caught.value)


def of_images(columns, conditions=(), **changes):
    spec = DataSpec(conditions=conditions, **changes)
    return Dataset.from_columns(columns, IMAGES, name="made", spec=spec)


def test_one_class_of_images_is_a_class():
    data = of_images({"animal": COLUMNS["animal"]})
    assert data.condition == Categorical(name="animal", categories=("ant", "bee", "cat", "dog"))
    assert data.raw is None


def test_of_images_all_columns_are_conditions_or_those_named():
    everything = {name: COLUMNS[name] for name in ("animal", "height")}
    assert of_images(everything).condition.names == ("animal", "height")
    only = of_images(everything, ("height",))
    assert only.condition.names == ("height",)
    assert only.x.shape == (N, 4, 4, 1)


def test_a_class_with_holes_is_one_of_a_schema():
    holes = np.where(np.arange(N) == 3, "", COLUMNS["animal"])
    condition = of_images({"animal": holes}).condition
    assert isinstance(condition, Schema)
    assert condition.names == ("animal",)


def test_images_vectors_and_attributes_may_be_conditions():
    columns = {
        "photo": IMAGES[:, :2],
        "place": RNG.normal(size=(N, 3)),
        "flags": RNG.integers(0, 2, (N, 4)),
    }
    data = of_images(columns)
    assert [c.kind for c in data.condition.conditions] == ["image", "continuous", "multi_label"]
    given = data.condition.decode(data.given)
    np.testing.assert_allclose(given["photo"][..., 0], columns["photo"] / 255, atol=1e-6)
    np.testing.assert_allclose(given["place"], columns["place"], atol=1e-5)
    whole = data.fingerprint
    columns["photo"] = columns["photo"] ^ 1
    assert of_images(columns).fingerprint != whole


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "must come with a condition"),
        ({"h": COLUMNS["height"][1:]}, "each of the 200 images; received 199"),
        ({"h": np.full(N, np.nan)}, "no value"),
        ({"h": COLUMNS["id"]}, "which identify rows"),
    ],
)
def test_conditions_that_do_not_fit_images_are_refused(columns, said):
    with pytest.raises(InputError) as caught:
        of_images(columns)
    assert said in str(caught.value)


def test_images_whose_columns_are_all_ignored_are_refused():
    with pytest.raises(InputError, match="must come with a condition"):
        of_images({"a": COLUMNS["animal"]}, ignore=("a",))


@pytest.mark.parametrize(
    ("name", "rows", "columns", "given"),
    [
        ("wine", 178, 13, "cultivar: one of class_0, class_1, class_2"),
        ("breast_cancer", 569, 30, "diagnosis: one of benign, malignant"),
        ("diabetes", 442, 10, "progression: whole numbers from"),
    ],
)
def test_the_embedded_tables(name, rows, columns, given):
    data = load_data(name)
    assert data.x.shape == (rows, data.table.dim)
    assert len(data.table.own) == columns
    assert str(data.condition).startswith(given)
    other = load_data(name, conditions=(data.table.names[0], data.table.names[1]))
    assert len(other.table.own) == columns - 1
    assert load_data(name).fingerprint == data.fingerprint != other.fingerprint


def write(path, text):
    path.write_text(text)
    return path


HEAD = "a,c,n\n" + "1.5,x,1\n2.5,y,2\n3.5,x,3\n" * 10


def test_a_csv_is_a_table(tmp_path):
    data = load_data(write(tmp_path / "t.csv", HEAD), conditions=("c",))
    assert [column.name for column in data.table.own] == ["a", "n"]
    assert data.table.integers == ("n",)
    assert data.table.columns[0].decimals == 1
    continuous = load_data(tmp_path / "t.csv", conditions=("n:categorical", "c"))
    assert continuous.condition["n"].categories == ("1", "2", "3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "1,x,2,9\n", "row"),
        (HEAD + "inf,x,4\n", "inf"),
    ],
)
def test_a_bad_csv_is_refused(tmp_path, text, said):
    with pytest.raises(InputError) as caught:
        load_data(write(tmp_path / "t.csv", text), conditions=("c",))
    assert said in str(caught.value)
