"""The default twin tower for numbers: the age of real patients, beside comparators.

``python -m benchmarks.accuracy.regression --data FOLDER [--draws 10] [--n-jobs 2]``

In each draw 95 patients keep the scarce modality, 452 the plentiful one and 50 both, or
in proportion, and up to 1,500 others with both are tested. Age is no input: it is left
out of the clinical table. FOLDER holds ``ham10000`` and ``tcga_brca``. An interrupted
run of the same code continues.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from benchmarks.accuracy.pooling import (
    best_on_average,
    differences,
    markdown,
    means,
    run_benchmark,
    with_intervals,
)
from benchmarks.accuracy.powered_cohorts import (
    MAX_TESTED,
    MAX_TRAINED,
    OMICS,
    ids_of,
    make_cohort,
    read_powered,
    thinned,
)
from benchmarks.accuracy.simple_models import blocks_of
from skmultimodal import TwinTowerRegressor

OURS = "twin tower"
TARGET = "age"
METRICS = ["r2", "neg_rmse"]
COVERAGE = 0.9
# Comparators that take longest are fitted in the first draws only.
DRAWS_OF_SLOW = 2
EXPLANATION = """Differences are twin tower - other; higher is better. Intervals are t
intervals over the draws of the mean over the settings, not over new patients. Towers
and their mean are those of the twin tower itself. Ridge regressions read up to 50
principal components of the normal scores of a modality, with the penalty of
leave-one-out. Forest and boosting are fitted in the first two draws, and their
differences are those of these draws."""


def settings():
    """List of (cohort, scarce, plentiful)."""
    pairs = [p if n % 2 else p[::-1] for n, p in enumerate(combinations(OMICS, 2))]
    skin = [("image", "clinical"), ("clinical", "image")]
    return [("ham10000", *p) for p in skin] + [("tcga_brca", *p) for p in pairs]


def draw(folder, scarce, plentiful, seed):
    """Training patients and tested ones: X, y, X_test, y_test."""
    labels, blocks = read_powered(folder)
    blocks = {
        name: block.drop(columns=TARGET, errors="ignore")
        if isinstance(block, pd.DataFrame)
        else block
        for name, block in blocks.items()
    }
    y = labels[TARGET].dropna()
    both = y.index.intersection(ids_of(blocks[scarce]))
    both = both.intersection(ids_of(blocks[plentiful]))
    order = np.random.default_rng([seed, 5]).permutation(np.asarray(both))
    has = thinned(order, scarce, plentiful, MAX_TRAINED)
    test = order[len(has) :][:MAX_TESTED]
    every = pd.DataFrame(True, index=test, columns=has.columns)
    return (
        make_cohort(blocks, has),
        y[has.index].to_numpy(),
        make_cohort(blocks, every),
        y[test].to_numpy(),
    )


def reduced_ridge(n_rows, n_columns):
    n = min(50, n_columns, n_rows - 1)
    # Without it a patient far out in one gene has an age of thousands.
    normal = QuantileTransformer(
        n_quantiles=min(100, n_rows), output_distribution="normal", random_state=0
    )
    parts = [normal, SimpleImputer(), StandardScaler(), PCA(n, random_state=0)]
    return make_pipeline(*parts, RidgeCV(np.logspace(-1, 5, 13)))


def simple_models(X, y, X_test, slow):
    """Predictions by what one would write in scikit-learn: dict."""
    train, test = blocks_of(X), blocks_of(X_test)
    found, paired = {}, X.paired
    for name, block in train.items():
        rows = X.has(name)
        model = reduced_ridge(rows.sum(), block.shape[1]).fit(block[rows], y[rows])
        found[f"ridge, {name}"] = model.predict(test[name])
    found["mean of ridges"] = np.mean(list(found.values()), axis=0)
    both, tested = (np.hstack(list(blocks.values())) for blocks in (train, test))
    model = reduced_ridge(paired.sum(), both.shape[1]).fit(both[paired], y[paired])
    found["ridge on pairs"] = model.predict(tested)
    model = reduced_ridge(len(both), both.shape[1]).fit(both, y)
    found["ridge, imputed"] = model.predict(tested)
    if slow:
        forest = RandomForestRegressor(200, min_samples_leaf=3, random_state=0)
        model = make_pipeline(SimpleImputer(), forest).fit(both, y)
        found["forest, imputed"] = model.predict(tested)
        model = HistGradientBoostingRegressor(random_state=0).fit(both, y)
        found["boosting on NaN"] = model.predict(tested)
    return found


def run(data, cohort, scarce, plentiful, seed):
    """Scores of all models on one draw of one setting: DataFrame."""
    X, y, X_test, y_test = draw(data / cohort, scarce, plentiful, seed)
    model = TwinTowerRegressor(random_state=seed).fit(X, y)
    found = {OURS: model.predict(X_test)}
    for name, tower in model.towers_.items():
        found[f"{name} tower"] = tower.predict(np.asarray(X_test.block(name)))
    towers = [found[f"{name} tower"] for name in model.towers_]
    found["mean of towers"] = np.mean(towers, axis=0)
    found |= simple_models(X, y, X_test, slow=seed < DRAWS_OF_SLOW)
    rows = []
    for name, predicted in found.items():
        error = root_mean_squared_error(y_test, predicted)
        rows += [(name, "r2", r2_score(y_test, predicted)), (name, "neg_rmse", -error)]
    for names in (X.modalities, [scarce], [plentiful]):
        part = X_test[:, names]
        low, high = model.predict_interval(part, COVERAGE).T
        inside = np.mean((low <= y_test) & (y_test <= high))
        kind = "both" if len(names) > 1 else "one, scarce"
        kind = "one, plentiful" if names == [plentiful] else kind
        rows += [(OURS, f"coverage: {kind}", inside)]
        rows += [(OURS, f"width: {kind}", np.mean(high - low))]
    table = pd.DataFrame(rows, columns=["model", "metric", "score"])
    setting = f"{cohort}, {scarce} + {plentiful}"
    return table.assign(setting=setting, cohort=cohort, draw=seed)


def best_of(scores):
    """Best tower and best ridge of one modality, on the average of a setting."""
    parts, names = [], scores["model"]
    single = names.str.startswith("ridge, ") & (names != "ridge, imputed")
    for title, chosen in [
        ("best tower", names.str.endswith(" tower") & (names != OURS)),
        ("best ridge of one", single),
    ]:
        parts.append(best_on_average(scores, chosen, title))
    return pd.concat(parts)


def report(scores, n_draws):
    """The tables as Markdown."""
    points = scores[scores["metric"].isin(METRICS)]
    points = pd.concat([points, best_of(points)])
    common = points.groupby("model")["setting"].nunique()
    shown = [n for n in common[common == common.max()].index if n != OURS]
    parts = [EXPLANATION]
    table = means(points[points["model"].isin([OURS, *shown])], "setting")["mean"]
    gaps = differences(points, OURS, shown, "setting", "draw")
    pooled = gaps[gaps["setting"] == "pooled"].set_index(["other", "metric"])
    cells = with_intervals(pooled)
    title = f"## Age: {points['setting'].nunique()} settings, {n_draws} draws"
    parts += [title, markdown(table.unstack("metric")[METRICS], 4)]
    parts += ["Differences:", markdown(cells.unstack("metric")[METRICS])]
    by = points[points["metric"] == "r2"].pivot_table(
        index="model", columns="setting", values="score"
    )
    parts += ["## R2 by setting", markdown(by, 3)]
    widths = scores[~scores["metric"].isin(METRICS)]
    table = widths.pivot_table(index="setting", columns="metric", values="score")
    title = f"## Intervals of {COVERAGE:.0%} by the modalities that a patient has"
    return "\n\n".join([*parts, title, markdown(table, 3)])


def main(arguments=None):
    run_benchmark("regression", "Numbers", settings(), run, report, 10, arguments)


if __name__ == "__main__":
    main()
