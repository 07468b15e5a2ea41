"""A fit that fails or is interrupted leaves an estimator unfitted, not half of two."""

import os
import signal
import threading
import time
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from fusion_tools import make_case, odds_tower
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted
from tower_tools import make_genes, make_images

from skmultimodal import (
    Cohort,
    CrossFittedEnsembleClassifier,
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    LogOpinionPoolClassifier,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.baselines import LateFusionClassifier, MetadataClassifier
from skmultimodal.preprocessing import TumorTextureTransformer

pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")
NEW = np.array(["new one", "new two"], dtype=object)


def covariates():
    X, y = make_case()
    table = pd.DataFrame({"age": np.arange(len(X)), "site": ["a", "b"] * (len(X) // 2)})
    return Cohort({"gene": np.ones((len(X), 2))}, metadata=table), y


def rows(make):
    y = np.arange(38) % 2
    return make(y), y


few = {"max_epochs": 2, "random_state": 0}
TOWERS = [("image", odds_tower()), ("gene", odds_tower())]
ESTIMATORS = {
    "twin tower": (TwinTowerClassifier(TOWERS, tower_cv=2, random_state=0), make_case),
    "one modality": (UnimodalClassifier("gene", odds_tower()), make_case),
    "late fusion": (
        LateFusionClassifier([("gene", UnimodalClassifier("gene", odds_tower()))]),
        make_case,
    ),
    "covariates": (MetadataClassifier(), covariates),
    "image tower": (ImageTowerClassifier((2,), (3,), **few), lambda: rows(make_images)),
    "gene tower": (
        GeneAutoencoderTransformer((3, 2), (3,), **few),
        lambda: rows(make_genes),
    ),
    "head": (FusionHeadClassifier("concat", (4,), **few), lambda: rows(make_genes)),
    "pool": (LogOpinionPoolClassifier(), lambda: rows(make_genes)),
    "ensemble": (
        CrossFittedEnsembleClassifier(LogisticRegression(), cv=2),
        lambda: rows(make_genes),
    ),
}
METHODS = ("predict", "predict_proba", "transform")


def relabel(y):
    """Other classes; rows without a label stay without."""
    known = np.array([label is not None and label == label for label in y])
    new = np.full(len(y), None, dtype=object)
    new[known] = NEW[np.asarray(y[known] == y[known][0], dtype=int)]
    return new


def is_unfitted(model, X):
    """As one that was never fitted: its parameters, and no answer."""
    if vars(model).keys() != vars(clone(model)).keys():
        return False
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    for method in METHODS:
        if hasattr(model, method):
            with pytest.raises(NotFittedError):
                getattr(model, method)(X)
    return True


def answers(model, X):
    return {m: np.asarray(getattr(model, m)(X)) for m in METHODS if hasattr(model, m)}


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


class Stop:
    """Raises at the n-th attribute that a fit sets: each is a stage of it."""

    def __init__(self, kind, n, error):
        self.kind, self.n, self.error = kind, n, error

    def __enter__(self):
        count, error = Counter(), self.error

        def setattr_(model, name, value, n=self.n):
            count["set"] += name != "__dict__"
            if name != "__dict__" and count["set"] > n:
                raise error("stopped")
            object.__setattr__(model, name, value)

        self.kind.__setattr__ = setattr_
        self.count = count
        return self

    def __exit__(self, *error):
        del self.kind.__setattr__


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_fit_that_fails_at_each_stage(name):
    model, data = ESTIMATORS[name]
    X, y = data()
    kind = type("Stopped", (type(model),), {"__init__": type(model).__init__})
    stage, stopped = 0, True
    model = kind(**model.get_params(deep=False)).fit(X, y)
    wanted = answers(model, X)
    while stopped:
        stage += 1
        error = KeyboardInterrupt if stage % 2 else RuntimeError
        with Stop(kind, stage, error):
            try:
                model.fit(X, relabel(y))
                stopped = False
            except error:
                pass
        assert not stopped or is_unfitted(model, X)
    assert stage > 1
    if hasattr(model, "classes_"):
        assert set(model.classes_) == set(NEW)
    assert_same(answers(model.fit(X, y), X), wanted)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_fit_that_is_refused(name):
    model, data = ESTIMATORS[name]
    X, y = data()
    model = clone(model).fit(X, y)
    for labels in (y[:-3], np.linspace(0, 1, len(y)) ** 2):
        with pytest.raises(ValueError, match=r"."):
            model.fit(X, labels)
        assert is_unfitted(model, X)


def test_transformer_without_labels():
    images = np.random.default_rng(0).normal(size=(5, 2, 8, 9))
    model = TumorTextureTransformer(mask_channel=None).fit(images)
    with pytest.raises(ValueError, match="4-D"):
        model.fit(images[0])
    assert is_unfitted(model, images)


def test_settings_stay():
    X, y = rows(make_genes)
    model = GeneAutoencoderTransformer((3, 2), (3,), **few).set_output(
        transform="pandas"
    )
    model.note = "of the caller's own"
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, y[:-1])
    assert model.note == "of the caller's own"
    assert model.fit(X, y).transform(X).columns[0].startswith("gene")


class Interrupter(threading.Thread):
    """Sends Ctrl-C to this process after some time, once."""

    def __init__(self, delay):
        super().__init__()
        self.delay = delay

    def run(self):
        time.sleep(self.delay)
        os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def interruptible():
    """Ctrl-C reaches this process, also if it was started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_interrupts_at_random_moments(interruptible):
    """200 of them: new classes, or none, never both with old parts."""
    X, y = make_case()
    models = [clone(ESTIMATORS[n][0]) for n in ("twin tower", "one modality")]
    wanted = [
        (answers(m.fit(X, y), X), answers(m.fit(X, relabel(y)), X)) for m in models
    ]
    start = time.perf_counter()
    models[0].fit(X, y)
    duration = time.perf_counter() - start
    rng, found = np.random.default_rng(0), Counter()
    for number in range(200):
        which = number % 2
        model = models[which].fit(X, y)
        thread = Interrupter(rng.uniform(0, 1.1 * duration / (1 + 3 * which)))
        try:
            try:
                thread.start()
                model.fit(X, relabel(y))
            finally:
                thread.join()
        except KeyboardInterrupt:
            pass
        if not hasattr(model, "classes_"):
            assert is_unfitted(model, X)
            found["unfitted"] += 1
        else:
            new = set(model.classes_) == set(NEW)
            assert_same(answers(model, X), wanted[which][int(new)])
            found["new" if new else "old"] += 1
    assert found["unfitted"] > 20
