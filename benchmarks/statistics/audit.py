"""``python -m benchmarks.statistics.audit``: what the shortcut audit finds or invents.

Cohorts of pairs, and of patients with one modality, whose label is related to nothing,
to the hospital in all patients, or to the hospital one way among patients with one
modality and the other way among pairs. The audited model recognises the hospital in
the genes. Counted is how often a source has an interval above .5 though the label is
permuted, and how often the hospital is judged to explain the score where it does.
"""

import argparse
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression

from benchmarks.accuracy.pooling import markdown
from skmultimodal import Cohort, UnimodalClassifier
from skmultimodal.model_selection import PairedStratifiedKFold, audit_shortcuts
from skmultimodal.report._compared import Score
from skmultimodal.report._sections.shortcuts import Explains, Source, judge_sources

SCENARIOS = {
    "nothing": (0.5, 0.5),
    "hospital": (0.85, 0.85),
    "hospital, the other way": (0.15, 0.85),
}
N_PAIRS = (25, 50, 200)
N_SINGLE = (30, 200)
N_GENES = 6
FOUND = (Explains.ALL, Explains.PERHAPS)


def draw(n_pairs, n_single, follows, seed):
    """A cohort, its labels and covariates.

    `follows` are the shares of patients with one modality, and of pairs, whose hospital
    is that of their class.
    """
    rng = np.random.default_rng(seed)
    n_rows = 2 * n_single + n_pairs
    y = rng.permutation(np.arange(n_rows) % 2)
    is_pair = np.arange(n_rows) >= 2 * n_single
    share = np.where(is_pair, follows[1], follows[0])
    site = np.where(rng.random(n_rows) < share, y, 1 - y)
    gene = rng.normal(size=(n_rows, N_GENES))
    gene[:, 0] += 4 * site
    image = rng.normal(size=(n_rows, 3))
    image[:n_single] = np.nan
    gene[n_single : 2 * n_single] = np.nan
    table = pd.DataFrame(
        {"site": np.array(["A", "B"])[site], "age": rng.normal(60, 10, n_rows)}
    )
    return Cohort({"image": image, "gene": gene}), y, table


def run(scenario, n_pairs, n_single, seed):
    """Alarms and judgements of one cohort: dict."""
    X, y, table = draw(n_pairs, n_single, SCENARIOS[scenario], seed)
    audit = audit_shortcuts(
        X,
        y,
        table,
        cv=PairedStratifiedKFold(3, 3, random_state=seed),
        estimator=UnimodalClassifier("gene", LogisticRegression()),
        site="site",
        random_state=seed,
    ).set_index("source")
    sources = ["modalities present", "site", "age"]
    found = {"scenario": scenario, "n_pairs": n_pairs, "n_single": n_single}
    found |= {f"above .5: {name}": audit.loc[name, "low"] > 0.5 for name in sources}
    own, site = (Score(*_interval(audit.loc[n])) for n in ("estimator", "site"))
    gap = ["difference", "difference_low", "difference_high"]
    source = Source("site", site, "cv", "metadata", Score(*audit.loc["site", gap]))
    (judged,) = judge_sources([source], own, one_pattern=True)
    found["hospital found"] = judged.explains in FOUND
    found["hospital acquitted"] = judged.explains == Explains.NOT
    within = audit.loc["estimator within site"]
    found["within a hospital above .5"] = within["low"] > 0.5
    return found | {"area of the hospital": site.mean, "of the model": own.mean}


def _interval(row):
    return row["roc_auc"], row["low"], row["high"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=2000, help="of a setting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--scenarios", nargs="+", choices=list(SCENARIOS), default=list(SCENARIOS)
    )
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.cohorts)
    tasks = [
        (scenario, n_pairs, n_single, seed)
        for scenario in options.scenarios
        for n_pairs in N_PAIRS
        for n_single in N_SINGLE
        for seed in seeds
    ]
    found = Parallel(options.n_jobs)(delayed(run)(*task) for task in tasks)
    keys = ["scenario", "n_pairs", "n_single"]
    table = pd.DataFrame(found).groupby(keys, sort=False).mean().T
    table.columns = [f"{name}, {pairs} / {single}" for name, pairs, single in table]
    text = markdown(table, 3)
    print(text)
    command = f"`python -m benchmarks.statistics.audit --cohorts {options.cohorts}"
    is_all = options.scenarios == list(SCENARIOS)
    command += "`" if is_all else f" --scenarios {' '.join(options.scenarios)}`"
    head = f"# The shortcut audit\n\n{command}, {date.today()}\n\n"
    head += " ".join(__doc__.split("\n\n", 1)[1].split()) + "\n\n"
    head += (
        "Columns: scenario, number of pairs / patients with each modality alone.\n\n"
    )
    name = "audit" if is_all else f"audit_{'_'.join(options.scenarios)}"
    (options.out / f"{name}.md".replace(" ", "_")).write_text(head + text + "\n")


if __name__ == "__main__":
    main()
