"""Attributions of a prediction to genes."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.utils import Bunch

from skmultimodal.exceptions import NotExplainableError
from skmultimodal.inspection._explained import explain_rows
from skmultimodal.utils._torch_views import torch_view

__all__ = ["gene_attributions"]


def gene_attributions(
    estimator: Any,
    X: Any,
    *,
    modality: str = "gene",
    positive: Any = None,
    n_steps: int = 32,
    gene_names: Sequence[str] | None = None,
    n_top: int = 20,
) -> Bunch:
    """Attribute predictions to genes, or to other columns of a vector.

    The attributions are integrated gradients of the log-odds of a class against all
    others, through encoder and head, from a patient with the mean of the training rows
    in every gene. For paired patients the other modalities are held fixed; for others
    the prediction of the tower is explained.

    Parameters
    ----------
    estimator : estimator, or list of estimators
        Fitted: a `TwinTowerClassifier`, a `UnimodalClassifier`, a search over them, or
        a gene tower by itself. Several, fitted with other seeds or on other rows,
        measure the stability of the ranking; their mean is explained.
    X : Cohort or other input of `estimator`
        Patients who all have the modality; for a tower, rows of shape (n_rows,
        n_genes).
    modality : str, default="gene"
        Modality or tower to explain.
    positive : class label, default=None
        Class that is explained. None as in `modality_contributions`.
    n_steps : int, default=32
        Of the integration.
    gene_names : sequence of str, default=None
        None is the names in the data.
    n_top : int, default=20
        Number of first genes that ``top_share`` and ``top_overlap`` are about.

    Returns
    -------
    result : Bunch
        - ``attributions``: DataFrame (n_rows, n_genes), in log-odds. A row adds up to
          ``score - baseline_score``.
        - ``ranking``: DataFrame with a row per gene, the most important first:
          ``importance`` (mean over the patients of the absolute attribution),
          ``importance_std`` (over the estimators), ``direction`` (correlation of
          expression and attribution over the patients: 1 where more expression makes
          the class likelier) and ``top_share`` (share of the estimators with the gene
          among their first `n_top`).
        - ``stability``: dict: mean over pairs of estimators of ``rank_correlation``
          (Spearman's, of the importances of all genes) and ``top_overlap`` (share of
          the first `n_top` genes that are common), and ``n_rankings``, how many were
          compared. Of one estimator those of the members of its tower are, if that is
          an ensemble; otherwise both are NaN.
        - ``positive``: the class.
        - ``score``, ``baseline_score``: ndarray (n_rows,), log-odds of the class for
          the patient and for the mean patient.

    Raises
    ------
    ValueError
        If a patient lacks the modality, or its rows are no vectors.
    NotExplainableError
        If the tower has no gradients, such as a forest, or a column is of words.
    ImportError
        If captum is absent (``skmultimodal[explain]``).

    See Also
    --------
    GeneAttributionsDisplay : Draws it.
    saliency_map : The same for images.
    sklearn.inspection.permutation_importance : Needs no gradients.

    Notes
    -----
    Attributions are divided between correlated genes, differently by each net: with
    thousands of genes and some hundred patients, read ``stability`` before the names.

    References
    ----------
    Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks, ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import GeneAutoencoderTransformer
    >>> from skmultimodal.inspection import gene_attributions
    >>> X = np.random.default_rng(0).normal(size=(80, 12))
    >>> tower = GeneAutoencoderTransformer(random_state=0).fit(X, X[:, 7] > 0)
    >>> gene_attributions(tower, X).ranking.index[0]
    'x7'
    """
    estimators = list(estimator) if isinstance(estimator, list | tuple) else [estimator]
    if not estimators:
        raise ValueError("estimator is an empty list.")
    parts = [explain_rows(e, X, modality, positive) for e in estimators]
    first = parts[0]
    if first.view.raw.ndim != 2:
        raise ValueError(
            f"gene_attributions explains vectors, got rows of shape "
            f"{first.view.raw.shape[1:]}; saliency_map explains images."
        )
    _refuse_words(first)
    names = _names(gene_names, first)
    results = [_integrate(explained, n_steps) for explained in parts]
    shares = np.mean([shares for shares, _, _ in results], axis=0)
    importance = np.array([np.abs(shares).mean(axis=0) for shares, _, _ in results])
    tops = [set(np.argsort(-values)[:n_top].tolist()) for values in importance]
    ranking = pd.DataFrame(
        {
            "importance": importance.mean(axis=0),
            "importance_std": _spread(importance),
            "direction": _correlation(first.view.raw, shares),
            "top_share": [
                np.mean([g in top for top in tops]) for g in range(len(names))
            ],
        },
        index=pd.Index(names, name="gene"),
    )
    return Bunch(
        attributions=pd.DataFrame(shares, first.view.ids, names),
        ranking=ranking.sort_values("importance", ascending=False, kind="stable"),
        stability=_stability(_rankings(importance, first, n_steps), n_top),
        positive=first.view.classes.tolist()[first.positive],
        score=np.mean([score for _, score, _ in results], axis=0),
        baseline_score=np.mean([base for _, _, base in results], axis=0),
    )


def _refuse_words(explained: Any) -> None:
    """Raise a NotExplainableError that names a value which is no number."""
    try:
        explained.view.raw.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise NotExplainableError(
            f"gene_attributions explains columns of numbers ({error}): encode words in "
            "the data, not in the tower."
        ) from error


def _names(gene_names: Any, explained: Any) -> Any:
    n_genes = explained.view.raw.shape[1]
    names = explained.view.names if gene_names is None else list(gene_names)
    if names is None:
        return [f"x{i}" for i in range(n_genes)]
    if len(names) != n_genes:
        raise ValueError(f"gene_names has {len(names)} names for {n_genes} genes.")
    return names


def _integrate(explained: Any, n_steps: int) -> Any:
    typical = torch_view(explained.view.estimator).typical_row()

    def make_baseline(x: Any) -> torch.Tensor:
        mean = x.mean(dim=0) if typical is None else torch.as_tensor(typical).to(x)
        return mean.expand_as(x)

    return explained.integrate_gradients(make_baseline, n_steps)


def _spread(importance: NDArray) -> NDArray:
    if len(importance) == 1:
        return np.full(importance.shape[1], np.nan)
    return importance.std(axis=0, ddof=1)


def _correlation(values: Any, shares: Any) -> NDArray:
    """Pearson's, column by column; 0 where one of the two is constant."""
    if len(values) < 2:
        return np.full(values.shape[1], np.nan)
    values, shares = (part - part.mean(axis=0) for part in (values, shares))
    scale = np.sqrt((values**2).sum(axis=0) * (shares**2).sum(axis=0))
    product = (values * shares).sum(axis=0)
    return np.divide(product, scale, out=np.zeros(len(scale)), where=scale > 0)


def _rankings(importance: NDArray, explained: Any, n_steps: int) -> NDArray:
    """Importances to compare: of the estimators, or of the members of a tower."""
    if len(importance) > 1:
        return importance
    found = [_integrate(member, n_steps)[0] for member in explained.of_members()]
    return np.array([np.abs(shares).mean(axis=0) for shares in found])


def _stability(importance: NDArray, n_top: int) -> dict[str, Any]:
    found = {"rank_correlation": np.nan, "top_overlap": np.nan}
    found["n_rankings"] = max(len(importance), 1)
    pairs = list(combinations(importance, 2))
    if not pairs:
        return found
    n_top = min(n_top, importance.shape[1])
    found["rank_correlation"] = float(np.mean([spearmanr(*p)[0] for p in pairs]))
    common = [
        len(np.intersect1d(np.argsort(-first)[:n_top], np.argsort(-second)[:n_top]))
        for first, second in pairs
    ]
    found["top_overlap"] = float(np.mean(common) / n_top)
    return found
