"""Hospitals that were never seen: the default twin tower beside named comparators.

``python -m benchmarks.accuracy.hospitals --data SKMULTIMODAL_DATA [--draws 3]``

SKMULTIMODAL_DATA holds ``cohort`` (gliomas) and ``powered/tcga_brca``. In each draw the
hospitals of the pairs are dealt into folds. The pairs of a fold are tested, and no
patient of its hospitals is trained on. Of the other breast cancers 95 keep the scarce
modality, 452 the plentiful one and 50 both, or in proportion; of the other gliomas 65 %
of the labelled pairs stay paired, the rest keep their images. Scores are of all tested
patients of a draw. An interrupted run of the same code continues.
"""

import argparse
import tempfile
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from benchmarks.accuracy.gliomas import MAX_PAIRED, SHARE_PAIRED
from benchmarks.accuracy.harmonisation import LABELS, SITE
from benchmarks.accuracy.hospital_scores import (
    BEST,
    CEILING,
    MIN_OF_CLASS,
    WITHIN,
    better_towers,
    hospital_intervals,
    scores_of,
    with_ceiling,
)
from benchmarks.accuracy.pooling import (
    differences,
    markdown,
    means,
    run_tasks,
    with_intervals,
)
from benchmarks.accuracy.powered import (
    METRICS,
    OURS,
    default_model,
    late_fusions,
    tower_odds,
    with_best_tower,
)
from benchmarks.accuracy.powered_cohorts import (
    Draw,
    ids_of,
    make_cohort,
    read_powered,
    thinned,
)
from benchmarks.accuracy.simple_models import SLOW_MODELS, blocks_of, models_of_draw
from benchmarks.cohorts import read_once
from skmultimodal import Cohort, LogOpinionPoolClassifier
from skmultimodal.datasets import unpair
from skmultimodal.preprocessing import SiteHarmonizer

BREAST, GLIOMA = "tcga_brca", "cohort"
N_FOLDS = {BREAST: 3, GLIOMA: 3}
GLIOMA_LABELS = ["idh_mut", "progression_free_2y", "disease_control", "survival_2y"]
PAIRS = [("cnv", "rna"), ("mirna", "rna"), ("rppa", "mirna")]
PIXELS = 12  # a side of the images that scikit-learn's models read
SHOWN = [METRICS[0], WITHIN, *METRICS[1:]]
GROUPED = "twin tower, groups=hospital"
HARMONISED = "twin tower after SiteHarmonizer"
SIMPLE = [
    "stack on every row (PCA + logistic)",
    "mean of PCA + logistic",
    "mean imputation + forest",
    "boosting on NaN blocks",
]
# Forest and boosting take most of the time.
SLOW_LABELS = ["her2", "pik3ca_mut", "idh_mut", "survival_2y"]
# Trials: weights held closer to those of Bayes' rule, and the intercept to the share of
# all rows, since pairs of few hospitals teach neither for another one.
POOLS = {
    "weights held": {"weight_penalty": 1000.0},
    "no shift": {"shift_scale": 1e-3},
}
LARGEST_LOSS = -0.02  # in area, below which no interval of the goal reaches
EXPLANATION = f"""Differences are twin tower - other; higher is better. Intervals are t
intervals over the draws of the mean over the settings: other folds, other patients who
lose a modality, other seeds, the same tested patients. `{WITHIN}` is the area within a
hospital with {MIN_OF_CLASS} or more of both classes, averaged with the numbers of pairs
of patients as weights. The best tower is the better one of each setting and metric, on
the average of its draws: chosen after the fact. Towers, mean and sum of log-odds are
those of the twin tower itself. Forest and boosting are fitted in the first draw, on
{", ".join(SLOW_LABELS)}, and their differences are those
of these. "Weights held" is a `weight_penalty` of 1000, "no shift" a `shift_scale` of
.001: trials. "{CEILING[0].upper() + CEILING[1:]}" is what no pool of the towers'
log-odds can be expected to exceed: a logistic regression on them with the answers."""


def settings():
    """All settings: list of (cohort, label, scarce, plentiful)."""
    glioma = [(GLIOMA, label, "image", "gene") for label in GLIOMA_LABELS]
    return glioma + [(BREAST, label, *pair) for label in LABELS for pair in PAIRS]


# Draws


def hospital_folds(hospitals, y, n_folds, seed):
    """Deal hospitals into folds, of each class alike as far as possible.

    Parameters
    ----------
    hospitals, y : ndarray of shape (n_rows,)
        Of the pairs.
    n_folds, seed : int

    Returns
    -------
    folds : list of list of str
        Hospitals of each fold.
    """
    cv = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    tested = [test for _, test in cv.split(y, y, hospitals)]
    return [sorted(set(hospitals[test])) for test in tested if len(test)]


def draw_breast(folder, label, scarce, plentiful, seed, fold):
    """Pairs of the hospitals of a fold, and thinned pairs of the others: Draw."""
    labels, blocks = read_powered(folder)
    y = labels[label].dropna().astype(int)
    both = y.index.intersection(ids_of(blocks[scarce]))
    both = both.intersection(ids_of(blocks[plentiful]))
    hospitals, y = labels.loc[both, SITE].astype(str), y[both]
    folds = hospital_folds(hospitals.to_numpy(), y.to_numpy(), N_FOLDS[BREAST], seed)
    left_out = hospitals.isin(folds[fold])
    order = np.random.default_rng([seed, fold]).permutation(both[~left_out])
    has = thinned(order, scarce, plentiful)
    everything = pd.DataFrame(True, index=both[left_out], columns=has.columns)
    train = _with_hospitals(make_cohort(blocks, has), hospitals)
    test = _with_hospitals(make_cohort(blocks, everything), hospitals)
    return Draw(train, y[train.index].to_numpy(), test, y[test.index].to_numpy())


def _with_hospitals(X, hospitals):
    parts = {name: X.table(name) for name in X.modalities}
    return Cohort(parts, index=X.index, metadata=hospitals[X.index].to_frame(SITE))


def draw_glioma(folder, label, seed, fold):
    """Pairs of the hospitals of a fold, and all patients of the others: Draw."""
    X, y = read_once(folder, label)
    hospitals = X.metadata[SITE].astype(str).to_numpy()
    known = X.paired & ~np.isnan(y)
    n_folds = N_FOLDS[GLIOMA]
    folds = hospital_folds(hospitals[known], y[known], n_folds, seed)
    left_out = np.isin(hospitals, folds[fold])
    test, train = known & left_out, ~left_out
    n_pairs = int((known & train).sum())
    n_kept = min(MAX_PAIRED, round(SHARE_PAIRED * n_pairs))
    X_train, y_train = unpair(X[train], y[train], n_kept, random_state=seed)
    return Draw(X_train, y_train, X[test], y[test].astype(int))


def draw_hospitals(data, cohort, label, scarce, plentiful, seed, fold):
    """One draw and fold of a setting: Draw, with hospitals in the metadata."""
    if cohort == GLIOMA:
        return draw_glioma(data / GLIOMA, label, seed, fold)
    folder = data / "powered" / cohort
    return draw_breast(folder, label, scarce, plentiful, seed, fold)


# Models


def twin_towers(draw, seed, memory):
    """Probabilities by the twin tower, its parts, and with hospitals: dict."""
    X, y, X_test, _ = draw
    hospitals = X.metadata[SITE].astype(str).to_numpy()
    known = ~np.isnan(y)
    found = {}
    for name, groups in ((OURS, None), (GROUPED, hospitals)):
        model = default_model(X, seed, memory=memory).fit(X, y, groups=groups)
        found[name] = model.predict_proba(X_test)[:, 1]
        parts = late_fusions(tower_odds(model, X_test), X[known], y[known])
        if groups is None:
            found |= parts
        else:
            found["sum of log-odds, groups"] = parts["sum of log-odds"]
        for pool, params in POOLS.items():
            model.set_params(final_estimator=LogOpinionPoolClassifier(**params))
            model.fit(X, y, groups=groups)
            found[f"{name}, {pool}"] = model.predict_proba(X_test)[:, 1]
    return found


def harmonised(draw, seed):
    """Probabilities by a twin tower of harmonised modalities."""
    X, y, X_test, _ = draw
    model = make_pipeline(SiteHarmonizer(SITE), default_model(X, seed))
    return model.fit(X, y).predict_proba(X_test)[:, 1]


def simple_blocks(X):
    """Blocks of a cohort for scikit-learn, large images reduced to 12 x 12."""
    parts = {
        name: (X.index[X.has(name)], _reduced(np.asarray(X.block(name))))
        for name in X.modalities
    }
    return blocks_of(Cohort(parts, index=X.index))


def _reduced(rows):
    """Means of squares of large images; other rows as they are."""
    if rows.ndim != 4 or min(rows.shape[2:]) <= 4 * PIXELS:
        return rows
    n, channels, *size = rows.shape
    height, width = (side // PIXELS for side in size)
    rows = rows[:, :, : height * PIXELS, : width * PIXELS]
    squares = rows.reshape(n, channels, PIXELS, height, PIXELS, width)
    return squares.mean(axis=(3, 5), dtype=np.float32)


def run(data, n_slow, cohort, label, scarce, plentiful, seed, fold):
    """What all models predict of the pairs of one fold of hospitals: DataFrame."""
    setting = cohort, label, scarce, plentiful
    draw = draw_hospitals(data, *setting, seed, fold)
    X, y, X_test, y_test = draw
    known = ~np.isnan(y)
    with tempfile.TemporaryDirectory() as memory:
        found = twin_towers(draw, seed, memory)
    if cohort == BREAST:
        found[HARMONISED] = harmonised(draw, seed)
    train, tested = simple_blocks(X[known]), simple_blocks(X_test)
    y = y[known].astype(int)
    slow = [] if seed < n_slow and label in SLOW_LABELS else SLOW_MODELS
    chosen = models_of_draw(seed, [name for name in SIMPLE if name not in slow])
    found |= {n: fit(train, y, seed)(tested) for n, fit in chosen.items()}
    about = {
        "setting": f"{label}, {scarce} + {plentiful}",
        "cohort": cohort,
        "draw": seed,
        "fold": fold,
        "patient": np.asarray(X_test.index),
        "hospital": X_test.metadata[SITE].astype(str).to_numpy(),
        "truth": y_test,
    }
    parts = [pd.DataFrame(about | {"model": n, "p": p}) for n, p in found.items()]
    return pd.concat(parts, ignore_index=True)


# Report


def spelled(gaps):
    """Differences with intervals, a row a model and a column a metric: DataFrame."""
    gaps = gaps.set_index(["other", "metric"])
    shown = with_intervals(gaps).unstack("metric")
    order = gaps.index.get_level_values("other").unique()
    return shown.loc[order, [m for m in SHOWN if m in shown]]


def pooled_differences(scores, ours):
    """Differences of a model to all others, pooled over settings: DataFrame."""
    others = [name for name in scores["model"].unique() if name != ours]
    gaps = differences(scores, ours, others, "setting", "draw")
    return gaps[gaps["setting"] == "pooled"]


def goal(scores, ours):
    """The goal beside what is reached, as Markdown."""
    gaps = differences(scores, ours, [BEST], "setting", "draw")
    areas = gaps[gaps["metric"] == "roc_auc"].set_index("setting")
    pooled, areas = areas.loc["pooled"], areas.drop(index="pooled")
    n_met = int((areas["low"] > LARGEST_LOSS).sum())
    lines = [
        f"- Area, difference to the better tower above 0: {pooled.difference:.4f} "
        f"[{pooled.low:.4f}, {pooled.high:.4f}].",
        f"- Area, interval above {LARGEST_LOSS} by setting: {n_met} of {len(areas)}; "
        f"difference above it: {(areas['difference'] > LARGEST_LOSS).sum()}.",
    ]
    rivals = [BEST, "mean log-odds", "sum of log-odds", *SIMPLE]
    table = pooled_differences(scores, ours)
    for metric in METRICS[1:]:
        part = table[(table["metric"] == metric) & table["other"].isin(rivals)]
        ahead = part[part["difference"] <= 0]
        said = ", ".join(f"{r.other} {r.difference:.4f}" for r in ahead.itertuples())
        lines.append(f"- {metric}, comparators that are not worse: {said or 'none'}.")
    return "\n".join(lines)


def report(predicted):
    """The tables as Markdown."""
    predicted = with_ceiling(predicted)
    scores = scores_of(predicted)
    parts = [EXPLANATION]
    for cohort, part in scores.groupby("cohort", sort=False):
        said = predicted[predicted["cohort"] == cohort]
        better = better_towers(part)
        part = with_best_tower(part)
        n_draws = part["draw"].nunique()
        everywhere = part[~part["model"].isin(SLOW_MODELS)]
        table = means(everywhere, "setting")["mean"].unstack("metric")
        table = table[[m for m in SHOWN if m in table]]
        gaps = differences(part, OURS, [BEST], "setting", "draw")
        n_hospitals, n_tested = said["hospital"].nunique(), said["patient"].nunique()
        parts += [
            f"## {cohort}: {part['setting'].nunique()} settings, {n_draws} draws",
            f"{n_tested} patients of {n_hospitals} hospitals are tested.",
            markdown(table, 4),
            f"### Goal beside what is reached: {OURS}",
            goal(part, OURS),
            f"### Goal beside what is reached: {GROUPED}",
            goal(part, GROUPED),
            f"### {OURS} - others, intervals over draws",
            markdown(spelled(pooled_differences(part, OURS))),
            f"### {GROUPED} - others, intervals over draws",
            markdown(spelled(pooled_differences(part, GROUPED))),
            f"### {OURS} - others, intervals over hospitals (bootstrap)",
            markdown(spelled(hospital_intervals(said, better))),
            f"### {OURS} - best tower, by setting, intervals over draws",
            markdown(spelled(gaps.assign(other=gaps["setting"]))),
        ]
    return "\n\n".join(parts)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--glioma-draws", type=int, help="if fewer, as images are dear")
    parser.add_argument("--first", type=int, default=0, help="number of the first draw")
    parser.add_argument("--settings", help="only those whose names contain this")
    parser.add_argument(
        "--slow-draws", type=int, default=1, help="with forest and boosting"
    )
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("results/hospitals"))
    parser.add_argument("--out", type=Path, help="folder for hospitals.md")
    options = parser.parse_args(arguments)
    draws = range(options.first, options.first + options.draws)
    n_draws = {BREAST: options.draws, GLIOMA: options.glioma_draws or options.draws}
    tasks = [
        (*setting, draw, fold)
        for draw in draws
        for setting in settings()
        if draw < draws.start + n_draws[setting[0]]
        if options.settings is None or options.settings in "-".join(setting)
        for fold in range(N_FOLDS[setting[0]])
    ]
    work = partial(run, options.data, options.slow_draws)
    predicted = run_tasks(work, tasks, options.work, options.n_jobs)
    text = report(predicted)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        command = "python -m benchmarks.accuracy.hospitals --data SKMULTIMODAL_DATA"
        command += f" --draws {options.draws}"
        if options.glioma_draws:
            command += f" --glioma-draws {options.glioma_draws}"
        head = f"# Hospitals that were never seen\n\n`{command}`, {date.today()}. "
        head += "The seed is the number of the draw.\n\n"
        (options.out / "hospitals.md").write_text(head + text + "\n")


if __name__ == "__main__":
    main()
