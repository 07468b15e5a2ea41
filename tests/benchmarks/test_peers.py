"""The benchmark of peers: tasks, workers, costs and tables."""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import benchmarks
import skmultimodal
from benchmarks.accuracy.simple_models import blocks_of
from benchmarks.peers.__main__ import _scores, peers_of
from benchmarks.peers.adapters import ours, scikit_learn, torch_towers
from benchmarks.peers.environments import error_of, python_of
from benchmarks.peers.keys import key_of_peer
from benchmarks.peers.peers import OURS, PEERS, SURVIVAL_PEERS, Peer, count_lines
from benchmarks.peers.report import report
from benchmarks.peers.tasks import Task, all_tasks, patterns_of, write_task
from benchmarks.peers.worker import hidden, read_task, run
from skmultimodal import Cohort, TwinTowerClassifier, make_survival_target

SIMPLE = "benchmarks.accuracy.simple_models"


def small_cohort(n=46, seed=0):
    """Images of 11 x 13 pixels, a table of 7 columns, and a label in both."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    images = rng.normal(size=(n, 2, 11, 13)) + y[:, None, None, None]
    table = rng.normal(size=(n, 7)) + y[:, None]
    has_image, has_table = np.arange(n) % 5 > 0, np.arange(n) % 5 != 1
    blocks = {
        "image": (np.flatnonzero(has_image), images[has_image].astype(np.float32)),
        "gene": (np.flatnonzero(has_table), table[has_table].astype(np.float32)),
    }
    X = Cohort(blocks)
    return X[np.argsort(X.index)], y


@pytest.fixture
def task(tmp_path):
    X, y = small_cohort()
    X_test, _ = small_cohort(31, seed=1)
    path = tmp_path / "task.npz"
    write_task(path, X, y, X_test[X_test.paired], 0, images=True)
    return X, X_test[X_test.paired], read_task(path)


def test_a_task_is_read_as_it_was_written(task):
    X, X_test, read = task
    np.testing.assert_array_equal(read["train"]["gene"], blocks_of(X)["gene"])
    assert read["train"]["image"].shape == (46, 2, 11, 13)
    assert np.isnan(read["train"]["image"][0]).all()
    assert len(read["test"]["image"]) == len(X_test)
    assert read["patterns"] == [["image", "gene"], ["image"], ["gene"]]
    assert read["times"] is None


def test_patterns_are_all_modalities_all_but_one_and_each_alone():
    found = patterns_of(["a", "b", "c", "d"])
    assert [len(present) for present in found] == [4, 3, 3, 3, 3, 1, 1, 1, 1]


def test_hidden_modalities_are_absent():
    blocks = {"a": np.ones((3, 2)), "b": np.ones((3, 4))}
    found = hidden(blocks, ["b"])
    assert np.isnan(found["a"]).all()
    assert (found["b"] == 1).all()
    assert (blocks["a"] == 1).all()


def check_patterns(predictions, costs, n_rows):
    assert set(predictions) == {"image+gene", "image", "gene"}
    assert len(np.unique(predictions["image"])) > 1
    assert not np.array_equal(predictions["image"], predictions["gene"])
    for p in predictions.values():
        assert p.shape == (n_rows,)
        assert ((p > 0) & (p < 1)).all()
    assert costs["fit"] > costs["predict"] > 0


def test_the_adapter_of_this_library_is_its_default(task):
    X, X_test, read = task
    predictions, costs = run(ours.twin_tower, read)
    check_patterns(predictions, costs, len(X_test))
    p = TwinTowerClassifier(random_state=0).fit(X, read["y"]).predict_proba(X_test)
    np.testing.assert_allclose(predictions["image+gene"], p[:, 1], atol=1e-6)


def test_two_towers_in_torch_predict_every_pattern(task, monkeypatch):
    monkeypatch.setattr(torch_towers, "EPOCHS", 7)
    check_patterns(*run(torch_towers.towers, task[2]), len(task[1]))


def test_stacking_reads_what_is_side_by_side(tmp_path):
    X, y = small_cohort(83)
    path = tmp_path / "task.npz"
    write_task(path, X, y, X[X.paired], 0, images=False)
    read = read_task(path)
    assert read["train"]["image"].shape == (83, 2 * 11 * 13)
    p = run(scikit_learn.stacking_classifier, read)[0]["image+gene"]
    assert ((p > 0.5) == y[X.paired]).mean() > 0.8


@pytest.mark.parametrize("name", ["ours", "survival"])
def test_survival_has_risks_and_curves(tmp_path, name):
    X, y = small_cohort()
    genes = X[X.has("gene")][:, ["gene"]]
    rng = np.random.default_rng(2)
    time = rng.exponential(900, size=46) * np.where(y, 0.3, 2)
    target = make_survival_target(rng.random(46) < 0.8, time)[X.has("gene")]
    path = tmp_path / "task.npz"
    write_task(path, genes, target, genes[:17], 0, images=False)
    read = read_task(path)
    if name == "ours":
        fit = ours.twin_tower_survival
    else:
        pytest.importorskip("sksurv")
        fit = import_module("benchmarks.peers.adapters.survival").forest
    found, _ = run(fit, read)
    curves = found["curves gene"]
    assert curves.shape == (17, len(read["times"]))
    assert (np.diff(curves, axis=1) <= 1e-9).all()
    # The higher the risk, the lower the curve.
    assert np.corrcoef(found["risk gene"], curves.mean(axis=1))[0, 1] < -0.5


@pytest.fixture
def data(tmp_path):
    """A folder as those of real cohorts, of 120 patients with two tables."""
    rng = np.random.default_rng(3)
    folder = tmp_path / "tcga_brca"
    folder.mkdir()
    patients = pd.Index([f"p{i}" for i in range(120)], name="patient")
    y = np.arange(120) % 2
    pd.DataFrame({"pr": y}, patients).to_csv(folder / "labels.csv")
    for name, width in (("rna", 9), ("mirna", 6)):
        values = rng.normal(size=(120, width)) + y[:, None]
        table = pd.DataFrame(values, patients).add_prefix(name)
        table.reset_index().to_parquet(folder / f"{name}.parquet")
    return tmp_path


SMALL = Task("two modalities", ("tcga_brca", "pr", "rna", "mirna"), 0)


def test_a_peer_is_scored_in_a_process_of_its_own(data):
    peer = Peer(f"{SIMPLE}:mean_of_logistics")
    table = _scores(SMALL, "mean", peer, data, sys.executable)
    assert set(table["pattern"]) == {"", "rna+mirna", "rna", "mirna"}
    by = table.set_index(["pattern", "metric"])["score"]
    assert by["rna+mirna", "roc_auc"] > 0.8
    assert by["", "memory"] > 20
    assert set(table["complete"]) == {2}
    assert table["versions"].str.contains("scikit-learn").all()
    assert table["machine"].str.endswith(" cores").all()


def test_a_peer_that_fails_has_its_error_in_the_table(data):
    peer = Peer("benchmarks.peers.adapters.no_such_peer:fit")
    table = _scores(SMALL, "none", peer, data, sys.executable)
    assert "ModuleNotFoundError" in table["error"].iloc[0]


STOPPED = """
import os, signal
def fit(train, y, seed):
    os.kill(os.getpid(), signal.SIGTERM)
"""
ENDLESS = """
import time
def fit(train, y, seed):
    time.sleep(60)
"""


@pytest.fixture
def peer_of(tmp_path, monkeypatch):
    """A peer of some code, which processes of peers find."""
    monkeypatch.setattr("benchmarks.peers.__main__.ROOT", tmp_path)
    (tmp_path / "benchmarks").symlink_to(Path(benchmarks.__file__).parent)
    package = Path(skmultimodal.__file__).parent
    (tmp_path / "skmultimodal").symlink_to(package)

    def make(code):
        (tmp_path / "own_peer.py").write_text(code)
        return Peer("own_peer:fit")

    return make


def test_a_peer_that_is_stopped_is_no_result(data, peer_of):
    with pytest.raises(InterruptedError, match="stopped from outside"):
        _scores(SMALL, "stopped", peer_of(STOPPED), data, sys.executable)


def test_a_peer_that_does_not_end_is_named(data, peer_of, monkeypatch):
    monkeypatch.setattr("benchmarks.peers.__main__.LIMIT", 5)
    table = _scores(SMALL, "endless", peer_of(ENDLESS), data, sys.executable)
    assert table["error"].tolist() == ["did not end in 5 s"]


def test_the_error_is_named_before_what_follows_it():
    class Done:
        stderr = "Traceback\n  File x\nmy.ValueError: too small\nsee https://x\n"
        returncode = 1

    assert error_of(Done) == "my.ValueError: too small"


def test_environments_are_made_once(tmp_path):
    assert python_of(None, tmp_path) == sys.executable
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / ".done").touch()
    assert python_of("small", tmp_path) == str(tmp_path / "small/bin/python")


def test_every_peer_has_its_lines_counted_and_slow_ones_few_draws():
    for peer in (PEERS | SURVIVAL_PEERS).values():
        assert 3 < count_lines(peer.where) < 80
    # boosting 3, _predictor 2, _joined 2
    assert count_lines(f"{SIMPLE}:boosting") == 7
    late = peers_of(all_tasks(9)[-20], 2)
    assert set(late) == {name for name, peer in PEERS.items() if not peer.slow}


def test_results_of_another_adapter_are_not_those_of_this_one():
    peers = [*PEERS.values(), *SURVIVAL_PEERS.values()]
    assert len({key_of_peer(peer) for peer in peers}) == len(peers)
    # Results stay valid where a peer is fitted in fewer draws.
    assert key_of_peer(peers[0]) == key_of_peer(peers[0]._replace(slow=True))


def test_report_names_what_is_better_and_what_is_missing():
    rng = np.random.default_rng(5)
    rows = []
    for model, mean in ((OURS, 0.8), ("AutoGluon tabular", 0.7), ("GeneICL", 0.9)):
        for setting in ("er", "pr"):
            for draw in range(3):
                one = {"kind": "two modalities", "setting": setting, "draw": draw}
                one |= {"model": model, "complete": 2, "versions": "numpy 2"}
                one |= {"machine": "a fast one, 2 cores", "date": "2026-11-30"}
                values = {"roc_auc": mean + rng.normal(0, 0.01)}
                values |= {"neg_brier_score": -0.2, "neg_log_loss": -0.5}
                for pattern, size in (("a+b", 2), ("a", 1)):
                    scores = {"pattern": pattern, "size": size}
                    rows += [
                        one | scores | {"metric": m, "score": v}
                        for m, v in values.items()
                    ]
                costs = {"fit": 2.0, "predict": 0.1, "memory": 300.0}
                rows += [
                    one | {"pattern": "", "size": 0, "metric": m, "score": v}
                    for m, v in costs.items()
                ]
    rows.append(
        {"kind": "two modalities", "model": "TabPFN", "error": "no weights", "draw": 0}
    )
    text = report(pd.DataFrame(rows), {"imml": "no such package"})
    better = text.split("## Where a peer is better")[1].split("##")[0]
    assert better.count("GeneICL") == 2
    assert "AutoGluon" not in better
    missing = text.split("## Not run")[1].split("##")[0]
    assert "no weights" in missing
    assert "no such package" in missing
    assert "avail-omics" in missing
    shown = text.split("Differences:")[1]
    gluon = next(x for x in shown.splitlines() if x.startswith("| AutoGluon"))
    assert gluon.split("|")[2].strip().startswith("0.")
