"""A cache that is damaged, full or not to be written: slower, never wrong."""

import subprocess
import sys
import textwrap
from pathlib import Path

import joblib
import numpy as np
import pytest
from fusion_tools import CountingTower, count_fits, make_case, odds_tower
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.model_selection import PairedStratifiedKFold


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "fits.txt")


def make_model(log, memory):
    towers = [("image", CountingTower(log)), ("gene", odds_tower())]
    return TwinTowerClassifier(towers, LogisticRegression(), memory=memory)


@pytest.fixture
def case(log):
    X, y = make_case()
    expected = make_model(log, None).fit(X, y).predict_proba(X)
    Path(log).unlink()
    return X, y, expected


def test_memory_may_be_a_path(case, log, tmp_path):
    X, y, expected = case
    for _ in range(2):
        model = make_model(log, tmp_path / "cache").fit(X, y)
    assert len(count_fits(log)) == 1
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_folder_that_cannot_be_made(case, log, tmp_path, place):
    X, y, expected = case
    memory = tmp_path / "notes.txt"
    memory.write_text("no folder")
    if place == "below a file":
        memory = memory / "cache"
    told = r"memory='.*notes.txt.*' cannot be used"
    with pytest.warns(UserWarning, match=told):
        model = make_model(log, memory).fit(X, y)
    with pytest.warns(UserWarning, match=told):
        said = model.predict_proba(X)
    np.testing.assert_array_equal(said, expected)
    assert (tmp_path / "notes.txt").read_text() == "no folder"


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty"])
def test_a_damaged_entry_is_computed_anew(case, log, tmp_path, damage, caplog):
    X, y, expected = case
    make_model(log, tmp_path / "cache").fit(X, y).predict_proba(X)
    entries = list((tmp_path / "cache").rglob("output.pkl"))
    assert len(entries) == 4  # two towers, and the features of each
    for entry in entries:
        whole = entry.read_bytes()
        cut = {"cut": whole[: len(whole) // 2], "garbage": b"\x93NUMPY" * 9}
        entry.write_bytes(cut.get(damage, b""))
    model = make_model(log, tmp_path / "cache").fit(X, y)
    assert "Exception while loading results" in caplog.text
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    assert len(count_fits(log)) == 2
    make_model(log, tmp_path / "cache").fit(X, y)  # mended
    assert len(count_fits(log)) == 2


def test_a_changed_bit_is_no_result(case, log, tmp_path, caplog):
    """A pickle with another number in it loads as well as a whole one."""
    X, y, expected = case
    make_model(log, tmp_path / "cache").fit(X, y).predict_proba(X)
    rng = np.random.default_rng(0)
    for entry in (tmp_path / "cache").rglob("output.pkl"):
        whole = entry.read_bytes()
        for place in rng.integers(len(whole), size=25):
            changed = bytearray(whole)
            changed[place] ^= 1 << rng.integers(8)
            entry.write_bytes(changed)
            model = make_model(log, tmp_path / "cache").fit(X, y)
            np.testing.assert_array_equal(model.predict_proba(X), expected)
    assert "the bytes of a cached result are not those written" in caplog.text


def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path):
    script = """
        import resource, signal, sys, warnings
        import numpy as np
        from fusion_tools import make_case, odds_tower
        from sklearn.linear_model import LogisticRegression
        from skmultimodal import TwinTowerClassifier

        X, y = make_case()
        towers = [("image", odds_tower()), ("gene", odds_tower())]
        model = TwinTowerClassifier(towers, LogisticRegression())
        expected = model.fit(X, y).predict_proba(X)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            said = model.set_params(memory=sys.argv[1]).fit(X, y).predict_proba(X)
        np.testing.assert_allclose(said, expected, rtol=1e-9)
        print(caught[0].message)
    """
    for size in ("0", "100"):
        command = [sys.executable, "-c", textwrap.dedent(script)]
        done = subprocess.run(
            [*command, str(tmp_path / size), size],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[1] / "helpers",
        )
        assert done.returncode == 0, done.stderr
        assert "File too large" in done.stdout


def test_a_lazy_block_whose_file_is_gone(log, tmp_path):
    X, y = make_case()
    joblib.dump(np.asarray(X.block("image")), tmp_path / "image.joblib")

    class Vanished:
        shape, dtype = X.block("image").shape, np.dtype(np.float64)

        def cache_key(self):
            return "image"

        def __getitem__(self, rows):
            return joblib.load(tmp_path / "image.joblib")[rows]

    blocks = {
        "image": (X.index[X.has("image")], Vanished()),
        "gene": (X.index[X.has("gene")], np.asarray(X.block("gene"))),
    }
    lazy = Cohort(blocks, index=X.index)
    (tmp_path / "image.joblib").unlink()
    with pytest.raises(FileNotFoundError, match=r"image\.joblib"):
        make_model(log, tmp_path / "cache").fit(lazy, y)


def test_an_interrupted_search_goes_on_where_it_was(log, tmp_path, monkeypatch):
    X, y = make_case()
    cv = PairedStratifiedKFold(2, random_state=0)

    def search():
        model = make_model(log, tmp_path / "cache")
        return GridSearchCV(model, {"image__power": [1, 2, 3]}, cv=cv, refit=False)

    stack = np.column_stack

    def interrupted(arrays):
        if len(count_fits(log)) == 3:
            raise KeyboardInterrupt
        return stack(arrays)

    # Called by the tower's fit; the tower's own code stays the same.
    monkeypatch.setattr(np, "column_stack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search().fit(X, y)
    assert len(count_fits(log)) == 3
    monkeypatch.undo()
    done = search().fit(X, y)
    assert len(count_fits(log)) == 4  # only the interrupted one is done again
    assert np.isfinite(done.cv_results_["mean_test_score"]).all()
