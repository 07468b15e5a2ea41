"""Results as CSV and Markdown."""

from datetime import date

import numpy as np
import scipy
import sklearn

NOMINAL = 0.95
METHODS = """\
- naive t: J fold scores taken as independent.
- corrected t: Nadeau and Bengio's variance, (1/J + n_test/n_train); on the log-odds of
  the mean (delta method); as a score interval, whose variance falls towards 0 and 1 as
  that of a share does; the same, but no narrower than the number of tested patients
  allows (Wilson's for the accuracy, Hanley and McNeil's variance for the AUC); and with
  the unpaired training rows counted in n_train.
- patients (DeLong): standard error over patients of their mean share in the score (for
  the AUC the placement in their fold); inflated: times sqrt(k / (k - 1)).
- patient bootstrap: percentiles, over resampled patients, of the pooled out-of-fold
  score.

`compare_classifiers` uses the corrected t for differences and scores of any range, and
the score interval with the number of patients for accuracy and AUC.""".splitlines()


def write_report(frames, folder, command):
    """Write ``intervals.csv``, ``tests.csv``, ``families.csv`` and ``README.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    # Rounded first, so that the CSV files give the same Markdown.
    frames = {name: frame.round(4) for name, frame in frames.items()}
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "README.md").write_text(markdown(frames, command), encoding="utf-8")


def markdown(frames, command):
    intervals, tests = frames["intervals"], frames["tests"]
    equal = tests["true_difference"].abs() < 0.01
    sections = {
        "Coverage of 95% intervals (%)": [
            *table(intervals, "coverage", 100, "{:.1f}"),
            "",
            "Mean absolute distance from 95 over the scenarios, and lowest coverage:",
            "",
            *distances(intervals),
        ],
        "Mean width of the intervals": table(intervals, "width", 1, "{:.2f}"),
        "False positives at nominal 5% (%): models equal by construction": table(
            tests[equal], "rejected", 100, "{:.1f}"
        ),
        "Power (%): one model lacks the signal of three of its five features": [
            *table(tests[~equal], "rejected", 100, "{:.1f}"),
            "",
            true_differences(tests[~equal]),
        ],
        "Any false positive among the pairs of three equal models (%)": table(
            frames["families"], "any_rejected", 100, "{:.1f}"
        ),
    }
    lines = head(int(intervals["n_cohorts"].max()), command)
    for title, section in sections.items():
        lines += [f"## {title}", "", *section, ""]
    return "\n".join(lines)


def head(n_cohorts, command):
    noise = 100 * np.sqrt(NOMINAL * (1 - NOMINAL) / n_cohorts)
    return [
        "# Intervals and tests on few paired rows",
        "",
        f"`{command}`, {date.today().isoformat()}, numpy {np.__version__}, "
        f"scipy {scipy.__version__}, scikit-learn {sklearn.__version__}.",
        "",
        f"{n_cohorts} cohorts a scenario (Monte-Carlo standard error at 95%: "
        f"{noise:.1f} points); 50 pairs, 3 folds x 10 repeats, unless the scenario "
        "says otherwise. The target is the mean performance of the models that "
        "training sets of this size give, on the whole population.",
        "",
        *METHODS,
        "",
        "Other intervals: [all that are printed](printed.md), those for [other "
        "unpaired patients](unpaired.md), [at a fixed specificity]"
        "(operating_points.md), and the [shortcut audit](audit.md), with "
        "[100 cohorts](audit_nothing.md) of a label that follows nothing.",
        "",
    ]


def true_differences(tests):
    true = tests.groupby("metric", sort=False)["true_difference"].first()
    found = ", ".join(f"{metric} {value:.2f}" for metric, value in true.items())
    return f"True differences: {found}."


def table(frame, value, factor, form):
    """Scenarios and metrics in rows, methods in columns."""
    methods = frame["method"].unique().tolist()
    lines = [["scenario", "metric", *methods], ["---", "---", *["---:"] * len(methods)]]
    for (scenario, metric), part in frame.groupby(["scenario", "metric"], sort=False):
        found = (part.set_index("method")[value] * factor).reindex(methods)
        cells = ["" if np.isnan(v) else form.format(v) for v in found]
        lines.append([scenario, metric, *cells])
    return ["| " + " | ".join(line) + " |" for line in lines]


def distances(intervals):
    """How far the coverage of each method is from nominal, closest first."""
    chosen = intervals[~intervals["method"].str.contains("hold-out")]
    gaps = (
        chosen.assign(gap=100 * (chosen["coverage"] - NOMINAL).abs())
        .pivot_table(index="method", columns="metric", values="gap", aggfunc="mean")
        .assign(both=lambda gap: gap.mean(axis=1))
        .sort_values("both")
    )
    lowest = 100 * chosen.groupby("method")["coverage"].min()
    lines = [
        ["method", *gaps.columns, "lowest"],
        ["---", "---:", "---:", "---:", "---:"],
    ]
    for method, row in gaps.iterrows():
        cells = [f"{value:.1f}" for value in (*row, lowest[method])]
        lines.append([method, *cells])
    return ["| " + " | ".join(line) + " |" for line in lines]
