"""One modality of a cohort as a classifier."""

import numpy as np
import pytest
from fusion_tools import (
    ONE,
    THREE,
    TWO,
    RecordingClassifier,
    UnlabelledUser,
    make_case,
    make_tables,
    odds_tower,
    row_numbers,
    rows_where,
)
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.model_selection import GridSearchCV

from skmultimodal import UnimodalClassifier
from skmultimodal.model_selection import PairedStratifiedKFold


class ProbabilitiesOnly(BaseEstimator):
    """Has classes and probabilities, and no ``predict``."""

    uses_unlabelled_rows = False

    def fit(self, X, y):
        self.model_ = odds_tower().fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


@pytest.mark.parametrize("counts", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("tower_rows", ["all", "unpaired"])
@pytest.mark.parametrize("modality", ["image", "gene"])
def test_rows_and_answers(counts, tower_rows, modality):
    X, y = make_case(counts)
    model = UnimodalClassifier(modality, RecordingClassifier(), tower_rows=tower_rows)
    model.fit(X, y)
    rows = X.has(modality) & (~X.paired if tower_rows == "unpaired" else True)
    assert row_numbers(model.estimator_.X_) == rows_where(rows)
    np.testing.assert_array_equal(model.estimator_.y_, y[rows])
    prior = np.bincount(y[rows]) / rows.sum()
    np.testing.assert_allclose(model.class_prior_, prior)
    has = X.has(modality)
    p = model.predict_proba(X)
    own = model.estimator_.predict_proba(X.block(modality))
    np.testing.assert_array_equal(p[has], own)
    np.testing.assert_allclose(p[~has], np.tile(prior, ((~has).sum(), 1)))
    labels = model.predict(X)
    np.testing.assert_array_equal(labels[has], own.argmax(axis=1))
    np.testing.assert_array_equal(labels[~has], prior.argmax())


@pytest.mark.parametrize("tower_rows", ["all", "unpaired"])
def test_one_modality_in_total(tower_rows):
    blocks, y = make_tables(ONE)
    model = UnimodalClassifier("gene", RecordingClassifier(), tower_rows=tower_rows)
    for X in (blocks, blocks["gene"]):
        model.fit(X, y)
        assert row_numbers(model.estimator_.X_) == list(range(23))
        assert model.predict(X).shape == (23,)


def test_modality_that_nobody_has_pairs_nobody_away():
    """Unpaired rows are those of the twin tower, which leaves it out."""
    blocks, y = make_tables(TWO)
    blocks["stain"] = np.full((42, 6), np.nan)
    model = UnimodalClassifier("gene", RecordingClassifier(), tower_rows="unpaired")
    model.fit(blocks, y)
    assert row_numbers(model.estimator_.X_) == list(range(11, 24))


def test_frozen_estimator_is_not_fitted_again():
    X, y = make_case()
    fitted = RecordingClassifier().fit(X.block("gene")[:9], y[11:20])
    model = UnimodalClassifier("gene", FrozenEstimator(fitted)).fit(X, y)
    assert row_numbers(fitted.X_) == list(range(11, 20))
    own = fitted.predict_proba(X.block("gene"))
    np.testing.assert_array_equal(model.predict_proba(X)[11:], own)


def test_frequencies_are_those_of_labelled_training_rows():
    X, y = make_case(n_classes=3)
    y = y.astype(float)
    y[X.has("gene")] = np.resize([0.0, 1.0, 1.0, 1.0, np.nan], 31)
    model = UnimodalClassifier("gene", odds_tower()).fit(X, y)
    counts = [np.sum(y[X.has("gene")] == label) for label in (0, 1, 2)]
    frequencies = np.array(counts) / sum(counts)
    assert counts[2] == 0
    p = model.predict_proba(X)
    np.testing.assert_allclose(p[:11], np.tile(frequencies, (11, 1)))
    assert np.all(p[11:, 2] == 0)
    np.testing.assert_array_equal(model.predict(X[:11]), 1.0)


def test_labels_of_unequal_length_keep_their_letters():
    X, y = make_case(signal=3.0)
    names = np.array(["no", "responder"])[y]
    names[11:24] = np.where(np.arange(13) < 12, "no", names[11:24])
    model = UnimodalClassifier("gene", odds_tower()).fit(X, names)
    assert model.class_prior_[0] > 0.5
    assert set(model.predict(X)) == {"no", "responder"}


def test_no_row_has_the_modality_at_prediction():
    X, y = make_case()
    model = UnimodalClassifier("gene", odds_tower()).fit(X, y)
    for rows in (X[:11], X[:11].without("gene")):
        np.testing.assert_allclose(
            model.predict_proba(rows), np.tile(model.class_prior_, (11, 1))
        )
        assert model.predict(rows).tolist() == [model.class_prior_.argmax()] * 11


def test_unlabelled_rows_go_to_those_who_ask():
    class User(UnlabelledUser, RecordingClassifier):
        def fit(self, X, y):
            known = ~np.isnan(y)
            RecordingClassifier.fit(self, X[known], y[known])
            self.X_ = X
            return self

    X, y = make_case()
    y = y.astype(float)
    y[[12, 15, 30]] = np.nan
    gene = X.has("gene")
    asked = UnimodalClassifier("gene", User()).fit(X, y)
    assert row_numbers(asked.estimator_.X_) == rows_where(gene)
    other = UnimodalClassifier("gene", RecordingClassifier()).fit(X, y)
    assert row_numbers(other.estimator_.X_) == rows_where(gene & ~np.isnan(y))
    np.testing.assert_allclose(asked.class_prior_, other.class_prior_)


def test_estimator_without_predict():
    X, y = make_case()
    names = np.array(["ill", "well"])[y]
    model = UnimodalClassifier("gene", ProbabilitiesOnly()).fit(X, names)
    p = model.predict_proba(X)
    np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(axis=1)])


def test_estimator_without_probabilities():
    X, y = make_case()
    model = UnimodalClassifier("gene", Perceptron(random_state=0))
    assert not hasattr(model, "predict_proba")
    model.fit(X, y)
    assert not hasattr(model, "predict_proba")
    wanted = model.estimator_.predict(X.block("gene"))
    np.testing.assert_array_equal(model.predict(X)[11:], wanted)


def test_nested_parameters_and_search():
    X, y = make_case()
    estimator = LogisticRegression(max_iter=1000)
    model = UnimodalClassifier("gene", estimator)
    search = GridSearchCV(
        model, {"estimator__C": [1e-6, 1.0]}, cv=PairedStratifiedKFold(3)
    ).fit(X, y)
    assert set(search.best_params_) == {"estimator__C"}
    assert estimator.C == 1.0
    assert not hasattr(estimator, "coef_")
    assert repr(clone(model)) == repr(model)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"modality": "stain"}, r"no modality 'stain'.*image.*gene"),
        ({"modality": 3}, "'modality' parameter"),
        ({"estimator": "svc"}, "'estimator' parameter"),
        ({"tower_rows": "some"}, "'tower_rows' parameter"),
        ({"memory": 3}, "'memory' parameter"),
    ],
)
def test_bad_parameters_are_named(params, message):
    X, y = make_case()
    model = UnimodalClassifier("gene", odds_tower()).set_params(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


def test_modality_that_nobody_has():
    """The message is about the modality, not about pairing."""
    X, y = make_case()
    nobody = X.hide("gene", slice(None))
    with pytest.raises(ValueError, match="'gene'") as caught:
        UnimodalClassifier("gene", odds_tower()).fit(nobody, y)
    assert "tower_rows='all'" not in str(caught.value)


def test_one_class_among_the_rows():
    X, y = make_case()
    y[11:] = 1
    with pytest.raises(ValueError, match=r"31 rows with modality 'gene'.*one class"):
        UnimodalClassifier("gene", odds_tower()).fit(X, y)
