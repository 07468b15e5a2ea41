"""The rows of the shortcut audit."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skmultimodal.model_selection._audit_model import (
    FoldScores,
    area_of_folds,
    between,
    gain_over,
    mean_one_against_rest,
    permuted_within,
    responses,
    within,
)
from skmultimodal.model_selection._audit_sites import N_FOLDS, areas_of_site
from skmultimodal.model_selection._audit_sources import covariate_predictor
from skmultimodal.model_selection._folds import run_folds
from skmultimodal.model_selection._intervals import corrected_t_interval
from skmultimodal.model_selection._metrics import PatientCounts, least_variance
from skmultimodal.model_selection._score_table import score_table
from skmultimodal.model_selection._scoring import Scoring

__all__ = ["COLUMNS", "DIFFERENCE", "Audit", "Model", "Site"]

COLUMNS = ["source", "roc_auc", "low", "high", "n_folds", "kind", "tested", "read_as"]
COLUMNS += ["trained_on"]
DIFFERENCE = ["difference", "difference_low", "difference_high"]


class Site(NamedTuple):
    """A covariate, the columns that it is read as, and a number for each value."""

    name: str
    columns: pd.DataFrame
    codes: np.ndarray


class Model(NamedTuple):
    """Out-of-fold scores of a model, and the area of each fold."""

    scores: list  # of FoldScores
    areas: np.ndarray


class Audit(NamedTuple):
    """Labels, and how intervals are made."""

    y: np.ndarray
    classes: np.ndarray
    ratio: float  # of test to training rows
    confidence_level: float
    n_jobs: Any

    def model(self, scores):
        """A Model of known out-of-fold scores."""
        return Model(scores, area_of_folds(scores, self.y, self.classes))

    def run(self, name, estimator, X, y, folds, stage):
        """A Model of an estimator that is fitted on the folds."""
        scoring = Scoring({"roc_auc": _Area(self.classes)}, y)
        options = {"inspect": _Responses(self.classes), "n_jobs": self.n_jobs}
        arms = [(name, estimator, folds)]
        results = run_folds(arms, X, y, scoring, stage=stage, **options)
        scores = [FoldScores(fold, *found) for _, fold, _, found in results]
        return Model(scores, score_table(results)["score"].to_numpy())

    def row_of_source(self, source, own, stage):
        """The row of a source, of the better of its fits: on all or paired rows."""
        predictor = covariate_predictor(source.columns)
        rows = source.columns, source.y
        fits = [
            self.run(source.name, predictor, *rows, training.folds, stage).areas
            for training in source.trainings
        ]
        best = int(np.argmax(np.nan_to_num(fits).sum(axis=1)))
        training, areas = source.trainings[best], fits[best]
        level = 1 - (1 - self.confidence_level) / len(fits)
        row = self._row(
            *(source.name, areas, training.ratio, source.kind, source.tested),
            level=level,
            counts=self._count(source.y, training.folds),
            read_as=source.read_as,
            trained_on=training.rows,
        )
        if own is not None and source.tested == "cv":
            row |= self._difference(own.areas - areas, level)
        return row

    def row_of_model(self, own):
        """The row of the model."""
        counts = self._count(self.y, [found.fold for found in own.scores])
        of = own.areas, self.ratio, "model", "cv"
        return self._row("estimator", *of, counts=counts)

    def rows_beside(self, own, sources, known):
        """The row of the model together with known columns, if there are any."""
        columns = [source.columns for source in sources if source.name in known]
        if not columns:
            return []
        columns = pd.concat(columns, axis=1)
        with_model, alone = gain_over(own.scores, self.y, self.classes, columns)
        of = with_model, self.ratio, "beside", "cv"
        row = self._row(f"estimator beside {', '.join(known)}", *of, read_as="mixed")
        return [row | self._difference(with_model - alone, self.confidence_level)]

    def rows_of_site(self, own, cohort, site, random_state):
        """Rows of the model within a site, and of the site from each modality."""
        rows = []
        if own is not None:
            rows += self._rows_of_model_and_site(own, site)
        for modality in cohort.modalities:
            areas = areas_of_site(cohort, modality, site.codes, random_state)
            name, ratio = f"{site.name} from {modality}", 1 / (N_FOLDS - 1)
            rows.append(self._row(name, areas, ratio, "encoding", "all"))
        return rows

    def _rows_of_model_and_site(self, own, site):
        """Rows of the model within and between sites, and of what the site explains."""
        of = own.scores, self.y, self.classes, site.codes
        rows = [
            self._row(
                f"estimator {kind} {site.name}", area(*of), self.ratio, kind, "cv"
            )
            for kind, area in (("within", within), ("between", between))
        ]
        areas = permuted_within(*of)
        name = f"labels permuted within {site.name}"
        row = self._row(name, areas, self.ratio, "permuted", "cv")
        return [*rows, row | self._difference(own.areas - areas, self.confidence_level)]

    def _count(self, y, folds):
        """Tested patients of two classes, or None."""
        if len(self.classes) > 2:
            return None
        rows = np.unique(np.concatenate([fold.test for fold in folds]))
        n_positive = int(np.sum(y[rows] == self.classes[-1]))
        return PatientCounts(n_positive, len(rows) - n_positive)

    def _row(
        self, source, areas, ratio, kind, tested, *, level=None, counts=None, **more
    ):
        found = _mean_and_interval(
            areas,
            ratio,
            bounded=True,
            least_variance=least_variance("roc_auc", counts),
            confidence_level=level or self.confidence_level,
        )
        n_folds = int(np.sum(~np.isnan(areas)))
        cells = source, *found, n_folds, kind, tested, "", ""
        row = dict(zip(COLUMNS, cells, strict=True)) | dict.fromkeys(DIFFERENCE)
        return row | more

    def _difference(self, differences, level):
        """The columns of a difference of two areas on the same folds."""
        found = _mean_and_interval(differences, self.ratio, confidence_level=level)
        found = np.clip(found, -1.0, 1.0)  # no more can lie between two areas
        return dict(zip(DIFFERENCE, found, strict=True))


def _mean_and_interval(values, ratio, **options):
    """Mean of the folds, low and high; NaN of no fold, and of one for its interval."""
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan, np.nan
    return np.mean(values), *corrected_t_interval(values, ratio, **options)


class _Area:
    """The area as a metric of a fitted classifier."""

    def __init__(self, classes):
        self.classes = classes

    def __call__(self, fitted, X, y):
        return mean_one_against_rest(
            responses(fitted, X, self.classes), y, self.classes
        )


class _Responses:
    """Scores for each class, and whether they are probabilities."""

    def __init__(self, classes):
        self.classes = classes

    def __call__(self, model, X):
        is_proba = hasattr(model, "predict_proba")
        return responses(model, X, self.classes), is_proba
