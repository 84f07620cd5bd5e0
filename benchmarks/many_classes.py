"""A column of thousands of words: seconds and memory, how often each word is, and its ties.

The table: orders of products, 30,000 rows and 5,000 products, most of them in few rows; a product
has its price, up to 10 %, and its shop in nine of ten rows; the quantity has no tie to it. Each
step is a command of its own; its figures are in OUT/many_classes.json and it is done once. To
measure another version of condvae, set PYTHONPATH to it and take another OUT.

Of generated rows: the total variation of the products' shares from those of the table, beside that
of as many new real rows; and how well a product tells its price (R² of the logarithms, by its true
price) and its shop (accuracy), of all rows and of those whose product has at most five real rows.

    python benchmarks/many_classes.py --out runs/many [--rows 30000] [--products 5000] [--epochs 15]
"""

import argparse
from pathlib import Path

import numpy as np
from cells import Cells
from table_scale import CONDVAE, measured

from condvae.data.tables import Columns, read_table
from condvae.data.writing import write_table

SHOPS, FEW = 20, 5


def main() -> None:
    """Make the table, run what is missing, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/many"))
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--products", type=int, default=5_000)
    parser.add_argument("--epochs", type=int, default=15)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    shop = Shop(given.products, rng)
    real, again = shop.orders(given.rows, rng), shop.orders(given.rows, rng)
    data, new, run = (str(given.out / name) for name in ("orders.csv", "new.csv", "run"))
    write_table(data, real)
    steps = {
        "train": ["train", data, "--run", run, "--epochs", str(given.epochs)],
        "generate": ["generate", run, "-n", str(given.rows), "--out", new, "--overwrite"],
    }
    cells = Cells("many_classes", {name: {"command": c} for name, c in steps.items()}, given.out)
    for name, command in steps.items():
        if name not in cells.rows():
            cells.keep(name, measured([CONDVAE, *command], given.out / f"{name}.log"))
    for name, row in cells.rows().items():
        print(f"{name}: {row['cpu']:.1f} CPU s, {row['wall']:.1f} s, {row['peak'] / 1e9:.2f} GB")
    shop.judge("new real rows", real, again)
    shop.judge("generated", real, read_table(new).columns)


class Shop:
    """Products, their shares, prices and shops."""

    def __init__(self, count: int, rng: np.random.Generator):
        self.names = np.array([f"item {number:05}" for number in rng.permutation(count)])
        self.shares = 1 / (np.arange(count) + 10)
        self.shares /= self.shares.sum()
        self.log_price = rng.normal(3, 1.2, count)
        self.shop = rng.integers(SHOPS, size=count)

    def orders(self, rows: int, rng: np.random.Generator) -> Columns:
        """Some rows of the table."""
        which = rng.choice(len(self.names), rows, p=self.shares)
        price = np.exp(self.log_price[which] + 0.1 * rng.standard_normal(rows))
        shop = np.where(rng.random(rows) < 0.9, self.shop[which], rng.integers(SHOPS, size=rows))
        return {
            "product": self.names[which],
            "price": np.round(price, 2),
            "shop": np.array([f"shop {number:02}" for number in range(SHOPS)])[shop],
            "quantity": 1.0 + rng.poisson(2, rows),
        }

    def judge(self, what: str, real: Columns, rows: Columns) -> None:
        """Print the figures of rows."""
        order = np.argsort(self.names)
        codes, seen = (
            order[np.searchsorted(self.names, part["product"], sorter=order)]
            for part in (rows, real)
        )
        counts, others = (np.bincount(part, minlength=len(order)) for part in (codes, seen))
        variation = np.abs(counts / counts.sum() - others / others.sum()).sum() / 2
        log_price, true = np.log(rows["price"]), self.log_price[codes]
        kept = rows["shop"] == np.char.add("shop ", np.char.zfill(self.shop[codes].astype(str), 2))
        line = f"{what}: TV {variation:.3f}, {np.count_nonzero(counts):,} products"
        for name, some in (("", codes >= 0), (" of rare ones", others[codes] <= FEW)):
            error = np.mean((log_price - true)[some] ** 2)
            line += f"; price{name} R² {1 - error / log_price[some].var():.3f}"
            line += f", shop{name} {kept[some].mean():.3f}"
        print(line)


if __name__ == "__main__":
    main()
