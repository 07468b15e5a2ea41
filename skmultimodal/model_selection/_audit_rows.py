"""The rows of the shortcut audit."""

from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.cohort import Cohort
from skmultimodal.model_selection._audit_model import (
    FoldScores,
    area_of_folds,
    between,
    gain_over,
    permuted_within,
    within,
)
from skmultimodal.model_selection._audit_sites import N_FOLDS, areas_of_site
from skmultimodal.model_selection._audit_sources import covariate_predictor
from skmultimodal.model_selection._folds import run_folds
from skmultimodal.model_selection._intervals import corrected_t_interval
from skmultimodal.model_selection._metrics import least_variance
from skmultimodal.model_selection._score_table import score_table
from skmultimodal.model_selection._targets import Target

__all__ = ["Audit", "Model", "Site"]

INTERVAL = ["low", "high", "n_folds", "kind", "tested", "read_as", "trained_on"]
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
    """The target, what is to be ranked, and how intervals are made."""

    target: Target
    ranks: Any  # OfClasses or OfOrder
    ratio: float  # of test to training rows
    confidence_level: float
    n_jobs: Any

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return ["source", self.ranks.metric, *INTERVAL, *DIFFERENCE]

    def table(self, rows: Any) -> pd.DataFrame:
        """The audit as DataFrame."""
        table = pd.DataFrame(rows, columns=self.columns)
        return table.astype(dict.fromkeys(DIFFERENCE, float))

    def model(self, scores: Any) -> Model:
        """A Model of known out-of-fold scores."""
        return Model(scores, area_of_folds(scores, self.target.y, self.ranks))

    def run(
        self, name: str, estimator: Any, X: Any, y: Any, folds: Any, stage: Any
    ) -> Model:
        """A Model of an estimator that is fitted on the folds."""
        options = {"inspect": _Responses(self.ranks), "n_jobs": self.n_jobs}
        arms = [(name, estimator, folds)]
        scoring = _Areas(self.ranks)
        results = run_folds(arms, X, y, scoring, stage=stage, **options)
        scores = [FoldScores(fold, *found) for _, fold, _, found in results]
        return Model(scores, score_table(results)["score"].to_numpy())

    def row_of_source(self, source: Any, own: Any, stage: Any) -> dict[str, Any]:
        """The row of a source, of the better of its fits: on all or paired rows."""
        predictor = covariate_predictor(source.columns, self.ranks.predictor())
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

    def row_of_model(self, own: Any) -> dict[str, Any]:
        """The row of the model."""
        counts = self._count(self.target.y, [found.fold for found in own.scores])
        of = own.areas, self.ratio, "model", "cv"
        return self._row("estimator", *of, counts=counts)

    def rows_beside(self, own: Any, sources: Any, known: Any) -> list[Any]:
        """The row of the model together with known columns, if there are any."""
        columns = [source.columns for source in sources if source.name in known]
        if not columns:
            return []
        columns = pd.concat(columns, axis=1)
        with_model, alone = gain_over(own.scores, self.target, self.ranks, columns)
        of = with_model, self.ratio, "beside", "cv"
        row = self._row(f"estimator beside {', '.join(known)}", *of, read_as="mixed")
        return [row | self._difference(with_model - alone, self.confidence_level)]

    def rows_of_site(
        self, own: Any, cohort: Cohort, site: Any, random_state: Any
    ) -> list[Any]:
        """Rows of the model within a site, and of the site from each modality."""
        rows = []
        if own is not None:
            rows += self._rows_of_model_and_site(own, site)
        for modality in cohort.modalities:
            areas = areas_of_site(cohort, modality, site.codes, random_state)
            name, ratio = f"{site.name} from {modality}", 1 / (N_FOLDS - 1)
            rows.append(self._row(name, areas, ratio, "encoding", "all"))
        return rows

    def _rows_of_model_and_site(self, own: Any, site: Any) -> list[Any]:
        """Rows of the model within and between sites, and of what the site explains."""
        of = own.scores, self.target.y, self.ranks, site.codes
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

    def _count(self, y: Any, folds: Any) -> Any:
        """Tested patients of two classes, or None."""
        rows = np.unique(np.concatenate([fold.test for fold in folds]))
        return self.ranks.counts(y[rows])

    def _row(
        self,
        source: Any,
        areas: NDArray,
        ratio: float,
        kind: str,
        tested: Any,
        *,
        level: float | None = None,
        counts: Any = None,
        **more: Any,
    ) -> dict[str, Any]:
        found = _mean_and_interval(
            areas,
            ratio,
            bounded=True,
            least_variance=least_variance("roc_auc", counts),
            confidence_level=level or self.confidence_level,
        )
        n_folds = int(np.sum(~np.isnan(areas)))
        cells = source, *found, n_folds, kind, tested, "", "", *[None] * 3
        return dict(zip(self.columns, cells, strict=True)) | more

    def _difference(self, differences: Any, level: float) -> dict[str, Any]:
        """The columns of a difference of two areas on the same folds."""
        found = _mean_and_interval(differences, self.ratio, confidence_level=level)
        ends = np.clip(found, -1.0, 1.0)  # no more can lie between two areas
        return dict(zip(DIFFERENCE, ends, strict=True))


def _mean_and_interval(
    values: Any, ratio: float, **options: Any
) -> tuple[float, float, float]:
    """Mean of the folds, low and high; NaN of no fold, and of one for its interval."""
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan, np.nan
    return np.mean(values), *corrected_t_interval(values, ratio, **options)


class _Areas(NamedTuple):
    """The area, or concordance, as the metric of a fitted model."""

    ranks: Any

    def given(self, y: Any, fold: Any) -> Self:
        """The same after training on any fold."""
        return self

    def __call__(self, model: Any, X: Any, y: Any) -> dict[str, Any]:
        scores, _ = self.ranks.responses(model, X)
        return {self.ranks.metric: self.ranks.area(y, scores)}


class _Responses(NamedTuple):
    """Scores of a fitted model, and whether they are probabilities."""

    ranks: Any

    def __call__(self, model: Any, X: Any, y: Any) -> Any:
        return self.ranks.responses(model, X)
