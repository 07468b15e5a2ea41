"""
A search on several machines
============================

Nothing in this library distributes work by itself. joblib does, which scikit-learn's
searches use, and joblib can hand the work to `Dask <https://distributed.dask.org>`_: to
processes of one machine, as here, or to the machines of a cluster. Only the address
changes.
"""

import tempfile
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
    image_size=24,
    random_state=0,
    return_X_y=True,
)

# %%
# The search
# ----------
#
# ``n_jobs`` of the search is the number of folds fitted at a time; that of the twin
# tower stays None.

towers = [
    ("image", ImageTowerClassifier()),
    ("gene", GeneAutoencoderTransformer()),
]
splits = list(PairedStratifiedKFold(3, random_state=0).split(X, y))
search = GridSearchCV(
    TwinTowerClassifier(towers, random_state=0),
    {
        "image__lr": [1e-3, 3e-3],
        "final_estimator__weight_penalty": [3, 30, 300],
    },
    cv=splits,
    scoring="roc_auc",
    n_jobs=2,
)

# %%
# Two processes
# -------------
#
# ``LocalCluster`` starts them; on a cluster it is ``Client("scheduler-address:8786")``.
# `dask_parallel` sends the patients and the rows of the folds to every worker beforehand:
# once, rather than with each task, and so that the search survives the loss of a worker.
# The folds are a list, so that they are the same arrays. ``memory`` must be a
# folder that all workers can read: then a tower that one of them has fitted is used by
# the others.
#
# A new process imports this script, so what starts processes must stand below
# ``if __name__ == "__main__"``. Without it, each of them would start more.

if __name__ == "__main__":
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
        search.set_params(estimator__memory=memory).fit(X, y)
    results = pd.DataFrame(search.cv_results_)
    columns = ["param_image__lr", "param_final_estimator__weight_penalty"]
    print(results[[*columns, "mean_test_score"]].round(3).to_string(index=False))

# %%
# On your own data
# ----------------
#
# The scores are those of the same search without Dask. Every worker needs skmultimodal
# in the same version. Start as many workers as there are cores, one thread each, and
# set ``OMP_NUM_THREADS=1``: processes that share cores by threads hinder each other. If
# blocks are lazy (see :doc:`../user_guide/scaling`), every worker reads the file itself
# and nothing is sent.
#
# **Caveat.** With patients as few as here one process is faster: starting two takes
# longer than the search. It pays when towers take minutes.
