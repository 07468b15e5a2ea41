"""The default survival twin tower on a small cohort with scans, beside comparators.

``python -m benchmarks.accuracy.survival_gliomas --data FOLDER [--draws 16]``

In each draw patients with both modalities are dealt to three folds, with as many events
in each; all others train. FOLDER holds ``clinical.csv``, ``expression.parquet`` and
``mri``. An interrupted run of the same code continues.
"""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.accuracy.pooling import (
    differences,
    markdown,
    means,
    run_benchmark,
    with_intervals,
)
from benchmarks.accuracy.survival import METRICS, best_of, curves_of, reduced_cox, score
from skmultimodal import CoxRidgeSurvival, TwinTowerSurvival, make_survival_target
from skmultimodal.datasets import load_cohort
from skmultimodal.model_selection import PairedStratifiedKFold
from skmultimodal.preprocessing import IntensityStatisticsTransformer

OURS = "twin tower"
CLINICAL = "Cox of age, sex and grade"
EXPLANATION = """Differences are twin tower - other; higher is better. Intervals are t
intervals over the draws of the mean over three folds, not over new patients: the
patients of all draws are the same. `uno_c` is Uno's concordance up to five years,
`neg_ibs` minus the integrated Brier score over these years. Towers and their sum are
those of the twin tower itself. Cox regressions have a ridge penalty and read up to 20
principal components of the genes, or of the intensity statistics of the image."""


def draw(folder, outcome, seed):
    """Folds of the patients with both modalities: X, y, list of (train, test)."""
    X = load_cohort(folder).data
    clinical = X.metadata
    event, time = clinical[f"{outcome}_event"], clinical[f"{outcome}_time"]
    known = (event.notna() & (time > 0)).to_numpy()
    X = X[known]
    one = np.zeros(known.sum(), dtype=int)  # `curves_of` reads baselines by stratum
    y = make_survival_target(event[known] == 1, time[known], strata=one)
    cv = PairedStratifiedKFold(3, random_state=seed)
    return X, y, list(cv.split(X, y))


def simple_models(X, y, X_test, y_test):
    """Risks and survival curves by model."""
    found = {}
    statistics = IntensityStatisticsTransformer()
    for name in X.modalities:
        rows = X.has(name)
        train, test = (part.block(name) for part in (X[rows], X_test))
        if name == "image":
            statistics.fit(train)
            train, test = (statistics.transform(part) for part in (train, test))
        model = reduced_cox(train.shape[1], len(train)).fit(train, y[rows])
        found[f"Cox, {name}"] = model.predict(test), curves_of(model, test, y_test)
    risks = [risk for risk, _ in found.values()]
    found["sum of Cox"] = np.sum(risks, axis=0), None
    columns = ["sex", "grade"]
    kinds = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    read_table = make_column_transformer((numbers, ["age"]), (kinds, columns))
    model = make_pipeline(read_table, CoxRidgeSurvival()).fit(X.metadata, y)
    curves = curves_of(model, X_test.metadata, y_test)
    found[CLINICAL] = model.predict(X_test.metadata), curves
    return found


def run(data, outcome, seed):
    """Scores of all models in three folds: DataFrame."""
    X, y, folds = draw(data, outcome, seed)
    tables = []
    for number, (train, test) in enumerate(folds):
        X_train, y_train, X_test, y_test = X[train], y[train], X[test], y[test]
        model = TwinTowerSurvival(random_state=seed).fit(X_train, y_train)
        found = {OURS: (model.predict(X_test), curves_of(model, X_test, y_test))}
        for name, tower in model.towers_.items():
            rows = np.asarray(X_test.block(name))
            curves = curves_of(tower, rows, y_test)
            found[f"{name} tower"] = tower.predict(rows), curves
        towers = [found[f"{name} tower"][0] for name in model.towers_]
        found["sum of log-hazards"] = np.sum(towers, axis=0), None
        found |= simple_models(X_train, y_train, X_test, y_test)
        rows = [
            (name, metric, value)
            for name, (risk, curves) in found.items()
            for metric, value in score(y_train, y_test, risk, curves).items()
        ]
        table = pd.DataFrame(rows, columns=["model", "metric", "score"])
        tables.append(table.assign(fold=number))
    found = pd.concat(tables)
    return found.assign(setting=outcome, label=outcome, draw=seed)


def report(scores, n_draws):
    """The tables as Markdown."""
    parts = [EXPLANATION, f"## {n_draws} draws of three folds"]
    for metric in METRICS:
        points = scores[scores["metric"] == metric]
        points = pd.concat([points, best_of(points)])
        others = [name for name in points["model"].unique() if name != OURS]
        gaps = differences(points, OURS, others, "setting", "draw")
        gaps["cell"] = with_intervals(gaps)
        cells = gaps.pivot(index="other", columns="setting", values="cell")
        table = means(points, "setting").loc[metric]
        parts += [f"### {metric}", markdown(table, 4), "Differences:", markdown(cells)]
    return "\n\n".join(parts)


def main(arguments=None):
    settings = [("os",), ("pfi",)]
    title = "Time to event of gliomas"
    run_benchmark("survival_gliomas", title, settings, run, report, 16, arguments)


if __name__ == "__main__":
    main()
