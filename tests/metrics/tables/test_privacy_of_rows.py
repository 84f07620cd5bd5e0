import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from table_cases import table

from condvae.checks import InputError
from condvae.metrics.tables.attacks import infer_attributes, infer_membership
from condvae.metrics.tables.closest import closest_records, copied_rows
from condvae.metrics.tables.places import Places, nearest


def copies(columns, share, other, seed=0):
    """`other` with a share of the rows replaced by rows of `columns`."""
    n = len(next(iter(other.values())))
    rng = np.random.default_rng(seed)
    rows, chosen = rng.integers(0, len(columns["size"]), n), rng.random(n) < share
    return {name: np.where(chosen, columns[name][rows], other[name]) for name in other}


def test_places_by_hand():
    real = {"x": np.array([1, 2, 2, 4, np.nan]), "t": np.array(["a", "a", "b", "c", ""])}
    blocks = Places.of(real).blocks(real)
    np.testing.assert_allclose(blocks["x"][:, 0], [0.125, 0.5, 0.5, 0.875, 0.5])
    assert blocks["x"][:, 1].tolist() == [0, 0, 0, 0, 1]
    points = Places.of({"t": real["t"]}).points({"t": np.array(["a", "b", "new", "a"])})
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    np.testing.assert_allclose(distances, [[0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 0]])


def test_nearest_is_that_of_another_search():
    rng = np.random.default_rng(0)
    points, among = rng.normal(size=(70, 3)), rng.normal(size=(200, 3))
    rows, distances = nearest(points, among, 4)
    expected = NearestNeighbors(n_neighbors=4, algorithm="kd_tree").fit(among).kneighbors(points)
    np.testing.assert_array_equal(rows, expected[1])
    np.testing.assert_allclose(distances, expected[0])
    assert (nearest(among, among)[1] == 0).all()


@pytest.mark.parametrize("missing", [0, 0.2])
def test_fresh_rows_are_no_nearer_to_training_rows(missing):
    tables = [table(1_000, seed, missing) for seed in range(3)]
    closest = closest_records(*tables)
    assert abs(closest.nearer_to_training - 0.5) < 3 * closest.error
    assert closest.distance == pytest.approx(closest.distance_of_held_out, rel=0.15)
    auc = infer_membership(*tables)
    assert abs(auc.value - 0.5) < 3 * auc.error
    guesses = infer_attributes(*tables)
    assert abs(guesses.synthetic - guesses.held_out) < 3 * guesses.error


def test_the_error_is_the_spread_over_many_draws():
    found = [closest_records(*(table(100, 3 * k + j) for j in range(3))) for k in range(60)]
    spread = np.std([closest.nearer_to_training for closest in found])
    assert np.mean([closest.error for closest in found]) == pytest.approx(spread, rel=0.3)


def test_half_of_copies_is_told():
    train, held_out, fresh = (table(800, seed) for seed in range(3))
    half = copies(train, 0.5, fresh)
    closest = closest_records(train, held_out, half)
    assert closest.nearer_to_training == pytest.approx(0.75, abs=0.04)
    assert infer_membership(train, held_out, half).value > 0.6
    guesses = infer_attributes(train, held_out, copies(train, 1, fresh))
    assert guesses.synthetic > guesses.held_out + 5 * guesses.error
    assert guesses.worst[1] > 0.1


def test_rows_far_from_all_are_near_to_none():
    train, held_out = table(400, 0), table(400, 1)
    far = {**table(300, 2), "animal": np.full(300, "dog")}
    assert closest_records(train, held_out, far).distance >= 1


def test_attributes_that_follow_from_others_are_guessed():
    rng = np.random.default_rng(0)

    def rows(n):
        key = rng.integers(0, 5, n)
        return {
            "a": key.astype(str),
            "b": key.astype(float),
            "coin": rng.integers(0, 2, n).astype(str),
        }

    guesses = infer_attributes(rows(600), rows(500), rows(700))
    assert guesses.synthetic == pytest.approx((1 + 1 + 0.5) / 3, abs=0.02)
    assert (guesses.num_victims, guesses.num_known) == (600, 500)


def test_a_number_is_guessed_where_few_rows_lie_between():
    """Uniform: a guess at random is within 5 % of the rows in 0.0975 of the cases."""
    rng = np.random.default_rng(0)
    tables = [{"x": rng.uniform(size=3_000), "y": rng.uniform(size=3_000)} for _ in range(3)]
    guesses = infer_attributes(*tables)
    assert guesses.synthetic == pytest.approx(0.0975, abs=0.02)


def test_copies_by_hand():
    train = {"x": np.array([1, 2, np.nan]), "t": np.array(["a", "b", ""])}
    rows = {"x": np.array([1, 1, np.nan, 2]), "t": np.array(["a", "b", "", "c"])}
    assert copied_rows(train, rows).tolist() == [True, False, True, False]


def test_copies_of_many_columns():
    rng = np.random.default_rng(0)
    train = {f"{k}": rng.integers(0, 1_000, 500).astype(float) for k in range(30)}
    rows = {name: values[::-1].copy() for name, values in train.items()}
    assert copied_rows(train, rows).all()
    rows["29"] += 0.5
    assert not copied_rows(train, rows).any()


def test_tables_too_small_are_refused():
    one, more = table(1, 0), table(9, 1)
    with pytest.raises(InputError, match="at least two rows"):
        closest_records(one, more, more)
    with pytest.raises(InputError, match="at least two rows of each kind"):
        infer_membership(more, one, more)
    with pytest.raises(InputError, match="at least two columns"):
        infer_attributes(*[{"size": part["size"]} for part in (more, more, more)])
