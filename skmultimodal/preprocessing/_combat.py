"""Location and scale of each site, and their empirical-Bayes estimates (ComBat)."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from skmultimodal.preprocessing._unusual_cells import find_fences, find_ties
from skmultimodal.utils._parts import ModelPart

__all__ = ["SiteModel", "fit_site_model"]

TOLERANCE = 1e-8  # of a fixed point, in pooled standard deviations
MAX_ITERATIONS = 1000
# Of the largest value of a feature: less spread is rounding.
ROUNDING = 1e-13


class Moments(NamedTuple):
    """Cells of each site that are no NaN: arrays of shape (n_sites, n_features)."""

    n: np.ndarray  # of cells
    mean: np.ndarray  # NaN where there is no cell
    square: np.ndarray  # sum of squares about the mean


class Prior(NamedTuple):
    """Normal prior of locations, inverse-gamma prior of variances.

    Each field broadcasts with (n_sites, n_features), in units of the pooled standard
    deviation of a feature. The spread of variances is relative to their mean: with 0,
    all variances are the mean.
    """

    mean: np.ndarray | float
    variance: np.ndarray | float
    scale_mean: np.ndarray | float
    scale_spread: np.ndarray | float


@dataclass(frozen=True, eq=False)
class SiteModel(ModelPart):
    """What sites do to the features of one table.

    Parameters
    ----------
    mean, sd : ndarray of shape (n_features,)
        Of the reference: the mean of all sites at average covariates, and the standard
        deviation within sites. `sd` is 0 of a feature that is constant, or constant
        within each site.
    only_site : ndarray of bool, shape (n_features,)
        Features that are constant within each site, and differ between sites.
    tied : ndarray of shape (n_features,)
        Value that many cells share, which stays where it is; NaN of other features.
    discrete : ndarray of bool, shape (n_features,)
        Features of several such values, which stay as they are.
    fences : ndarray of shape (2, n_features)
        Cells beyond count as this low or high where sites are estimated.
    coef : ndarray of shape (n_covariates, n_features)
    location, scale : ndarray of shape (n_sites, n_features)
        Shift from the reference, in units of the feature, and ratio to `sd`; 0 and 1
        of sites that are not estimated.
    n_rows : ndarray of shape (n_sites,)
    estimated : ndarray of bool, shape (n_sites,)
    spread, scale_mean, scale_spread : float
        What the estimated sites show of others: variance of locations, mean of the
        variances and their relative variance.
    """

    mean: np.ndarray
    sd: np.ndarray
    only_site: np.ndarray
    tied: np.ndarray
    discrete: np.ndarray
    fences: np.ndarray
    coef: np.ndarray
    location: np.ndarray
    scale: np.ndarray
    n_rows: np.ndarray
    estimated: np.ndarray
    spread: float
    scale_mean: float
    scale_spread: float

    def adjust(self, X: NDArray, design: NDArray, codes: NDArray) -> NDArray:
        """Rows on the scale of the reference.

        Parameters
        ----------
        X : ndarray of floats, shape (n_rows, n_features)
        design : ndarray of shape (n_rows, n_covariates)
        codes : ndarray of int, shape (n_rows,)
            Site of each row; other rows than those of estimated sites stay as they are.
        """
        return self._move(X, design, codes, self.location, self.scale, self.estimated)

    def adjust_others(
        self,
        X: Any,
        design: NDArray,
        codes: NDArray,
        n_sites: int,
        min_rows: int,
        shrink: bool,
        scale: bool,
    ) -> NDArray:
        """Rows of sites that were not in ``fit``, by estimates from these rows.

        Parameters
        ----------
        X, design, codes : as of `adjust`
            Numbers of other sites, from 0 to `n_sites` - 1, or -1.
        n_sites : int
        min_rows : int
            Sites of fewer rows stay as they are.
        shrink, scale : bool
        """
        rows = np.flatnonzero(codes >= 0)
        values = X[rows].astype(np.float64)
        values[values == self.tied] = np.nan
        residuals = np.clip(values, *self.fences) - self.mean - design[rows] @ self.coef
        moments = site_moments(residuals, codes[rows], n_sites)
        prior = Prior(0.0, self.spread, self.scale_mean, self.scale_spread)
        location, ratio = _estimate(
            moments, self.sd, self.only_site, prior if shrink else None, scale
        )
        enough = np.bincount(codes[rows], minlength=n_sites) >= min_rows
        return self._move(X, design, codes, location, ratio, enough)

    def _move(
        self,
        X: Any,
        design: NDArray,
        codes: NDArray,
        location: Any,
        scale: Any,
        which: Any,
    ) -> NDArray:
        moved = X.copy()
        for site in np.flatnonzero(which):
            rows = np.flatnonzero(codes == site)
            values = X[rows].astype(np.float64)
            centred = values - self.mean - design[rows] @ self.coef
            # Nothing is rounded where the location is 0 and the scale 1.
            shift = centred * (1 / scale[site] - 1) - location[site] / scale[site]
            moved[rows] = np.where(values == self.tied, values, values + shift)
        return moved


def fit_site_model(
    X: NDArray,
    design: NDArray,
    codes: NDArray,
    n_sites: int,
    *,
    min_rows: int,
    max_ties: float,
    shrink: bool,
    scale: bool,
) -> SiteModel:
    """Estimate the location and scale of each site.

    Parameters
    ----------
    X : ndarray of floats, shape (n_rows, n_features)
        NaN cells are not used.
    design : ndarray of shape (n_rows, n_covariates)
        Covariates whose linear effect is no effect of a site, 0 at their average.
    codes : ndarray of int, shape (n_rows,)
        Site of each row, -1 if it is missing.
    n_sites : int
    min_rows : int
        Sites of fewer rows are not estimated, and their rows are not used.
    max_ties : float
        Share of the cells of a feature, above which one value is `tied`.
    shrink, scale : bool

    Returns
    -------
    model : SiteModel
        With fewer than two sites of enough rows, nothing is estimated.
    """
    n_rows = np.bincount(codes[codes >= 0], minlength=n_sites)
    estimated = n_rows >= min_rows
    if estimated.sum() < 2:
        estimated[:] = False
    numbers = np.flatnonzero(estimated)
    location, ratio = np.zeros((n_sites, X.shape[1])), np.ones((n_sites, X.shape[1]))
    used = np.isin(codes, numbers)
    if not used.any():
        zeros = np.zeros(X.shape[1])
        fences = np.vstack([zeros - np.inf, zeros + np.inf])
        parts = zeros, zeros, zeros > 0, zeros + np.nan, zeros > 0
        coef = np.zeros((design.shape[1], X.shape[1]))
        none = location, ratio, n_rows, estimated
        return SiteModel(*parts, fences, coef, *none, 0.0, 1.0, 0.0)
    values, design = X[used].astype(np.float64), design[used]
    codes = np.searchsorted(numbers, codes[used])
    varies = site_moments(values, codes, len(numbers)).square.sum(axis=0) > 0
    tied, discrete = find_ties(values, varies, max_ties)
    values[(values == tied) | discrete] = np.nan
    fences = find_fences(values, varies)
    values = np.clip(values, *fences)
    coef = _covariate_effects(values, design, codes, len(numbers))
    moments = site_moments(values - design @ coef, codes, len(numbers))
    mean, sd, only_site = _reference(values, moments)
    moments = moments._replace(mean=moments.mean - mean)
    prior = _priors(_in_sd(moments, sd))
    location[numbers], ratio[numbers] = _estimate(
        moments, sd, only_site, prior if shrink else None, scale
    )
    spread = _spread_of_sites(_in_sd(moments, sd))
    found = mean, sd, only_site, tied, discrete, fences, coef
    return SiteModel(*found, location, ratio, n_rows, estimated, *spread)


def site_moments(values: Any, codes: NDArray, n_sites: int) -> Moments:
    """Moments of the cells of each site."""
    indicator = csr_array(
        (np.ones(len(codes)), (codes, np.arange(len(codes)))),
        shape=(n_sites, len(codes)),
    )
    seen = ~np.isnan(values)
    count = indicator @ seen.astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean = indicator @ np.where(seen, values, 0) / np.where(count, count, np.nan)
    deviations = np.where(seen, values - mean[codes], 0)
    return Moments(count, mean, indicator @ deviations**2)


def _covariate_effects(
    values: Any, design: NDArray, codes: NDArray, n_sites: int
) -> NDArray:
    """Effects of covariates within sites, by least squares on the cells that are there.

    Means of sites are taken out of both sides, by which the other coefficients are
    those of a regression that has all sites in it (Frisch, Waugh and Lovell).
    """
    coef = np.zeros((design.shape[1], values.shape[1]))
    if not design.shape[1]:
        return coef
    seen = ~np.isnan(values)
    patterns, of_feature = np.unique(seen, axis=1, return_inverse=True)
    for number, rows in enumerate(patterns.T):
        features = of_feature.reshape(-1) == number
        if not rows.any():
            continue
        within = []
        for part in (design[rows], values[np.ix_(rows, features)]):
            mean = site_moments(part, codes[rows], n_sites).mean
            within.append(part - mean[codes[rows]])
        known, found = within
        coef[:, features] = np.linalg.lstsq(known, found, rcond=1e-10)[0]
    return coef


def _reference(values: Any, moments: Any) -> tuple[Any, Any, Any]:
    """Mean over all rows, standard deviation within sites, and what is constant."""
    cells = np.maximum(moments.n.sum(axis=0), 1)
    mean = np.nansum(moments.n * moments.mean, axis=0) / cells
    sd = np.sqrt(moments.square.sum(axis=0) / cells)
    largest = np.abs(np.where(np.isnan(values), 0, values)).max(axis=0)
    flat = sd <= ROUNDING * largest
    between = np.abs(np.nan_to_num(moments.mean - mean)).max(axis=0)
    return mean, np.where(flat, 0, sd), flat & (between > ROUNDING * largest)


def _in_sd(moments: Any, sd: Any) -> Moments:
    """Moments in standard deviations; NaN of features without one."""
    sd = np.where(sd > 0, sd, np.nan)
    return Moments(moments.n, moments.mean / sd, moments.square / sd**2)


def _variances(moments: Any) -> NDArray:
    """Variances of the cells of a site; NaN where fewer than two differ."""
    many = (moments.n > 1) & (moments.square > 0)
    return moments.square / np.where(many, moments.n - 1, np.nan)


def _priors(moments: Any) -> Prior:
    """Priors of each site, from its features: moments as of Johnson et al."""
    variances = _variances(moments)
    of_means, of_variances = map(_mean_and_variance, (moments.mean, variances))
    scale_mean, scale_variance = of_variances
    return Prior(*of_means, scale_mean, scale_variance / scale_mean**2)


def _mean_and_variance(values: Any) -> tuple[Any, Any]:
    """Over features, (n_sites, 1); without shrinkage where there are less than two."""
    known = ~np.isnan(values)
    count = known.sum(axis=1, keepdims=True)
    mean = np.where(known, values, 0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    square = np.where(known, values - mean, 0) ** 2
    variance = square.sum(axis=1, keepdims=True) / np.maximum(count - 1, 1)
    return np.where(count, mean, 1), np.where(count > 1, variance, np.inf)


def _spread_of_sites(moments: Any) -> tuple[float, float, float]:
    """Variance of locations, mean and relative variance of variances, of a new site.

    Unlike the priors of Johnson et al. they are free of the noise of the estimates: of
    a variance v on n rows it is v / n in a mean, 2 v^2 / (n - 1) in a variance.
    """
    variances = _variances(moments)
    known = ~np.isnan(variances)
    n_sites = known.any(axis=1).sum()
    if n_sites < 2:
        return 0.0, 1.0, 0.0
    noise = variances / np.maximum(moments.n, 1)
    # Deviations are from the mean of the same sites.
    spread = _mean_of_sites(moments.mean**2 - noise) * n_sites / (n_sites - 1)
    scale_mean = _mean_of_sites(variances)
    squares = variances**2 / (1 + 2 / np.maximum(moments.n - 1, 1))
    scale_spread = _mean_of_sites(squares) / scale_mean**2 - 1
    return max(spread, 0.0), scale_mean, max(scale_spread, 0.0)


def _mean_of_sites(values: Any) -> float:
    """Mean over features, then over sites."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    means = np.where(known, values, 0).sum(axis=1) / np.maximum(count, 1)
    return float(means[count > 0].mean())


def _estimate(
    moments: Any, sd: Any, only_site: Any, prior: Any, scale: Any
) -> tuple[Any, Any]:
    """Location in units of the feature, and ratio to `sd`, of each site."""
    standard = _in_sd(moments, sd)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if prior is None:
            location = standard.mean
            variance = _variances(standard) if scale else np.ones_like(location)
        else:
            location, variance = _posterior(standard, prior, scale)
    known = (moments.n > 0) & (sd > 0)
    location = np.where(known, location * sd, 0)
    location = np.where(only_site & (moments.n > 0), moments.mean, location)
    ratio = np.sqrt(np.where(known & (variance > 0), variance, 1))
    return location, ratio


def _posterior(moments: Any, prior: Any, scale: Any) -> tuple[Any, Any]:
    """Means of locations and variances given each other: a fixed point, by iteration.

    With variances v of n rows, prior variance t and inverse-gamma parameters a and b,
    the location is (n t mean + v prior mean) / (n t + v) and the variance
    (b + half the sum of squares about the location) / (n / 2 + a - 1). Both are written
    in inverse variances, by which a prior without spread is no division by 0.
    """
    count, mean, square = moments
    precision, shape = (1 / np.asarray(v) for v in (prior.variance, prior.scale_spread))
    variance = _variances(moments) if scale else np.ones_like(mean)
    variance = np.where(np.isnan(variance), 1, variance)
    location = mean
    for _ in range(MAX_ITERATIONS):
        before = location, variance
        weight = count / (count + variance * precision)
        location = weight * mean + (1 - weight) * prior.mean
        if not scale:
            break
        about = square + count * (mean - location) ** 2
        variance = np.where(
            np.isinf(shape),
            prior.scale_mean,
            (about / 2 + prior.scale_mean * (shape + 1)) / (count / 2 + shape + 1),
        )
        pairs = zip(before, (location, variance), strict=True)
        if all(np.nanmax(np.abs(a - b), initial=0) < TOLERANCE for a, b in pairs):
            break
    return location, variance
