"""``python -m benchmarks.statistics.external_candidates``: what was chosen from.

How often candidate intervals of one fitted model in another hospital hold its score on
the population: of the area, DeLong's with none, half or all of Hanley and McNeil's
variance as the least; of Brier score and log-loss, the t interval, the percentile and
BCa bootstrap, and the studentised bootstrap of the logarithm, which `evaluate_external`
uses.
"""

import argparse
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import stats

from benchmarks.accuracy.pooling import markdown
from benchmarks.statistics.external import Setting, draw, scores
from skmultimodal.model_selection import _delong as delong_module
from skmultimodal.model_selection import delong_interval
from skmultimodal.model_selection._external_scores import _Resampling, patient_losses

SHARES = (0.0, 0.5, 1.0)
N_RESAMPLES, N_POPULATION = 500, 1_000_000
SETTINGS = [
    Setting(auc, share, slope, 0.0, n)
    for auc, share, slope, n in product(
        (0.65, 0.8, 0.95), (0.2, 0.5), (1.0, 1.8), (30, 100, 300)
    )
]


def area_intervals(codes, p):
    """Interval of the area by the least share of Hanley and McNeil's variance."""
    found, kept = {}, delong_module.LEAST_SHARE
    try:
        for share in SHARES:
            delong_module.LEAST_SHARE = share
            found[f"area: {share:g} of the least"] = delong_interval(codes, p[:, 1])
    finally:
        delong_module.LEAST_SHARE = kept
    return found


def loss_intervals(name, losses, rng):
    """Interval of a mean loss by each candidate."""
    n = len(losses)
    half = stats.t.ppf(0.975, n - 1) * losses.std(ddof=1) / np.sqrt(n)
    found = {f"{name}: t": (losses.mean() - half, losses.mean() + half)}
    for method in ("percentile", "BCa"):
        interval = stats.bootstrap(
            (losses,),
            np.mean,
            vectorized=True,
            n_resamples=N_RESAMPLES,
            method=method,
            random_state=rng,
        ).confidence_interval
        found[f"{name}: {method}"] = interval.low, interval.high
    resample = _Resampling(n, N_RESAMPLES, 0.95, rng)
    found[f"{name}: studentised"] = resample.mean_interval(losses, positive=True)[1:]
    return found


def cover(setting, n_cohorts, seed):
    """Coverage of each candidate: dict."""
    rng = np.random.RandomState(seed)
    truth = scores(setting, N_POPULATION, 1, rng)["value"]
    held = {}
    for _ in range(n_cohorts):
        codes, p = draw(setting, setting.n_patients, rng)
        found = area_intervals(codes, p)
        for name, losses in patient_losses(codes, p).items():
            found |= loss_intervals(name, losses, rng)
        for name, (low, high) in found.items():
            metric = "roc_auc" if name.startswith("area") else name.split(":")[0]
            if not np.isnan(low):
                held.setdefault(name, []).append(low <= truth[metric] <= high)
    print(setting, flush=True)
    return {"setting": str(setting)} | {n: np.mean(v) for n, v in held.items()}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=400)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for external_candidates.md")
    options = parser.parse_args(arguments)
    one = partial(cover, n_cohorts=options.cohorts)
    jobs = (delayed(one)(setting, seed=i) for i, setting in enumerate(SETTINGS))
    table = pd.DataFrame(Parallel(n_jobs=options.n_jobs)(jobs)).set_index("setting")
    shown = (100 * table.agg(["min", "mean", "max"]).T).round(1)
    command = (
        "`python -m benchmarks.statistics.external_candidates --cohorts "
        f"{options.cohorts}`"
    )
    text = (
        f"# Candidates for intervals of external evaluation\n\n{command}, "
        f"{date.today()}\n\nCoverage in per cent over {len(table)} settings of 30 to "
        "300 patients; area .65 to .95, share of the class .2 or .5, calibrated or too "
        f"extreme.\n\n{markdown(shown)}\n\nWith an area of 0.95 and 30 patients:\n\n"
    )
    near = table[[s.startswith("0.95") and s.endswith(" 30") for s in table.index]]
    text += f"{markdown((100 * near.mean()).round(1).to_frame('coverage'))}\n"
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "external_candidates.md").write_text(text)


if __name__ == "__main__":
    main()
