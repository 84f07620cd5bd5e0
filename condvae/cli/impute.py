"""condvae impute."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import InputError, check_at_least, check_new_path
from condvae.cli.arguments import Overwrite, working

MOST_NAMED = 12  # columns


def impute(
    run: Annotated[Path, Parameter(name="RUN")],
    source: Annotated[Path, Parameter(name="TABLE")],
    /,
    *,
    out: Path,
    num_draws: Annotated[int | None, Parameter(name=["--num-draws", "-n"])] = None,
    seed: int = 0,
    overwrite: Overwrite = False,
) -> int:
    """Fill the empty cells of a table; every other cell stays as it is.

    Args:
        run: The folder of a run on such a table, with or without empty cells.
        source: A .csv, .tsv or .parquet file.
        out: The file to write; with -n, NAME-1, NAME-2 and so on.
        num_draws: Number of tables to draw, for multiple imputation. By default, one table with the
            most probable values: means of numbers and the most frequent words.
        seed: Seed of the draws.
    """
    import numpy as np

    from condvae.conditions import is_missing
    from condvae.data.tables import read_table
    from condvae.data.writing import write_table
    from condvae.inference.imputation import impute as fill
    from condvae.runs import Run

    if num_draws is not None:
        check_at_least(num_draws, 1, "--num-draws")
    paths = (
        [out]
        if num_draws is None
        else [out.with_stem(f"{out.stem}-{number + 1}") for number in range(num_draws)]
    )
    for path in paths:
        check_new_path(path, overwrite)
    opened = Run.open(run)
    table, several = opened.record.preprocessing.table, opened.record.condition.by_name
    if table is None or several is None:
        raise InputError("impute needs a run on a table", f"{run}, a run on images", "Train one.")
    with working("imputing"):
        columns = read_table(source, opened.spec.data, with_index=True).columns
        result = fill(opened.model, columns, None, num_draws, seed)
    keys = [carried for carried in table.carried if carried.name in columns]
    columns |= {key.name: key.fill(key.name, columns[key.name], seed) for key in keys}
    whole = [
        name
        for name, values in columns.items()
        if values.dtype.kind == "f" and (np.isnan(values) | (values == np.rint(values))).all()
    ]
    for path, filled in zip(paths, result.tables, strict=True):
        write_table(path, columns | filled, whole, table.formats)
        print(f"{path}: {result.filled:,} empty cells filled")
    written = columns | result.tables[0]
    left = {name: int(is_missing(np.asarray(values)).sum()) for name, values in written.items()}
    if names := [name for name, count in left.items() if count]:
        named = ", ".join(names[:MOST_NAMED]) + ", …" * (len(names) > MOST_NAMED)
        print(f"{sum(left.values()):,} stay empty, which the model cannot tell: {named}")
    effective = np.median(result.effective_samples)
    print(f"importance sampling: {effective:.0f} effective draws of z a row in the median")
    return 0
