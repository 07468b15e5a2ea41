"""Small measurements by commit, as ratios to a fixed loop of the same run.

``python -m benchmarks.speed.track [--repeats 5] [--out FOLDER]``

A line per commit is added to ``track.csv``, ``track.png`` shows all of them, and what
became slower or larger by more than 15 % since the line before of the same processor is
named: ratios of one processor are not those of another. asv, which builds an
environment per commit and compares seconds, would install torch for each, and on a
machine whose speed varies its seconds are no trend.
"""

import argparse
import subprocess
import sys
import tempfile
import warnings
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.accuracy.pooling import markdown
from benchmarks.paper.cells import key_of_code
from benchmarks.speed.cohorts import make_cohort
from benchmarks.speed.measure import PrivateMemory, in_turn, machine, memory_of
from benchmarks.speed.nets import train_by_hand
from skmultimodal import (
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.datasets import load_cohort
from skmultimodal.inspection import modality_contributions
from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers
from skmultimodal.nn import MultilayerPerceptron
from skmultimodal.persistence import load_model, save_model

HERE = Path(__file__).parent / "results"
# A measurement that grew by more than this share is named.
FALL = 0.15
IMPORTS = ["from skmultimodal import TwinTowerClassifier", "import torch, sklearn"]
NOTES = ["date", "commit", "code", "machine"]
MEMORY = "private memory of a fit, to its data"


def reference_loop():
    """Steps of a small network, and the sorting of numbers, both fixed for ever."""
    torch.manual_seed(0)
    net = MultilayerPerceptron(48, (64, 128, 16), 2)
    x, y = torch.randn(64, 48), torch.arange(64) % 2
    train_by_hand(net, torch.nn.CrossEntropyLoss(), x, y, 100, 16, 1e-3)
    np.sort(np.random.default_rng(0).random(2_000_000))


def make_measurements(folder):
    """Functions of no argument by name, each on a cohort of a quarter of the paper's.

    What they need is made at their first call, in the round that `in_turn` leaves out.

    Parameters
    ----------
    folder : Path
        For files of a cohort, of a model and of fitted towers.
    """
    X, y = make_cohort(48, 1500, part=4)
    images, genes = X[X.has("image")], X[X.has("gene")]
    write_folder(X, y, folder / "cohort")
    path = folder / "model.skops"
    weights = iter(np.linspace(1, 30, 1000))

    @cache
    def model():
        return TwinTowerClassifier(random_state=0).fit(X, y)

    def save_and_load():
        save_model(model(), path)
        load_model(path)

    def fit_of_a_head():
        cached.set_params(final_estimator__weight_penalty=next(weights)).fit(X, y)

    cached = TwinTowerClassifier(random_state=0, memory=folder / "cache")
    cv = PairedStratifiedKFold(3, random_state=0)
    image_tower = ImageTowerClassifier(random_state=0)
    gene_tower = GeneAutoencoderTransformer(random_state=0)
    image_rows, gene_rows = (
        np.asarray(part.block(name))
        for part, name in ((images, "image"), (genes, "gene"))
    )
    labels = [y[X.has(name)] for name in ("image", "gene")]
    return {
        "load a folder": lambda: load_cohort(folder / "cohort"),
        "fit an image tower": lambda: image_tower.fit(image_rows, labels[0]),
        "fit a gene tower": lambda: gene_tower.fit(gene_rows, labels[1]),
        "fit the default": lambda: TwinTowerClassifier(random_state=0).fit(X, y),
        "fit a head, towers cached": fit_of_a_head,
        "predict": lambda: model().predict_proba(X),
        "contributions": lambda: modality_contributions(model(), X),
        "compare a fitted tower by folds": lambda: compare_classifiers(
            {"twin tower": cached}, X, y, cv=cv
        ),
        "save and load a model": save_and_load,
    }


def write_folder(X, y, folder):
    """A folder of tables as `load_cohort` reads them."""
    folder.mkdir()
    ids = pd.Index([f"p{i}" for i in X.index], name="patient")
    pd.DataFrame({"response": y}, ids).to_csv(folder / "clinical.csv")
    genes = pd.DataFrame(np.asarray(X[X.has("gene")].block("gene")), ids[X.has("gene")])
    genes.add_prefix("g").to_csv(folder / "expression.csv")


def measure(repeats, chosen=None):
    """Ratio of each measurement to the reference loop: dict of str to float."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        todo = make_measurements(Path(name))
        for what, run in todo.items():
            if chosen is None or what in chosen:
                times = in_turn([run, reference_loop], repeats)
                found[what] = float(np.median(times[:, 0] / times[:, 1]))
        if chosen is None or "import" in chosen:
            runs = [
                partial(subprocess.run, [sys.executable, "-c", text], check=True)
                for text in IMPORTS
            ]
            times = in_turn(runs, repeats)
            ratio = float(np.median(times[:, 0] / times[:, 1]))
            found["import, to that of torch and sklearn"] = ratio
        if chosen is None or "memory" in chosen:
            found[MEMORY] = memory_of_a_fit()
    return found


def memory_of_a_fit():
    X, y = make_cohort(96, 3000)
    size = sum(np.asarray(X.block(n)).nbytes for n in X.modalities) / 2**20
    before = memory_of("RssAnon")
    with PrivateMemory() as memory:
        TwinTowerClassifier(random_state=0).fit(X, y)
    return (memory.peak - before) / size


def commit():
    """Short name of the commit that is checked out, with + if files differ from it."""
    git = ["git", "-C", str(Path(__file__).parent)]
    name = subprocess.run(
        [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    )
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True)
    return (name.stdout.strip() or "none") + ("+" if changed.stdout else "")


def processors(table):
    """Processor and cores of each line: Series of str."""
    return table["machine"].str.split(";").str[0]


def falls(table):
    """What grew by more than `FALL` in the last line: list of str.

    It is compared with the line before it of the same processor, if there is one.
    """
    names = processors(table)
    alike = table[names == names.iloc[-1]]
    if len(alike) < 2:
        return []
    before, last = alike.iloc[-2], alike.iloc[-1]
    growth = {c: last[c] / before[c] - 1 for c in table if c not in NOTES}
    return [
        f"{name}: {before[name]:.3g} -> {last[name]:.3g} (+{share:.0%})"
        for name, share in growth.items()
        if share > FALL
    ]


def plot(table, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
    place = np.arange(len(table))
    for number, (name, values) in enumerate(table.drop(columns=NOTES).items()):
        # Lines of different processors are not joined.
        for _, part in values.groupby(processors(table), sort=False):
            of = {"color": f"C{number}", "label": name if 0 in part.index else None}
            ax.plot(place[part.index], part / part.iloc[0], "o-", **of)
    ax.set_xticks(place, table["commit"])
    ax.axhline(1, color="k", lw=0.5)
    ax.set(ylabel="to the first line of the processor", xlabel="commit")
    ax.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", help="names of measurements")
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    row = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit(),
        "code": key_of_code(),
        "machine": machine(),
        **measure(options.repeats, options.only),
    }
    path = options.out / "track.csv"
    table = pd.DataFrame([row])
    if path.exists():
        table = pd.concat([pd.read_csv(path), table], ignore_index=True)
    options.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, float_format="%.4g")
    plot(table, options.out / "track.png")
    shown = table.iloc[-2:].drop(columns=["code", "machine"]).set_index("commit")
    print(markdown(shown.T.rename_axis("what").map(str)))
    for text in falls(table):
        print(f"worse than the line before: {text}")


if __name__ == "__main__":
    main()
