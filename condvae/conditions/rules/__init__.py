"""Rules for the rows of a table, stated by the user, such as "`start` <= `end`"."""

from condvae.conditions.rules.stated import Rules

__all__ = ["Rules"]
