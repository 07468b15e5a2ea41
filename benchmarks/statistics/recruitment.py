"""``python -m benchmarks.statistics.recruitment``: what more patients of a kind bring.

Cohorts of pairs and of patients with one modality, whose truth is known. A stand-in for
a twin tower has two towers, each a logistic model of half of the features, fitted on
the patients with one modality (in settings marked "all", on the pairs too), and a head,
a logistic model of the two tower scores, fitted on the pairs. `recruitment_curve`'s
rows and power laws give the gain by more patients of a kind, with a 95 % interval.
Counted is how often it holds the true gain of the procedure, a mean over cohorts of
this size, and how often that of this very cohort, a mean over new patients. The latter
varies with the luck of the cohort, which the interval does not claim to hold.
"""

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import special

from benchmarks.accuracy.pooling import markdown
from skmultimodal.model_selection import PairedStratifiedKFold
from skmultimodal.model_selection._extrapolation import PowerLaws
from skmultimodal.model_selection._folds import Fold
from skmultimodal.model_selection._recruitment import _arms_of
from skmultimodal.model_selection._targets import Target
from skmultimodal.towers._class_labels import ClassLabels

N_SPLITS, N_REPEATS, N_FEATURES = 3, 10, 12
RATIO = 1 / (N_SPLITS - 1)
SIZES = [0.25, 0.5, 0.75, 1.0]
N_ADDED = (10, 50, 100)
MAX_FACTOR = 2
METRICS = ("AUC", "log-loss")
KINDS = ("pairs", "image only", "gene only")
HALF = N_FEATURES // 2
PARTS = (slice(0, N_FEATURES), slice(0, HALF), slice(HALF, N_FEATURES))
N_EXTENSIONS = 40  # of each cohort, for its own gain
N_TRUE = 4000  # cohorts for the gain of the procedure


@dataclass(frozen=True)
class Setting:
    """`oracle_auc` is that of all features with perfect weights.

    The gene half has twice the effect of the image half.
    """

    n_pairs: int
    n_image: int
    n_gene: int
    oracle_auc: float
    tower_rows: str = "unpaired"

    def __str__(self):
        every = ", all" if self.tower_rows == "all" else ""
        numbers = " / ".join(map(str, self.numbers))
        return f"{numbers} / {self.oracle_auc}{every}"

    @property
    def numbers(self):
        return self.n_pairs, self.n_image, self.n_gene

    @property
    def effects(self):
        own = np.repeat([1.0, 2.0], HALF)
        distance = np.sqrt(2) * special.ndtri(self.oracle_auc)
        return own * distance / np.linalg.norm(own)


SETTINGS = [
    Setting(50, 60, 200, 0.5),
    Setting(50, 60, 200, 0.8),
    Setting(50, 60, 200, 0.95),
    Setting(50, 60, 200, 0.8, "all"),
    Setting(150, 40, 100, 0.8),
    Setting(150, 40, 100, 0.8, "all"),
    Setting(300, 100, 300, 0.8),
]


def draw(setting, rng, n_cohorts, more=0):
    """Features of each kind, (cohorts, rows, features), and labels, 0 and 1 in turn."""
    labels = [np.arange(n + more) % 2.0 for n in setting.numbers]
    features = []
    for y, part in zip(labels, PARTS, strict=True):
        means = np.outer(y - 0.5, setting.effects[part])
        features.append(rng.normal(size=(n_cohorts, *means.shape)) + means)
    return features, labels


def weighted_fits(X, y, weights, n_steps=8):
    """Ridge logistic regressions (C = 1) on rows of weight 0 or 1, intercepts last.

    `X` is (fits, rows, features), `y` and `weights` are (fits, rows).
    """
    X = np.concatenate([X, np.ones((*X.shape[:2], 1))], axis=2)
    ridge = np.r_[np.ones(X.shape[2] - 1), 1e-9]
    coef = np.zeros((len(X), X.shape[2]))
    for _ in range(n_steps):
        proba = special.expit((X @ coef[..., None])[..., 0])
        slope = ((weights * (proba - y))[:, None] @ X)[:, 0] + ridge * coef
        curved = weights * np.maximum(proba * (1 - proba), 1e-6)
        hessian = X.transpose(0, 2, 1) @ (X * curved[..., None]) + np.diag(ridge)
        coef -= np.linalg.solve(hessian, slope[..., None])[..., 0]
    return coef


def fit(setting, features, labels, masks):
    """Direction (fits, features) and intercept of the models on masked rows.

    `features` and `masks` have an array per kind whose first axis is the fits.
    """
    n_fits = len(masks[0])
    towers = np.zeros((n_fits, N_FEATURES, 2))
    for tower, kind in enumerate((1, 2)):
        X, y, weights = features[kind], labels[kind], masks[kind]
        if setting.tower_rows == "all":
            X = np.concatenate([X, features[0][:, :, PARTS[kind]]], axis=1)
            y = np.concatenate([y, labels[0]])
            weights = np.concatenate([weights, masks[0]], axis=1)
        y = np.broadcast_to(y, weights.shape)
        towers[:, PARTS[kind], tower] = weighted_fits(X, y, weights)[:, :-1]
    y = np.broadcast_to(labels[0], masks[0].shape)
    head = weighted_fits(features[0] @ towers, y, masks[0])
    return (towers @ head[:, :-1, None])[..., 0], head[:, -1]


def true_scores(setting, direction, intercept):
    """AUC and negative log-loss on the population, (fits, 2): both are exact."""
    length = np.linalg.norm(direction, axis=1)
    reach = direction @ setting.effects / 2
    nodes, shares = np.polynomial.hermite_e.hermegauss(40)
    noise, shares = length[:, None] * nodes, shares / shares.sum()
    loss = sum(
        np.logaddexp(0, -sign * ((sign * reach + intercept)[:, None] + noise)) @ shares
        for sign in (1, -1)
    )
    area = special.ndtr(np.sqrt(2) * reach / np.maximum(length, 1e-12))
    return np.column_stack([area, -loss / 2])


def gains_by_more(setting, features, labels):
    """True gain, (fits, kinds, added, metrics), if the last rows of a kind are new."""
    n_fits = len(features[0])

    def score(more):
        masks = [
            np.tile(np.arange(len(y)) < n + own, (n_fits, 1)).astype(float)
            for y, n, own in zip(labels, setting.numbers, more, strict=True)
        ]
        return true_scores(setting, *fit(setting, features, labels, masks))

    now = score((0, 0, 0))
    return np.array(
        [
            [score(number * np.eye(3, dtype=int)[kind]) - now for number in N_ADDED]
            for kind in range(3)
        ]
    ).transpose(2, 0, 1, 3)


def gain_of_procedure(setting, seed=0, batch=250):
    """Mean gain over cohorts, (kinds, added, metrics)."""
    rng = np.random.default_rng(seed)
    found = [
        gains_by_more(setting, *draw(setting, rng, batch, max(N_ADDED))).mean(axis=0)
        for _ in range(N_TRUE // batch)
    ]
    return np.mean(found, axis=0)


def gain_of_cohort(setting, features, labels, rng):
    """Mean gain over new patients who join this cohort, (kinds, added, metrics)."""
    extended, all_labels = draw(setting, rng, N_EXTENSIONS, max(N_ADDED))
    for rows, own in zip(extended, features, strict=True):
        rows[:, : own.shape[1]] = own
    return gains_by_more(setting, extended, all_labels).mean(axis=0)


def plan(setting, labels, rng):
    """Folds, and the arms of each kind, by the rules of `recruitment_curve`."""
    encoded = ClassLabels.encode(np.concatenate(labels).astype(int))
    target = Target(*encoded, dealt=encoded[1])
    patterns = np.repeat(KINDS, setting.numbers)
    others = np.arange(setting.n_pairs, len(target.codes))
    seed = int(rng.integers(2**31))
    splitter = PairedStratifiedKFold(N_SPLITS, N_REPEATS, random_state=seed)
    splits = splitter.split(np.ones((setting.n_pairs, 1)), labels[0])
    folds = [
        Fold(*divmod(i, N_SPLITS), np.concatenate([train, others]), test)
        for i, (train, test) in enumerate(splits)
    ]
    rows, draws = (patterns, target, None), np.random.RandomState(seed)
    return folds, [_arms_of(kind, folds, rows, SIZES, draws) for kind in KINDS]


def estimate(setting, features, labels, rng):
    """Means and interval ends by `recruitment_curve`, (kinds, added, metrics, 3)."""
    folds, arms = plan(setting, labels, rng)
    trained = [folds, *[arm.folds for own in arms for arm in own[:-1]]]
    mask = np.zeros((len(trained) * len(folds), sum(setting.numbers)))
    for row, fold in zip(mask, [f for own in trained for f in own], strict=True):
        row[fold.train] = 1
    masks = np.split(mask, np.cumsum(setting.numbers)[:-1], axis=1)
    shared = [np.broadcast_to(f, (len(mask), *f.shape[1:])) for f in features]
    direction, intercept = fit(setting, shared, labels, masks)
    decision = direction @ features[0][0].T + intercept[:, None]
    decision = decision.reshape(len(trained), len(folds), -1)
    scores = np.array(
        [
            [_scores(own[i], labels[0], f.test) for i, f in enumerate(folds)]
            for own in decision
        ]
    )  # (arms, folds, metrics)
    repeats = [fold.repeat for fold in folds]
    found = np.full((3, len(N_ADDED), 2, 3), np.nan)
    for kind, own in enumerate(arms):
        which = [*range(1 + kind * 3, 4 + kind * 3), 0]
        now = setting.numbers[kind]
        for metric in range(2):
            points = scores[which, :, metric].T
            numbers = [arm.n_rows for arm in own]
            laws = PowerLaws(numbers, points, repeats, RATIO)
            for place, number in enumerate(N_ADDED):
                if now + number <= MAX_FACTOR * now:
                    found[kind, place, metric] = laws.change(now, now + number)
    return found


def _scores(decision, y, test):
    decision, y = decision[test], y[test]
    area = (decision[y == 1][:, None] > decision[y == 0]).mean()
    return area, -np.logaddexp(0, -(2 * y - 1) * decision).mean()


def simulate(setting, seed):
    """Intervals of one cohort, and its own gain."""
    rng = np.random.default_rng([seed, SETTINGS.index(setting)])
    features, labels = draw(setting, rng, 1)
    own = gain_of_cohort(setting, features, labels, rng)
    return estimate(setting, features, labels, rng), own


def summarise(setting, true, results):
    """A dict per metric, kind and number added."""
    found, own = map(np.array, zip(*results, strict=True))
    rows = []
    for metric, name in enumerate(METRICS):
        for kind, place in np.ndindex(3, len(N_ADDED)):
            mean, low, high = found[:, kind, place, metric].T
            if np.isnan(mean[0]):
                continue
            target, of_cohort = true[kind, place, metric], own[:, kind, place, metric]
            rows.append(
                {
                    "metric": name,
                    "pairs / image / gene / oracle": str(setting),
                    "more": f"{N_ADDED[place]} {KINDS[kind]}",
                    "true gain": f"{target:.4f}",
                    "mean estimate": f"{mean.mean():.4f}",
                    "mean width": f"{(high - low).mean():.3f}",
                    "below": 100 * (high < target).mean(),
                    "above": 100 * (low > target).mean(),
                    "coverage": 100 * ((low <= target) & (target <= high)).mean(),
                    "of this cohort": 100
                    * ((low <= of_cohort) & (of_cohort <= high)).mean(),
                    "above 0": 100 * (low > 0).mean(),
                }
            )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=400, help="of a setting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.cohorts)
    rows = []
    for setting in SETTINGS:
        true = gain_of_procedure(setting)
        results = Parallel(options.n_jobs, batch_size=5)(
            delayed(simulate)(setting, seed) for seed in seeds
        )
        rows += summarise(setting, true, results)
        print(pd.DataFrame(rows[-8:]).to_string(), flush=True)
    command = f"python -m benchmarks.statistics.recruitment --cohorts {options.cohorts}"
    write(pd.DataFrame(rows), options, f"{command} --seed {options.seed}")


def write(table, options, command):
    """Write ``recruitment.md``."""
    noise = 100 * np.sqrt(0.95 * 0.05 / options.cohorts)
    text = f"# More patients of a kind\n\n`{command}`, {date.today()}\n\n"
    text += __doc__.split("\n\n", 1)[1]
    text += (
        f"\n{options.cohorts} cohorts a setting, {N_SPLITS} folds x {N_REPEATS} "
        f"repeats, true gains by {N_TRUE} cohorts; Monte-Carlo standard error at 95 %: "
        f"{noise:.1f} points. Settings: pairs / patients with image only / with gene "
        "only / area of a perfect model. A gain of the log-loss is a fall of it. "
        '"below" and "above": intervals that end below the true gain, or begin above. '
        '"above 0": intervals that exclude no gain.\n'
    )
    for metric in METRICS:
        part = table[table["metric"] == metric].drop(columns="metric")
        index = part.columns[:2].tolist()
        part = part.assign(setting=part[index].agg(", ".join, axis=1))
        part = part.drop(columns=index).set_index("setting")
        covered = part["coverage"]
        text += f"\n## {metric}\n\n{markdown(part, 1)}\n\nCoverage: mean "
        text += f"{covered.mean():.1f}, lowest {covered.min():.1f} ("
        text += f"{covered.idxmin()}); of this cohort: mean "
        text += f"{part['of this cohort'].mean():.1f}.\n"
    (options.out / "recruitment.md").write_text(text)


if __name__ == "__main__":
    main()
