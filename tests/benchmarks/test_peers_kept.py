"""Fits of an earlier run of the benchmark of peers."""

import pandas as pd
import pytest

from benchmarks.peers.peers import OURS
from benchmarks.peers.report import report
from benchmarks.peers.scores import add_kept, write_scores
from benchmarks.peers.tasks import SCATTERED, TWO, all_tasks

NAMES = {
    kind: next(t.name for t in all_tasks(1) if t.kind == kind)
    for kind in (TWO, SCATTERED)
}
SLOW = "AutoGluon tabular"
DATES = {OURS: "2026-12-01", SLOW: "2026-11-30"}


def fits(model, area, n_draws=2):
    """Scores as of a run, of two settings."""
    rows = []
    for kind, names in ((TWO, "ab"), (SCATTERED, "abcd")):
        about = {"kind": kind, "setting": NAMES[kind], "complete": len(names)}
        for draw in range(n_draws):
            one = about | {"draw": draw, "model": model, "versions": "numpy 2"}
            one |= {"machine": "a fast one, 2 cores", "date": DATES[model]}
            for pattern in ("+".join(names), names[0]):
                size = pattern.count("+") + 1
                found = {"roc_auc": area + draw / 100 - (size == 1) / 10}
                found |= {"neg_brier_score": -0.2, "neg_log_loss": -0.5}
                rows += [
                    one | {"pattern": pattern, "size": size, "metric": m, "score": v}
                    for m, v in found.items()
                ]
            for cost in ("fit", "predict", "memory"):
                costs = {"pattern": "", "size": 0, "metric": cost, "score": 3.0}
                rows.append(one | costs)
    return rows


@pytest.fixture
def earlier():
    """Of an earlier run: two models, and one that did not end."""
    failed = {"kind": TWO, "setting": NAMES[TWO], "draw": 0, "model": "TabPFN"}
    failed["error"] = "no weights"
    return pd.DataFrame([*fits(OURS, 0.7), *fits(SLOW, 0.8), failed])


def test_a_report_of_kept_scores_is_that_of_the_run(earlier, tmp_path):
    path = tmp_path / "peers.csv"
    write_scores(earlier, path)
    again, taken = add_kept(earlier[earlier["model"] == OURS], path)
    assert taken == [SLOW, "TabPFN"]
    assert report(again, {}) == report(earlier, {})
    text = report(again, {}, taken)
    assert f"Of an earlier run, see below: {SLOW}, TabPFN." in text
    assert f"- {SLOW}: a fast one, 2 cores, 2026-11-30\n" in text
    assert f"- {OURS}: a fast one, 2 cores, 2026-12-01\n" in text
    assert f"- {OURS}, {SLOW}: numpy 2" in text


def test_fits_that_were_made_again_are_those_of_the_run(earlier, tmp_path):
    path = tmp_path / "peers.csv"
    write_scores(earlier, path)
    first = [row for row in fits(OURS, 0.9) if row["draw"] == 0]
    scores, taken = add_kept(pd.DataFrame(first), path)
    assert OURS in taken  # its second draw
    whole = scores[(scores["metric"] == "roc_auc") & (scores["size"] > 1)]
    by = whole.groupby(["model", "draw"])["score"].mean().round(6)
    assert by.to_dict() == {(OURS, 0): 0.9, (OURS, 1): 0.71} | {
        (SLOW, 0): 0.8,
        (SLOW, 1): 0.81,
    }


def test_what_is_written_is_read_as_it_was(earlier, tmp_path):
    path, other = tmp_path / "peers.csv", tmp_path / "again.csv"
    write_scores(earlier, path)
    nothing = pd.DataFrame(columns=["setting", "draw", "model"])
    write_scores(add_kept(nothing, path)[0], other)
    assert other.read_text() == path.read_text()
    about = pd.read_csv(path)[["versions", "machine", "date"]]
    assert (about.notna().sum() == 8).all()  # once a fit
