"""The main job: twin towers against single modalities, cross-validated on the pairs.

``python -m benchmarks.demo --cohort FOLDER --label COLUMN [--paired N]``
"""

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import UndefinedMetricWarning

from benchmarks.cohorts import pattern_table, read_benchmark_cohort
from skmultimodal import (
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.baselines import LateFusionClassifier
from skmultimodal.inspection import RocBandsDisplay
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_classifiers,
)
from skmultimodal.report import evaluation_report
from skmultimodal.utils._labels import class_name, missing_labels

MIN_TESTED = 10  # patients of a class
METRICS = ["accuracy", "precision", "recall", "f1", "roc_auc"]


def make_models(memory, seed):
    """The compared classifiers by name; only the twin tower averages its towers."""
    towers = [
        ("image", ImageTowerClassifier(random_state=seed)),
        ("gene", GeneAutoencoderTransformer(random_state=seed)),
    ]
    single = {
        name: UnimodalClassifier(name, tower, tower_rows="unpaired", memory=memory)
        for name, tower in towers
    }

    def twin(head):
        return TwinTowerClassifier(towers, head, memory=memory, random_state=seed)

    return {
        "majority class": UnimodalClassifier("gene", DummyClassifier()),
        "image only": single["image"],
        "gene only": single["gene"],
        "mean of towers": LateFusionClassifier(list(single.items())),
        "concat (paper)": twin(FusionHeadClassifier()),
        "twin tower": twin(None),
    }


def format_table(summary):
    """Mean and interval of each metric, a row a model, as text."""
    cells = summary.assign(
        cell=[
            f"{mean:.3f} [{low:.2f}, {high:.2f}]"
            for mean, low, high in summary[["mean", "low", "high"]].to_numpy()
        ]
    )
    order = list(dict.fromkeys(summary["model"]))
    table = cells.pivot(index="model", columns="metric", values="cell")
    return table.loc[order, METRICS].to_string()


def draw_roc(comparison, title, path):
    """Mean ROC curves of the models; bands of the two that need both modalities."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    # Bands of all six would hide each other.
    bands = ["mean of towers", "twin tower"]
    display = RocBandsDisplay.from_comparison(comparison, bands=bands)
    display.ax_.set_title(title)
    display.figure_.savefig(path, dpi=150)
    plt.close(display.figure_)


def compare(X, y, repeats, seed, memory):
    """Cross-validate the models on the same folds.

    Returns
    -------
    models : dict of unfitted classifiers
    comparison : Bunch of `compare_classifiers`
    cv : the splitter
    """
    cv = PairedStratifiedKFold(3, repeats, random_state=seed)
    models = make_models(memory, seed)
    with warnings.catch_warnings():
        # A model that predicts one class only has no precision on the other: 0.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        comparison = compare_classifiers(models, X, y, cv=cv, scoring=METRICS)
    return models, comparison, cv


def write_report(path, model, X, y, comparison, cv, seed, **words):
    """Fit the model to all patients, audit the cohort and write the report."""
    return evaluation_report(
        path,
        # The cache is gone when the report is read.
        estimator=model.fit(X, y).set_params(memory=None),
        X=X,
        y=y,
        comparison=comparison,
        audit=audit_shortcuts(X, y, cv=cv, random_state=seed),
        **words,
    )


def tell_limits(comparison, y, tested):
    """What a reader of the table should know before its means."""
    counts = pd.Series(y[tested]).value_counts()
    if counts.min() < MIN_TESTED:
        rarest = class_name(counts.idxmin())
        yield (
            f"Only {counts.min()} tested patients are of class {rarest}: no score "
            "means much, and an accuracy may be that of naming one class."
        )
    if (comparison.summary.query("metric == 'roc_auc'")["mean"] == 1).any():
        yield "An area of 1 in every fold has no interval. It is no certainty."


def main(arguments=None):
    """Run the command; 0, or 1 after one line on what is wrong."""
    try:
        run(arguments)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def run(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohort", default="synthetic", help="folder, or synthetic")
    parser.add_argument("--label", help="column of clinical.csv")
    parser.add_argument("--paired", type=int, help="labelled pairs that stay paired")
    parser.add_argument("--repeats", type=int, default=10, help="of 3-fold CV")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("results/demo"))
    options = parser.parse_args(arguments)

    start = time.perf_counter()
    seed, out = options.seed, options.out
    cohort = read_benchmark_cohort(options.cohort, options.label, options.paired, seed)
    X, y, title = cohort.data, cohort.target, cohort.title
    print(f"\n{title}\n\n{pattern_table(X, y)}\n")
    print(f"Comparing six models, 3-fold CV on the paired rows x {options.repeats} ...")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as memory:
        models, comparison, cv = compare(X, y, options.repeats, seed, memory)
        print(f"Mean [95 % interval]:\n\n{format_table(comparison.summary)}\n")
        for limit in tell_limits(comparison, y, X.paired & ~missing_labels(y)):
            print(f"{limit}\n")
        print("Fitting the twin tower to all patients, writing the report ...")
        sys.stdout.flush()
        out.mkdir(parents=True, exist_ok=True)
        comparison.summary.to_csv(out / "table.csv", index=False)
        draw_roc(comparison, title, out / "roc.png")
        report = write_report(
            out / "report.html",
            models["twin tower"],
            X,
            y,
            comparison,
            cv,
            seed,
            title=f"Prediction by a twin tower: {title}",
            label=options.label or "the simulated label",
            flow=cohort.flow,
            channel_names={"image": cohort.channel_names},
        )
    print(f"\n{out / 'table.csv'}\n{out / 'roc.png'}\n{report}")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
