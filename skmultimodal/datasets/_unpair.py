"""Imitate a cohort in which most patients have one modality."""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skmultimodal.cohort import as_cohort
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._labels import encode_labels, label_column

__all__ = ["unpair"]


def unpair(
    X: Any,
    y: Any,
    n_paired: int,
    *,
    keep: str | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[Any, NDArray]:
    """Hide modalities of all but `n_paired` paired, labelled rows.

    Parameters
    ----------
    X : Cohort, or other input that a cohort can be made of
        The patients.
    y : array-like of shape (n_rows,)
        Class labels; NaN or None marks an unlabelled row.
    n_paired : int
        Labelled rows that stay paired, chosen at random, stratified by class.
    keep : str, default=None
        The modality that the other paired rows keep. None keeps the one that
        fewer rows have: patients with the common one only are there already.
    random_state : int, RandomState instance or None, default=None
        Chooses the rows that stay paired.

    Returns
    -------
    X : Cohort
        The same rows; blocks are shared with the input.
    y : ndarray of shape (n_rows,)
        The labels, in the order of the rows.

    Raises
    ------
    ValueError
        If there are fewer than `n_paired` paired, labelled rows, or `keep` is no
        modality.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.datasets import unpair
    >>> X = Cohort({"image": np.ones((9, 1, 4, 5)), "gene": np.ones((9, 7))})
    >>> unpair(X, [0, 1, 1] * 3, 6, keep="gene", random_state=0)[0]
    Cohort(9 rows: 3 gene, 6 image+gene)
    """
    X, given = as_cohort(X), X
    y = label_column(*join_rows(given, X, y=y))
    if len(y) != len(X):
        raise ValueError(f"y has {len(y)} labels for {len(X)} rows of X.")
    _, codes = encode_labels(y, allow_unlabelled=True)
    paired = X.paired
    candidates = np.flatnonzero(paired & (codes >= 0))
    if len(X.modalities) < 2:
        raise ValueError(f"X has one modality, {X.modalities[0]!r}: nothing to unpair.")
    if not isinstance(n_paired, Integral):
        raise TypeError(f"n_paired must be an integer, got {n_paired!r}.")
    if not 1 <= int(n_paired) <= len(candidates):
        raise ValueError(
            f"n_paired={n_paired}, but {len(candidates)} rows are paired and labelled."
        )
    if keep is None:
        keep = min(X.modalities, key=lambda name: X.has(name).sum())
    elif keep not in X.modalities:
        raise ValueError(f"keep={keep!r} is no modality of {X.modalities}.")
    stay = _draw(candidates, codes[candidates], n_paired, random_state)
    hidden = paired.copy()
    hidden[stay] = False
    for name in X.modalities:
        if name != keep:
            X = X.hide(name, hidden)
    return X, y


def _draw(
    rows: Any,
    codes: NDArray,
    n_drawn: int,
    random_state: int | np.random.RandomState | None,
) -> NDArray:
    """Draw rows, of each class its share within one."""
    rng = check_random_state(random_state)
    shuffled = rng.permutation(len(rows))
    counts = np.bincount(codes)
    exact = n_drawn * counts / len(rows)
    wanted = np.floor(exact).astype(int)
    # Largest remainders, ties at random.
    order = np.lexsort((rng.random(len(counts)), wanted - exact))
    wanted[order[: n_drawn - wanted.sum()]] += 1
    drawn = [
        shuffled[codes[shuffled] == code][:n] for code, n in enumerate(wanted) if n
    ]
    return rows[np.sort(np.concatenate(drawn))]
