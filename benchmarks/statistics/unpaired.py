"""``python -m benchmarks.statistics.unpaired``: other unpaired patients, other seeds.

Cohorts of pairs and of patients with one modality, whose truth is known. A stand-in for
a twin tower has two towers, each fitted on unpaired patients, and a head fitted on
pairs. An interval that is given these unpaired patients misses how far towers of others
would be from these. Counted is how often intervals hold the true area of the procedure
(over pairs, unpaired patients and seeds), how often two equal procedures differ, and
how often the interval of the gain by unpaired rows holds the true gain. "given" is
without draws, "half" what ``n_draws=10`` does, and "with replacement" the same with
bootstrapped rows as weights, which few towers take.
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
from benchmarks.statistics.simulate import draw, logistic_fits
from skmultimodal.model_selection import PairedStratifiedKFold, corrected_t_interval
from skmultimodal.model_selection._draws import variance_of_draws
from skmultimodal.model_selection._metrics import PatientCounts, least_variance

N_SPLITS, N_REPEATS, N_FEATURES = 3, 10, 20
RATIO = 1 / (N_SPLITS - 1)
SHARES = {"half": 1 / 2}
GIVEN = "given"  # these unpaired rows: no draw
METHODS = (GIVEN, *SHARES, "with replacement")
# Of the length of a tower's weights: what another seed of training moves them by.
SEED_NOISE = 0.7


@dataclass(frozen=True)
class Setting:
    """`oracle_auc` is that of all features with perfect weights."""

    n_pairs: int
    n_unpaired: int  # of each tower
    oracle_auc: float
    seeds: int = 0  # 0: towers have no seed

    def __str__(self):
        seeds = f", {self.seeds} noisy seeds" if self.seeds else ""
        return f"{self.n_pairs} / {self.n_unpaired} / {self.oracle_auc}{seeds}"


SETTINGS = [
    *[
        Setting(n_pairs, n_unpaired, auc)
        for n_unpaired, oracles in ((30, (0.5, 0.89, 0.995)), (200, (0.5, 0.79, 0.985)))
        for n_pairs in (25, 50, 200)
        for auc in oracles
    ],
    *[Setting(50, 200, 0.79, seeds) for seeds in (1, 5)],
]


class Cohort:
    """Pairs, unpaired patients and folds, of which stand-ins are cross-validated."""

    def __init__(self, setting, rng):
        self.setting, self.rng = setting, rng
        n = setting.n_pairs
        self.y = np.repeat([1.0, 0.0], [n // 2, n - n // 2])
        self.y_tower = np.arange(setting.n_unpaired) % 2.0
        effect = np.sqrt(2) * special.ndtri(setting.oracle_auc) / np.sqrt(N_FEATURES)
        self.effects = np.full(N_FEATURES, effect)
        seed = int(rng.integers(2**31))
        splitter = PairedStratifiedKFold(N_SPLITS, N_REPEATS, random_state=seed)
        splits = list(splitter.split(np.ones((n, 1)), self.y))
        self.test = np.zeros((len(splits), n), dtype=bool)
        for fold, (_, rows) in zip(self.test, splits, strict=True):
            fold[rows] = True

    def models(self, n_draws):
        """Areas of two equal stand-ins, and of one without unpaired rows.

        Returns
        -------
        areas : dict of str to ndarray of shape (3, n_folds)
            By method; fold j of a draw is fold j of ``GIVEN``, whose repeat it is of.
        true : ndarray of shape (3,)
            Of ``GIVEN``.
        """
        counts = self._draw_rows(n_draws)
        found = [self._one(counts), self._one(counts)]
        inputs = self.last_features
        areas, true = self._cross_validate(
            np.broadcast_to(inputs, (len(self.test), *inputs.shape)),
            np.broadcast_to(np.eye(N_FEATURES), (len(self.test), *[N_FEATURES] * 2)),
        )
        found.append((dict.fromkeys(METHODS, areas), true))
        areas = {name: np.array([own[name] for own, _ in found]) for name in METHODS}
        return areas, np.array([true for _, true in found])

    def _draw_rows(self, n_draws):
        """How often each unpaired row is in a draw, and the factor of the variance."""
        n, found = len(self.y_tower), {}
        for name in METHODS[1:]:
            counts = np.zeros((n_draws, n))
            for label in (0, 1):
                rows = np.flatnonzero(self.y_tower == label)
                if name in SHARES:
                    m = round(SHARES[name] * len(rows))
                    order = self.rng.permuted(np.tile(rows, (n_draws, 1)), axis=1)
                    np.put_along_axis(counts, order[:, :m], 1, axis=1)
                else:
                    share = np.full(len(rows), 1 / len(rows))
                    counts[:, rows] = self.rng.multinomial(len(rows), share, n_draws)
            found[name] = counts
        return found

    def _one(self, counts):
        """Areas by method of a stand-in with features of its own, and the true one."""
        features = draw(self.rng, self.y, self.effects)
        self.last_features = features
        half = N_FEATURES // 2
        parts = [slice(half), slice(half, None)]
        rows = [draw(self.rng, self.y_tower, self.effects[part]) for part in parts]

        def towers(weights):
            """One tower's weights per draw: (draws, features, towers)."""
            found = np.zeros((len(weights), N_FEATURES, 2))
            for tower, part in enumerate(parts):
                found[:, part, tower] = weighted_fits(
                    rows[tower], self.y_tower, weights
                )
            return found

        def run(fitted):
            """Mean areas over seeds of the towers of each fold."""
            runs = []
            for _ in range(max(1, self.setting.seeds)):
                moved = fitted
                if self.setting.seeds:
                    length = np.linalg.norm(fitted, axis=1, keepdims=True)
                    noise = self.rng.normal(size=fitted.shape) * (fitted != 0)
                    moved = fitted + SEED_NOISE * length * noise / np.sqrt(half)
                scores = np.einsum("np,fpt->fnt", features, moved)
                spread = scores.std(axis=1, keepdims=True)
                runs.append(self._cross_validate(scores / spread, moved / spread))
            areas, true = zip(*runs, strict=True)
            return np.mean(areas, axis=0), np.mean(true)

        n_folds = len(self.test)
        every = np.ones((1, len(self.y_tower)))
        fitted = towers(np.concatenate([every, *counts.values()]))
        areas, true = run(np.repeat(fitted[:1], n_folds, axis=0))
        found = {GIVEN: areas}
        of_draws = np.split(fitted[1:], len(counts))
        for name, of_draw in zip(counts, of_draws, strict=True):
            found[name], _ = run(np.repeat(of_draw, N_SPLITS, axis=0))
        return found, true

    def _cross_validate(self, inputs, towers):
        """Area of each fold, and mean true area, of heads on inputs of their own.

        `inputs` are (folds, rows, columns), and `towers` (folds, features, columns).
        """
        areas = np.empty(len(self.test))
        weights = np.empty((len(self.test), inputs.shape[2] + 1))
        sizes = self.test.sum(axis=1)
        for size in np.unique(sizes):
            which = np.flatnonzero(sizes == size)
            rows = np.array([np.flatnonzero(~self.test[i]) for i in which])
            train = np.take_along_axis(inputs[which], rows[..., None], axis=1)
            weights[which] = logistic_fits(train, self.y[rows])
        decision = np.einsum("fnc,fc->fn", inputs, weights[:, :-1])
        positive = self.y == 1
        for fold, (tested, values) in enumerate(zip(self.test, decision, strict=True)):
            hits, others = values[tested & positive], values[tested & ~positive]
            areas[fold] = (hits[:, None] > others).mean()
        direction = np.einsum("fpc,fc->fp", towers, weights[:, :-1])
        length = np.linalg.norm(direction, axis=1)
        return areas, special.ndtr(
            direction @ self.effects / np.sqrt(2) / length
        ).mean()


def weighted_fits(rows, y, weights, n_steps=8):
    """Ridge logistic regressions (C = 1) on rows that count `weights` times each."""
    X = np.column_stack([rows, np.ones(len(rows))])
    size = X.shape[1]
    ridge = np.r_[np.ones(size - 1), 1e-9]
    coef = np.zeros((len(weights), size))
    squares = (X[:, :, None] * X[:, None]).reshape(len(X), -1)
    for _ in range(n_steps):
        proba = special.expit(coef @ X.T)
        slope = (weights * (proba - y)) @ X + ridge * coef
        curvature = weights * np.maximum(proba * (1 - proba), 1e-6)
        hessian = (curvature @ squares).reshape(-1, size, size)
        coef -= np.linalg.solve(hessian + np.diag(ridge), slope[..., None])[..., 0]
    return coef[:, :-1]


def intervals(cohort, areas):
    """Intervals of the area, of the difference, and of the gain, by method."""
    found = {}
    n_positive = int(cohort.y.sum())
    least = least_variance(
        "roc_auc", PatientCounts(n_positive, len(cohort.y) - n_positive)
    )
    questions = {
        "area": np.array([1, 0, 0]),
        "difference": np.array([1, -1, 0]),
        "gain": np.array([0, 1, -1]),
    }
    for method, of_models in areas.items():
        for question, sign in questions.items():
            own, added = sign @ areas[GIVEN], None
            if method != GIVEN:
                moved = (sign @ of_models - own).reshape(N_REPEATS, N_SPLITS)
                share = SHARES.get(method)
                # As variances by all rows are to those by a share of them.
                factor = 1.0 if share is None else share / (1 - share)
                added = variance_of_draws(list(np.sqrt(factor) * moved), own, RATIO)
            options = {"bounded": True, "least_variance": least}
            options = options if question == "area" else {}
            found[method, question] = corrected_t_interval(
                own, RATIO, added=added, **options
            )
    return found


def simulate(setting, seed):
    """Intervals of one cohort, and the true areas."""
    rng = np.random.default_rng([seed, *_number(setting)])
    cohort = Cohort(setting, rng)
    areas, true = cohort.models(N_REPEATS)
    return intervals(cohort, areas), true


def _number(setting):
    return setting.n_pairs, setting.n_unpaired, int(1000 * setting.oracle_auc)


def summarise(setting, results):
    """Coverage of the intervals of one setting: dict by column."""
    true = np.mean([true for _, true in results], axis=0)
    targets = {"area": true[0], "difference": 0.0, "gain": true[1] - true[2]}
    row = {"pairs / unpaired / oracle": str(setting), "cohorts": len(results)}
    row |= {"true area": round(true[0], 3), "true gain": round(targets["gain"], 3)}
    for question, target in targets.items():
        for method in METHODS:
            ends = np.array([found[method, question] for found, _ in results])
            inside = np.mean((ends[:, 0] <= target) & (target <= ends[:, 1]))
            if question == "difference":
                row[f"false difference, {method}"] = f"{100 * (1 - inside):.1f}"
            else:
                cell = f"{100 * inside:.1f} ({np.mean(np.diff(ends)):.2f})"
                row[f"{question}, {method}"] = cell
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=2000, help="of a setting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.cohorts)
    rows = []
    for setting in SETTINGS:
        results = Parallel(options.n_jobs, batch_size=20)(
            delayed(simulate)(setting, seed) for seed in seeds
        )
        rows.append(summarise(setting, results))
        print(rows[-1], flush=True)
    command = f"python -m benchmarks.statistics.unpaired --cohorts {options.cohorts}"
    write(pd.DataFrame(rows), options.out, f"{command} --seed {options.seed}")


def write(table, folder, command):
    """Write ``unpaired.md``."""
    text = f"# Other unpaired patients\n\n`{command}`, {date.today()}\n\n"
    noise = 100 * np.sqrt(0.95 * 0.05 / table["cohorts"].min())
    text += __doc__.split("\n\n", 1)[1]
    text += f"\n{table['cohorts'].min()} cohorts a setting; coverage in % (mean width) "
    text += (
        f"and false differences in %; Monte-Carlo standard error at 95 %: {noise:.1f} "
    )
    text += "points. Settings: pairs / unpaired patients of each tower / area of a "
    text += "perfect model. With seeds, towers are moved at random by 0.7 of their "
    text += "length, and draws have one seed of their own.\n"
    table = table.drop(columns="cohorts").set_index("pairs / unpaired / oracle")
    for question in ("area", "false difference", "gain"):
        own = [c for c in table if c.startswith(f"{question}, ")]
        true = [c for c in table if c == f"true {question}"]
        names = {c: c.removeprefix(f"{question}, ") for c in own}
        part = table[true + own].rename(columns=names)
        text += f"\n## {question.capitalize()}\n\n{markdown(part, 3)}\n"
    (folder / "unpaired.md").write_text(text)


if __name__ == "__main__":
    main()
