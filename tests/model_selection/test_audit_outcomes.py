"""The shortcut audit of numbers, and of times to an event."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from skmultimodal import (
    Cohort,
    CoxRidgeSurvival,
    UnimodalRegressor,
    UnimodalSurvival,
    make_survival_target,
)
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_regressors,
    compare_survival,
)
from skmultimodal.model_selection._audit_model import (
    FoldScores,
    between,
    permuted_within,
    within,
)
from skmultimodal.model_selection._audit_ranks import OfOrder
from skmultimodal.model_selection._folds import Fold
from skmultimodal.towers._outcomes import Numbers, TimeToEvent
from skmultimodal.utils._concordance import concordance
from skmultimodal.utils._leaks import follows_number

N = 96
CV = PairedStratifiedKFold(3, n_repeats=2, random_state=0)
CITIES = np.array(["Hull", "Leeds", "York", "Ripon"])


def make_case(of_site=1.5, of_gene=0.7, seed=0):
    """Patients of hospitals that differ in their outcome; genes of which two thirds."""
    rng = np.random.default_rng(seed)
    gene, lab = rng.normal(size=(N, 3)), rng.normal(size=(N, 2))
    site = rng.integers(0, 4, N)
    lab[:, 0] += site
    hazard = of_gene * gene[:, 0] + of_site * (site - 1.5)
    time, last = rng.exponential(np.exp(-hazard)), rng.exponential(3, size=N)
    y = make_survival_target(time <= last, np.minimum(time, last))
    gene[64:] = np.nan
    table = pd.DataFrame(
        {"hospital": CITIES[site], "age": rng.normal(60, 9, N), "os": y["time"]}
    )
    X = Cohort({"gene": gene, "lab": lab}, metadata=table)
    return X, y, hazard + 0.3 * rng.normal(size=N)


def by_source(audit):
    return audit.set_index("source")


def test_a_hospital_that_explains_survival():
    X, y, _ = make_case()
    cox = UnimodalSurvival("lab", CoxRidgeSurvival())
    comparison = compare_survival({"lab": cox}, X, y, cv=CV)
    options = {"site": "hospital", "baseline": ["age"], "random_state": 0}
    found = audit_shortcuts(X, y, comparison=comparison, **options)
    assert "roc_auc" not in found
    rows = by_source(found)
    assert rows["kind"].to_dict() == {
        "modalities present": "presence",
        "hospital": "metadata",
        "age": "metadata",
        "os": "later",
        "all columns": "metadata",
        "estimator": "model",
        "estimator beside age, hospital": "beside",
        "estimator within hospital": "within",
        "estimator between hospital": "between",
        "labels permuted within hospital": "permuted",
        "hospital from gene": "encoding",
        "hospital from lab": "encoding",
    }
    area = rows["concordance"]
    assert area["hospital"] > 0.7
    assert abs(area["age"] - 0.5) < 0.12
    assert area["os"] > 0.95
    # The laboratory shows the hospital only: nothing is left within one.
    assert area["estimator"] > area["estimator within hospital"] + 0.1
    assert area["labels permuted within hospital"] > 0.65
    assert rows.loc["hospital", "low"] > 0.5
    # The oracle of the model: Harrell's concordance of each fold.
    table = comparison.predictions()
    wanted = [
        concordance(y[part["row"]], part["predicted"])
        for _, part in table.groupby(["repeat", "fold"])
    ]
    np.testing.assert_allclose(area["estimator"], np.mean(wanted))
    fitted = audit_shortcuts(X, y, cv=CV, estimator=cox, **options)
    pd.testing.assert_frame_equal(found, fitted)


def test_a_hospital_that_explains_a_number():
    X, _, number = make_case()
    number[[3, 70]] = np.nan
    ridge = UnimodalRegressor("gene", Ridge())
    comparison = compare_regressors({"gene": ridge}, X, number, cv=CV)
    options = {"site": "hospital", "outcomes": ["os"], "random_state": 0}
    folds = list(CV.split(X, number))
    found = by_source(audit_shortcuts(X, number, comparison=comparison, **options))
    area = found["concordance"]
    assert area["hospital"] > 0.8 > area["estimator"] > 0.55
    assert area["estimator within hospital"] > area["estimator"]
    assert found.loc["estimator beside hospital", "difference_low"] > 0
    alone = by_source(audit_shortcuts(X, number, cv=folds, **options))
    assert alone["concordance"]["age"] == pytest.approx(area["age"], abs=0.1)


def test_patients_are_compared_within_their_stratum():
    X, y, _ = make_case(of_gene=0.0, of_site=2.0)
    strata = X.metadata["hospital"]
    y = make_survival_target(y["event"], y["time"], strata=strata)
    found = audit_shortcuts(X, y, cv=CV, baseline=["age"], random_state=0)
    area = by_source(found)["concordance"]
    assert area["hospital"] == 0.5


def test_pair_by_pair():
    """Within and between hospitals, and of every permutation of the outcomes."""
    rng = np.random.default_rng(0)
    site, strata = np.array([0, 0, 0, 2, 2, 2, -1]), np.array([0, 0, 1, 0, 1, 1, 0])
    event, time = np.array([1, 0, 1, 1, 1, 0, 1], bool), rng.exponential(size=7)
    score = rng.normal(size=7)
    score[4] = score[0]
    y = make_survival_target(event, time, strata=strata)
    fold = Fold(0, 0, np.arange(0), np.arange(7))
    model = [FoldScores(fold, score[:, None], is_proba=False)]
    ranks = OfOrder(TimeToEvent())

    def share(y, kind):
        right = [
            1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0
            for i in range(6)
            for j in range(6)
            if y["event"][i]
            and y["time"][i] < y["time"][j]
            and strata[i] == strata[j]
            and kind(site[i], site[j])
        ]
        return np.mean(right)

    (found,) = within(model, y, ranks, site)
    assert found == pytest.approx(share(y, lambda a, b: a == b))
    (found,) = between(model, y, ranks, site)
    assert found == pytest.approx(share(y, lambda a, b: a != b))
    # Those of one hospital and stratum may have each other's outcome.
    shares = []
    for first in permutations([0, 1]):
        for last in permutations([4, 5]):
            permuted = y.copy()
            for name in ("event", "time"):
                permuted[name][[0, 1]] = y[name][list(first)]
                permuted[name][[4, 5]] = y[name][list(last)]
            shares.append(share(permuted, lambda a, b: True))
    (found,) = permuted_within(model, y, ranks, site)
    assert found == pytest.approx(np.mean(shares))
    numbers = OfOrder(Numbers())
    (found,) = between(model, -time, numbers, site)
    y = make_survival_target(np.ones(7, bool), time)
    (wanted,) = between(model, y, ranks, site)
    assert found == wanted


def test_numbers_that_follow_each_other():
    numbers = np.array([3.0, 1, 2, 9, 7, 5, 8, 6])
    assert follows_number(2 - numbers, numbers)
    assert follows_number(np.append(numbers[:-1], np.nan), numbers)
    assert follows_number(numbers.round(), numbers + 0.1 * np.arange(8))
    assert not follows_number(np.append(numbers[:-1], 0), numbers)
    assert not follows_number(numbers[:6], numbers[:6])
    assert not follows_number(np.ones(8), numbers)


@pytest.mark.parametrize("what", ["time", "event", "number"])
def test_a_column_that_is_the_outcome(what):
    X, y, number = make_case()
    column = {"number": number}.get(what)
    table = pd.DataFrame({"copy": y[what] if column is None else 2 * column})
    word = {"event": "state, event or censored"}.get(what, what)
    with pytest.warns(UserWarning, match=f"column 'copy' .* for each {word}: if"):
        audit_shortcuts(X, y if column is None else number, table, cv=CV)
