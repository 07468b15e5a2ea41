"""Speed and memory, beside the goals.

``python -m benchmarks.speed [PART ...] [--quick] [--repeats N] [--out FOLDER]``

Parts: nets, paper_sized, search, scaling, lazy, bags, imports, explaining, threads;
default: all. Ratios are medians over rounds in which all sides ran in turn. The 20 GB
file of ``lazy`` and the 10 GB of ``bags`` are written to the temporary folder
(``TMPDIR``) and removed.
"""

import argparse
import warnings
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from benchmarks.accuracy.pooling import markdown
from benchmarks.speed import (
    bags,
    explaining,
    imports,
    lazy,
    nets,
    paper_sized,
    scaling,
    search,
    threads,
)
from benchmarks.speed.measure import machine


def parts(out):
    plot = None if out is None else out / "scaling.png"
    return {
        "imports": imports.rows,
        "nets": nets.rows,
        "search": search.rows,
        "paper_sized": paper_sized.rows,
        "scaling": partial(scaling.rows, plot=plot),
        "lazy": lazy.rows,
        "bags": bags.rows,
        "explaining": explaining.rows,
        "threads": threads.rows,
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*parts(None), []], default=[])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="smaller shapes")
    parser.add_argument("--out", type=Path, help="folder for speed.md and a plot")
    options = parser.parse_args(arguments)
    # The data are noise, and few steps are taken: nothing is learned.
    warnings.simplefilter("ignore", ConvergenceWarning)
    told = f"{date.today()}; {machine()}"
    print(told)
    cells = []
    for name, rows in parts(options.out).items():
        if options.parts and name not in options.parts:
            continue
        for row in rows(options.quick, options.repeats):
            cells.append(row.cells())
            print(" | ".join(cells[-1].values()), flush=True)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        table = markdown(pd.DataFrame(cells).set_index("what"))
        text = f"# Speed and memory\n\n{told}\n\n{table}\n"
        (options.out / "speed.md").write_text(text)


if __name__ == "__main__":
    main()
