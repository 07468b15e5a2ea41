"""The same bits in a fresh process; nearly the same on other threads and in batches."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np

HELPERS = Path(__file__).parents[1] / "helpers"
SCRIPT = textwrap.dedent(
    """
    import sys, warnings
    import numpy as np
    import torch
    from fusion_tools import make_pictures
    from skmultimodal import TwinTowerClassifier

    warnings.simplefilter("ignore")
    torch.set_num_threads(int(sys.argv[2]))
    X, y = make_pictures({"image": 23, "gene": 29, "image+gene": 34})
    predicted = []
    for output in ("auto", "features"):
        model = TwinTowerClassifier(
            tower_output=output,
            tower_cv=2,
            n_jobs=None if sys.argv[3] == "None" else int(sys.argv[3]),
            random_state=7,
        )
        model.set_params(image__max_epochs=4, gene__max_epochs=4)
        predicted.append(model.fit(X, y).predict_proba(X))
    np.save(sys.argv[1], predicted)
    """
)


def run(path, threads=1, n_jobs=None):
    """What a fresh interpreter predicts, with and without log-odds."""
    command = [sys.executable, "-c", SCRIPT, path, threads, n_jobs]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    environment["PYTHONHASHSEED"] = str(threads)  # the order of sets must not matter
    done = subprocess.run(
        list(map(str, command)), cwd=HELPERS, env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return np.load(path)


def test_fresh_processes(tmp_path):
    first = run(tmp_path / "a.npy")
    np.testing.assert_array_equal(run(tmp_path / "b.npy"), first)
    other = run(tmp_path / "c.npy", n_jobs=2)
    np.testing.assert_allclose(other, first, atol=1e-5)
    threaded = run(tmp_path / "d.npy", threads=2)
    np.testing.assert_allclose(threaded, first, atol=1e-5)
