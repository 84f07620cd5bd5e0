"""What a page knows of a table: where the cells of a row lie, and what is written for them."""

from typing import Any

from condvae.conditions.rules.rules_page import rules_for_page
from condvae.conditions.table import Table


def table_for_page(table: Table) -> dict[str, Any]:
    """The columns that the networks see, and what is made of them.

    Returns:
        columns: each with the places of its states and of its number, or -1.
        dates, derived: columns that are computed of these.
        never: pairs of states that generated rows do not hold, as `contradictions` has them.
        order: of the columns that a row shows.
        rules: what rows must keep, as `rules_for_page` has it.
        computable: columns whose cells an equality may determine.
    """
    columns = [
        {**column.for_page(), "start": states.start, "number": -1 if number is None else number}
        for column, states, number in table.places()
    ]
    dates = [
        {
            "name": date.name,
            "days": date.days,
            "first": date.first,
            "last": date.last,
            "fixed": date.fixed,
            "parts": dict(zip(date.parts, date.names, strict=True)),
        }
        for date in table.dates
    ]
    derived = [derived.model_dump(mode="json") for derived in table.derived]
    known = {*table.all_names, *table.conditions}
    return {
        "columns": columns,
        "num_states": table.num_states,
        "dates": dates,
        "derived": derived,
        "never": table.never,
        "order": [name for name in table.order or table.all_names if name in known],
        "rules": rules_for_page(table.rules),
        "computable": table.computable,
    }
