"""Rules that a user states of the rows of a table, such as "`start` <= `end`"."""

from condvae.conditions.rules.stated import Rules

__all__ = ["Rules"]
