"""How far probabilities move where a hospital's data are named and sized otherwise.

``python -m benchmarks.accuracy.alignment --data FOLDER [--draws 2]``

The default twin tower is fitted on draws of ``powered``. Tested patients are predicted
as they are, and as another hospital might send them: columns shuffled, renamed, left
out and added, photographs of another size, other units. FOLDER holds ``ham10000`` and
``tcga_brca``. An interrupted run of the same code continues.
"""

import argparse
import warnings
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.ndimage import zoom
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.accuracy.pooling import markdown, run_tasks
from benchmarks.accuracy.powered import fit_default
from benchmarks.accuracy.powered_cohorts import draw_two
from skmultimodal import Cohort
from skmultimodal.exceptions import AlignmentWarning

GENES = [("tcga_brca", label, "mirna", "rna") for label in ("her2", "lobular", "pr")]
LABELS = ["keratosis_vs_nevus", "malignant"]
IMAGES = [("ham10000", label, "image", "clinical") for label in LABELS]
# Shares of the columns of each modality that are renamed, left out and added.
COLUMNS = {
    "shuffled": (0, 0, 0),
    "shuffled, 2 % renamed, 10 % added": (0.02, 0, 0.1),
    "shuffled, 5 % left out, 10 % added": (0, 0.05, 0.1),
    "shuffled, 2 % renamed, 5 % left out, 10 % added": (0.02, 0.05, 0.1),
    "shuffled, 2 % renamed, 8 % left out, 10 % added": (0.02, 0.08, 0.1),
    "shuffled, 2 % renamed, 10 % left out, 10 % added": (0.02, 0.1, 0.1),
}
# What fills absent columns in the package are means; a trial predicts them.
PREDICTED = ", filled by a ridge regression on the others (trial)"
FILLED = list(COLUMNS)[3:5]
INFORMATIVE = "the 7 % that tell the classes apart best left out"
N_CHOICES = 5  # of columns, at random, a fitted model
SIZES = {
    "2 times the size, pixels repeated": (2.0, 0),
    "1.5 times the size, linear": (1.5, 1),
    "2 times the size, linear": (2.0, 1),
    "1.5 times the size, cubic": (1.5, 3),
    "2 times the size, cubic": (2.0, 3),
    "half the size, linear": (0.5, 1),
}
GOAL = 0.01
EXPLANATION = f"""Changes are absolute differences of the probability of class 1 to
that of the same patient as it was, over all tested patients, labels, draws and
{N_CHOICES} random choices of columns. Left out and renamed columns are filled with
their means in `fit`, a twentieth of them at most. `above {GOAL}` is the share of
patients that move farther than the goal."""


def other_columns(table, shares, rng, first=()):
    """A table as another hospital names its columns.

    Parameters
    ----------
    table : DataFrame
    shares : tuple of float
        Of the columns that are renamed, left out and added.
    rng : Generator
    first : sequence of str
        Columns that are left out first; the others are at random.

    Returns
    -------
    table : DataFrame
        Its columns are in random order. Added ones are others in another order of rows.
    """
    n = table.shape[1]
    n_renamed, n_left_out, n_added = (int(share * n) for share in shares)
    first = list(first)[:n_left_out]
    others = rng.permutation([c for c in table.columns if c not in set(first)])
    left_out = [*first, *others[: n_left_out - len(first)]]
    others = others[n_left_out - len(first) :]
    names = {c: f"{c}_alias" for c in others[:n_renamed]}
    added = table[rng.permutation(table.columns)[:n_added]].sample(
        frac=1, random_state=int(rng.integers(2**31))
    )
    added = added.set_axis(table.index).add_prefix("added_")
    changed = table.drop(columns=left_out).rename(columns=names).join(added)
    return changed[rng.permutation(changed.columns)]


def with_blocks(X, change):
    """The cohort with each block changed by ``change(name, rows)``.

    Rows are a DataFrame of a table, and an array of images.
    """
    blocks = {}
    for name in X.modalities:
        if X.feature_names(name) is None:
            ids = X.index[X.has(name)]
            blocks[name] = ids, change(name, np.asarray(X.block(name)))
        else:
            blocks[name] = change(name, X.table(name))
    return Cohort(blocks, index=X.index)


def most_informative(X, y):
    """Columns of each modality by how far apart the class means are: dict."""
    found = {}
    for name in X.modalities:
        table, labels = X.table(name), y[X.has(name)]
        gap = table[labels == 1].mean() - table[labels == 0].mean()
        gap = (gap / table.std().replace(0, np.inf)).abs()
        found[name] = gap.sort_values(ascending=False).index.tolist()
    return found


def changes_of_genes(X, y, X_test, seed):
    """Yield a name of each change and the tested patients changed by it."""
    rng = np.random.default_rng(seed)
    for case, shares in COLUMNS.items():
        for _ in range(N_CHOICES):
            changed = _with_other_columns(X_test, shares, rng)
            yield case, changed
            if case in FILLED:
                yield case + PREDICTED, with_predicted_columns(X, changed)
    first = most_informative(X, y)
    yield INFORMATIVE, _with_other_columns(X_test, (0, 0.07, 0), rng, first)
    yield "rna times .69", _changed(X_test, "rna", lambda rows: rows * np.log(2))
    yield "mirna in reads, not logarithms", _changed(X_test, "mirna", np.exp2)
    yield "mirna plus 10", _changed(X_test, "mirna", lambda rows: rows + 10)


def _with_other_columns(X, shares, rng, first=None):
    def change(name, table):
        return other_columns(table, shares, rng, first[name] if first else ())

    return with_blocks(X, change)


def with_predicted_columns(X, changed):
    """A changed cohort with the columns of `X`, absent ones predicted by the others."""

    def fill(name, table):
        fitted = X.table(name)
        known = [c for c in fitted if c in table]
        absent = [c for c in fitted if c not in table]
        penalties = len(known) * np.array([0.03, 0.1, 0.3, 1, 3])
        model = make_pipeline(StandardScaler(), RidgeCV(penalties))
        model.fit(fitted[known].to_numpy(), fitted[absent].to_numpy())
        values = model.predict(table[known].to_numpy())
        values = values.clip(fitted[absent].min(), fitted[absent].max())
        return table[known].join(pd.DataFrame(values, table.index, absent))[[*fitted]]

    return with_blocks(changed, fill)


def changes_of_images(X, y, X_test, seed):
    """Yield a name of each change and the tested patients changed by it."""
    for case, (size, order) in SIZES.items():
        yield case, _changed(X_test, "image", _zoomed(size, size, order))
    yield "1.5 times as wide", _changed(X_test, "image", _zoomed(1, 1.5, 1))
    yield "values from 0 to 1", _changed(X_test, "image", lambda rows: rows / 255)


def _zoomed(height, width, order):
    sizes = 1, 1, height, width
    # Pixels are squares, and the frame stays the same.
    options = {"order": order, "mode": "nearest", "grid_mode": True}
    return lambda rows: np.stack([zoom(row, sizes[1:], **options) for row in rows])


def _changed(X, modality, change):
    return with_blocks(X, lambda name, rows: change(rows) if name == modality else rows)


def predict(model, X):
    """Probabilities, and what was warned of; a refusal is None and its sentence."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            p = model.predict_proba(X)[:, 1]
        except ValueError as error:
            return None, str(error)
    aligned = any(issubclass(w.category, AlignmentWarning) for w in caught)
    scale = any("another scale" in str(w.message) for w in caught)
    said = ["of alignment"] * aligned + ["of scale"] * scale
    return p, " and ".join(said)


def run(data, cohort, label, scarce, plentiful, draw):
    """Changes of the tested patients of one draw: DataFrame."""
    X, y, X_test, _ = draw_two(data / cohort, label, scarce, plentiful, draw)
    model = fit_default(X, y, draw)
    clean, _ = predict(model, X_test)
    changes = changes_of_images if "image" in X.modalities else changes_of_genes
    parts = []
    for case, changed in changes(X, y, X_test, draw):
        p, said = predict(model, changed)
        about = {"cohort": cohort, "label": label, "draw": draw, "case": case}
        moved = [np.nan] if p is None else np.abs(p - clean)
        about |= {"refused": p is None, "said": said}
        parts.append(pd.DataFrame(about | {"change": moved}))
    return pd.concat(parts, ignore_index=True)


def summarise(changes):
    """Changes by case: DataFrame."""
    rows = []
    for case, part in changes.groupby("case", sort=False):
        moved, refused = part["change"].dropna(), part["refused"].to_numpy(dtype=bool)
        row = {"case": case, "patients": len(moved)}
        row |= dict.fromkeys(("mean", "95 %", "largest", f"above {GOAL}"), np.nan)
        if len(moved):
            row["mean"], row["95 %"] = moved.mean(), moved.quantile(0.95)
            row["largest"], row[f"above {GOAL}"] = moved.max(), (moved > GOAL).mean()
        said = part["said"].fillna("").where(~refused, "refused")
        row["warned"] = ", ".join(sorted(set(said) - {""})) or "no"
        rows.append(row)
    return pd.DataFrame(rows).set_index("case").astype(object)


def report(changes):
    """The tables as Markdown."""
    parts = [EXPLANATION]
    for cohort, part in changes.groupby("cohort", sort=False):
        labels = ", ".join(part["label"].unique())
        n_draws = part["draw"].nunique()
        parts += [f"## {cohort}: {labels}, {n_draws} draws"]
        parts += [markdown(summarise(part), 4)]
        refused = part[part["refused"].astype(bool)].groupby("case", sort=False)["said"]
        parts += [f"Refused ({case}): {said}" for case, said in refused.first().items()]
    return "\n\n".join(parts)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--image-draws", type=int, help="if fewer")
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("results/alignment"))
    parser.add_argument("--out", type=Path, help="folder for alignment.md")
    options = parser.parse_args(arguments)
    n_image_draws = options.image_draws or options.draws
    tasks = [(*s, draw) for draw in range(options.draws) for s in GENES]
    tasks += [(*s, draw) for draw in range(n_image_draws) for s in IMAGES]
    work = partial(run, options.data)
    text = report(run_tasks(work, tasks, options.work, options.n_jobs))
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        command = f"`python -m benchmarks.accuracy.alignment --draws {options.draws}`"
        head = "# Names, sizes and units of another hospital"
        head += f"\n\n{command}, {date.today()}\n\n"
        (options.out / "alignment.md").write_text(head + text + "\n")


if __name__ == "__main__":
    main()
