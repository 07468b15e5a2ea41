"""What towers answer for the rows that are not the final estimator's."""

import numpy as np

from skmultimodal.fusion._rows import HEAD
from skmultimodal.utils._probability import pool_log_odds

__all__ = ["answer_routes", "tower_answers"]


def answer_routes(towers, cohort, route, cache):
    """Answers of the towers for the rows that are not the final estimator's.

    Parameters
    ----------
    towers : list of Tower
    cohort : Cohort
    route : ndarray of str, shape (n_rows,)
        As of `route_rows`.
    cache : TowerCache

    Yields
    ------
    rows : ndarray of bool, shape (n_rows,)
        Rows of one route.
    probabilities : ndarray of shape (n_rows_of_route, n_classes)
    """
    for rows, answers in tower_answers(towers, cohort, route, cache):
        yield rows, pool_log_odds(list(answers.values()))


def tower_answers(towers, cohort, route, cache):
    """As `answer_routes`, but what each tower says: a dict by name."""
    for pattern in np.unique(route[route != HEAD]):
        rows = route == pattern
        names = pattern.split("+")
        yield (
            rows,
            {
                t.name: t.probabilities(cohort[rows], cache)
                for t in towers
                if t.name in names
            },
        )
