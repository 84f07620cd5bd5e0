"""Models of tables without Keras, and rows for them."""

import numpy as np

from condvae.conditions import Categorical, Schema, Table
from condvae.conditions.class_column import ClassColumn
from condvae.conditions.functional import Derived
from condvae.conditions.number_column import NumberColumn
from condvae.explorer import TableSubject
from condvae.graph.graph import Graph, Input
from condvae.graph.operations import Concatenate, Dense, Function
from condvae.likelihoods.table import TableLikelihood

KNOTS = ((10.0, -2.5), (20.0, -0.5), (22.0, 0.0), (40.0, 1.0), (90.0, 2.6))
TABLE = Table(
    columns=(
        ClassColumn(name="kind", categories=("ant", "bee", "cat")),
        NumberColumn(name="size", points=(0.0, 40.0), knots=KNOTS, decimals=1, may_miss=True),
        ClassColumn(name="home", categories=("hill", "tree"), may_miss=True),
        NumberColumn(name="legs", points=(4.0, 6.0), decimals=0),
        NumberColumn(name="weight", knots=((-3.0, -3.0), (3.0, 3.0)), step=0.25, decimals=2),
    ),
    derived=(Derived(name="sort", source="kind", values=(("ant", 1), ("bee", 1), ("cat", None))),),
    never=((0, 7), (2, ~10)),  # no ant in a hill; no cat but with four legs
    order=("kind", "sort", "size", "home", "legs", "weight"),
)
LIKELIHOOD = TableLikelihood(TABLE.kinds, components=3)
NO_CONDITIONS = Schema(conditions=())
LATENTS = 2


def make_table_subject(condition=NO_CONDITIONS, table=TABLE, name="beasts"):
    """A model of dense layers with random weights, whose columns depend on z and y."""
    rng = np.random.default_rng(4)
    z, y = Input(name="z", shape=(LATENTS,)), Input(name="y", shape=condition.shape)
    (size,) = LIKELIHOOD.params_shape((table.dim,))
    decoder = Graph(
        inputs=(z, y),
        operations=(
            Concatenate(inputs=("z", "y"), output="both", axis=1),
            Dense(inputs=("both",), output="h", kernel="d1", bias="b1"),
            Function(inputs=("h",), output="t", function="tanh"),
            Dense(inputs=("t",), output="x_params", kernel="d2", bias="b2"),
        ),
        outputs={"x_params": "x_params"},
    )
    sizes = {"d1": (LATENTS + condition.dim, 16), "b1": (16,), "d2": (16, size), "b2": (size,)}
    tensors = {
        name: (rng.standard_normal(size) / np.sqrt(size[0])).astype("float32")
        for name, size in sizes.items()
    }
    tensors["d2"] *= 3
    return TableSubject(name, {"decoder": decoder}, tensors, condition, table)


def make_cells(rows=300):
    """Real rows for such a model."""
    rng = np.random.default_rng(1)
    kind = rng.choice(["ant", "bee", "cat"], rows, p=[0.5, 0.3, 0.2])
    size = np.round(rng.uniform(10, 90, rows), 1)
    size[:: rows // 10] = np.nan
    return {
        "kind": kind,
        "sort": np.where(kind == "cat", np.nan, 1.0),
        "size": size,
        "home": np.where(rng.random(rows) < 0.3, "hill", "tree"),
        "legs": np.where(kind == "cat", 4.0, 6.0),
        "weight": np.round(rng.normal(0, 1, rows) * 4) / 4,
    }


FAMILY = Schema(conditions=(Categorical(name="family", categories=("x", "y")),))
