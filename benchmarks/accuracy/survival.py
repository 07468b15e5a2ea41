"""The default survival twin tower on real patients, beside named comparators.

``python -m benchmarks.accuracy.survival --data FOLDER [--draws 20] [--n-jobs 2]``

In each draw 95 patients keep the scarce modality, 452 the plentiful one and 50 both, or
patients keep what they have ("scattered"), and up to 1,500 other patients with both are
tested. Hazards are stratified by cancer, and patients compared within theirs. FOLDER
holds ``tcga_pancan``. An interrupted run of the same code continues.
"""

import numpy as np
import pandas as pd
from scipy.stats import chi2
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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
    PAIRED,
    PLENTIFUL,
    SCARCE,
    ids_of,
    make_cohort,
    read_powered,
)
from skmultimodal import (
    CoxRidgeSurvival,
    TwinTowerClassifier,
    TwinTowerSurvival,
    make_survival_target,
)
from skmultimodal.utils._concordance import concordance
from skmultimodal.utils._cox import fit_baseline
from skmultimodal.utils._survival_metrics import integrated_brier_score

OURS = "twin tower"
OUTCOMES = ["os", "pfi"]
# Settings were chosen on overall survival.
CHOSEN_ON = ["os"]
PAIRS = [("rna", "clinical"), ("mirna", "clinical"), ("rna", "mirna")]
SCATTERED = "scattered"
N_SCATTERED = 600
METRICS = ["uno_c", "neg_ibs"]
DAYS = 365.25
HORIZON = 5 * DAYS
TIMES = np.linspace(30, HORIZON, 60)
COMPONENTS = 20
# Tested patients of which calibration is tested: as many as in a fold of five of those
# who are learnt from, and as in a fold of a large cohort.
N_CALIBRATED = (120, 300)
KAPLAN_MEIER = "Kaplan-Meier of the cancer"
# Comparators that take longest are fitted in the first draws only.
DRAWS_OF_SLOW = 5
EXPLANATION = """Differences are twin tower - other; higher is better. Intervals are t
intervals over the draws of the mean over the settings, not over new patients. `uno_c`
is Uno's concordance within cancers up to five years, `neg_ibs` minus the integrated
Brier score over these years, of a baseline hazard per cancer. Towers and their sum are
those of the twin tower itself. Cox regressions have a ridge penalty and read up to 20
principal components per modality. The Kaplan-Meier estimate is that of the baselines,
of the same patients, and reads no modality. Forest and classifier are fitted in the
first five draws, and their differences are those of these draws."""
CALIBRATION = f"""At the 5 % level, of {N_CALIBRATED[0]} and of {N_CALIBRATED[1]} tested
patients: Greenwood, Nam and D'Agostino's test in fifths of the prediction, with five
degrees of freedom, since nothing is fitted to tested patients. Of true probabilities,
simulated, some more than 5 % are rejected. It takes what is predicted as exact, but
baselines of 15 cancers are estimated of some 600 patients: the Kaplan-Meier estimate,
which has no other error, is what can be expected."""


def settings():
    """List of (outcome, scarce, plentiful)."""
    found = [
        (outcome, *pair)
        for outcome in OUTCOMES
        for first, second in PAIRS
        for pair in ((first, second), (second, first))
    ]
    return found + [(outcome, SCATTERED, "") for outcome in OUTCOMES]


def draw(folder, outcome, scarce, plentiful, seed):
    """Training patients and tested ones: X, y, X_test, y_test."""
    labels, blocks = read_powered(folder)
    labels = labels[labels[f"{outcome}_time"] > 0]
    names = ["clinical", "mirna", "rna"]
    if scarce != SCATTERED:
        names = [scarce, plentiful]
    has = pd.DataFrame({n: labels.index.isin(ids_of(blocks[n])) for n in names})
    has = has.set_axis(labels.index)
    rng = np.random.default_rng([seed, 3])
    order = rng.permutation(np.asarray(has.index[has.all(axis=1)]))
    if scarce == SCATTERED:
        test = order[:MAX_TESTED]
        others = rng.permutation(np.asarray(has.index.difference(test)))[:N_SCATTERED]
        kept = has.loc[others] & (rng.random((len(others), len(names))) < 0.45)
        has = kept[kept.any(axis=1)]
    else:
        kind = np.repeat([0, 1, 2], [SCARCE, PLENTIFUL, PAIRED])
        train, test = order[: len(kind)], order[len(kind) :][:MAX_TESTED]
        has = pd.DataFrame({scarce: kind != 1, plentiful: kind != 0}, index=train)
    every = pd.DataFrame(True, index=test, columns=names)
    return (
        make_cohort(blocks, has),
        target_of(labels, has.index, outcome),
        make_cohort(blocks, every),
        target_of(labels, test, outcome),
    )


def target_of(labels, ids, outcome):
    """Times and events of patients, with their cancers as strata."""
    cancers = sorted(labels["cancer"].unique())
    own = labels.loc[ids]
    return make_survival_target(
        own[f"{outcome}_event"],
        own[f"{outcome}_time"],
        strata=own["cancer"].map(cancers.index),
    )


def reduced_cox(n_columns, n_rows):
    """Cox regression of up to 20 principal components."""
    n = min(COMPONENTS, n_columns, n_rows - 1)
    parts = [StandardScaler(), PCA(n, random_state=0), StandardScaler()]
    return make_pipeline(SimpleImputer(), *parts, CoxRidgeSurvival())


def simple_models(X, y, X_test, y_test):
    """Risks and survival curves by model."""
    found, risks = {}, []
    for name in X.modalities:
        rows = X.has(name)
        Z = np.asarray(X[rows].block(name))
        model = reduced_cox(Z.shape[1], len(Z)).fit(Z, y[rows])
        test = np.asarray(X_test.block(name))
        found[f"Cox, {name}"] = model.predict(test), curves_of(model, test, y_test)
        risks.append(found[f"Cox, {name}"][0])
    found["sum of Cox"] = np.sum(risks, axis=0), None
    parts = [joined(X), joined(X_test)]
    model = reduced_cox(parts[0].shape[1], len(X))
    model.set_params(pca__n_components=min(2 * COMPONENTS, len(X) - 1))
    model.fit(parts[0], y)
    risk = model.predict(parts[1])
    found["Cox, imputed"] = risk, curves_of(model, parts[1], y_test)
    return found


def joined(X):
    """Modalities side by side, NaN where absent."""
    parts = []
    for name in X.modalities:
        part = np.full((len(X), X.block_shape(name)[1]), np.nan)
        part[X.has(name)] = np.asarray(X[X.has(name)].block(name))
        parts.append(part)
    return np.hstack(parts)


def curves_of(model, rows, y):
    """Survival probabilities at `TIMES`, in the cancers of the rows that are known."""
    last = model[-1] if hasattr(model, "steps") else model
    risk = np.asarray(model.predict(rows))
    curves = np.full((len(risk), len(TIMES)), np.nan)
    for cancer, baseline in last.baselines_.items():
        own = y["stratum"] == cancer
        curves[own] = np.exp(-np.exp(risk[own])[:, None] * baseline(TIMES))
    return curves


def same_for_all(y, y_test):
    """Risk and survival curves of patients all alike within a cancer."""
    curves = np.full((len(y_test), len(TIMES)), np.nan)
    for cancer, baseline in fit_baseline(y, np.zeros(len(y))).items():
        curves[y_test["stratum"] == cancer] = np.exp(-baseline(TIMES))
    return np.zeros(len(y_test)), curves


def slow_models(X, y, X_test, seed):
    """A forest on imputed blocks, and a classifier of the event within two years."""
    found = {}
    try:
        from sksurv.ensemble import RandomSurvivalForest
    except ImportError:
        pass
    else:
        forest = RandomSurvivalForest(
            100, min_samples_leaf=10, max_features="sqrt", random_state=seed
        )
        model = make_pipeline(SimpleImputer(), forest)
        plain = make_survival_target(y["event"], y["time"])
        found["forest, imputed"] = model.fit(joined(X), plain).predict(joined(X_test))
    two = 2 * DAYS
    label = np.where(y["time"] > two, 0.0, np.where(y["event"], 1.0, np.nan))
    model = TwinTowerClassifier(random_state=seed).fit(X, label)
    found["classifier at two years"] = model.predict_proba(X_test)[:, 1]
    return found


def run(data, outcome, scarce, plentiful, seed):
    """Scores of all models on one draw of one setting: DataFrame."""
    folder = data / "tcga_pancan"
    X, y, X_test, y_test = draw(folder, outcome, scarce, plentiful, seed)
    model = TwinTowerSurvival(random_state=seed).fit(X, y)
    found = {OURS: (model.predict(X_test), curves_of(model, X_test, y_test))}
    for name, tower in model.towers_.items():
        rows = np.asarray(X_test.block(name))
        risk = tower.predict(rows)
        found[f"{name} tower"] = risk, curves_of(tower, rows, y_test)
    towers = [found[f"{name} tower"][0] for name in model.towers_]
    found["sum of log-hazards"] = np.sum(towers, axis=0), None
    found |= simple_models(X, y, X_test, y_test)
    found[KAPLAN_MEIER] = same_for_all(y, y_test)
    if seed < DRAWS_OF_SLOW:
        slow = slow_models(X, y, X_test, seed)
        found |= {name: (risk, None) for name, risk in slow.items()}
    setting = f"{outcome}, {scarce}" + (f" + {plentiful}" if plentiful else "")
    rows = [
        (name, metric, value)
        for name, (risk, curves) in found.items()
        for metric, value in score(y, y_test, risk, curves).items()
    ]
    table = pd.DataFrame(rows, columns=["model", "metric", "score"])
    return table.assign(setting=setting, label=outcome, draw=seed)


def score(y, y_test, risk, curves):
    """Higher is better, but of the p values: dict of metric to score."""
    found = {"uno_c": concordance(y_test, risk, train=y, horizon=HORIZON)}
    if curves is not None:
        known = ~np.isnan(curves).any(axis=1)
        part = y_test[known]
        brier = integrated_brier_score(part, curves[known], TIMES, train=y)
        found["neg_ibs"] = -brier
        for years in (2, 5):
            place = np.abs(TIMES - years * DAYS).argmin()
            for n in N_CALIBRATED:
                some = curves[known, place][:n]
                p = calibration_p(part[:n], some, TIMES[place])
                found[f"{years} years, {n} patients"] = p
    return found


def calibration_p(target, survival, time, n_groups=5):
    """p value of Greenwood, Nam and D'Agostino's test in fifths of the prediction."""
    edges = np.quantile(survival, np.linspace(0, 1, n_groups + 1)[1:-1])
    group = np.searchsorted(edges, survival)
    squares = []
    for number in range(n_groups):
        own = group == number
        observed, variance = kaplan_meier(target[own], time)
        if variance > 0:
            squares.append((observed - survival[own].mean()) ** 2 / variance)
    return float(chi2.sf(sum(squares), len(squares)))


def simulated_p(n_rows, years, n_draws, factor=1.0):
    """p values of probabilities whose hazards are the true ones times a factor.

    Of 1,000 patients some 200 have the event in a year, and they are followed up for up
    to eight.
    """
    rng = np.random.default_rng([n_rows, years])
    found = np.empty(n_draws)
    for number in range(n_draws):
        rate = np.exp(rng.normal(-1.5, 0.7, n_rows))
        time, left = rng.exponential(1 / rate), rng.uniform(0, 8, n_rows)
        target = make_survival_target(time <= left, np.minimum(time, left))
        found[number] = calibration_p(target, np.exp(-years * factor * rate), years)
    return found


def kaplan_meier(target, time):
    """Survival at a time, and Greenwood's variance."""
    times, deaths = np.unique(
        target["time"][target["event"] & (target["time"] <= time)], return_counts=True
    )
    at_risk = len(target) - np.searchsorted(np.sort(target["time"]), times)
    survival = np.prod(1 - deaths / at_risk)
    terms = deaths / (at_risk * np.maximum(at_risk - deaths, 1e-9))
    return survival, survival**2 * terms.sum()


def report(scores, n_draws):
    """The tables as Markdown."""
    others = [name for name in scores["model"].unique() if name != OURS]
    parts = [EXPLANATION]
    for title, chosen in [("All settings", None), ("Progression only", CHOSEN_ON)]:
        part = scores if chosen is None else scores[~scores["label"].isin(chosen)]
        part = part[part["metric"].isin(METRICS)]
        if part.empty:
            continue
        # Comparators of single modalities are not in all settings.
        common = [n for n in others if not n.endswith(("tower", "rna", "clinical"))]
        part = pd.concat([part, best_of(part)])
        shown = [OURS, *common, "best tower", "best Cox of one"]
        table = means(part[part["model"].isin(shown)], "setting")["mean"]
        gaps = differences(part, OURS, shown[1:], "setting", "draw")
        pooled = gaps[gaps["setting"] == "pooled"].set_index(["other", "metric"])
        cells = with_intervals(pooled)
        parts += [f"## {title}: {part['setting'].nunique()}, {n_draws} draws"]
        parts += [markdown(table.unstack("metric")[METRICS], 4)]
        parts += ["Differences:", markdown(cells.unstack("metric"))]
    table = scores[scores["metric"] == "uno_c"].pivot_table(
        index=["setting", "draw"], columns="model", values="score"
    )
    mean = table.groupby("setting").mean().T
    parts += ["## Uno's C by setting", markdown(mean, 4)]
    gaps = table.drop(columns=OURS).rsub(table[OURS], axis=0)
    parts += ["Differences on the draws in which both were fitted:"]
    parts += [markdown(gaps.groupby("setting").mean().T, 4)]
    tests = scores[scores["metric"].str.endswith("patients")]
    kept = tests.assign(kept=tests["score"] >= 0.05)
    table = kept.pivot_table(index="model", columns="metric", values="kept")
    table.loc["true probabilities, simulated"] = {
        f"{years} years, {n} patients": (simulated_p(n, years, 1000) >= 0.05).mean()
        for years in (2, 5)
        for n in N_CALIBRATED
    }
    parts += ["## Share of draws in which calibration is not rejected"]
    return "\n\n".join([*parts, CALIBRATION, markdown(table, 3)])


def best_of(scores):
    """Best tower and best Cox of one modality, on the average of a setting's draws."""
    parts = []
    names = scores["model"]
    for title, chosen in [
        ("best tower", names.str.endswith(" tower") & (names != OURS)),
        ("best Cox of one", names.str.startswith("Cox, ") & (names != "Cox, imputed")),
    ]:
        parts.append(best_on_average(scores, chosen, title))
    return pd.concat(parts)


def main(arguments=None):
    run_benchmark("survival", "Time to event", settings(), run, report, 20, arguments)


if __name__ == "__main__":
    main()
