"""The conformance suite passes what is sound and catches what is planted."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import validate_data

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
from skmultimodal.baselines import LateFusionClassifier
from skmultimodal.testing import check_multimodal_estimator, multimodal_checks

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*labelled rows can be held out"),
]

GENE = GeneAutoencoderTransformer((6, 3), (6,), max_epochs=4)
IMAGE = ImageTowerClassifier((4,), (6, 3), max_epochs=4)
TOWERS = [
    GENE,
    IMAGE,
    GeneAutoencoderTransformer(label_weight=0, max_epochs=4),
    CrossFittedEnsembleClassifier(GENE, cv=2),
    make_pipeline(StandardScaler(), PCA(3)),
    RandomForestClassifier(5, random_state=0),
]
HEADS = [
    FusionHeadClassifier(),
    FusionHeadClassifier("moe", (16, 8), max_epochs=4),
    LogOpinionPoolClassifier(),
    LogisticRegression(),
]
COHORTS = [
    TwinTowerClassifier([("image", IMAGE), ("gene", GENE)], tower_cv=2),
    TwinTowerClassifier([("image", IMAGE), ("gene", GENE)], tower_output="features"),
    UnimodalClassifier("gene", LogisticRegression()),
    LateFusionClassifier(
        [(n, UnimodalClassifier(n, LogisticRegression())) for n in ("image", "gene")]
    ),
]
ALL = [
    *((e, "tower") for e in TOWERS),
    *((e, "head") for e in HEADS),
    *((e, "cohort") for e in COHORTS),
]


@pytest.mark.parametrize(
    ("estimator", "check"),
    [pair for e, kind in ALL for pair in multimodal_checks(e, kind)],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_sound_passes(estimator, check):
    check(estimator)


@pytest.mark.parametrize("shape", [(3, 11, 9), (2, 5, 9, 7)])
def test_a_sound_tower_of_images_passes(shape):
    names = check_multimodal_estimator(IMAGE, kind="tower", shape=shape)
    assert "check_works_as_a_tower" in names


def test_steps_of_a_pipeline_are_seeded():
    pipeline = make_pipeline(StandardScaler(), SGDClassifier("log_loss"))
    check_multimodal_estimator(pipeline, kind="tower")
    assert pipeline[-1].random_state is None


def test_a_shape_is_that_of_a_towers_rows():
    with pytest.raises(ValueError, match="a head has none"):
        list(multimodal_checks(LogisticRegression(), "head", shape=(3, 11, 9)))


# Violations


class Tower(TransformerMixin, BaseEstimator):
    """A sound tower, and the classes that derive from it break one rule each."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def fit(self, X, y=None):
        X = validate_data(self, X)
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        X = validate_data(self, X, reset=False)
        return self.scale * (X - self.mean_)[:, :3]


class LearnsWhenShown(Tower):
    def transform(self, X):
        found = super().transform(X)
        self.mean_ = self.mean_ + 0.1 * (X.mean(axis=0) - self.mean_)
        return found


class CentresWhatItIsShown(Tower):
    def transform(self, X):
        found = super().transform(X)
        return found - found.mean(axis=0)


class CountsRows(Tower):
    def transform(self, X):
        return super().transform(X) + np.arange(len(X))[:, None]


class DrawsAnew(Tower):
    def fit(self, X, y=None):
        super().fit(X)
        self.mean_ = self.mean_ + np.random.normal()
        return self


class Remembers(Tower):
    def fit(self, X, y=None):
        before = getattr(self, "mean_", 0)
        super().fit(X)
        self.mean_ = self.mean_ + before
        return self


class WritesToX(Tower):
    def transform(self, X):
        found = super().transform(X)
        X -= 1
        return found


class ChangesItsParameter(Tower):
    def fit(self, X, y=None):
        self.scale = self.scale / 2
        return super().fit(X)


class SwallowsNaN(Tower):
    def fit(self, X, y=None):
        return super().fit(np.nan_to_num(X, posinf=0, neginf=0))

    def transform(self, X):
        return super().transform(np.nan_to_num(X, posinf=0, neginf=0))


class ReturnsNaN(Tower):
    def transform(self, X):
        return super().transform(X) * np.nan


class LosesRows(Tower):
    def transform(self, X):
        return super().transform(X)[1:] if len(X) > 1 else super().transform(X)


class CannotBeCopied(Tower):
    def fit(self, X, y=None):
        self.function_ = lambda rows: rows
        return super().fit(X)


class ReturnsNothing(Tower):
    def fit(self, X, y=None):
        super().fit(X)


class ImageTower(TransformerMixin, BaseEstimator):
    """A sound tower of images; `CentresImages` reads the other images too."""

    def fit(self, X, y=None):
        validate_data(self, X, allow_nd=True)
        return self

    def transform(self, X):
        X = validate_data(self, X, allow_nd=True, reset=False)
        return X.mean(axis=(2, 3))


class CentresImages(ImageTower):
    def transform(self, X):
        found = super().transform(X)
        return found - found.mean(axis=0)


class Head(ClassifierMixin, BaseEstimator):
    """A sound head."""

    def fit(self, X, y):
        X, y = validate_data(self, X, y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.inner_ = LogisticRegression().fit(X, codes)
        return self

    def predict_proba(self, X):
        X = validate_data(self, X, reset=False)
        return self.inner_.predict_proba(X)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class ReadsRowOrder(Head):
    def predict_proba(self, X):
        p = super().predict_proba(X)
        shift = 0.1 * (np.arange(len(X)) % 2)
        p = np.column_stack([p[:, 0] + shift, p[:, 1]])
        return p / p.sum(axis=1, keepdims=True)


class DoesNotSumToOne(Head):
    def predict_proba(self, X):
        return 0.9 * super().predict_proba(X)


class PredictsNumbers(Head):
    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


class ForgetsTheSpans(Head):
    def fit(self, X, y, modalities=None):
        super().fit(X if modalities is None else X[:, modalities["image"]], y)
        self.cut_ = None if modalities is None else modalities["image"]
        return self


class NeedsFiveColumns(Head):
    def fit(self, X, y):
        if X.shape[1] == 5:  # what two towers give
            raise TypeError("five columns")
        return super().fit(X, y)


class Model(ClassifierMixin, BaseEstimator):
    """A sound classifier of cohorts: the mean of each modality's first column."""

    def __init__(self, modality="gene"):
        self.modality = modality

    def fit(self, X, y):
        X, y = self._cohort(X), np.asarray(y, dtype=object)
        known = np.array([value == value for value in y])
        self.classes_ = np.unique(y[known].tolist())
        rows = self._rows(X)
        codes = np.searchsorted(self.classes_, y[known].tolist())
        self.inner_ = LogisticRegression().fit(rows[known], codes)
        return self

    def _cohort(self, X):
        return X if isinstance(X, Cohort) else Cohort(X)

    def _rows(self, X):
        has = X.has(self.modality)
        rows = np.zeros((len(X), 2))
        rows[has, 0] = np.asarray(X.block(self.modality))[:, 0]
        rows[:, 1] = has
        return rows

    def predict_proba(self, X):
        return self.inner_.predict_proba(self._rows(self._cohort(X)))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class CountsModalities(Model):
    def _rows(self, X):
        rows = super()._rows(X)
        rows[:, 1] = len(X.modalities)
        return rows + np.array([len(X.modalities), 0])


class MakesNaNAClass(Model):
    def fit(self, X, y):
        y = np.asarray(y)
        if y.dtype.kind == "f":
            y = np.nan_to_num(y, nan=2.0)
        return super().fit(X, y)


class WritesToBlocks(Model):
    def predict_proba(self, X):
        p = super().predict_proba(X)
        np.asarray(self._cohort(X).block("gene"))[:] = 0
        return p


class LeavesPatientsOut(Model):
    def predict_proba(self, X):
        p = super().predict_proba(X)
        p[~self._cohort(X).has(self.modality)] = np.nan
        return p


class TakesCohortsOnly(Model):
    def _cohort(self, X):
        if not isinstance(X, Cohort):
            raise TypeError("not a Cohort")
        return X


class ReadsPatientOrder(Model):
    def predict_proba(self, X):
        p = super().predict_proba(X)
        return np.where(np.arange(len(p))[:, None] % 2, p, p[:, ::-1])


class NumbersItsClasses(Model):
    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


class CannotCopyModels(Model):
    def fit(self, X, y):
        self.function_ = lambda rows: rows
        return super().fit(X, y)


class PredictsNobody(Model):
    def predict_route(self, X):
        return np.full(len(X), "head")


PLANTED = [
    (LearnsWhenShown(), "tower", "check_prediction_changes_nothing"),
    (CentresWhatItIsShown(), "tower", "check_rows_are_independent"),
    (CountsRows(), "tower", "check_rows_are_independent"),
    (DrawsAnew(), "tower", "check_same_seed_same_bits"),
    (Remembers(), "tower", "check_refit_forgets"),
    (WritesToX(), "tower", "check_input_is_left_alone"),
    (ChangesItsParameter(), "tower", "check_parameters_are_left_alone"),
    (SwallowsNaN(), "tower", "check_bad_values_are_refused"),
    (ReturnsNaN(), "tower", "check_outputs"),
    (LosesRows(), "tower", "check_outputs"),
    (CannotBeCopied(), "tower", "check_copies_predict_the_same"),
    (ReturnsNothing(), "tower", "check_outputs: fit must return self"),
    (ReadsRowOrder(), "head", "check_rows_are_independent"),
    (DoesNotSumToOne(), "head", "check_outputs"),
    (PredictsNumbers(), "head", "check_classes_are_labels"),
    (ForgetsTheSpans(), "head", "check_works_as_a_head"),
    (NeedsFiveColumns(), "head", "check_works_as_a_head"),
    (CountsModalities(), "cohort", "check_absent_modality"),
    (MakesNaNAClass(), "cohort", "check_unlabelled_rows"),
    (WritesToBlocks(), "cohort", "check_"),
    (LeavesPatientsOut(), "cohort", "check_every_pattern_is_predicted"),
    (TakesCohortsOnly(), "cohort", "check_frames_and_dicts"),
    (ReadsPatientOrder(), "cohort", "check_every_pattern_is_predicted"),
    (NumbersItsClasses(), "cohort", "check_classes_are_labels_of_patients"),
    (CannotCopyModels(), "cohort", "check_copies_of_models"),
    (PredictsNobody(), "cohort", "check_patient_without_modalities"),
]


@pytest.mark.parametrize(
    ("estimator", "kind"), [(Tower(), None), (Head(), None), (Model(), None)]
)
def test_the_sound_ones_pass(estimator, kind):
    assert len(check_multimodal_estimator(estimator, kind)) >= 8


@pytest.mark.parametrize(
    ("estimator", "kind", "check"),
    PLANTED,
    ids=[type(estimator).__name__ for estimator, *_ in PLANTED],
)
def test_a_planted_violation_is_caught(estimator, kind, check):
    name = type(estimator).__name__
    with pytest.raises(AssertionError, match=f"{name} fails {check}"):
        check_multimodal_estimator(estimator, kind)


def test_a_violation_among_images_is_caught():
    shape = (3, 11, 9)
    assert len(check_multimodal_estimator(ImageTower(), "tower", shape=shape)) == 11
    with pytest.raises(AssertionError, match="fails check_rows_are_independent"):
        check_multimodal_estimator(CentresImages(), "tower", shape=shape)


def test_kind_is_guessed():
    for estimator, kind in ((Tower(), "tower"), (Head(), "head"), (Model(), "cohort")):
        guessed = [check.__name__ for _, check in multimodal_checks(estimator)]
        named = [check.__name__ for _, check in multimodal_checks(estimator, kind)]
        assert guessed == named
    with pytest.raises(ValueError, match="kind='wheel' is none of"):
        list(multimodal_checks(Tower(), "wheel"))
