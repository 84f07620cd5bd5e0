"""Measures computed from arrays, independent of models and figures."""
