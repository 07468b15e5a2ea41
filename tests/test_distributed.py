"""Searches and cross-validation on a real Dask cluster of processes."""

import os
import signal
import threading
import time

import joblib
import numpy as np
import pandas as pd
import pytest
from fusion_tools import make_pictures, small_head
from marking_tower import MarkingTower
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score

from skmultimodal import (
    Cohort,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    compare_classifiers,
    dask_parallel,
    paired_learning_curve,
    unpaired_gain,
)

distributed = pytest.importorskip("distributed")
pytestmark = [
    # dask 2026.8 asks asyncio and pandas for what they have deprecated.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:(distributed|dask|tornado)"),
    pytest.mark.filterwarnings("ignore::FutureWarning:(distributed|dask)"),
    pytest.mark.filterwarnings("ignore:.*training did nothing"),
]
GRID = {"image__lr": [1e-3, 1e-2], "final_estimator__weight_penalty": [3.0, 30.0, 90.0]}


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            host="127.0.0.1",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def case():
    X, y = make_pictures({"image": 21, "gene": 25, "image+gene": 30})
    return X, y, PairedStratifiedKFold(3, random_state=0)


def make_model(memory=None):
    towers = [
        ("image", ImageTowerClassifier(max_epochs=3)),
        ("gene", GeneAutoencoderTransformer(max_epochs=3)),
    ]
    return TwinTowerClassifier(towers, tower_cv=2, memory=memory, random_state=0)


def make_search(memory, cv):
    return GridSearchCV(make_model(memory), GRID, cv=cv, n_jobs=2, scoring="roc_auc")


def test_a_search_finds_what_it_finds_here(client, case, tmp_path):
    X, y, cv = case
    here = make_search(str(tmp_path / "here"), cv).fit(X, y)
    with joblib.parallel_config(backend="dask"):
        there = make_search(str(tmp_path / "there"), cv).fit(X, y)
    for number in range(3):
        np.testing.assert_allclose(
            there.cv_results_[f"split{number}_test_score"],
            here.cv_results_[f"split{number}_test_score"],
            atol=1e-6,
        )
    assert there.best_params_ == here.best_params_
    np.testing.assert_allclose(there.predict_proba(X), here.predict_proba(X), atol=1e-5)


def test_blocks_are_sent_once(client, case, monkeypatch):
    X, y, cv = case
    sent = []
    reduce = Cohort.__reduce_ex__

    def record(self, protocol):
        sent.append(len(self))
        return reduce(self, protocol)

    monkeypatch.setattr(Cohort, "__reduce_ex__", record)
    search = GridSearchCV(
        make_model().set_params(
            tower_output="features", final_estimator=LogisticRegression()
        ),
        {"final_estimator__C": np.logspace(-3, 3, 8)},
        cv=cv,
        n_jobs=2,
        refit=False,
    )
    with joblib.parallel_config(backend="dask"):
        search.fit(X, y)
    assert len(sent) <= 2, f"sent {len(sent)} times for 24 fits"


def test_a_killed_worker_loses_nothing(client, case, tmp_path):
    X, y, cv = case
    here = make_search(None, cv).fit(X, y)
    killed = []

    def kill():
        # Once the first tower is in the cache, a search is under way.
        while not list((tmp_path / "memory").rglob("output.pkl")):
            time.sleep(0.01)
        killed.append(next(iter(client.run(os.getpid).values())))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    # Told of the data beforehand, every worker holds them.
    with joblib.parallel_config(backend="dask", scatter=[X, y]):
        there = make_search(str(tmp_path / "memory"), cv).fit(X, y)
    killer.join()
    assert killed
    np.testing.assert_allclose(
        there.cv_results_["mean_test_score"],
        here.cv_results_["mean_test_score"],
        atol=1e-6,
    )


def table_search(n_rows, folder=None, memory=None):
    """A search of 4 or 24 candidates over tables, and its folds as a list."""
    rng = np.random.default_rng(0)
    y = np.arange(n_rows) % 2
    gene, image = rng.normal(size=(n_rows, 11)), rng.normal(size=(n_rows, 7))
    gene[:, 0] += y
    gene[: n_rows // 3], image[-n_rows // 3 :] = np.nan, np.nan
    X = Cohort({"gene": gene, "image": image})
    splits = list(PairedStratifiedKFold(5, random_state=0).split(X, y))
    towers = [(name, MarkingTower(folder)) for name in X.modalities]
    model = TwinTowerClassifier(towers, tower_cv=2, memory=memory, random_state=0)
    # 24 settings for many rows, and 4 for fewer.
    some = np.logspace(-2, 1, 6 if n_rows > 1000 else 2)
    some_c = [0.01, 0.1, 1.0, 10.0] if n_rows > 1000 else [0.01, 1.0]
    grid = {"gene__C": some_c, "image__C": some}
    search = GridSearchCV(
        model, grid, cv=splits, n_jobs=2, scoring="roc_auc", refit=False
    )
    return search, X, y, splits


def kill_once(marks, n_marks, killed):
    """A thread that kills a worker with a mark, and its results, after so many."""

    def kill():
        while len(found := list(marks.iterdir())) < n_marks:
            time.sleep(0.01)
        killed.append(int(found[0].name.split("-")[0]))
        os.kill(killed[0], signal.SIGKILL)

    return threading.Thread(target=kill)


@pytest.mark.parametrize(
    ("n_rows", "n_threads", "with_memory"), [(300, 2, False), (2000, 1, True)]
)
def test_a_large_search_survives_the_loss_of_a_worker(
    tmp_path, n_rows, n_threads, with_memory
):
    """The indices of the folds are too large to be sent with each task."""
    here, X, y, _ = table_search(n_rows)
    here.set_params(n_jobs=None).fit(X, y)
    marks = tmp_path / "marks"
    marks.mkdir()
    memory = str(tmp_path / "memory") if with_memory else None
    there, X, y, splits = table_search(n_rows, str(marks), memory)
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=n_threads,
            dashboard_address=":0",
            host="127.0.0.1",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        killed = []
        killer = kill_once(marks, 12, killed)
        with dask_parallel(client, X, y, splits=splits):
            # The patients, the labels, and the rows of five folds.
            held = [len(workers) for workers in client.who_has().values()]
            assert held == [2] * 12
            killer.start()
            there.fit(X, y)
        killer.join()
        assert client.amm.running()  # as before
    assert killed
    workers = {path.name.split("-")[0] for path in marks.iterdir()}
    assert len(workers) >= 2
    np.testing.assert_allclose(
        there.cv_results_["mean_test_score"],
        here.cv_results_["mean_test_score"],
        atol=1e-9,
    )


def test_a_comparison_survives_the_loss_of_a_worker(client, tmp_path, monkeypatch):
    """Its folds are jobs that share the patients and labels, which are sent once."""
    search, X, y, splits = table_search(301)
    model = search.estimator
    options = {"cv": splits, "scoring": ["roc_auc", "neg_log_loss"]}
    grid = {"strict": {"gene__C": 0.01}, "lax": {"gene__C": 10.0}}
    models = {name: clone(model).set_params(**p) for name, p in grid.items()}
    here = compare_classifiers(models, X, y, **options)
    marking = table_search(301, str(tmp_path))[0].estimator
    models = {name: clone(marking).set_params(**p) for name, p in grid.items()}
    sent, killed = [], []
    reduce = Cohort.__reduce_ex__

    def record(self, protocol):
        sent.append(len(self))
        return reduce(self, protocol)

    monkeypatch.setattr(Cohort, "__reduce_ex__", record)
    killer = kill_once(tmp_path, 6, killed)
    with dask_parallel(client, X):
        client.wait_for_workers(2)
        killer.start()
        there = compare_classifiers(models, X, y, n_jobs=2, **options)
    killer.join()
    assert killed
    assert sent == [len(X)], f"sent {len(sent)} times for 10 fits"
    pd.testing.assert_frame_equal(there.scores(), here.scores(), atol=1e-9)
    pd.testing.assert_frame_equal(there.predictions(), here.predictions())


@pytest.mark.parametrize("experiment", [unpaired_gain, paired_learning_curve])
def test_experiments_on_folds_are_those_of_one_process(client, experiment):
    search, X, y, splits = table_search(303)
    options = {"cv": splits[:2], "scoring": "roc_auc"}
    if experiment is paired_learning_curve:
        options |= {"n_pairs": [21, 40], "random_state": 0}
    here = experiment(search.estimator, X, y, **options)
    with dask_parallel(client, X):
        there = experiment(search.estimator, X, y, n_jobs=2, **options)
    of = [
        result.scores() if callable(result.scores) else result.scores
        for result in (here, there)
    ]
    pd.testing.assert_frame_equal(*of, atol=1e-9)


def test_folds_must_be_a_list(client):
    cv = PairedStratifiedKFold(2)
    with (
        pytest.raises(TypeError, match=r"splits must be a list .* list\(cv.split"),
        dask_parallel(client, splits=cv),
    ):
        pass
    with (
        pytest.raises(TypeError, match="splits must hold arrays"),
        dask_parallel(client, splits=[([0, 1], [2])]),
    ):
        pass


def test_cross_validation_of_a_network_head(client, case):
    X, y, cv = case
    model = make_model().set_params(final_estimator=small_head())
    here = cross_val_score(model, X, y, cv=cv)
    with joblib.parallel_config(backend="dask"):
        there = cross_val_score(model, X, y, cv=cv, n_jobs=2)
    np.testing.assert_allclose(there, here, atol=1e-6)
