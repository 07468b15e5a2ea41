"""Checks that an estimator can be a tower, a final estimator or a model of cohorts.

They complement scikit-learn's ``check_estimator``, which has no modalities.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from skmultimodal.testing._cohorts import COHORT_CHECKS
from skmultimodal.testing._data import N_COLUMNS
from skmultimodal.testing._rows import HEAD_CHECKS, TOWER_CHECKS

__all__ = ["check_multimodal_estimator", "multimodal_checks"]

CHECKS: dict[str, list[Callable[..., None]]] = {
    "tower": TOWER_CHECKS,
    "head": HEAD_CHECKS,
    "cohort": COHORT_CHECKS,
}


def check_multimodal_estimator(
    estimator: Any,
    kind: str | None = None,
    *,
    shape: Sequence[int] = (N_COLUMNS,),
) -> list[str]:
    """Check that an estimator can be a tower, a head or a model of cohorts.

    Parameters
    ----------
    estimator : estimator
        Not fitted. It is fitted on 42 rows.
    kind : {"tower", "head", "cohort"}, default=None
        ``"tower"``: encoder of the rows of one modality, with ``transform`` or
        ``predict_proba``. ``"head"``: classifier of the towers' outputs. ``"cohort"``:
        classifier of a whole `Cohort`. None: by its methods and parameters.
    shape : tuple of int, default=(7,)
        Of a row that a tower is fitted on: 7 columns of a table, or such as
        ``(3, 24, 20)`` for images of three channels.

    Returns
    -------
    names : list of str
        The checks that were passed.

    Raises
    ------
    AssertionError
        At the first check that fails, with the name of the check and what was expected.

    See Also
    --------
    sklearn.utils.estimator_checks.check_estimator : What scikit-learn expects.
    multimodal_checks : The checks one by one, for ``pytest.mark.parametrize``.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from skmultimodal.testing import check_multimodal_estimator
    >>> len(check_multimodal_estimator(PCA(3), kind="tower"))
    11

    A tower of images:

    >>> from skmultimodal import ImageTowerClassifier
    >>> tower = ImageTowerClassifier((4,), (6, 3), n_steps=6)
    >>> len(check_multimodal_estimator(tower, kind="tower", shape=(3, 24, 20)))
    11
    """
    names = []
    for tested, check in multimodal_checks(estimator, kind, shape=shape):
        name = check.__name__
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                check(tested)
        except Exception as error:
            raise AssertionError(
                f"{type(estimator).__name__} fails {name}: {error}"
            ) from error
        names.append(name)
    return names


def multimodal_checks(
    estimator: Any,
    kind: str | None = None,
    *,
    shape: Sequence[int] = (N_COLUMNS,),
) -> Iterator[Any]:
    """Yield the checks of an estimator, one by one.

    Parameters
    ----------
    estimator : estimator
        Not fitted.
    kind : {"tower", "head", "cohort"}, default=None
        As of `check_multimodal_estimator`.
    shape : tuple of int, default=(7,)
        As of `check_multimodal_estimator`.

    Yields
    ------
    estimator : estimator
        The same estimator each time.
    check : callable
        Takes the estimator; raises if it fails.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from skmultimodal.testing import multimodal_checks
    >>> for estimator, check in multimodal_checks(PCA(3), kind="tower"):
    ...     check(estimator)
    """
    kind = _guess_kind(estimator) if kind is None else kind
    if kind not in CHECKS:
        raise ValueError(f"kind={kind!r} is none of {list(CHECKS)}.")
    if kind != "tower" and tuple(shape) != (N_COLUMNS,):
        raise ValueError(f"shape is that of a tower's rows; a {kind} has none.")
    for check in CHECKS[kind]:
        yield estimator, check if kind == "cohort" else _of_rows(check, tuple(shape))


def _of_rows(check: Callable[..., None], shape: tuple[int, ...]) -> Callable[..., None]:
    @wraps(check)
    def of_estimator(estimator: Any) -> None:
        check(estimator, shape)

    return of_estimator


def _guess_kind(estimator: Any) -> str:
    if hasattr(estimator, "predict_route") or "modality" in estimator.get_params(False):
        return "cohort"
    return "tower" if hasattr(estimator, "transform") else "head"
