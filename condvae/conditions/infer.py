"""The kinds of the columns of a data set, inferred from their values or given."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from condvae.checks import InputError, check_choice
from condvae.conditions.class_column import ClassColumn
from condvae.conditions.condition import PART
from condvae.conditions.continuous import Continuous
from condvae.conditions.date_column import DateColumn
from condvae.conditions.functional import find_derived
from condvae.conditions.grouped_column import MOST_STATES, GroupedColumn, features_of
from condvae.conditions.name_patterns import name_pattern
from condvae.conditions.number_column import NumberColumn
from condvae.conditions.part import Part
from condvae.conditions.registry import kinds_in
from condvae.conditions.schema import Schema
from condvae.conditions.table import AnyColumn, Table


def named_kinds(names: Sequence[str], columns: Sequence[str]) -> dict[str, str | None]:
    """{name: kind or None} from strings such as "digit" and "slant:continuous".

    A kind may be followed by settings, as in "size:kind:settings". A pattern of file names stands
    for the conditions in it.

    Raises:
        InputError: an unknown column or kind, or a repeated name; the message lists the known ones.
    """
    kinds: dict[str, str | None] = {}
    for text in names:
        # the name of a column may itself contain a colon, or braces
        own = (text, "") if text in columns else _split(text)
        has_braces = "{" in own[0] and own[0] in columns
        pattern = None if has_braces else name_pattern(text)
        for name, said in [own] if pattern is None else pattern.kinds.items():
            if name in kinds:
                raise InputError("each condition must be named once", repr(name), "Name it once.")
            check_choice(name, columns, "the condition")
            if said:
                check_choice(said.partition(":")[0], tuple(_parts()), f"the kind of {name!r}")
            kinds[name] = said or None
    return kinds


def text_columns(names: Sequence[str]) -> list[str]:
    """The columns whose given kind is one of words, so that all their cells are words."""
    said = [(name, kind.partition(":")[0]) for name, kind in map(_split, names)]
    return [name for name, kind in said if kind in _parts() and _parts()[kind].of_words]


def _parts() -> dict[str, type[Part]]:
    """The kinds that may be one of several conditions, by name."""
    return {name: kind for name, kind in kinds_in(PART).items() if issubclass(kind, Part)}


def _split(text: str) -> tuple[str, str]:
    """The column, and the kind with its settings, in a string such as "slant:continuous"."""
    for kind, known in _parts().items():
        name, _, settings = text.partition(f":{kind}:")
        if known.takes_settings(settings):
            return name, f"{kind}:{settings}"
    # from the right, since the column's name may contain a colon
    name, colon, kind = text.rpartition(":")
    return (name, kind) if colon else (text, "")


def schema_of(
    columns: Mapping[str, np.ndarray], kinds: Mapping[str, str | None], rows: np.ndarray
) -> Schema:
    """The conditions in columns of values.

    Args:
        columns: {name: (N,) or (N, dim) values, or images}, NaN or "" where missing.
        kinds: kinds of some of them; None, or omitted: inferred from the values.
        rows: rows from which scales and ranges are computed: the training rows.
    """
    conditions = [
        _condition(name, values, kinds.get(name), rows) for name, values in columns.items()
    ]
    schema = Schema(conditions=tuple(conditions))
    of_classes = [c.name for c in conditions if c.classes is not None]
    return schema.with_combinations({name: columns[name][rows] for name in of_classes})


def table_of(
    columns: Mapping[str, np.ndarray],
    given: Collection[str],
    scaling: str,
    rows: np.ndarray,
    of_file: Mapping[str, Any] = MappingProxyType({}),
) -> Table:
    """The columns of x, including the conditions; arguments as in `schema_of`.

    Args:
        given: names of the columns that are conditions.
        scaling: scaling of numbers, "quantile" or "standard".
        of_file: facts about the file, as in `Table.of_file`.
    """
    training = {name: values[rows] for name, values in columns.items()}
    fitted: dict[str, AnyColumn] = {
        name: ClassColumn.fitted(name, values, rows)
        if values.dtype.kind == "U"
        else NumberColumn.fitted(name, values, rows, scaling)
        for name, values in columns.items()
    }
    formats = of_file.get("formats", {})
    of_dates = {n: formats[n].days for n in columns if n in formats and formats[n].date}
    found = [DateColumn.fitted(name, columns[name], rows, days) for name, days in of_dates.items()]
    # the name of a part's column may already be taken
    dates = {date.name: date for date in found if date and not {*date.names} & {*columns}}
    sources = {n for n, column in fitted.items() if not column.has_number_state and n not in dates}
    derived = find_derived(training, sources, given, of_dates)
    parts: list[AnyColumn] = []
    left = {column.name for column in derived if column.name not in given}
    many = {n for n, column in fitted.items() if column.num_values > MOST_STATES}
    many = {n for n in many if columns[n].dtype.kind == "U"} - left
    others = {name: values for name, values in training.items() if name not in many | left}
    for name in many:
        column = ClassColumn.model_validate(fitted[name].model_dump())
        fitted[name] = GroupedColumn.of(column, training[name], features_of(others))
    for name in sorted({*columns} - left, key=[*columns].index):
        date = dates.get(name)
        parts += [fitted[name]] if date is None else date.columns(columns[name], rows, scaling)
    table = Table(
        columns=tuple(parts),
        dates=tuple(
            date for name, date in dates.items() if date.names[0] in {p.name for p in parts}
        ),
        derived=tuple(one for one in derived if one.name not in given),
        agreeing=tuple(one for one in derived if one.name in given),
        conditions=tuple(given),
        **{"order": tuple(columns), **of_file},
    )
    return table.learn_contradictions(training)


def _condition(name: str, values: np.ndarray, said: str | None, rows: np.ndarray) -> Part:
    """A column as a condition: of the most recent kind that takes it, otherwise continuous."""
    if said is None:
        found = (kind for kind in reversed(_parts().values()) if kind.takes(values))
        return next(found, Continuous).of_column(name, values, rows)
    kind, _, settings = said.partition(":")
    return _parts()[kind].of_column(name, values, rows, settings)
