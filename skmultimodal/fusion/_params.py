"""The parameter `towers` of a meta-estimator, and what its parts inherit of it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.utils import gen_batches

from skmultimodal.cohort import Cohort
from skmultimodal.exceptions import MissingModalityWarning
from skmultimodal.towers import (
    BagTowerClassifier,
    CoxRidgeSurvival,
    GeneAutoencoderRegressor,
    GeneAutoencoderSurvival,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    ImageTowerRegressor,
    ImageTowerSurvival,
    make_table_tower,
)
from skmultimodal.towers._base import KEPT_BYTES
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.towers._table import make_imputer, make_number_tower
from skmultimodal.utils._bags import are_bags
from skmultimodal.utils._rows import is_lazy, is_lazy_in, lazy_batches
from skmultimodal.utils._sklearn import BaseComposition
from skmultimodal.utils._sparse import values_of
from skmultimodal.utils._text import counted
from skmultimodal.utils._validation import find_bad_row
from skmultimodal.utils._warnings import prefixed_warnings, warn

__all__ = [
    "PartsAsParameters",
    "check_towers",
    "default_towers",
    "inherit",
    "list_towers",
    "table_columns",
    "towers_with_data",
]

# Up to so many columns of numbers, a logistic regression is no worse than the gene
# tower, in a twentieth of the time (measured on 16 and on 4 columns):
# benchmarks/accuracy/results/table_tower_clinical.csv.
MOST_COLUMNS = 20
# Rows that are looked through at a time.
CHECKED_ROWS = 64


class DefaultTowers(NamedTuple):
    """Towers of one outcome, by the kind of row.

    Parameters
    ----------
    image, gene, bag : type
    table : callable
        Returns what predicts from the columns of a narrow table.
    """

    image: type
    gene: type
    bag: type | None
    table: Callable


DEFAULTS = {
    ClassLabels: DefaultTowers(
        ImageTowerClassifier,
        GeneAutoencoderTransformer,
        BagTowerClassifier,
        lambda: None,
    ),
    Numbers: DefaultTowers(
        ImageTowerRegressor, GeneAutoencoderRegressor, None, lambda: Ridge(alpha=10.0)
    ),
    TimeToEvent: DefaultTowers(
        ImageTowerSurvival, GeneAutoencoderSurvival, None, CoxRidgeSurvival
    ),
}


def default_towers(
    cohort: Cohort | None = None, outcome_type: Any = ClassLabels
) -> list[Any]:
    """What None stands for: list of (name, estimator).

    Each modality of a cohort has the default of its rows, images and genes first.
    Without a cohort it is their parameters that are shown and set.
    """
    kinds = DEFAULTS[outcome_type]
    if cohort is None:
        return [("image", kinds.image()), ("gene", kinds.gene())]
    first = [name for name in ("image", "gene") if name in cohort.modalities]
    others = [name for name in cohort.modalities if name not in first]
    return [(name, _default_tower(cohort, name, kinds)) for name in first + others]


def _default_tower(cohort: Cohort, name: str, kinds: Any) -> Any:
    """Tower of a modality by the shape of its rows, their types and their blanks."""
    shape = cohort.block_shape(name)[1:]
    if are_bags(shape):
        if kinds.bag is None:
            raise ValueError(
                f"modality {name!r} has bags of vectors, of which there is no default "
                "tower for this outcome: name one that predicts it, or give the mean "
                "of each bag as a table."
            )
        return kinds.bag()
    if len(shape) in (3, 4):
        return kinds.image()
    if len(shape) != 1:
        raise ValueError(
            f"modality {name!r} has rows of shape {shape}, for which there is no "
            "default tower, as there is for vectors, bags of vectors, images "
            "(channels, height, width) and volumes (channels, depth, height, width): "
            f"name one, such as towers=[({name!r}, estimator), ...]."
        )
    gene = kinds.gene()
    own = cohort[cohort.has(name)]
    some = own[:1].block(name)
    lazy = is_lazy(some)
    # An imputer, or a table of few columns, would have all rows in memory.
    large = lazy and 4 * int(np.prod(own.block_shape(name))) > KEPT_BYTES
    if large or (lazy and some.dtype == object) or not len(own):
        return gene
    narrow = shape[0] <= MOST_COLUMNS
    if some.dtype == object or (some.dtype == bool and narrow):
        with prefixed_warnings(f"modality {name!r}"):
            return make_table_tower(own.table(name), kinds.table())
    has_blanks = _find_blanks(own, name)
    if narrow:
        return make_number_tower(kinds.table())
    return make_pipeline(make_imputer(), gene) if has_blanks else gene


def _find_blanks(cohort: Cohort, name: str) -> Any:
    """Whether a number is NaN; columns that have no other value are warned of."""
    some: Any = False
    every: Any = True
    lazy = is_lazy_in(cohort, name)
    # In parts, since rows that are not side by side are copied.
    parts = gen_batches(len(cohort), CHECKED_ROWS)
    for part in lazy_batches(cohort.block_shape(name)) if lazy else parts:
        rows = values_of(cohort[part].block(name))
        blank = find_bad_row(rows) is not None and np.isnan(rows)
        some |= np.any(blank)
        every &= np.all(blank, axis=0)
    empty = np.flatnonzero(every)
    if len(empty):
        names = cohort.feature_names(name)
        one = f"column {empty[0]}" if names is None else repr(names[empty[0]])
        warn(
            f"modality {name!r} has {counted(len(empty), 'column')} without a value in "
            f"any row, such as {one}, which add nothing: leave them out."
        )
    return some


def list_towers(
    towers: Any, cohort: Cohort | None = None, outcome_type: Any = ClassLabels
) -> list[Any]:
    """Resolve the parameter: list of (name, estimator, modality)."""
    return [
        (name, estimator, *(columns if _names_modality(columns) else [name]))
        for name, estimator, *columns in (
            default_towers(cohort, outcome_type) if towers is None else towers
        )
    ]


def table_columns(towers: Any) -> Any:
    """Columns of a table for each modality, None if no tower names any."""
    columns = {
        name: columns[0]
        for name, _, *columns in towers or ()
        if columns and not _names_modality(columns)
    }
    return columns or None


def _names_modality(columns: Any) -> bool:
    return len(columns) == 1 and isinstance(columns[0], str)


def check_towers(towers: Any, taken: Any, method: str) -> None:
    """Refuse what is no list of towers with `method`, or has a name that is `taken`."""
    names = []
    for tower in towers or ():
        if not isinstance(tower, tuple | list) or len(tower) not in (2, 3):
            raise ValueError(
                "towers is a list of (name, estimator) or (name, estimator, "
                f"columns), got the item {tower!r}."
            )
        name, estimator = tower[:2]
        if not isinstance(name, str) or "__" in name or "+" in name or name in taken:
            raise ValueError(
                "a tower's name is a string without '__' and '+' that is no "
                f"parameter of the model and not 'head', got {name!r}."
            )
        outputs = hasattr(estimator, "transform") or hasattr(estimator, method)
        if not (hasattr(estimator, "fit") and outputs):
            raise TypeError(
                f"tower {name!r} must have fit and transform or {method}; "
                f"{type(estimator).__name__} has neither of the two."
            )
        names.append(name)
    if len(set(names)) < len(names):
        raise ValueError(f"tower names must differ, got {names}.")


def towers_with_data(
    resolved: Any, seeds: Sequence[int | None], cohort: Cohort
) -> list[Any]:
    """Towers whose modality the cohort has: list of (name, estimator, modality, seed).

    Parameters
    ----------
    resolved : list of (name, estimator, modality)
    seeds : list of int or None
        One per tower.
    cohort : Cohort

    Warns
    -----
    MissingModalityWarning
        If a tower has no modality, or a modality no tower.
    """
    present = [m for m in cohort.modalities if cohort.has(m).any()]
    towers = []
    for (name, estimator, modality), seed in zip(resolved, seeds, strict=True):
        if modality in present:
            towers.append((name, estimator, modality, seed))
        else:
            warn(
                f"tower {name!r} is left out: no row has modality {modality!r} "
                f"(the data have {present}).",
                MissingModalityWarning,
            )
    if not towers:
        raise ValueError(
            f"no tower has a modality of the data, which have {present}; the "
            f"towers are {[name for name, *_ in resolved]}. Name one for each, such as "
            f"towers=[({present[0]!r}, GeneAutoencoderTransformer())] for rows of "
            "features, or ImageTowerClassifier() for images."
        )
    unused = [m for m in present if m not in {m for *_, m, _ in towers}]
    if unused:
        warn(
            f"modality {unused[0]!r} has no tower and is not used.",
            MissingModalityWarning,
        )
    return towers


def inherit(estimator: Any, *, seed: int | None, device: Any, verbose: int = 0) -> Any:
    """A clone whose unset `random_state` and `device` are the parent's.

    Parameters
    ----------
    estimator : estimator
    seed : int or None
    device : str, torch.device or None
    verbose : int
        The parent's; from 2 on, the clone is verbose as well.

    Returns
    -------
    clone : estimator
        The estimator itself if it is frozen.
    """
    if isinstance(estimator, FrozenEstimator):
        return estimator
    copy = clone(estimator)
    wanted = {"random_state": seed, "device": device}
    unset = {
        name: wanted[name.split("__")[-1]]
        for name, value in copy.get_params(deep=True).items()
        if value is None and wanted.get(name.split("__")[-1]) is not None
    }
    if verbose > 1 and "verbose" in copy.get_params(deep=False):
        unset["verbose"] = verbose - 1
    return copy.set_params(**unset)


class PartsAsParameters(BaseComposition):
    """Towers and final estimator as parameters of a model, by their names.

    A subclass has parameters ``towers`` and ``final_estimator``, an ``_outcome_type``
    and a ``_default_final_estimator``.
    """

    towers: Any
    final_estimator: Any
    _outcome_type: Any
    _default_final_estimator: Callable[[], Any]

    @property
    def _named_towers(self) -> list[Any]:
        """Pairs of name and estimator, from which BaseComposition takes parameters."""
        try:
            return [
                tower[:2]
                for tower in list_towers(self.towers, outcome_type=self._outcome_type)
            ]
        except (TypeError, ValueError):
            return []  # no list of towers, which fit refuses

    @_named_towers.setter
    def _named_towers(self, named: Any) -> None:
        self.towers = [
            (*pair, *tower[2:]) for pair, tower in zip(named, self.towers, strict=True)
        ]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, with those of towers and final estimator.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        params : dict
        """
        params = self._get_params("_named_towers", deep=deep)
        if deep and self.final_estimator is None:
            nested = self._final_estimator().get_params(deep=True).items()
            params |= {f"final_estimator__{key}": value for key, value in nested}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also of towers and final estimator.

        Parameters
        ----------
        **params : dict
            ``image__lr=...`` sets a parameter of tower "image", ``image=...`` replaces
            the tower; where `towers` or `final_estimator` is None, the default takes
            its place first.

        Returns
        -------
        self : object
        """
        for name in {"towers", "final_estimator"} & set(params):
            setattr(self, name, params.pop(name))
        parts = {key.split("__")[0] for key in params}
        if self.towers is None and parts & {name for name, _ in self._named_towers}:
            self.towers = default_towers(outcome_type=self._outcome_type)
        if self.final_estimator is None and "final_estimator" in parts:
            self.final_estimator = self._final_estimator()
        self._set_params("_named_towers", **params)
        return self

    def _final_estimator(self) -> Any:
        given = self.final_estimator
        return self._default_final_estimator() if given is None else given
