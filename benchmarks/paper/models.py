"""The models of each table, fitted to what a cohort has."""

from benchmarks.paper.systems import multiparametric_logistic, table2
from skmultimodal.baselines import (
    paper_twin_tower,
    reference_baselines,
    table3,
    table4,
)

SITE = ("site", "tss")
CLINICAL = ("age", "sex", "grade", "kps")
RANDOM_WEIGHTS = "random weights"
# Rows without a place in the ranking: another model than the one they stand for.
UNRANKED = (RANDOM_WEIGHTS,)


def make_models(table, X, *, memory, seed, t1ce=1, mask=-1, inception_weights=None):
    """Models of a table and, after the paper's, those it should have had.

    Parameters
    ----------
    table : {"2", "3", "4"}
    X : Cohort
        Its metadata say which covariates there are.
    memory : str
    seed : int
    t1ce : int
    mask : int or None
    inception_weights : str or None

    Returns
    -------
    models : dict of str to estimator
    n_paper : int
        How many of them, from the first, are the paper's.
    """
    columns = [] if X.metadata is None else list(X.metadata.columns)
    shared = {"memory": memory, "random_state": seed}
    beyond = reference_baselines(
        clinical=[c for c in CLINICAL if c in columns] or CLINICAL,
        site=next((c for c in SITE if c in columns), SITE[0]),
        **shared,
    )
    if table == "4":
        # No cache: it would hold a fit of every fold, none of which is used again.
        models = table4(random_state=seed)
        beyond = {n: beyond[n] for n in ("majority class", "site only")}
        return {**models, **beyond}, len(models)
    if table == "3":
        models = table3(**shared)
    else:
        imaging = multiparametric_logistic().columns
        models = table2(
            t1ce=t1ce,
            mask_channel=mask,
            multiparametric=[c for c in imaging if c in columns] or None,
            inception_weights=inception_weights,
            **shared,
        )
    literal = {"twin tower, Table 1's settings": paper_twin_tower(**shared)}
    return {**models, **literal, **beyond}, len(models)


def is_ranked(name):
    """Whether a row takes part in rankings and tests."""
    return not any(mark in name for mark in UNRANKED)
