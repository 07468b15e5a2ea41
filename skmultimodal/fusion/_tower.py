"""One tower inside a meta-estimator: its rows, its fit, what it says of a patient."""

import warnings
from numbers import Integral

import joblib
import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import has_fit_parameter

from skmultimodal.fusion._scaling import FEATURES, LOG_ODDS
from skmultimodal.fusion._traits import follows_labels, takes_nan
from skmultimodal.towers import CrossFittedEnsembleClassifier
from skmultimodal.towers._members import feature_head
from skmultimodal.utils._probability import align_classes, log_odds
from skmultimodal.utils._progress import count_networks
from skmultimodal.utils._rows import is_lazy
from skmultimodal.utils._validation import find_bad_row

__all__ = ["Tower"]


class Tower:
    """A tower and the head that turns its features into classes, if it needs one.

    Parameters
    ----------
    name : str
    modality : str
    estimator : estimator
        Has ``transform`` or ``predict_proba``; fitted by ``fit`` unless frozen.
    kind : {"features", "log_odds", "both"}, default="features"
        What a final estimator reads of it. A tower without features gives log-odds.
    cv : int, splitter or None, default=None
        Folds of the `CrossFittedEnsembleClassifier` that the estimator becomes where
        its log-odds are read. None leaves it as it is.
    seed : int or None, default=None
        Shuffles these folds.
    """

    def __init__(self, name, modality, estimator, *, kind=FEATURES, cv=None, seed=None):
        self.name = name
        self.modality = modality
        self.estimator = estimator
        self.kind = kind
        self.cv = cv
        self.seed = seed
        self.head = None
        self.key = None

    @property
    def frozen(self):
        return isinstance(self.estimator, FrozenEstimator)

    @property
    def cross_fitted(self):
        return isinstance(self.estimator, CrossFittedEnsembleClassifier)

    @property
    def held_out_by_head(self):
        return isinstance(self.head, CrossFittedEnsembleClassifier)

    @property
    def gives_features(self):
        return hasattr(self.estimator, "transform")

    @property
    def gives_classes(self):
        return hasattr(self.estimator, "predict_proba")

    @property
    def reads_labels(self):
        """Whether the features follow the labels of the rows fitted on."""
        inner = self.estimator.estimators_[0] if self.cross_fitted else self.estimator
        parts = [inner, *inner.get_params(deep=True).values()]
        return any(follows_labels(part) for part in parts if hasattr(part, "fit"))

    @property
    def speaks_odds(self):
        """Whether a final estimator reads log-odds of it."""
        return self.kind != FEATURES or not self.gives_features

    def count_networks(self, seen):
        """Number of networks that ``fit`` trains, if none is found in a cache."""
        n_networks = count_networks(self.estimator)
        if self.cross_fitted or not self._is_cross_fitted(seen):
            return n_networks
        n_folds = self.cv if isinstance(self.cv, Integral) else self.cv.get_n_splits()
        return n_folds * n_networks

    def warn_of_seen_labels(self):
        """Warn if outputs of rows follow the labels of these very rows."""
        by_head = self.kind != FEATURES and self.head is not None
        learnt = by_head or (self.reads_labels and not self.frozen)
        if learnt and not (self.cross_fitted or self.held_out_by_head):
            warnings.warn(
                f"tower {self.name!r} learnt the labels of the paired rows whose "
                "outputs train the final estimator, which will trust them too much; "
                "tower_output='log_odds' with a tower_cv is cross-fitted.",
                stacklevel=6,
            )

    # Fitting

    def training_rows(self, data, tower_rows):
        """Mask of the rows to fit on.

        Parameters
        ----------
        data : TrainingData
        tower_rows : {"unpaired", "all"}

        Raises
        ------
        ValueError
            If no row is left.
        """
        has = data.cohort.has(self.modality)
        rows = has if tower_rows == "all" else has & ~data.paired
        if self.frozen:
            return rows
        if not rows.any():
            raise ValueError(
                f"tower {self.name!r} has no unpaired row to learn from: all "
                f"{has.sum()} rows with modality {self.modality!r} have every "
                "modality. tower_rows='all' trains it on all of them."
            )
        if getattr(self.estimator, "uses_unlabelled_rows", False):
            return rows
        if not (rows & data.labelled).any():
            raise ValueError(
                f"tower {self.name!r} needs labels, and none of its {rows.sum()} "
                f"{tower_rows} rows has one."
            )
        return rows & data.labelled

    def fit(self, data, rows, cache, *, seen=False):
        """Fit on the rows of mask `rows`; `seen` if rows of the head are among them."""
        self.classes = data.classes
        # The final estimator reads the log-odds of the classes that it learns.
        self.fused = np.unique(data.codes[data.train])
        self.feature_names = data.cohort.feature_names(self.modality)
        self.row_shape = data.cohort.block_shape(self.modality)[1:]
        if self.frozen:
            self._check_frozen()
            self.key = joblib.hash(self.estimator) if cache.active else None
            return self
        codes = data.codes[rows]
        # Without gaps the labels have a type that every classifier takes.
        labels = data.y[rows] if (codes < 0).any() else data.classes[codes]
        one_class = len(np.unique(codes[codes >= 0])) < 2
        if is_classifier(self.estimator) and one_class:
            label = np.asarray(labels).tolist()[0]
            raise ValueError(
                f"tower {self.name!r} is a classifier, and its {rows.sum()} labelled "
                f"rows are of one class, {label!r}: tower_rows='all' adds the "
                "paired rows."
            )
        # Rows of one class cannot say how good an unsupervised tower is; a head will.
        if self._is_cross_fitted(seen) and not one_class and not self.cross_fitted:
            self._cross_fit()
        cohort = data.cohort[rows]
        self.estimator, self.key = cache.fit(
            self.estimator,
            cohort,
            self.modality,
            self.read,
            labels,
            **self._fit_options(data, rows),
        )
        return self

    def _fit_options(self, data, rows):
        """Groups of the rows, if the estimator holds out rows at all."""
        if not has_fit_parameter(self.estimator, "groups"):
            return {}
        if data.groups is None:
            # A row that is there twice, as after a bootstrap, is not held out by half.
            places = data.cohort[rows].positions(self.modality)
            twice = len(np.unique(places)) < len(places)
            return {"groups": places} if twice else {}
        groups = data.groups[rows]
        if len(np.unique(groups[data.codes[rows] >= 0].astype(str))) < 2:
            warnings.warn(
                f"tower {self.name!r} cannot hold out groups: its {rows.sum()} rows "
                "are of one, so its folds ignore them.",
                stacklevel=6,
            )
            return {}
        return {"groups": groups}

    def _is_cross_fitted(self, seen):
        """Whether ``fit`` makes the estimator an ensemble, as far as rows allow."""
        speaks_odds = self.kind != FEATURES or (seen and not self.gives_features)
        return speaks_odds and self.cv is not None

    def _cross_fit(self):
        seed = self.estimator.get_params(deep=False).get("random_state", self.seed)
        self.estimator = CrossFittedEnsembleClassifier(
            self.estimator, cv=self.cv, random_state=seed
        )

    def _check_frozen(self):
        if hasattr(self.estimator, "feature_names_in_"):
            self.feature_names = list(self.estimator.feature_names_in_)
        if not self.gives_classes:
            return
        other = [c for c in self.estimator.classes_ if c not in self.classes]
        if other:
            raise ValueError(
                f"frozen tower {self.name!r} knows class {other[0]!r}, which no label "
                f"is: the classes are {self.classes.tolist()}."
            )

    def fit_head(self, data, rows, cache, *, seen=False):
        """Give a tower without classes a logistic regression on its features.

        Parameters
        ----------
        data : TrainingData
        rows : ndarray of bool, shape (n_rows,)
            Rows of the tower; the labelled ones teach the head, and the paired ones as
            well where those show one class only.
        cache : TowerCache
        seen : bool
            Whether rows that the final estimator learns from are among them. What the
            head says of such a row is then cross-fitted.
        """
        if self.gives_classes:
            return self
        rows = rows & data.labelled
        if len(np.unique(data.codes[rows])) < 2:
            rows, seen = rows | data.train, True
        features = self.run(data.cohort[rows], "transform", cache)
        self.head, self.head_rows = feature_head(), rows
        if seen and self.speaks_odds and self.cv is not None:
            self.head = CrossFittedEnsembleClassifier(
                self.head, cv=self.cv, random_state=self.seed
            )
        self.head.fit(features, data.codes[rows])
        return self

    def training_output(self, data, rows, seen, cache):
        """Output for the labelled paired rows, from which the final estimator learns.

        Parameters
        ----------
        data : TrainingData
        rows : ndarray of bool, shape (n_rows,)
            Rows that the tower was fitted on.
        seen : bool
            Whether the paired rows are among them.
        cache : TowerCache

        Returns
        -------
        outputs : dict of str to ndarray of shape (n_train, n_outputs)
            As of ``output``.
        """
        told = None
        if seen and self.cross_fitted:
            told = self.estimator
        elif self.held_out_by_head:
            told, rows = self.head, self.head_rows
        if told is None:
            return self.output(data.cohort[data.train], cache)
        if self.reads_labels and self.kind == "both":
            # Features of these rows follow their labels, and only log-odds are
            # cross-fitted.
            self.kind = LOG_ODDS
        outputs = {}
        if self.kind == "both":
            outputs = self.output(data.cohort[data.train], cache)
        place = np.cumsum(rows)[data.train] - 1
        held_out = told.held_out_proba(place)
        if told is self.head:
            held_out = self._of_head(held_out)
        else:
            held_out = align_classes(held_out, told.classes_, self.classes)
        outputs[LOG_ODDS] = log_odds(held_out[:, self.fused])
        return outputs

    # Answering

    def output(self, cohort, cache):
        """What the final estimator reads of rows that all have the modality.

        Parameters
        ----------
        cohort : Cohort
        cache : TowerCache

        Returns
        -------
        outputs : dict of str to ndarray of shape (n_rows, n_outputs)
            ``"features"``, ``"log_odds"`` or both.
        """
        outputs = {}
        if self.kind != LOG_ODDS and self.gives_features:
            outputs[FEATURES] = self.run(cohort, "transform", cache)
        if self.speaks_odds:
            said = self.probabilities(cohort, cache)
            outputs[LOG_ODDS] = log_odds(said[:, self.fused])
        return outputs

    def probabilities(self, cohort, cache):
        """Class probabilities: (n_rows, n_classes of the parent)."""
        if self.head is not None:
            features = self.run(cohort, "transform", cache)
            return self._of_head(self.head.predict_proba(features))
        p = self.run(cohort, "predict_proba", cache)
        return align_classes(p, self.estimator.classes_, self.classes)

    def _of_head(self, probabilities):
        """Probabilities of the parent's classes; the head knows them by number."""
        known = self.classes[self.head.classes_]
        return align_classes(probabilities, known, self.classes)

    def run(self, cohort, method, cache):
        """Output of a method for the rows of `cohort`, which all have the modality."""
        return cache.run(
            self.estimator, self.key, cohort, self.modality, method, self.read
        )

    def read(self, cohort):
        """Rows of the modality, with the features of ``fit``, no NaN, no infinity.

        NaN is left to an estimator whose tags allow it.
        """
        rows = self._match_features(cohort)
        if is_lazy(rows):
            return rows
        if takes_nan(self.estimator):
            return self._with_names(rows)
        bad = find_bad_row(rows)
        if bad is not None:
            patient = cohort.index[cohort.has(self.modality)].tolist()[bad]
            raise ValueError(
                f"Input X contains NaN or infinity in row {patient!r} of modality "
                f"{self.modality!r}: fill it, or make the whole row NaN if the patient "
                "lacks the modality."
            )
        return self._with_names(rows)

    def _with_names(self, rows):
        """A frozen estimator may have been fitted on a table, whose names it checks."""
        if not (self.frozen and hasattr(self.estimator, "feature_names_in_")):
            return rows
        return pd.DataFrame(rows, columns=self.feature_names)

    def _match_features(self, cohort):
        rows = cohort.block(self.modality)
        names = cohort.feature_names(self.modality)
        if None not in (names, self.feature_names) and names != self.feature_names:
            return np.asarray(rows)[:, self._feature_places(names)]
        if tuple(rows.shape[1:]) != tuple(self.row_shape):
            raise ValueError(
                f"modality {self.modality!r} has rows of shape "
                f"{tuple(rows.shape[1:])}, but the tower was fitted on "
                f"{tuple(self.row_shape)}."
            )
        return rows

    def _feature_places(self, names):
        """Where the features of ``fit`` are in `names`."""
        place = {name: i for i, name in enumerate(names)}
        absent = [name for name in self.feature_names if name not in place]
        extra = [name for name in names if name not in set(self.feature_names)]
        if absent or extra:
            told = f"lacks {absent[0]!r}" if absent else f"has {extra[0]!r} in addition"
            raise ValueError(
                f"modality {self.modality!r} has not the features of fit: it {told} "
                f"({len(absent)} lacking, {len(extra)} additional)."
            )
        return [place[name] for name in self.feature_names]
