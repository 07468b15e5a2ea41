"""The meta-estimator: towers on their own rows, a head on the paired rows."""

import warnings
from contextlib import contextmanager
from numbers import Integral
from os import PathLike

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin, is_classifier
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from skmultimodal.fusion._build import build_towers, inherit
from skmultimodal.fusion._cache import TowerCache
from skmultimodal.fusion._input import check_groups, check_labels, read_cohort
from skmultimodal.fusion._outputs import TowerOutputsMixin, final_has
from skmultimodal.fusion._params import TowerParamsMixin
from skmultimodal.fusion._routes import answer_routes
from skmultimodal.fusion._rows import (
    HEAD,
    TrainingData,
    modality_masks,
    refuse_empty_rows,
)
from skmultimodal.fusion._scaling import OutputScaler
from skmultimodal.fusion._tower import Tower
from skmultimodal.fusion._traits import searched, takes_nan
from skmultimodal.utils._labels import encode_labels
from skmultimodal.utils._probability import align_classes
from skmultimodal.utils._progress import Stage, announce, count_networks
from skmultimodal.utils._seed import draw_seeds
from skmultimodal.utils._sklearn import HasMethods, Interval, StrOptions, fit_context

__all__ = ["TwinTowerClassifier"]


@contextmanager
def _naming_warnings(whose):
    """Let warnings that pass the filters in force say whose they are."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            yield
    finally:
        for said in caught:
            try:
                told = said.category(f"{whose}: {said.message}")
            except TypeError:  # a warning that is made of other things than text
                told = said.message
            warnings.warn(told, stacklevel=4)


class TwinTowerClassifier(
    TowerParamsMixin, ClassifierMixin, TowerOutputsMixin, BaseEstimator
):
    """Classifier of patients of whom most have only one modality.

    Each tower learns from the rows that have its modality and not every other one.
    The towers are then frozen, and a final estimator learns from the paired rows, which
    have every modality, how to put together what the towers give: features, log-odds
    or both. Any row is predicted: by the final estimator if paired, else by the towers
    it has.

    Parameters
    ----------
    towers : list of (name, estimator) or (name, estimator, columns), default=None
        A tower is an estimator with ``transform`` (its features) or ``predict_proba``,
        a Pipeline for example; a `sklearn.frozen.FrozenEstimator` is a tower that is
        already trained. `name` is its modality, unless `columns` says otherwise: the
        name of a modality, or the columns of a DataFrame or 2-D array. None means
        ``[("image", ImageTowerClassifier()), ("gene", GeneAutoencoderTransformer())]``.
        A tower whose modality is absent is left out, with a warning.
    final_estimator : estimator, default=None
        Classifier of the towers' outputs. None means ``LogOpinionPoolClassifier()``,
        or ``FusionHeadClassifier()`` with ``tower_output="features"`` (the paper).
    tower_rows : {"unpaired", "all"}, default="unpaired"
        Rows a tower learns from: those that lack another modality (the paper), or
        all that have its own. With "all", log-odds of rows that train the final
        estimator are those of members that have not seen them; features cannot be,
        since each net has its own axes, so "both" leaves those that follow labels out.
    tower_output : {"auto", "features", "log_odds", "both"}, default="auto"
        What the final estimator reads: features of each tower (the paper), its
        calibrated log-odds, or both. "auto" is "both" for a `LogOpinionPoolClassifier`,
        the default, or a search over one, and "features" for any other.
    tower_cv : int, splitter or None, default=5
        With "log_odds" and "both", each tower becomes a `CrossFittedEnsembleClassifier`
        of so many members, fitted on folds of its rows. So does, in any case, a tower
        without features that is fitted on rows of the final estimator. None fits each
        tower once, and takes its log-odds as they are.
    missing : {"tower", "impute", "error"}, default="tower"
        How a row that is not paired is predicted. "tower": by the classifier of the
        tower it has, or a logistic regression on the features of one that has none;
        by their mean log-odds if it has several. "impute": by the final estimator,
        absent features at their mean. "error": not at all.
    memory : str, path or joblib.Memory, default=None
        Caches fitted towers and their features. The folder holds pickles: use one
        that only you can write to.
    n_jobs : int, default=None
        Towers fitted at the same time. None is one, in any joblib context.
    device : str or torch.device, default=None
        For towers and final estimator whose own `device` is None.
    random_state : int, RandomState instance or None, default=None
        For towers and final estimator whose own `random_state` is None.
    verbose : int, default=0
        1 prints what will be fitted, and shows a bar for each stage, or a line where
        standard error is no terminal; 2 does so for each network as well.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    towers_ : dict of str to estimator
        The fitted towers, ensembles where log-odds are read.
    scalers_ : dict of str to StandardScaler
        Of the features of each tower (of its log-odds, centred only, if those alone
        are read), fitted on the paired training rows.
    final_estimator_ : estimator
    class_counts_ : dict of str to ndarray of int, shape (n_classes + 1,)
        Rows of each class, and last those without a label, that each tower fitted here
        and ``"final_estimator"`` learned from.
    modalities_in_ : list of str
        Modalities of the data seen in ``fit``.
    n_features_in_ : int
        Only after a ``fit`` on one bare array.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Only after a ``fit`` on one bare DataFrame.

    See Also
    --------
    UnimodalClassifier : One modality of a cohort.
    LogOpinionPoolClassifier : The default final estimator.
    FusionHeadClassifier : The paper's final estimator.
    CrossFittedEnsembleClassifier : What a tower becomes.

    Notes
    -----
    With one modality in total, every row is paired, and tower and head learn from all
    rows. ``TwinTowerClassifier(tower_output="features")`` is the paper's architecture.

    References
    ----------
    Lyu & Costen (2025), A twin-tower model using MRI and gene for prediction on brain
    tumor patients' response to therapy, Bioinformatics Advances 5(1), vbaf041.

    Examples
    --------
    >>> from skmultimodal import TwinTowerClassifier
    >>> from skmultimodal.datasets import make_glioma_cohort
    >>> X, y = make_glioma_cohort(
    ...     30, 40, 20, n_genes=50, image_size=16, random_state=0, return_X_y=True
    ... )
    >>> model = TwinTowerClassifier(random_state=0).fit(X, y)
    >>> model.predict_route(X[[0, 30, 70]]).tolist()
    ['image', 'gene', 'head']
    >>> model.predict_proba(X).shape
    (90, 2)
    """

    _parameter_constraints: dict = {
        "towers": [list, tuple, None],
        "final_estimator": [HasMethods(["fit", "predict"]), None],
        "tower_rows": [StrOptions({"unpaired", "all"})],
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
        towers=None,
        final_estimator=None,
        *,
        tower_rows="unpaired",
        tower_output="auto",
        tower_cv=5,
        missing="tower",
        memory=None,
        n_jobs=None,
        device=None,
        random_state=None,
        verbose=0,
    ):
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

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, groups=None):
        """Fit towers, scalers and final estimator.

        Parameters
        ----------
        X : Cohort, dict of aligned arrays, DataFrame or array
            Rows are patients. A bare array is one modality: 2-D is "gene", 4-D "image".
        y : array-like of shape (n_rows,)
            Class labels; NaN or None marks an unlabelled row.
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
            If a row has no modality, a present row holds NaN or infinity, `y` has one
            class, or there are no paired rows or no rows for a tower.

        Warns
        -----
        MissingModalityWarning
            If a tower has no modality, or a modality no tower.
        UserWarning
            If what a tower gives of rows follows the labels of these very rows, or its
            log-odds cannot be calibrated, or its rows are of one group.
        """
        self._check_towers()
        if not is_classifier(self._final_estimator()):
            raise ValueError(
                "final_estimator must be a classifier, got "
                f"{type(self.final_estimator).__name__}."
            )
        cohort = read_cohort(self, X, reset=True, columns=self._columns())
        y = check_labels(y, len(cohort))
        groups = check_groups(groups, len(cohort))
        self.classes_, codes = encode_labels(y, allow_unlabelled=True)
        n_seeds = 1 + len(self._resolved_towers())
        # The head's comes first, so that one tower more changes no other seed.
        seed, *seeds = draw_seeds(self.random_state, n_seeds)
        towers = build_towers(
            self._resolved_towers(),
            cohort,
            seeds,
            kind=self._output_kind(),
            cv=self.tower_cv,
            device=self.device,
            verbose=self.verbose,
        )
        has = modality_masks(cohort, towers)
        refuse_empty_rows(cohort, has)
        paired = np.all(list(has.values()), axis=0)
        data = TrainingData(cohort, y, self.classes_, codes, paired, groups)
        data.check(has)
        cache = TowerCache(self.memory)
        single = len({tower.modality for tower in towers}) == 1
        tower_rows = "all" if single else self.tower_rows
        rows = [tower.training_rows(data, tower_rows) for tower in towers]
        seen = tower_rows == "all"
        self._announce(towers, rows, seen, data)
        self._towers = self._fit_towers(towers, data, rows, seen, cache)
        self.towers_ = {tower.name: tower.estimator for tower in self._towers}
        self.class_counts_ = {
            tower.name: data.count_classes(mask)
            for tower, mask in zip(towers, rows, strict=True)
            if not tower.frozen
        }
        self.class_counts_["final_estimator"] = data.count_classes(data.train)
        outputs = {
            tower.name: self._training_output(tower, data, mask, seen, cache)
            for tower, mask in zip(self._towers, rows, strict=True)
        }
        self._fit_head(outputs, data, seed)
        return self

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        check_is_fitted(self)
        cohort, route = self._read_routed(X)
        predicted = np.empty(len(cohort), dtype=self.classes_.dtype)
        by_head = route == HEAD
        if by_head.any():
            features = self._features(cohort[by_head], fill=0)
            predicted[by_head] = self.final_estimator_.predict(features)
        cache = TowerCache(self.memory)
        for rows, probabilities in answer_routes(self._towers, cohort, route, cache):
            predicted[rows] = self.classes_[probabilities.argmax(axis=1)]
        return predicted

    @available_if(final_has("predict_proba"))
    def predict_proba(self, X):
        """Predict class probabilities.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)

        Raises
        ------
        ValueError
            If a row has no modality, a modality was never fitted, or rows that are not
            paired meet ``missing="error"``.
        """
        check_is_fitted(self)
        cohort, route = self._read_routed(X)
        cache = TowerCache(self.memory)
        answers = list(answer_routes(self._towers, cohort, route, cache))
        by_head = route == HEAD
        if by_head.any():
            features = self._features(cohort[by_head], fill=0)
            p = self.final_estimator_.predict_proba(features)
            known = self.final_estimator_.classes_
            answers.append((by_head, align_classes(p, known, self.classes_)))
        dtype = np.result_type(*(p.dtype for _, p in answers))
        probabilities = np.empty((len(cohort), len(self.classes_)), dtype)
        for rows, p in answers:
            probabilities[rows] = p
        return probabilities

    # Fitting

    def _fit_towers(self, towers, data, rows, seen, cache):
        options = seen, len(towers), cache
        tasks = list(zip(towers, rows, strict=True))
        if self.n_jobs is None:
            # Parallel would ask the backend around it, and inside a search on Dask send
            # the rows of each fold once more.
            return [self._fit_tower(tower, data, m, *options) for tower, m in tasks]
        fit = delayed(self._fit_tower)
        return Parallel(n_jobs=self.n_jobs)(
            fit(tower, data, mask, *options) for tower, mask in tasks
        )

    def _count_networks(self):
        kind, seen = self._output_kind(), self.tower_rows == "all"
        towers = [
            Tower(name, modality, estimator, kind=kind, cv=self.tower_cv)
            for name, estimator, modality in self._resolved_towers()
        ]
        n_networks = sum(tower.count_networks(seen) for tower in towers)
        return n_networks + count_networks(self._final_estimator())

    def _announce(self, towers, rows, seen, data):
        """Show what is about to be fitted."""
        counts = [tower.count_networks(seen) for tower in towers]
        n_networks = sum(counts) + count_networks(self._final_estimator())
        parts = [
            f"{n} for tower {tower.name!r} on {mask.sum()} rows"
            for n, tower, mask in zip(counts, towers, rows, strict=True)
        ]
        announce(
            f"[{type(self).__name__}] {n_networks} networks: {', '.join(parts)}; then "
            f"the final estimator on {data.train.sum()} paired rows",
            self.verbose,
        )

    def _stage(self, name, n_networks):
        name = f"[{type(self).__name__}] {name}"
        return Stage(name, n_networks or None, "network", self.verbose)

    def _fit_tower(self, tower, data, rows, seen, n_towers, cache):
        with (
            _naming_warnings(f"tower {tower.name!r}, {rows.sum()} rows"),
            self._stage(f"tower {tower.name!r}", tower.count_networks(seen)) as stage,
        ):
            tower.fit(data, rows, cache, seen=seen)
            answers_alone = self.missing == "tower" and n_towers > 1
            if answers_alone or tower.speaks_odds:
                tower.fit_head(data, rows, cache, seen=seen)
            if cache.active and stage.n_done < (stage.total or 0):
                stage.remark("the others found in memory")
        return tower

    def _training_output(self, tower, data, rows, seen, cache):
        """Outputs of a tower for the labelled paired rows."""
        outputs = tower.training_output(data, rows, seen, cache)
        if seen and self.tower_rows == "all":
            tower.warn_of_seen_labels()
        return outputs

    def _fit_head(self, outputs, data, seed):
        head = inherit(
            self._final_estimator(),
            seed=seed,
            device=self.device,
            verbose=self.verbose,
        )
        self._scaler = OutputScaler(outputs)
        self.scalers_ = self._scaler.scalers
        parts = [(name, slice(None), out) for name, out in outputs.items()]
        Z = self._scaler.join(parts, int(data.train.sum()))
        labels = self.classes_[data.codes[data.train]]
        spans = {
            "modalities": self._scaler.spans,
            "log_odds": self._scaler.odds_spans,
        }
        read = searched(head)
        known = {n: s for n, s in spans.items() if has_fit_parameter(read, n)}
        with self._stage("final estimator", count_networks(head)):
            self.final_estimator_ = head.fit(Z, labels, **known)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        towers = self._named_towers().values()
        tags.input_tags.allow_nan = all(takes_nan(tower) for tower in towers)
        # Outputs of the towers are joined in the type that the default towers give.
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
