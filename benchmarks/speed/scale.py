"""Time and memory against the size of a cohort, beside two models by hand.

``python -m benchmarks.speed.scale [--limit 300] [--curves rows images] [--out FOLDER]``

Each point is fitted once in a process of its own with one thread. A curve ends where
the next point would take longer than the limit. Rows have half of the modalities each,
and one in ten has all. Images, and the rows of the curve "lazy", lie in a file; all
patients have them. The first 1,000 patients are predicted, and all of "lazy". Points in
FOLDER/scale.csv are not measured again: an interrupted run continues.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
import warnings
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy.pooling import markdown
from benchmarks.accuracy.simple_models import boosting, flat
from benchmarks.peers.adapters import torch_towers
from benchmarks.speed.measure import (
    PrivateMemory,
    in_fresh_process,
    machine,
    memory_of,
    processor,
)
from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.utils._files import whole_file

OURS = "twin tower"
BOOSTING, LOOP = "HistGradientBoosting on NaN", "two towers in torch, 60 epochs"
MODELS = [OURS, BOOSTING, LOOP]
SIZES = {
    "rows": [1_000, 10_000, 100_000, 1_000_000],
    "images": [100, 1_000, 10_000, 100_000],
    "modalities": [2, 4, 8],
    "genes": [100, 1_000, 10_000, 60_000],
    "lazy": [5_000, 50_000, 500_000],
}
IN_A_FILE = ("images", "lazy")
KEYS = ["curve", "model", "size"]
MEASURED = ["fit, s", "predict, s", "data, MB", "peak, MB"]
ABOUT = ["note", "machine", "date"]
WORDS = {
    "rows": "rows of two tables of 50 columns",
    "images": "images of 3 x 64 x 64, and as many rows of 30 columns",
    "modalities": "tables of 50 columns, 1,000 rows",
    "genes": "genes of 500 rows, and a table of 30 columns",
    "lazy": "rows of 3,000 columns in a file, and of 30 columns",
}
N_PREDICTED = 1000
# A curve is straight where its points are this close to the line, as a factor.
KNEE = 1.5


def shapes(curve, size):
    """Rows of a cohort, and the shape of a row of each modality."""
    if curve == "rows":
        return size, {"a": (50,), "b": (50,)}
    if curve == "images":
        return size, {"image": (3, 64, 64), "b": (30,)}
    if curve == "modalities":
        return 1000, {f"m{i}": (50,) for i in range(size)}
    if curve == "lazy":
        return size, {"gene": (3000,), "b": (30,)}
    return 500, {"gene": (size,), "b": (30,)}


def make_data(curve, size, folder):
    """Blocks with all patients, which have them, and labels; some in a file."""
    n_rows, rows_of = shapes(curve, size)
    rng = np.random.default_rng(0)
    y = np.arange(n_rows) % 2
    has = rng.random((n_rows, len(rows_of))) < 0.5
    # Nobody without any, and one in ten with all.
    has[np.arange(n_rows), rng.integers(len(rows_of), size=n_rows)] = True
    has[rng.random(n_rows) < 0.1] = True
    blocks = {}
    for number, (name, shape) in enumerate(rows_of.items()):
        kind = np.float32, (n_rows, *shape)
        if number == 0 and curve in IN_A_FILE:
            path = Path(folder) / f"{name}.npy"
            block = np.lib.format.open_memmap(path, "w+", *kind)
        else:
            block = np.empty(kind[1], kind[0])
        for start in range(0, n_rows, 1000):
            some = rng.standard_normal(block[start : start + 1000].shape, np.float32)
            some[:, :3] += 0.3 * y[start : start + 1000].reshape(-1, *[1] * len(shape))
            block[start : start + 1000] = some
        blocks[name] = block
    return blocks, {n: has[:, i] for i, n in enumerate(rows_of)}, y


def fit_ours(blocks, has, y):
    # A file is read by its rows: all patients have it, as a cohort of images has.
    parts = {
        n: (np.arange(len(y)), b)
        if isinstance(b, np.memmap)
        else (np.flatnonzero(has[n]), b[has[n]])
        for n, b in blocks.items()
    }
    X = Cohort(parts)
    model = TwinTowerClassifier(random_state=0).fit(X, y[np.asarray(X.index)])
    return lambda n: model.predict_proba(X[:n])


def fit_by_hand(fit, blocks, has, y, images):
    """Models that read NaN where a patient lacks a modality, all in memory."""
    train = {}
    for name, block in blocks.items():
        rows = np.array(block) if images else flat(np.asarray(block)).copy()
        if not isinstance(block, np.memmap):
            rows[~has[name]] = np.nan
        train[name] = rows
    predict = fit(train, y, 0)
    return lambda n: predict({name: rows[:n] for name, rows in train.items()})


def point(curve, model, size):
    """Seconds of the processor and private megabytes of one fit: dict."""
    with tempfile.TemporaryDirectory() as folder:
        blocks, has, y = make_data(curve, size, folder)
        data = memory_of("RssAnon")
        with PrivateMemory() as memory:
            start = time.process_time()
            if model == OURS:
                predict = fit_ours(blocks, has, y)
            elif model == BOOSTING:
                predict = fit_by_hand(boosting, blocks, has, y, images=False)
            else:
                predict = fit_by_hand(torch_towers.towers, blocks, has, y, images=True)
            fitted = time.process_time() - start
            start = time.process_time()
            predict(len(y) if curve == "lazy" else min(N_PREDICTED, len(y)))
            predicted = time.process_time() - start
    return dict(zip(MEASURED, (fitted, predicted, data, memory.peak), strict=True))


def foresee(done, size):
    """Seconds of the next point, in proportion or as the last two points rise."""
    if not done:
        return 0.0
    slope = 1.0
    if len(done) > 1:
        (n1, t1), (n2, t2) = done[-2:]
        slope = max(0.0, np.log(t2 / t1) / np.log(n2 / n1))
    last, seconds = done[-1]
    return seconds * (size / last) ** slope


def measure(curves, models, limit, kept):
    """Measure the points that `kept` lacks, and yield all of them after each.

    Parameters
    ----------
    curves, models : list of str
    limit : float
        Seconds that a point may be expected to take; ten times as many end it.
    kept : dict
        Rows by curve, model and size; added to.
    """
    for curve, model in product(curves, models):
        done = []
        for size in SIZES[curve]:
            row = kept.get((curve, model, size), {})
            if "fit, s" not in row:
                row = attempt(curve, model, size, foresee(done, size), limit)
                kept[curve, model, size] = row
                print(curve, model, size, row, flush=True)
                yield kept
            if "fit, s" not in row:
                break
            done.append((size, row["fit, s"]))


def attempt(curve, model, size, expected, limit):
    """What a point took, or why it was not measured: dict."""
    if expected > limit:
        return {"note": f"not tried: about {expected:.0f} s"}
    command = __spec__.name, "--point", curve, model, size
    options = {"environment": os.environ | {"OMP_NUM_THREADS": "1"}}
    try:
        told = in_fresh_process(*command, **options, timeout=10 * limit)
    except subprocess.TimeoutExpired:
        return {"note": f"not ended in {10 * limit:g} s"}
    except RuntimeError as error:
        return {"note": str(error).splitlines()[-1]}
    about = {"note": "", "machine": processor(), "date": str(date.today())}
    return json.loads(" ".join(told)) | about


def as_table(kept):
    """Rows in the order of the curves: DataFrame."""
    places = [list(SIZES), MODELS]
    keys = sorted(kept, key=lambda k: (*map(list.index, places, k[:2]), k[2]))
    rows = [dict(zip(KEYS, key, strict=True)) | kept[key] for key in keys]
    return pd.DataFrame(rows, columns=[*KEYS, *MEASURED, *ABOUT])


def read_kept(path):
    """Rows that a run before this one kept: dict."""
    if not path.exists():
        return {}
    rows = pd.read_csv(path).to_dict("records")
    known = [{k: v for k, v in row.items() if pd.notna(v)} for row in rows]
    return {tuple(row.pop(key) for key in KEYS): row for row in known}


def slopes(table):
    """Of the logarithm of time on that of size, over the whole curve and its end."""
    rows = []
    for (curve, model), part in table.dropna(subset=["fit, s"]).groupby(
        ["curve", "model"], sort=False
    ):
        if len(part) < 2:
            continue
        x, t = np.log(part["size"].astype(float)), np.log(part["fit, s"])
        line = np.polyfit(x, t, 1)
        away = np.exp(np.abs(np.polyval(line, x) - t).max())
        end = (t.iloc[-1] - t.iloc[-2]) / (x.iloc[-1] - x.iloc[-2])
        rows.append((curve, model, line[0], end, "yes" if away > KNEE else "no"))
    names = ["curve", "model", "slope", "slope of its end", "knee"]
    return pd.DataFrame(rows, columns=names).set_index(["curve", "model"])


def plot(table, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    curves = list(dict.fromkeys(table["curve"]))
    figure, axes = plt.subplots(
        2,
        len(curves),
        figsize=(4 * len(curves), 6),
        layout="constrained",
        squeeze=False,
    )
    for column, curve in enumerate(curves):
        for row, value in enumerate(["fit, s", "peak, MB"]):
            ax = axes[row, column]
            for model, part in table[table["curve"] == curve].groupby(
                "model", sort=False
            ):
                ax.loglog(part["size"], part[value], "o-", label=model)
            ax.set_ylabel(value)
            if row:
                ax.set_xlabel(WORDS[curve], fontsize="small")
    axes[0, 0].legend(fontsize="small")
    figure.set_layout_engine("constrained")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def report(table):
    parts = [machine(), __doc__.split("\n\n", 2)[2].replace("\n", " ").strip()]
    for curve, part in table.groupby("curve", sort=False):
        parts += [f"## {WORDS[curve]}"]
        shown = part.drop(columns="curve").set_index(["model", "size"])
        numbers = shown[MEASURED].map(
            lambda v: "" if pd.isna(v) else f"{v:.3g}" if v < 100 else f"{v:.0f}"
        )
        words = shown[ABOUT].map(lambda v: "" if pd.isna(v) else v)
        parts += [markdown(numbers.join(words))]
    text = (
        "## Slopes of log(time) on log(size)\n\n1: in proportion. A knee: a point is "
        f"more than {KNEE:g} times off the line."
    )
    knees = "Why the curves bend: `notes.md`."
    return "\n\n".join([*parts, text, markdown(slopes(table), 2), knees])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, default=300, help="seconds of a point")
    parser.add_argument("--curves", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument(
        "--out", type=Path, help="folder for scale.csv, scale.md and scale.png"
    )
    parser.add_argument("--point", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.point:
        warnings.simplefilter("ignore")
        curve, model, size = options.point
        print(json.dumps(point(curve, model, int(size))))
        return
    kept = read_kept(options.out / "scale.csv") if options.out else {}
    if kept:
        print(f"{len(kept)} points are of {options.out / 'scale.csv'}: remove it to")
        print("measure them again, as after a change of the code or the machine")
    for rows in measure(options.curves, options.models, options.limit, kept):
        if options.out:
            write(options.out, as_table(rows), options.limit)
    print(report(as_table(kept)))


def write(folder, table, limit):
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / "scale.csv") as part:
        table.to_csv(part, index=False, float_format="%.4g")
    command = f"python -m benchmarks.speed.scale --limit {limit:g} --out FOLDER"
    head = f"# Scale\n\n`{command}`\n\n"
    (folder / "scale.md").write_text(head + report(table) + "\n")
    plot(table, folder / "scale.png")


if __name__ == "__main__":
    main()
