"""The meta-estimator: towers on the rows of their modality, a final estimator on top.

``fit`` reads the cohort (`_inputs`), plans which rows train what (`_rows`), fits the
towers (`_towers`), and fits the final estimator on their scaled outputs (`_outputs`).
What depends on the kind of target is in an outcome (`towers._outcomes`).
"""

from collections.abc import Callable
from numbers import Integral
from os import PathLike
from typing import Any, Self

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from skmultimodal.cohort import Cohort
from skmultimodal.fusion._cache import TowerCache
from skmultimodal.fusion._inputs import (
    AlignedInputMixin,
    TowerInput,
    read_cohort,
    see_rows,
    takes_nan,
)
from skmultimodal.fusion._outputs import (
    Output,
    TowerOutputs,
    fit_scalers,
    join_outputs,
    reads_partial_rows,
    searched,
    wanted_outputs,
)
from skmultimodal.fusion._params import (
    PartsAsParameters,
    check_towers,
    inherit,
    list_towers,
    table_columns,
    towers_with_data,
)
from skmultimodal.fusion._plans import TowerPlan, announce_fit
from skmultimodal.fusion._rows import (
    Routes,
    TrainingData,
    choose_rows,
    modality_masks,
    refuse_empty_rows,
)
from skmultimodal.fusion._towers import (
    FittedTower,
    fit_tower,
    warn_of_seen_labels,
    warn_of_unused_weights,
)
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._groups import check_groups
from skmultimodal.utils._parts import bound_to_memory
from skmultimodal.utils._progress import Stage, count_networks
from skmultimodal.utils._seed import draw_seeds
from skmultimodal.utils._sklearn import (
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    parts_block,
)
from skmultimodal.utils._warnings import prefixed_warnings
from skmultimodal.utils._weights import (
    check_sample_weight,
    drop_unweighted,
    fit_weighted,
    part_of,
)

__all__ = ["BaseTwinTower", "final_has"]


def final_has(method: str) -> Callable[..., Any]:
    """Check, for ``available_if``, that the final estimator has a method."""

    def check(self: Any) -> bool:
        fitted = getattr(self, "final_estimator_", None)
        return hasattr(self._final_estimator() if fitted is None else fitted, method)

    return check


class BaseTwinTower(AlignedInputMixin, TransformerMixin, PartsAsParameters):
    """Towers and a final estimator on their outputs, for any outcome.

    A subclass has the mixin of its kind of estimator, and names in ``_outcome_type``
    the outcome that it predicts. Parameters and attributes are those of
    `TwinTowerClassifier`.
    """

    _parameter_constraints: dict = {
        "towers": [list, tuple, None],
        "final_estimator": [HasMethods(["fit", "predict"]), None],
        "tower_rows": [StrOptions({"auto", "unpaired", "all"})],
        "tower_output": [StrOptions({"auto", "features", "log_odds", "both"})],
        "tower_cv": [
            Interval(Integral, 2, None, closed="left"),
            HasMethods(["split", "get_n_splits"]),
            None,
        ],
        "missing": [StrOptions({"tower", "impute", "error"})],
        "memory": [str, PathLike, HasMethods(["cache"]), None],
        "n_jobs": [Integral, None],
        "device": "no_validation",
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        towers: Any = None,
        final_estimator: Any = None,
        *,
        tower_rows: str = "auto",
        tower_output: Any = "auto",
        tower_cv: Any = 5,
        missing: str = "tower",
        memory: Any = None,
        n_jobs: int | None = None,
        device: Any = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.towers = towers
        self.final_estimator = final_estimator
        self.tower_rows = tower_rows
        self.tower_output = tower_output
        self.tower_cv = tower_cv
        self.missing = missing
        self.memory = memory
        self.n_jobs = n_jobs
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    # Fitting

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit towers, scalers and final estimator.

        Parameters
        ----------
        X : Cohort, dict of aligned arrays, DataFrame or array
            Rows are patients. A bare array is one modality: 2-D is "gene", 4-D "image".
        y : array-like of shape (n_rows,)
            Class labels, numbers, or times to an event as of ``make_survival_target``;
            NaN or None marks an unlabelled row.
        groups : array-like of shape (n_rows,), default=None
            Rows that a cross-fitted tower holds out together, such as those of a
            hospital: its log-odds then count as far as they hold in another hospital.
            A search or cross-validation passes them on after
            ``set_fit_request(groups=True)``.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a row has no modality, a present row holds NaN or infinity, labelled rows
            all have the same `y`, there are no rows for a tower, or the final estimator
            needs paired rows and there are none.

        Warns
        -----
        MissingModalityWarning
            If a tower has no modality, or a modality no tower.
        UserWarning
            If outputs of a tower follow the labels of the rows that they are of, its
            log-odds cannot be calibrated, its rows are of one group, or no labelled row
            has two modalities.
        """
        return self._fit(X, y, groups)

    def _fit(self, X: Any, y: Any, groups: Any, weights: Any = None) -> Self:
        taken = ["head", *super().get_params(deep=False)]
        check_towers(self.towers, taken, self._outcome_type.method)
        self._check_final_estimator()
        rows = self._read_rows(X, y, groups, weights)
        cohort = rows["cohort"]
        resolved = list_towers(self.towers, cohort, self._outcome_type)
        # The final estimator's comes first, so that an added tower changes no other.
        seed, *seeds = draw_seeds(self.random_state, 1 + len(resolved))
        towers = towers_with_data(resolved, seeds, cohort)
        has = modality_masks(cohort, {name: m for name, _, m, _ in towers})
        refuse_empty_rows(cohort, has)
        partial = reads_partial_rows(self._final_estimator())
        data = TrainingData(**rows, has=has, partial=partial)
        data.check()
        single = len({modality for *_, modality, _ in towers}) == 1
        wanted = wanted_outputs(self.tower_output, self._final_estimator())
        unbiased = Output.LOG_ODDS in wanted and self.tower_cv is not None
        choice = choose_rows(self.tower_rows, single, partial and unbiased)
        plans = [self._plan_tower(n, e, m, s, data, choice) for n, e, m, s in towers]
        for plan in plans:
            plan.inputs.check(cohort)
        name, final = type(self).__name__, self._final_estimator()
        announce_fit(name, plans, final, data, self.verbose)
        if data.weights is not None:
            warn_of_unused_weights(plans, final)
        fitted, outputs = zip(*self._fit_towers(plans, data), strict=True)
        if self.tower_rows == "all" or not single:
            for plan, tower in zip(plans, fitted, strict=True):
                warn_of_seen_labels(plan, tower, data)
        data.outcome.record(self)
        self._keep_towers(fitted)
        learned = {plan.name: plan.rows for plan in plans if not plan.frozen}
        self.class_counts_ = {
            name: data.outcome.count(data.codes[rows])
            for name, rows in (learned | {"final_estimator": data.fused}).items()
        }
        self._fit_final(dict(zip(self.towers_, outputs, strict=True)), data, seed)
        return self

    def _read_rows(self, X: Any, y: Any, groups: Any, weights: Any) -> dict[str, Any]:
        """The rows that train, with targets, groups and weights: dict."""
        cohort = read_cohort(self, X, reset=True, columns=table_columns(self.towers))
        joined = join_rows(X, cohort, y=y, groups=groups, sample_weight=weights)
        y, groups, weights = joined
        outcome, y, codes = self._outcome_type.read(y, len(cohort))
        groups = check_groups(groups, len(cohort))
        weights = check_sample_weight(weights, len(cohort))
        if weights is not None:
            cohort, y, weights, groups = drop_unweighted(cohort, y, weights, groups)
            outcome, y, codes = self._outcome_type.encode(y)
            see_rows(self, cohort)
        rows = {"cohort": cohort, "y": y, "outcome": outcome, "codes": codes}
        return rows | {"groups": groups, "weights": weights}

    def _plan_tower(
        self,
        name: str,
        estimator: Any,
        modality: str,
        seed: Any,
        data: Any,
        choice: Any,
    ) -> TowerPlan:
        """What a tower is fitted on; `choice` as `tower_rows`."""
        options = {"seed": seed, "device": self.device, "verbose": self.verbose}
        estimator = inherit(estimator, **options)
        rows = data.tower_rows(name, modality, estimator, choice)
        return TowerPlan(
            name,
            estimator,
            TowerInput.of(estimator, data.cohort, self._seen[modality]),
            rows,
            sees_fused=(rows & data.fused).any(),
            wanted=wanted_outputs(self.tower_output, self._final_estimator()),
            cv=self.tower_cv,
            seed=seed,
        )

    def _fit_towers(self, plans: Any, data: Any) -> list[Any]:
        """Pairs of a FittedTower and what the final estimator is given of it."""
        cache = TowerCache(self.memory)
        # A tower that predicts rows without the final estimator needs classes.
        alone = self.missing == "tower" and len(plans) > 1
        if self.n_jobs is None:
            # Parallel would ask the backend around it, and inside a search on Dask send
            # the rows of each fold once more.
            return [self._fit_tower(plan, data, cache, alone) for plan in plans]
        fit = delayed(self._fit_tower)
        return Parallel(n_jobs=self.n_jobs)(
            fit(plan, data, cache, alone) for plan in plans
        )

    def _fit_tower(
        self, plan: Any, data: Any, cache: Any, alone: bool
    ) -> tuple[FittedTower, TowerOutputs]:
        n_networks = plan.count_networks()
        with (
            prefixed_warnings(f"tower {plan.name!r}, {plan.rows.sum()} rows"),
            self._stage(f"tower {plan.name!r}", n_networks) as stage,
        ):
            fitted = fit_tower(plan, data, cache, predicts_alone=alone)
            if cache.active and stage.n_done < n_networks:
                stage.remark("the others found in memory")
        return fitted

    def _keep_towers(self, fitted: Any) -> None:
        """Make the fitted towers the state of the model."""
        self.towers_ = {tower.name: tower.estimator for tower in fitted}
        self.tower_heads_ = {
            tower.name: tower.head for tower in fitted if tower.head is not None
        }
        self._inputs = {tower.name: tower.inputs for tower in fitted}
        # Beside each key its estimator: one that replaces it has no key.
        self._keys = {tower.name: (tower.estimator, tower.key) for tower in fitted}

    def _fit_final(self, outputs: Any, data: Any, seed: Any) -> tuple[Any, Any]:
        options = {"seed": seed, "device": self.device, "verbose": self.verbose}
        head = inherit(self._final_estimator(), **options)
        weights = part_of(data.weights, data.train)
        self.scalers_, self._spans = fit_scalers(outputs, weights)
        parts = [(name, slice(None), given.parts) for name, given in outputs.items()]
        Z = join_outputs(self.scalers_, self._spans, parts, data.train.sum())
        for name, span in self._spans.items():
            if data.partial and outputs[name].biased:
                Z[:, span.features] = np.nan
        spans = {
            "modalities": {name: span.all for name, span in self._spans.items()},
            "log_odds": {n: s.odds for n, s in self._spans.items() if s.n_odds},
        }
        takes = searched(head)
        known = {n: s for n, s in spans.items() if has_fit_parameter(takes, n)}
        labels = data.outcome.targets(data.y[data.train], data.codes[data.train])
        with self._stage("final estimator", count_networks(head)):
            self.final_estimator_ = fit_weighted(head, Z, labels, weights, **known)
        return Z, labels

    def _stage(self, name: str, n_networks: int) -> Stage:
        name = f"[{type(self).__name__}] {name}"
        return Stage(name, n_networks or None, "network", self.verbose)

    # Predicting

    def predict_route(self, X: Any) -> NDArray:
        """Find out how each row is predicted.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        route : ndarray of str, shape (n_rows,)
            ``"head"`` for the final estimator, else the names of the towers that
            predict the row, such as ``"image"`` or ``"image+gene"``.
        """
        return self._read_routed(X)[1].labels()

    def transform(self, X: Any) -> NDArray:
        """Compute the features of the towers.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        Z : ndarray of float32, shape (n_rows, n_outputs)
            Standardised features of each tower, or its centred log-odds if the final
            estimator reads those alone; NaN where a modality is absent.
        """
        check_is_fitted(self)
        cohort = read_cohort(self, X, reset=False, columns=table_columns(self.towers))
        refuse_empty_rows(cohort, self._has(cohort))
        Z = self._features(cohort, fill=np.nan)
        return np.hstack([Z[:, span.shown] for span in self._spans.values()])

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Name the columns of ``transform``.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of str, shape (n_outputs,)
            The name of the tower and a number: ``image0``, ``image1``, ...
        """
        check_is_fitted(self)
        names = [
            f"{name}{number}"
            for name, span in self._spans.items()
            for number in range(span.n_features or span.n_odds)
        ]
        return np.array(names, dtype=object)

    @property
    def _outcome(self) -> Any:
        return self._outcome_type.recorded(self)

    def _fitted_towers(self) -> list[Any]:
        """List of FittedTower."""
        towers = []
        for name, estimator in self.towers_.items():
            fitted, key = self._keys[name]
            towers.append(
                FittedTower(
                    name,
                    self._inputs[name],
                    estimator,
                    key if estimator is fitted else None,
                    self._spans[name].holds,
                    self.tower_heads_.get(name),
                )
            )
        return towers

    def _has(self, cohort: Cohort) -> dict[str, NDArray]:
        modalities = {name: inputs.modality for name, inputs in self._inputs.items()}
        return modality_masks(cohort, modalities)

    def _read_routed(self, X: Any) -> tuple[Any, Any]:
        """`X` as a cohort, and the routes of its rows."""
        check_is_fitted(self)
        cohort = read_cohort(self, X, reset=False, columns=table_columns(self.towers))
        has = self._has(cohort)
        refuse_empty_rows(cohort, has)
        return cohort, Routes.plan(cohort, has, self.missing, self._partial)

    @property
    def _partial(self) -> bool:
        return reads_partial_rows(self.final_estimator_)

    def _features(self, cohort: Cohort, fill: Any = None) -> NDArray:
        """What the final estimator reads; `fill` where a modality is absent.

        By default that is NaN if it reads it so, and else 0, the mean.
        """
        if fill is None:
            fill = np.nan if self._partial else 0
        codes = self._outcome.known_to(self.final_estimator_)
        options = self._outcome, codes, TowerCache(self.memory)
        has = self._has(cohort)
        parts = [
            (tower.name, rows, tower.outputs(cohort[rows], *options))
            for tower in self._fitted_towers()
            if (rows := has[tower.name]).any()
        ]
        return join_outputs(self.scalers_, self._spans, parts, len(cohort), fill)

    def _sk_visual_block_(self) -> Any:
        final = getattr(self, "final_estimator_", self._final_estimator())
        parts = {"final_estimator": final}
        return parts_block(getattr(self, "towers_", dict(self._named_towers)) | parts)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # By default, a modality with blank cells has a tower that imputes them.
        given = self._named_towers if self.towers is not None else []
        tags.input_tags.allow_nan = all(takes_nan(e) for _, e in given)
        # Outputs of the towers are joined in the type that the default towers give.
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


@bound_to_memory.register
def _(estimator: BaseTwinTower) -> Any:
    keys = getattr(estimator, "_keys", None)
    return {} if keys is None else {"_keys": dict.fromkeys(keys, (None, None))}


@count_networks.register
def _(estimator: BaseTwinTower) -> Any:
    wanted = wanted_outputs(estimator.tower_output, estimator._final_estimator())
    seen = estimator.tower_rows == "all"
    unread: Any = None
    plans = [
        TowerPlan(name, tower, unread, None, seen, wanted, estimator.tower_cv)
        for name, tower, _ in list_towers(
            estimator.towers, outcome_type=estimator._outcome_type
        )
    ]
    n_networks = sum(plan.count_networks() for plan in plans)
    return n_networks + count_networks(estimator._final_estimator())
