"""What the functions that fit on folds show while they work: nothing, unless asked."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skmultimodal import FusionHeadClassifier, UnimodalClassifier
from skmultimodal.model_selection import (
    Comparison,
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_classifiers,
    paired_learning_curve,
    paired_permutation_test,
    unpaired_gain,
)
from skmultimodal.utils import _progress

CV = PairedStratifiedKFold(3, 2, random_state=0)


def compare(model, X, y, **options):
    other = clone(model).set_params(C=0.01)
    return compare_classifiers({"a": model, "b": other}, X, y, cv=CV, **options)


def audit(model, X, y, **options):
    table = pd.DataFrame({"age": np.arange(len(y)), "sex": ["f", "m"] * (len(y) // 2)})
    return audit_shortcuts(
        X, y, table, cv=CV, estimator=model, random_state=0, **options
    )


def learn(model, X, y, **options):
    return paired_learning_curve(
        model, X, y, cv=CV, n_pairs=[5, 9, 13], random_state=0, **options
    )


def permute(model, X, y, **options):
    return paired_permutation_test(
        model, X, y, cv=CV, n_permutations=5, random_state=0, **options
    )


def gain(model, X, y, **options):
    return unpaired_gain(model, X, y, cv=CV, **options)


WORK = {
    compare: (
        "[compare_classifiers] 2 models on folds: 12 fits",
        "[compare_classifiers] 2 models: 12 fits",
    ),
    # Presence; two columns, and both, on all and on paired rows; and the model.
    audit: (
        "[audit_shortcuts] 5 models on folds: 48 fits",
        "[audit_shortcuts] 5 models: 48 fits",
    ),
    learn: (
        "[paired_learning_curve] 3 models on folds: 18 fits",
        "[paired_learning_curve] 3 models: 18 fits",
    ),
    gain: (
        "[unpaired_gain] 2 models on folds: 12 fits",
        "[unpaired_gain] 2 models: 12 fits",
    ),
    permute: ("[paired_permutation_test] permuted labels: 5 permutations",),
}


def shown_lines(capsys):
    """Lines on standard error, without the seconds; nothing is on standard output."""
    out, err = capsys.readouterr()
    assert out == ""
    return tuple(re.sub(r", \d+\.\d s$", "", line) for line in err.splitlines())


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_line_for_what_will_be_done_and_one_at_the_end(
    work, n_jobs, cohort, model, capfd
):
    X, y = cohort
    work(model, X, y, verbose=1, n_jobs=n_jobs)
    assert shown_lines(capfd) == WORK[work]


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
@pytest.mark.parametrize("bars", [True, False])
def test_nothing_is_shown_by_default(work, bars, cohort, model, capfd, monkeypatch):
    monkeypatch.setattr(_progress, "_shows_bars", lambda: bars)
    work(model, *cohort)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_shows_the_fits_that_are_done(cohort, model, capfd, monkeypatch):
    monkeypatch.setattr(_progress, "_shows_bars", lambda: True)
    compare(model, *cohort, verbose=1)
    err = capfd.readouterr().err
    assert "[compare_classifiers] 2 models" in err
    assert "12/12" in err


def test_networks_are_counted_at_most(cohort, capfd):
    """Each fit of a network, in each fold."""
    X, y = cohort
    head = FusionHeadClassifier(hidden_units=(3,), max_epochs=1, random_state=0)
    nets = {"gene": UnimodalClassifier("gene", head)}
    compare_classifiers(nets, X, y, cv=CV, verbose=1)
    assert shown_lines(capfd)[0] == (
        "[compare_classifiers] 1 model on folds: 6 fits, at most 6 networks"
    )


class Stops(UnimodalClassifier):
    """Fails at its third fit."""

    fits = []

    def fit(self, X, y):
        self.fits.append(len(y))
        if len(self.fits) == 3:
            raise ValueError("no more")
        return super().fit(X, y)


def test_a_failure_is_shown_where_it_was(cohort, capfd):
    Stops.fits.clear()
    stops = Stops("gene", LogisticRegression())
    with pytest.raises(RuntimeError, match="fold 2 of repeat 0: no more"):
        compare_classifiers({"ours": stops}, *cohort, cv=CV, verbose=1)
    assert shown_lines(capfd)[-1] == (
        "[compare_classifiers] 1 model: stopped after 2 of 6 fits"
    )


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
def test_results_do_not_depend_on_it(work, cohort, model, capfd):
    first, second = (
        numbers_of(work(model, *cohort, verbose=verbose)) for verbose in (0, 1)
    )
    pd.testing.assert_frame_equal(first, second)


def numbers_of(result):
    """The numbers of a result that took fits, as a table."""
    if isinstance(result, pd.DataFrame):
        return result
    if isinstance(result, Comparison):
        return result.scores()
    if "scores" in result:
        return result.scores
    return pd.DataFrame(result.permutation_scores)
