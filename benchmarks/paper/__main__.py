"""Run the paper's tables on a cohort, its systems beside what they must beat.

``python -m benchmarks.paper --table 2|3|4|all --cohort FOLDER|synthetic --label COLUMN
[COLUMN ...] --repeats N --out FOLDER``. An interrupted run continues where it stopped.
"""

import argparse
import datetime
import os
import re
import sys
import time
from pathlib import Path

from benchmarks.cohorts import read_benchmark_cohort
from benchmarks.paper import report
from benchmarks.paper.cells import key_of_code, key_of_data, make_scheme, run_cells
from benchmarks.paper.figures import draw_figure_2, draw_figure_3
from benchmarks.paper.models import make_models
from benchmarks.paper.scores import (
    compare,
    find_classes,
    hold_out,
    rank,
    score_table,
    summarise,
)

PAIRED = "paired patients"
GENE_ROWS = "all patients with genes"
HEADINGS = {
    "2": "Table 2: the twin tower and models of other papers",
    "3": "Table 3: ablation",
    "4": "Table 4: classifiers of gene expression",
}
# Their hospital and nothing else: shown beside the models in Figure 2.
SHORTCUT = "site only"


def parse(arguments):
    """The options of each label: list of Namespace."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.paper", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--table", choices=["2", "3", "4", "all"], default="all")
    add("--cohort", default="synthetic", help="folder, or synthetic")
    add("--label", nargs="+", default=[None], help="columns of clinical.csv")
    add("--paired", type=int, help="labelled pairs that stay paired")
    add("--repeats", type=int, default=10, help="of the cross-validation")
    add("--seed", type=int, default=0)
    add("--out", type=Path, default=Path("results/paper"), help="tables and figures")
    add(
        "--work",
        type=Path,
        default=Path("results/paper-work"),
        help="fits and predictions by patient, from which a run continues",
    )
    add("--t1ce", type=int, default=1, help="channel of contrast-enhanced T1")
    add("--mask", type=int, default=-1, help="channel of the segmentation")
    add("--no-mask", action="store_const", const=None, dest="mask")
    add("--inception-weights", help="file of InceptionResNetV2 weights, no top layer")
    options = vars(parser.parse_args(arguments))
    labels = options.pop("label")
    return [argparse.Namespace(**options, label=label) for label in labels]


def make_schemes(table, X, y, repeats, seed):
    """What a table is run on: Table 4 twice."""
    shared = {"n_repeats": repeats, "seed": seed}
    schemes = [make_scheme(PAIRED, X, y, n_splits=3, test_size=0.4, **shared)]
    if table == "4":
        has = X.has("gene")
        rows = X[has, ["gene"]], y[has]
        schemes.append(
            make_scheme(GENE_ROWS, *rows, n_splits=5, test_size=0.2, **shared)
        )
    return schemes


def read(options):
    """Cohort, labels and title, refused in one sentence if no table can be made."""
    cohort = read_benchmark_cohort(
        options.cohort, options.label, options.paired, options.seed
    )
    X, y = cohort.data, cohort.target
    absent = [m for m in ("image", "gene") if m not in X.modalities]
    if absent:
        raise ValueError(f"the cohort has no modality {absent[0]!r}.")
    classes = find_classes(y)
    if len(classes) != 2:
        raise ValueError(
            f"the tables need a label of two classes, and this one has {len(classes)}: "
            f"{', '.join(map(str, classes))}."
        )
    return X, y, cohort.title


def shown_command(options):
    """The command, without folders of this machine."""
    cohort = options.cohort
    if cohort != "synthetic":
        data, name = os.environ.get("SKMULTIMODAL_DATA"), Path(cohort).resolve().name
        inside = data and Path(data).resolve() in Path(cohort).resolve().parents
        cohort = f"$SKMULTIMODAL_DATA/{name}" if inside else name
    command = f"python -m benchmarks.paper --table {options.table} --cohort {cohort}"
    for name in ("label", "paired", "repeats", "seed"):
        value = getattr(options, name)
        command += f" --{name} {value}" if value is not None else ""
    return command


def write_table(table, scheme, models, n_paper, results, failures, options, title):
    """CSV, Markdown and figures of a table on one scheme."""
    names = list(models)
    why = {n: failures[scheme.name, n] for n in names if (scheme.name, n) in failures}
    scores = score_table(results, scheme, names)
    summary = summarise(scores, scheme)
    differences = compare(scores, scheme, "AE" if table == "4" else "twin tower")
    parts = (summary, rank(summary), hold_out(results, scheme, names), why)
    parts += (names, n_paper, table)
    stem = f"table{table}" + ("_gene_rows" if scheme.name == GENE_ROWS else "")
    out = options.out / folder_name(options)
    out.mkdir(parents=True, exist_ok=True)
    report.csv_rows(*parts).to_csv(out / f"{stem}.csv", index=False)
    scores.to_csv(out / f"{stem}_folds.csv", index=False)
    differences.to_csv(out / f"{stem}_differences.csv", index=False)
    date = datetime.date.today().isoformat()
    run = report.describe_run(
        scheme, title, options.label, options.seed, shown_command(options), date
    )
    shown = report.model_table(*parts)
    remarks = report.notes(table, names, n_paper, results, scheme, differences)
    page = report.page(HEADINGS[table], run, shown, remarks)
    (out / f"{stem}.md").write_text(page, encoding="utf-8")
    if table == "2":
        curves = [*names[:n_paper], SHORTCUT]
        path = out / "figure2_roc.png"
        draw_figure_2(results, scheme, curves, title, path)
    if table == "3":
        draw_figure_3(summary, title, out / "figure3_bars.png")
    return out / f"{stem}.md"


def folder_name(options):
    """Name of the results of a cohort and label."""
    cohort = options.cohort
    if cohort != "synthetic":
        cohort = Path(cohort).resolve().name
    named = f"{cohort}-{options.label}" if options.label else cohort
    return re.sub(r"[^\w-]+", "-", named)


def run(options):
    start = time.perf_counter()
    X, y, title = read(options)
    tables = ["2", "3", "4"] if options.table == "all" else [options.table]
    work, code = options.work / folder_name(options), key_of_code()
    settings = {
        # Of all cohorts: images of one label are those of the next.
        "memory": str(options.work / f"memory-{code}"),
        "seed": options.seed,
        "t1ce": options.t1ce,
        "mask": options.mask,
        "inception_weights": options.inception_weights,
    }
    plans, tasks = [], {}
    for table in tables:
        models, n_paper = make_models(table, X, **settings)
        for scheme in make_schemes(table, X, y, options.repeats, options.seed):
            plans.append((table, scheme, models, n_paper))
            # A model of two tables is run once.
            known = tasks.setdefault(scheme.name, (scheme, {}))[1]
            known.update(models)
    key = f"{code} {key_of_data(X, y, options.seed)}"
    results, failures = run_cells(list(tasks.values()), work, key)
    for table, scheme, models, n_paper in plans:
        path = write_table(
            table, scheme, models, n_paper, results, failures, options, title
        )
        print(path)
    for (scheme, name), reason in failures.items():
        print(f"not run: {name} on {scheme}: {reason}", file=sys.stderr)
    print(f"{time.perf_counter() - start:.0f} s")


def main(arguments=None):
    every = parse(arguments)
    try:
        for options in every:
            run(options)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command continues from here.")


if __name__ == "__main__":
    main()
