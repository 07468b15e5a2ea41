"""The examples of the documentation run, and cost what they say."""

import runpy
from pathlib import Path

import pytest

from skmultimodal import GeneAutoencoderTransformer, ImageTowerClassifier

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


def count_calls(monkeypatch, owner, name):
    calls = []
    function = getattr(owner, name)

    def counted(self, *args, **kwargs):
        calls.append(self)
        return function(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, counted)
    return calls


def test_a_study_fits_a_tower_once_per_setting(monkeypatch, capsys):
    pytest.importorskip("optuna")
    image = count_calls(monkeypatch, ImageTowerClassifier, "fit")
    gene = count_calls(monkeypatch, GeneAutoencoderTransformer, "fit")
    done = runpy.run_path(str(EXAMPLES / "search_with_optuna.py"))
    assert len(done["study"].trials) == 12
    settings = {trial.params["label_weight"] for trial in done["study"].trials}
    # Five members a tower; 12 trials on 3 folds would be 180 fits each.
    assert len(image) == 5
    assert len(gene) == 5 * len(settings)
    assert "log loss" in capsys.readouterr().out
