"""Harmonisation of sites, which learns on the rows of ``fit`` only."""

from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skmultimodal.cohort import Cohort
from skmultimodal.preprocessing._combat import fit_site_model
from skmultimodal.preprocessing._site_rows import (
    ONLY,
    CohortLayout,
    TableLayout,
    listed,
)
from skmultimodal.preprocessing._sites import (
    Covariates,
    check_confounding,
    warn_of_discrete,
    warn_of_few_rows,
    warn_of_unseen,
)
from skmultimodal.utils._sklearn import Interval, StrOptions, fit_context
from skmultimodal.utils._tables import ReadsColumns

__all__ = ["SiteHarmonizer"]


def _of_columns(harmonizer: Any) -> bool:
    return not isinstance(getattr(harmonizer, "_layout", None), CohortLayout)


class SiteHarmonizer(
    OneToOneFeatureMixin, TransformerMixin, ReadsColumns, BaseEstimator
):
    """Take differences between sites (hospitals, scanners, batches) out of features.

    The location and scale of each feature at each site are estimated on the rows of
    ``fit``, as in ComBat [1]_, and removed: all sites then have the mean and standard
    deviation of the whole. Estimates of small sites are shrunk towards those of the
    site's other features (empirical Bayes).

    Parameters
    ----------
    site : str, default=None
        Column with the site of each row: of ``X.metadata`` where X is a `Cohort`, of X
        where it is a DataFrame; the column is then no part of the output. None: ``fit``
        and ``transform`` are given ``site=``, or all rows are of one site and X stays
        as it is.
    covariates : str or list of str, default=None
        Columns, found as the site is, whose linear effects are no effects of sites and
        stay, such as age [2]_. Numbers, or words of up to 20 kinds; blanks count as
        average, with a warning. Never the outcome, see Notes.
    modalities : str or list of str, default=None
        Modalities of a `Cohort` to harmonise, 2-D and of numbers. None is all of them.
    shrink : bool, default=True
        Whether estimates are shrunk. Without, they are the mean and standard deviation
        of each site.
    scale : bool, default=True
        Whether standard deviations are harmonised, or means only.
    unseen : {"own", "pooled"}, default="own"
        What becomes of rows whose site is not in ``fit``. "own": the site is estimated
        from all its rows that are transformed together, shrunk by as much as the fitted
        sites differ. "pooled": they stay as they are.
    min_rows : int, default=2
        Sites of fewer rows are not estimated: their rows stay as they are, and in
        ``transform`` they are unseen.
    max_ties : float, default=0.1
        A value that more than this share of the cells of a feature have, such as a
        floor or a zero, stays where it is, and is not used: shifted, it would mark the
        site. Features of several such values (categories, copy numbers) stay as they
        are, with a warning. 1 harmonises every feature.

    Attributes
    ----------
    sites_ : ndarray of str objects, shape (n_sites,)
        Sites in ``fit``, as text.
    location_ : ndarray of shape (n_sites, n_features), or dict of modality to ndarray
        What is subtracted from each site, in units of the feature.
    scale_ : ndarray of shape (n_sites, n_features), or dict of modality to ndarray
        Standard deviation of each site as ratio to that of all; it is divided by it.
    n_rows_ : ndarray of shape (n_sites,), or dict of modality to ndarray
        Number of rows of each site in ``fit``.
    n_features_in_ : int
        Unless fitted on a Cohort.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        If fitted on a DataFrame.

    Warns
    -----
    UserWarning
        If rows have no site, sites have fewer than `min_rows` rows or are unseen, or
        fewer than two sites can be estimated, in which case X stays as it is.

    See Also
    --------
    skmultimodal.model_selection.audit_shortcuts : How well features show the site.

    Notes
    -----
    The outcome must not be a covariate. It is unknown where a patient is predicted; and
    to keep its effect in the training rows, estimated on few of them, writes the
    outcome into the features: any model then seems to predict it.

    Harmonisation removes what differs between sites, whatever the reason. If sites
    treat different patients, that is biology; `covariates` keep what they explain.

    With ``unseen="own"``, what a row of a new site becomes depends on which rows are
    transformed with it (a transductive method): send the patients of a hospital
    together. A single row stays as it is. Labels of a new site are never read.

    Cells that are NaN are not used, and stay. Numerical columns of covariates stay in
    the output as they are; those of words, and the site, do not. Priors are those of
    [1]_, by site, from the moments of its features. What differs from other
    implementations: estimates do not use ties (`max_ties`), and cells farther from the
    quartiles than ten times their distance count as that far; constant features stay;
    and with ``scale=False`` the shrinkage of a mean depends on the number of rows.

    Features should be roughly normal: logarithms, not counts. A shift moves the sharp
    lower end of a skewed feature to another place at each site, and marks the site for
    models that are not linear.

    In ``cross_val_score``, scikit-learn routes ``site=`` to ``fit`` but to no
    prediction: there, name a column.

    References
    ----------
    .. [1] Johnson, Li, Rabinovic (2007). Adjusting batch effects in microarray
       expression data using empirical Bayes methods. Biostatistics 8, 118-127.
    .. [2] Fortin et al. (2018). Harmonization of cortical thickness measurements across
       scanners and sites. NeuroImage 167, 104-120.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal.preprocessing import SiteHarmonizer
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(["Leeds", "York"], 30)
    >>> X = rng.normal(size=(60, 4))
    >>> X[site == "York"] += 5
    >>> harmonizer = SiteHarmonizer().fit(X, site=site)
    >>> harmonizer.location_.round(1)
    array([[-2.5, -2.4, -2.2, -2.5],
           [ 2.5,  2.4,  2.2,  2.5]])
    >>> even = harmonizer.transform(X, site=site)
    >>> bool(abs(even[site == "York"].mean() - even[site == "Leeds"].mean()) < 0.1)
    True

    A column of the metadata of a cohort, before a model:

    >>> from sklearn.pipeline import make_pipeline
    >>> from skmultimodal import TwinTowerClassifier
    >>> model = make_pipeline(SiteHarmonizer("hospital"), TwinTowerClassifier())
    """

    _parameter_constraints: dict = {
        "site": [str, None],
        "covariates": [str, "array-like", None],
        "modalities": [str, "array-like", None],
        "shrink": ["boolean"],
        "scale": ["boolean"],
        "unseen": [StrOptions({"own", "pooled"})],
        "min_rows": [Interval(Integral, 2, None, closed="left")],
        "max_ties": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        site: str | None = None,
        *,
        covariates: Any = None,
        modalities: Any = None,
        shrink: bool = True,
        scale: bool = True,
        unseen: str = "own",
        min_rows: int = 2,
        max_ties: float = 0.1,
    ) -> None:
        self.site = site
        self.covariates = covariates
        self.modalities = modalities
        self.shrink = shrink
        self.scale = scale
        self.unseen = unseen
        self.min_rows = min_rows
        self.max_ties = max_ties

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, *, site: Any = None) -> Self:
        """Estimate the location and scale of each site.

        Parameters
        ----------
        X : Cohort, DataFrame or array-like of shape (n_rows, n_features)
        y : None
            Ignored.
        site : array-like of shape (n_rows,), default=None
            Site of each row, where no column is named: of any type, compared as text.
            NaN or None is a row without one, which is not used.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a column is lacking or no numbers, there is not one site per row, or a
            covariate has one value in each site.
        """
        rows = self._read(X, site, reset=True)
        self.sites_ = np.array([], dtype=object)
        self._models = {}
        if rows.sites is None:
            self._covariates = Covariates.fit(None)
            return self
        self._covariates = Covariates.fit(rows.covariates)
        design = self._covariates.design(rows.covariates, rows.n_rows)
        known = [name for name in rows.sites if name is not None]
        self.sites_ = np.array(sorted(set(known)), dtype=object)
        codes = self._codes(rows.sites)
        for name, values in rows.blocks.items():
            places = rows.places[name]
            self._models[name] = self._fit_block(
                name, values[:, self._moves()], design[places], codes[places]
            )
        return self

    def transform(self, X: Any, site: Any = None) -> Any:
        """Put rows on the scale that all sites share.

        Parameters
        ----------
        X : Cohort, DataFrame or array-like of shape (n_rows, n_features)
            As in ``fit``.
        site : array-like of shape (n_rows,), default=None
            Site of each row, if ``fit`` was given it.

        Returns
        -------
        X : Cohort, or ndarray of shape (n_rows, n_features_out)
            A cohort of the same patients, with columns in the order of ``fit``; an
            array of float32 if X is, or of float64.

        Raises
        ------
        ValueError
            If a column is lacking or no numbers, or there is not one site per row.
        """
        check_is_fitted(self)
        rows = self._read(X, site, reset=False)
        if rows.sites is None and len(self.sites_):
            raise ValueError(
                "fit was given sites: give transform site=, one per row, in a Pipeline "
                "by set_transform_request(site=True), or name a column of X."
            )
        moved = dict(rows.blocks) if self._models else {}
        if self._models:
            design = self._covariates.design(rows.covariates, rows.n_rows)
            self._warn_of_unseen(rows.sites)
        for name, values in moved.items():
            places, moves = rows.places[name], self._moves()
            parts = values[:, moves], design[places], rows.sites[places]
            moved[name] = values.copy()
            moved[name][:, moves] = self._adjust(self._models[name], *parts)
        if not isinstance(X, Cohort):
            return moved.get(ONLY, rows.blocks[ONLY]).copy()
        for name, values in moved.items():
            X = X.with_block(name, values, self._layout.names[name])
        return X

    def fit_transform(self, X: Any, y: Any = None, *, site: Any = None) -> Any:
        """``fit`` and ``transform`` of the same rows."""
        return self.fit(X, y, site=site).transform(X, site=site)

    def _fit_block(
        self, name: str, values: Any, design: NDArray, codes: NDArray
    ) -> Any:
        n_rows = np.bincount(codes[codes >= 0], minlength=len(self.sites_))
        warn_of_few_rows(name, self.sites_, n_rows, self.min_rows)
        enough = n_rows >= self.min_rows
        if enough.sum() > 1:
            used = np.isin(codes, np.flatnonzero(enough))
            check_confounding(design[used], self._covariates.names(), codes[used])
        chosen = ("min_rows", "max_ties", "shrink", "scale")
        options = {option: getattr(self, option) for option in chosen}
        model = fit_site_model(values, design, codes, len(self.sites_), **options)
        warn_of_discrete(name, model.discrete, self.max_ties)
        return model

    def _adjust(self, model: Any, values: Any, design: NDArray, sites: Any) -> Any:
        codes = self._codes(sites)
        known = np.append(model.estimated, False)[codes]
        moved = model.adjust(values, design, np.where(known, codes, -1))
        others = ~known & np.array([name is not None for name in sites], dtype=bool)
        if self.unseen == "pooled" or not others.any():
            return moved
        names, numbers = np.unique(sites[others].astype(str), return_inverse=True)
        codes = np.full(len(sites), -1)
        codes[others] = numbers
        options = len(names), self.min_rows, self.shrink, self.scale
        return model.adjust_others(moved, design, codes, *options)

    def _codes(self, sites: Any) -> NDArray:
        """Number of the site of each row, -1 if it is missing or not in ``fit``."""
        return pd.Index(self.sites_, dtype=object).get_indexer(sites)

    def _moves(self) -> Any:
        """Columns that are harmonised, of those of the output."""
        moves = getattr(self._layout, "moves", None)
        return slice(None) if moves is None else moves

    def _warn_of_unseen(self, sites: Any) -> None:
        compared = any(model.estimated.any() for model in self._models.values())
        if not compared:
            what = "they stay as they are, since fit had no two sites to compare."
        elif self.unseen == "pooled":
            what = "they stay as they are (unseen='pooled')."
        else:
            what = (
                "each is aligned by its own rows here (unseen='own'), but for those of "
                f"fewer than min_rows={self.min_rows}."
            )
        warn_of_unseen(self.sites_, sites, what)

    def _read(self, X: Any, site: Any, *, reset: bool) -> Any:
        if site is not None and self.site is not None:
            raise ValueError(
                f"the site is given twice, by site={self.site!r} of the parameters and "
                "as an array: give one of them."
            )
        of_cohort, columns = isinstance(X, Cohort), listed(self.covariates)
        if reset and of_cohort:
            options = self.site, columns, self.modalities
            self._layout: Any = CohortLayout.of(X, *options)
        elif reset:
            if self.modalities is not None:
                raise ValueError(
                    "modalities names parts of a Cohort, and X is none: leave it out."
                )
            self._layout = TableLayout.of(X, self.site, columns)
        elif of_cohort != isinstance(self._layout, CohortLayout):
            raise ValueError(
                f"X is {'a' if of_cohort else 'no'} Cohort, other than in fit: give "
                "both in one form."
            )
        if not of_cohort and (self.site is not None or columns):
            validate_data(self, X, skip_check_array=True, reset=reset)
        return self._layout.read(X, site, partial(validate_data, self, reset=reset))

    def _of_models(self, field: Any) -> Any:
        check_is_fitted(self)
        values = {name: getattr(model, field) for name, model in self._models.items()}
        if isinstance(self._layout, CohortLayout):
            return values
        if ONLY in values:
            return values[ONLY]
        n_moved = len(np.arange(self.n_features_in_)[self._moves()])
        return np.zeros(0 if field == "n_rows" else (0, n_moved))

    @property
    def location_(self) -> Any:
        """What is subtracted from each site, in units of the feature."""
        return self._of_models("location")

    @property
    def scale_(self) -> Any:
        """Ratio of the standard deviation of each site to that of all."""
        return self._of_models("scale")

    @property
    def n_rows_(self) -> Any:
        """Number of rows of each site in ``fit``."""
        return self._of_models("n_rows")

    @available_if(_of_columns)
    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the columns of the output; a Cohort keeps its own.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X; None are those of ``fit``.

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        names = super().get_feature_names_out(input_features)
        return names if self._layout.kept is None else names[self._layout.kept]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
