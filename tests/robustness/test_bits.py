"""The same bits in a fresh process; nearly the same on other threads."""

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
    for n_jobs in (None, 2) if sys.argv[3:] else (None,):
        for output in ("auto", "features"):
            model = TwinTowerClassifier(
                tower_output=output, tower_cv=2, n_jobs=n_jobs, random_state=7
            )
            model.set_params(image__max_epochs=4, gene__max_epochs=4)
            predicted.append(model.fit(X, y).predict_proba(X))
    np.save(sys.argv[1], predicted)
    # No fit needs parts of the compiler, or readers of scans: they take long to import.
    unwanted = {"torch._dynamo", "nibabel"}
    # torch 2.9 imports sympy where a layer is made whose weights have no memory.
    if tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 13):
        unwanted.add("sympy")
    assert not unwanted & set(sys.modules)
    """
)


def run(path, threads, hash_seed, two_jobs=False):
    """What a fresh interpreter predicts, with and without log-odds.

    By one job, and then by two if asked for.
    """
    command = [sys.executable, "-c", SCRIPT, path, threads]
    command += ["two jobs"] * two_jobs
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    environment["PYTHONHASHSEED"] = str(hash_seed)  # the order of sets must not matter
    done = subprocess.run(
        list(map(str, command)), cwd=HELPERS, env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return np.load(path)


def test_fresh_processes(tmp_path):
    first = run(tmp_path / "a.npy", threads=1, hash_seed=1, two_jobs=True)
    one_job, two_jobs = first[:2], first[2:]
    again = run(tmp_path / "b.npy", threads=1, hash_seed=2)
    np.testing.assert_array_equal(again, one_job)
    np.testing.assert_allclose(two_jobs, one_job, atol=1e-5)
    threaded = run(tmp_path / "c.npy", threads=2, hash_seed=3)
    np.testing.assert_allclose(threaded, one_job, atol=1e-5)
