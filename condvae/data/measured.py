"""Scales, ranges and states of a data set's columns, from its training rows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from condvae.checks import InputError
from condvae.conditions import Schema, named_kinds, schema_of, table_of
from condvae.conditions.formats import CellFormat
from condvae.conditions.name_patterns import name_patterns
from condvae.data.columns import encoded_conditions
from condvae.data.mapped import blocks
from condvae.data.stored_columns import contradicting, encoded_rows, fitting_rows, sampled

if TYPE_CHECKING:
    from condvae.data.dataset import Dataset


def measured(dataset: "Dataset", of_file: Mapping[str, Any] | None) -> "Dataset":
    """The data set with its conditions, and the columns of a table, fitted to the training rows.

    Args:
        dataset: the data, already split.
        of_file: facts about a table from its file; None for images.
    """
    several, spec, raw = dataset.condition.by_name, dataset.spec, dataset.raw
    if spec.rules and of_file is None:
        raise InputError(
            "rules must be stated for a table", "a data set of images", "Leave `rules` out."
        )
    if raw is None or several is None:
        return dataset
    # by class codes, which no scale changes, so that the rows are known before the scales
    rows = dataset.rows["train"]
    kinds = {c.name: f"{c.kind}:{c.settings}" for c in several.conditions}
    named = named_kinds(spec.conditions, list(raw))
    # conditions from file names keep the kind that was found
    kept = [name for one in name_patterns(spec.conditions) for name in one.kinds]
    kinds |= {name: said for name, said in named.items() if said or name not in kept}
    kinds |= _of_dates(several, named, {} if of_file is None else of_file.get("formats", {}))
    table, x = None, dataset.x
    fitting = fitting_rows(raw, rows)
    while True:
        given = {name: fitting.columns[name] for name in several.names}
        schema = schema_of(given, kinds, fitting.rows)
        if of_file is None:
            break
        table = table_of(fitting.columns, given, spec.scaling, fitting.rows, of_file)
        table = table.stating(spec.rules, fitting.columns, fitting.rows, fitting.numbers)
        x = encoded_rows(raw, table.encode_rows)
        if not (more := contradicting(raw, rows, table)).size:
            break
        fitting = fitting_rows(raw, rows, np.union1d(fitting.numbers[fitting.rows], more))
    if sampled(raw, rows) is not None:
        schema = schema.counting(lambda name: blocks(raw[name][rows]))
    encoded = encoded_conditions(raw, schema)
    fresh = replace(dataset, x=x, given=encoded, condition=schema, table=table)
    vars(fresh)["rows"] = dataset.rows  # drawing them again would take 40 bytes a row
    return fresh


def _of_dates(
    several: Schema, named: Mapping[str, str | None], formats: Mapping[str, CellFormat]
) -> dict[str, str]:
    """The kinds of the conditions that are dates in a file, unless they are classes or numbers."""
    units = {name: "days" if of.days else "seconds" for name, of in formats.items() if of.date}
    return {
        one.name: f"{one.of_dates}:{units[one.name]}"
        for one in several.conditions
        if one.name in units and one.of_dates and named.get(one.name) in (None, one.of_dates)
    }
