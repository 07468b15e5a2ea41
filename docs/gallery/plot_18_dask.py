"""
A search on several machines
============================

Nothing in this library distributes work by itself. joblib does, which scikit-learn's
searches use, and joblib can hand the work to `Dask <https://distributed.dask.org>`_: to
processes of one machine, as here, or to the machines of a cluster. Only the address
changes. Here one of two workers is lost on the way, and the scores are those of a search
without a cluster.
"""

import os
import signal
import tempfile
import threading
import time
import warnings

import pandas as pd
from dask.distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV

from skmultimodal import (
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.model_selection import PairedStratifiedKFold, dask_parallel

# dask 2026.8 uses deprecated parts of asyncio and pandas.
warnings.filterwarnings("ignore", module="distributed|dask|tornado")

X, y = make_glioma_cohort(
    n_image_only=60,
    n_gene_only=120,
    n_paired=60,
    n_genes=100,
    image_size=16,
    random_state=0,
    return_X_y=True,
)

# %%
# The search
# ----------
#
# ``n_jobs`` of the search is the number of folds fitted at a time; that of the twin
# tower stays None. With ``memory`` a fitted tower is used by all heads.

towers = [
    ("image", ImageTowerClassifier()),
    ("gene", GeneAutoencoderTransformer()),
]
splits = list(PairedStratifiedKFold(3, random_state=0).split(X, y))
search = GridSearchCV(
    TwinTowerClassifier(towers, tower_cv=3, random_state=0),
    {"final_estimator__weight_penalty": [3, 30, 300]},
    cv=splits,
    scoring="roc_auc",
    refit=False,
)

# %%
# A worker is lost
# ----------------
#
# ``LocalCluster`` starts two processes; on a cluster it is
# ``Client("scheduler-address:8786")``. `dask_parallel` sends the patients and the rows of
# the folds to every worker beforehand: once, rather than with each task, and so that the
# search survives the loss of a worker. The folds are a list, so that they are the same
# arrays. ``memory`` must be a folder that all workers can read. To show what a crash
# does, one worker is killed while it fits.


def lose_a_worker(client):
    """Kill the first worker that is at work."""
    processes = client.run(os.getpid)
    while not any(client.processing().values()):
        time.sleep(0.05)
    busy = [address for address, tasks in client.processing().items() if tasks]
    os.kill(processes[(busy or list(processes))[0]], signal.SIGKILL)


# %%
# A new process imports this script, so what starts processes, or takes long, must stand
# below ``if __name__ == "__main__"``. Without it, each of them would start more. Here the
# search runs in this process first.

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as memory:
        search.set_params(estimator__memory=memory).fit(X, y)
    columns = ["param_final_estimator__weight_penalty"]
    results = pd.DataFrame(search.cv_results_)[[*columns, "mean_test_score"]]
    with (
        tempfile.TemporaryDirectory() as memory,
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            host="127.0.0.1",
        ) as cluster,
        Client(cluster) as client,
        dask_parallel(client, X, y, splits=splits),
    ):
        crash = threading.Thread(target=lose_a_worker, args=[client])
        crash.start()
        search.set_params(estimator__memory=memory, n_jobs=2).fit(X, y)
        crash.join()
    results["with a lost worker"] = search.cv_results_["mean_test_score"]
    print(results.round(3).to_string(index=False))

# %%
# On your own data
# ----------------
#
# As long as one worker is left, the fits of the others are done again. What holds of a
# search holds of `compare_classifiers` and the other experiments on folds, which need no
# list of folds: ``with dask_parallel(client, X): compare_classifiers(..., n_jobs=-1)``.
# Every worker needs skmultimodal in the same version. Start as many workers as there are
# cores, one thread each, and set ``OMP_NUM_THREADS=1``: processes that share cores by
# threads hinder each other. If blocks are lazy (see :doc:`../user_guide/scaling`), every
# worker reads the file itself and nothing is sent.
#
# **Caveat.** With patients as few as here one process is faster: starting two takes
# longer than the search. It pays when towers take minutes.
