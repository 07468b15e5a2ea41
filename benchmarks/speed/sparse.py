"""``python -m benchmarks.speed.sparse``: memory and time of a sparse matrix on disk.

20,000 cells x 20,000 genes, of which about 5 % are not 0, in an ``.h5ad`` file: fitted
with two members to a tower, predicted, and cross-validated in two folds. Each tower
runs in a process of its own, whose peak resident memory includes the import.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from datetime import date
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline

from benchmarks.accuracy.pooling import markdown
from skmultimodal import Cohort, GeneAutoencoderTransformer, TwinTowerClassifier
from skmultimodal.model_selection import PairedStratifiedKFold

N_INFORMATIVE, SHARE, PART = 50, 0.05, 1000


def make_towers():
    components = make_pipeline(TruncatedSVD(20, random_state=0), LogisticRegression())
    return {"svd": components, "net": GeneAutoencoderTransformer(max_epochs=2)}


def labels(n_cells):
    return np.random.default_rng(0).integers(0, 2, n_cells)


def write(path, n_cells, n_genes):
    """An AnnData file of counts, of which the first 50 columns follow the label."""
    import anndata

    rng, y, parts = np.random.default_rng(1), labels(n_cells), []
    for start in range(0, n_cells, PART):
        own = y[start : start + PART, None]
        shape = len(own), n_genes - N_INFORMATIVE
        counts = sp.random_array(
            shape,
            density=SHARE,
            format="csr",
            dtype=np.float32,
            rng=rng,
            data_sampler=lambda size: rng.poisson(2, size).astype(np.float32) + 1,
        )
        first = rng.poisson(1 + own, (len(own), N_INFORMATIVE)).astype(np.float32)
        parts.append(sp.hstack([sp.csr_array(first), counts], format="csr"))
    matrix = sp.csr_matrix(sp.vstack(parts, format="csr"))
    # Strings of pandas 3 are no strings of HDF5.
    with pd.option_context("future.infer_string", False):
        anndata.AnnData(matrix).write_h5ad(path)
    return matrix.nnz / np.prod(matrix.shape)


def measure(tower, path):
    """Seconds of each step, and peak memory in MB after it: DataFrame."""
    X = Cohort.from_mudata(str(path))
    y = labels(len(X))
    towers = [("rna", make_towers()[tower])]
    model = TwinTowerClassifier(towers, tower_cv=2, random_state=0)
    steps = {
        "fit": lambda: model.fit(X, y),
        "predict": lambda: model.predict_proba(X),
        "cross-validate": lambda: cross_validate(
            model,
            X,
            y,
            cv=PairedStratifiedKFold(2, random_state=0),
            error_score="raise",
        ),
    }
    rows = []
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append({"tower": tower, "step": name, "seconds": seconds, "peak MB": peak})
    return pd.DataFrame(rows)


def _run_one(step, path, options):
    """Write the file or measure a tower, and print the table."""
    if step == "write":
        share = write(path, options.cells, options.genes)
        table = pd.DataFrame({"share": [share]})
    else:
        table = measure(step, path)
    table.to_csv(sys.stdout, index=False)


def _in_own_process(arguments):
    command = [sys.executable, "-m", "benchmarks.speed.sparse", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return pd.read_csv(StringIO(done.stdout))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=20_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--out", type=Path, help="folder for sparse.md")
    parser.add_argument("--one", nargs=2, metavar=("STEP", "FILE"), help="internal")
    options = parser.parse_args(arguments)
    if options.one:
        warnings.simplefilter("ignore")
        _run_one(*options.one, options)
        return
    size = [f"--cells={options.cells}", f"--genes={options.genes}"]
    with tempfile.TemporaryDirectory() as folder:
        # A process inherits the peak of the one that starts it, which stays small.
        of_step = [*size, "--one"]
        share, *tables = (
            _in_own_process([*of_step, step, f"{folder}/cells.h5ad"])
            for step in ("write", *make_towers())
        )
    share = share["share"].iloc[0]
    table = pd.concat(tables).set_index(["tower", "step"]).round(0).astype(int)
    size = 4 * options.cells * options.genes / 1e9
    command = "`python -m benchmarks.speed.sparse`"
    if (options.cells, options.genes) != (20_000, 20_000):
        command = f"{command[:-1]} --cells {options.cells} --genes {options.genes}`"
    text = (
        f"# A sparse matrix on disk\n\n{command}, {date.today()}: {options.cells:,} "
        f"cells x {options.genes:,} genes, {share:.1%} not 0, {size:.1f} GB if dense."
        "\n\n"
        f"{markdown(table.reset_index().set_index('tower'))}\n"
    )
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "sparse.md").write_text(text)


if __name__ == "__main__":
    main()
