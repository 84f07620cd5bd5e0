"""The settings that `tune` may change, and what it refuses first; Optuna is not needed."""

import sys

import pytest

from condvae.checks import InputError
from condvae.cli import main
from condvae.spec import Spec
from condvae.spec.space import SPACE, Range, parse_ends, settings_at, space_of


def test_the_ends_are_settings_that_a_spec_takes():
    base = Spec().override(hidden_dims=(100, 30))
    for end in ("low", "high"):
        point = {name: getattr(ends, end) for name, ends in SPACE.items()}
        changed = base.override(**settings_at(point, base))
        assert changed.training.learning_rate == point["learning_rate"]
        assert changed.model.latent_dim == point["latent_dim"]
        assert changed.objective.beta == point["beta"]
    assert settings_at({"width": 0.5, "beta": 2.0}, base) == {"hidden_dims": (50, 15), "beta": 2.0}
    assert settings_at({"width": 0.001}, base) == {"hidden_dims": (1, 1)}


def test_what_is_given_is_fixed_and_ends_can_be_others():
    space = space_of(
        ["hidden_dims", "beta"], parse_ends(["latent_dim=4..8", "learning_rate=1e-4..1"])
    )
    assert space["latent_dim"] == Range(4, 8, whole=True)
    assert space["learning_rate"] == Range(1e-4, 1)
    assert space.keys() == {"learning_rate", "latent_dim", "weight_decay"}


@pytest.mark.parametrize(
    ("fixed", "texts", "said"),
    [
        ([], ["beta=1"], "Write beta=LOW..HIGH"),
        ([], ["betta=1..2"], "Did you mean 'beta'"),
        ([], ["beta=2..1"], "the lower one first"),
        ([], ["beta=0..1"], "above 0"),
        ([], ["beta=nan..1"], "above 0"),
        ([], ["latent_dim=1.5..3"], "whole numbers"),
        (["beta"], ["beta=1..2"], "either fixed or in"),
        (["hidden_dims"], ["width=1..2"], "either fixed or in"),
        ([range_.setting or name for name, range_ in SPACE.items()], [], "something to change"),
    ],
)
def test_a_mistake_is_said(fixed, texts, said):
    with pytest.raises(InputError, match=said):
        space_of(fixed, parse_ends(texts))


def test_without_optuna_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(["tune", "digits", "--trials", "1"]) == 2
    assert "pip install 'condvae[tune]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
