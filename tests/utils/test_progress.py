"""Stages of long work: a bar on a terminal, one line in a log, nothing unless asked."""

import re

import pytest
from joblib import parallel_config
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.parallel import delayed

from skmultimodal import (
    CrossFittedEnsembleClassifier,
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.baselines import LateFusionClassifier, paper_twin_tower
from skmultimodal.utils import _progress
from skmultimodal.utils._progress import (
    Stage,
    TrackedParallel,
    advance,
    count_networks,
)


def square(x):
    return x * x


def test_a_log_gets_one_line(capsys):
    with Stage("folds", 3, "fit", verbose=1) as stage:
        for _ in range(3):
            stage.advance(note="AUC 0.7")
        assert capsys.readouterr() == ("", "")
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"folds: 3 fits, AUC 0\.7, \d+\.\d s\n", err)


@pytest.mark.parametrize(
    ("total", "done", "shown"),
    [(1, 1, "1 fit,"), (4, 2, "2 of 4 fits,"), (None, 0, "folds: 0.")],
)
def test_steps_that_were_done(capsys, total, done, shown):
    with Stage("folds", total, "fit", verbose=1) as stage:
        stage.advance(done)
    assert shown in capsys.readouterr().err


def test_a_stage_that_was_stopped(capsys):
    def stop():
        with Stage("folds", 3, "fit", verbose=1) as stage:
            stage.advance()
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        stop()
    assert "folds: stopped after 1 of 3 fits" in capsys.readouterr().err


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(_progress, "_shows_bars", lambda: True)
    with Stage("folds", 3, "fit", verbose=1) as stage:
        stage.advance(2, note="AUC 0.7")
    shown = capsys.readouterr().err
    assert "2/3" in shown
    assert "AUC 0.7" in shown


@pytest.mark.parametrize("bars", [True, False])
def test_nothing_is_shown_unless_asked(capsys, monkeypatch, bars):
    monkeypatch.setattr(_progress, "_shows_bars", lambda: bars)
    with Stage("folds", 3, "fit", verbose=0) as stage:
        stage.advance()
    assert capsys.readouterr() == ("", "")


def test_steps_count_for_the_innermost_stage_of_their_unit():
    with Stage("all", 9, "fit", 0) as fits, Stage("tower", 5, "network", 0) as nets:
        advance("network")
        with Stage("net", 7, "epoch", 0) as epochs:
            advance("network")
            advance("epoch")
            advance("page")  # nobody counts them
    assert (fits.n_done, nets.n_done, epochs.n_done) == (0, 2, 1)
    advance("fit")  # the stage is over
    assert fits.n_done == 0


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_tasks_of_joblib_are_steps(backend, n_jobs):
    with Stage("all", 12, "task", 0) as stage, parallel_config(backend=backend):
        for _ in range(2):  # a stage may have several rounds
            found = TrackedParallel(stage, n_jobs)(delayed(square)(i) for i in range(6))
            assert found == [0, 1, 4, 9, 16, 25]
    assert stage.n_done == 12


@pytest.mark.parametrize(
    ("estimator", "n_networks"),
    [
        (LogisticRegression(), 0),
        (ImageTowerClassifier(), 1),
        (CrossFittedEnsembleClassifier(GeneAutoencoderTransformer(), cv=4), 4),
        (make_pipeline(PCA(2), GeneAutoencoderTransformer()), 1),
        (TwinTowerClassifier(), 10),
        (TwinTowerClassifier(tower_cv=3), 6),
        (TwinTowerClassifier(tower_cv=None), 2),
        (TwinTowerClassifier([("gene", PCA(2))]), 0),
        (TwinTowerClassifier(final_estimator=FusionHeadClassifier()), 3),
        (paper_twin_tower(), 3),
        (UnimodalClassifier("image", ImageTowerClassifier()), 1),
        (
            LateFusionClassifier(
                [
                    ("a", UnimodalClassifier("image", ImageTowerClassifier())),
                    ("b", UnimodalClassifier("gene", GeneAutoencoderTransformer())),
                ]
            ),
            2,
        ),
        (
            VotingClassifier(
                [("a", FusionHeadClassifier()), ("b", LogisticRegression())]
            ),
            1,
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_networks_of_a_fit(estimator, n_networks):
    assert count_networks(estimator) == n_networks
