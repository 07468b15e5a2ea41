"""Searches and repeated cross-validation with cached towers."""

import tempfile

import numpy as np
from sklearn.model_selection import GridSearchCV, cross_val_score

from benchmarks.speed.cohorts import make_cohort, shape, twin_tower
from benchmarks.speed.measure import Row, seconds
from skmultimodal import LogOpinionPoolClassifier
from skmultimodal.model_selection import PairedStratifiedKFold


class RecordingPool(LogOpinionPoolClassifier):
    """The default final estimator; keeps what it was last fitted with."""

    def fit(self, X, y, modalities=None, log_odds=None):
        spans = {"modalities": modalities, "log_odds": log_odds}
        type(self).last = (X, y), spans
        return super().fit(X, y, **spans)


def cross_validation_row(X, y, n_repeats, quick):
    """Repeats of 3 folds: towers once, a head a fold, and little beside them.

    Towers of unpaired rows: those of the default also learn from the paired rows of
    each training fold, so each fold has its own.
    """
    cv = PairedStratifiedKFold(3, n_repeats, random_state=0)
    n_heads = 3 * n_repeats
    with tempfile.TemporaryDirectory() as memory:
        params = {"tower_rows": "unpaired", "memory": memory}
        model = twin_tower(quick, final_estimator=RecordingPool(), **params)
        towers, _ = seconds(lambda: model.fit(X, y))
    data, spans = RecordingPool.last
    head = LogOpinionPoolClassifier()
    one_head = np.median(
        [seconds(lambda: head.fit(*data, **spans))[0] for _ in range(9)]
    )
    with tempfile.TemporaryDirectory() as memory:
        params = {"tower_rows": "unpaired", "memory": memory}
        model = twin_tower(quick, **params)
        whole, _ = seconds(lambda: cross_val_score(model, X, y, cv=cv))
    note = f"towers {towers:.3g} s, a head {1e3 * one_head:.3g} ms, all {whole:.3g} s"
    parts = towers + n_heads * one_head
    what = (
        f"CV 3 x {n_repeats} of towers of unpaired rows with memory, to one fit each "
        f"and {n_heads} heads"
    )
    return Row(what, whole / parts, 1.2, note=note)


def grid_row(X, y, n_heads, quick):
    """Heads on 3 folds: with memory in full, without it by one head."""
    cv = PairedStratifiedKFold(3, random_state=0)
    name = "final_estimator__weight_penalty"
    penalties = np.logspace(-1, 3, n_heads)

    def search(memory, values):
        model = twin_tower(quick, memory=memory)
        return GridSearchCV(model, {name: values}, cv=cv, refit=False).fit(X, y)

    with tempfile.TemporaryDirectory() as memory:
        cached, _ = seconds(lambda: search(memory, penalties))
    plain, _ = seconds(lambda: search(None, penalties[:1]))
    plain *= n_heads
    note = (
        f"{cached:.3g} s, without {plain:.3g} s (one head x 3 folds, times {n_heads})"
    )
    what = f"grid of {n_heads} heads x 3 folds, without memory to with it"
    return Row(what, plain / cached, 20, at_least=True, note=note)


def rows(quick, repeats):
    """Rows of the table."""
    X, y = make_cohort(*shape(quick))
    yield cross_validation_row(X, y, 2 if quick else 20, quick)
    yield grid_row(X, y, 6 if quick else 60, quick)
