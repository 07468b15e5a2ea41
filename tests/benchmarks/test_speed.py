"""The speed benchmark compares equal work, and its parts run."""

import contextlib
import tempfile
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.speed import __main__ as speed
from benchmarks.speed import cluster, gpu, scale, sparse, stacked, threads, track
from benchmarks.speed.cohorts import make_cohort
from benchmarks.speed.measure import Row, in_turn, median_ratio
from benchmarks.speed.nets import gene_case, head_case, image_case, largest_difference
from benchmarks.speed.scaling import departure
from skmultimodal import ImageTowerClassifier

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    # Of Lightning, which asks torch and itself for what they have deprecated.
    "ignore:::lightning",
    "ignore:.*does not have many workers",
    "ignore:.*this processor has no bfloat16",
)


@pytest.mark.parametrize(
    "make",
    [partial(image_case, memory_format=torch.channels_last), gene_case, head_case],
    ids=["image", "gene", "head"],
)
def test_weights_are_those_of_the_loop(make):
    _, fit, by_hand = make(np.random.default_rng(0), quick=True)
    assert largest_difference(fit(), by_hand()) == 0


def test_a_row_knows_its_goal():
    assert Row("fit", 0.9, 1.0).cells()["met"] == "yes"
    assert Row("fit", 1.1, 1.0).cells()["met"] == "no"
    assert Row("fit", 1.6, 1.5, at_least=True).met
    assert Row("fit", 1.4, 1.5, at_least=True).cells()["goal"] == ">= 1.5 x"


def test_rounds_are_paired():
    order = []
    functions = [lambda: order.append("a"), lambda: order.append("b")]
    assert in_turn(functions, 3).shape == (3, 2)
    assert order == ["a", "b"] * 4  # the first round is not counted
    times = np.array([[1.0, 2.0], [30.0, 10.0], [4.0, 8.0]])
    assert median_ratio(times) == 0.5
    assert median_ratio(times, 1, 0) == 2.0


def test_a_straight_line_has_no_departure():
    assert departure(np.array([3.0, 5.0, 9.0, 17.0])) == pytest.approx(0)
    assert departure(np.array([1.0, 4.0, 16.0, 64.0])) > 0.3


@pytest.mark.parametrize("part", list(speed.parts(None)))
def test_every_part_runs(part, tmp_path, capsys, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    speed.main([part, "--quick", "--repeats", "1", "--out", str(tmp_path)])
    assert list(scratch.glob("tmp*")) == []  # torch keeps a folder of its own there
    table = (tmp_path / "speed.md").read_text()
    # A head and two rows or more; in small, the threads have one.
    assert table.count("\n| ") > (1 if part == "threads" else 2)
    assert ("yes" in table) or ("no" in table)
    assert (tmp_path / "scaling.png").exists() == (part == "scaling")


@pytest.mark.parametrize("work", list(threads.WORKS))
def test_each_piece_of_work_of_the_threads_runs(work):
    threads.make_work(work, quick=True)()


def test_the_benchmark_of_a_gpu_runs_on_the_cpu_too(capsys):
    gpu.main(["--device", "cpu", "--quick", "--repeats", "1"])
    shown = capsys.readouterr().out.splitlines()[1:]
    cells = {line.split(" | ")[0]: line.split(" | ") for line in shown}
    assert len(cells) == 7
    for what in ("weights after 4 steps", "probabilities of one model"):
        (row,) = (row for name, row in cells.items() if name.startswith(what))
        assert row[2:4] == ["0 apart", "yes"]
    (row,) = (row for name, row in cells.items() if "synchronisations" in name)
    assert float(row[2]) >= 1


def test_stacked_members_take_the_steps_of_each():
    what, make, shape, _ = stacked.CASES[2]
    assert what.startswith("head")
    (one_by_one, together), members, weights = stacked.steps_in_turn(make, shape)
    for _ in range(3):
        one_by_one()
        together()
    for number, member in enumerate(members):
        for name, weight in member.named_parameters():
            torch.testing.assert_close(weights[name][number], weight, atol=1e-5, rtol=0)


def test_every_case_of_stacked_members_runs(capsys, monkeypatch):
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    stacked.main(["--quick"])
    assert capsys.readouterr().out.count(" ms |") == 2 * len(stacked.CASES)


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a CUDA device")
def test_without_a_gpu_its_benchmark_is_one_sentence():
    with pytest.raises(SystemExit, match=r"^This benchmark needs a GPU, and torch"):
        gpu.main([])


class Recorder(torch.nn.Module):
    """An encoder that records how many threads its operations have."""

    counts = []

    def __init__(self, in_channels):
        super().__init__()
        self.layer = torch.nn.Linear(in_channels, 3)

    def forward(self, x):
        self.counts.append(torch.get_num_threads())
        return self.layer(x.mean(dim=(2, 3)))


@pytest.mark.parametrize(
    ("context", "count"), [(contextlib.nullcontext, 1), (threads.no_limit, 3)]
)
def test_all_threads_means_that_the_library_limits_none(context, count, rng):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    Recorder.counts.clear()
    try:
        with context():
            tower = ImageTowerClassifier(encoder=Recorder, max_epochs=2)
            tower.fit(rng.normal(size=(8, 2, 4, 5)), np.arange(8) % 2)
    finally:
        torch.set_num_threads(before)
    assert set(Recorder.counts) == {count}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore:.*training did nothing")
def test_a_sparse_matrix_on_disk(tmp_path):
    """What is written is as sparse as it is meant to be, and each step is measured."""
    pytest.importorskip("anndata")
    share = sparse.write(tmp_path / "cells.h5ad", 120, 300)
    # Fifty columns of counts that are mostly not 0, the others at one in twenty.
    assert share == pytest.approx((50 * 0.75 + 250 * 0.05) / 300, abs=0.03)
    table = sparse.measure("svd", tmp_path / "cells.h5ad")
    assert table["step"].tolist() == ["fit", "predict", "cross-validate"]
    assert table["peak MB"].is_monotonic_increasing


def a_search(**changes):
    """120 fits of a second, and nothing else that takes time."""
    parts = {"refit": 0.0, "imports": 0.0, "data": 0, "task": 0} | changes
    return cluster.Search(parts.pop("fits", np.ones(120)), **parts)


FREE = cluster.Network(per_task=0.0)


@pytest.mark.parametrize(("n_workers", "seconds"), [(1, 120), (7, 18), (64, 2)])
def test_workers_share_the_fits_in_rounds(n_workers, seconds):
    assert cluster.simulate(a_search(), n_workers, FREE) == seconds
    more = a_search(refit=3.0, imports=5.0)
    assert cluster.simulate(more, n_workers, FREE) == pytest.approx(seconds + 8)


def test_a_client_that_sends_slowly_is_the_limit():
    """Of tasks of 10 ms and 64 workers, the client sends the last after 120 x .5 s."""
    search = a_search(fits=np.full(120, 0.01))
    slow = cluster.Network(per_task=0.5)
    assert cluster.simulate(search, 64, slow) == pytest.approx(120 * 0.5 + 0.01)
    large = a_search(fits=np.full(120, 0.01), task=10**6)
    network = cluster.Network(bandwidth=2e6, per_task=0.0)
    assert cluster.simulate(large, 64, network) == pytest.approx(120 * 0.5 + 0.01)


@pytest.mark.parametrize(
    ("n_workers", "n_transfers"), [(1, 2), (2, 3), (3, 4), (9, 6), (64, 10)]
)
def test_holders_of_the_data_copy_it_on(n_workers, n_transfers):
    """Two for the first, by the scheduler; then 3, 9, 27 and 64 workers have it."""
    network = cluster.Network(bandwidth=1e6)
    assert cluster.copying(10**6, n_workers, network) == n_transfers


def test_where_a_search_saturates():
    search = a_search(fits=np.ones(16))
    table = cluster.scaling(search, FREE)
    assert table["seconds"].tolist() == [16, 8, 4, 2, 1, 1, 1]
    assert cluster.saturation(table) == 32  # of which each second one has a fit
    assert table["share of the workers used"].loc[64] == pytest.approx(1 / 4)
    causes = cluster.reasons(a_search(fits=np.ones(16), refit=1.0), 64, FREE)
    assert causes["for the refit on the client"] == 1
    assert causes["of waiting for the last fits"] == pytest.approx(1 - 16 / 64)
    assert causes["for imports"] == causes["for sending tasks"] == 0


def test_the_benchmark_of_a_cluster_runs(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cluster, "_imports", lambda: 5.0)  # of which it takes as many
    cluster.main(["--quick", "--bandwidth", "1e6", "--out", str(tmp_path)])
    text = (tmp_path / "cluster.md").read_text()
    assert "1 MB/s between machines" in text
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows[1:]] == [f"| {n}" for n in cluster.WORKERS]
    seconds = [float(row[1]) for row in rows[1:]]
    assert seconds == sorted(seconds, reverse=True)


def test_a_trend_names_what_grew():
    notes = {"date": "d", "commit": "c", "code": "x", "machine": "m"}
    table = pd.DataFrame([notes | {"fit": 2.0, "load": 1.0}] * 2)
    assert track.falls(table[:1]) == []
    table.loc[1, ["fit", "load"]] = 2.2, 1.2
    assert track.falls(table) == ["load: 1 -> 1.2 (+20%)"]
    # A line of another processor between them, and newer packages.
    other = table.iloc[:1].assign(machine="another; Python 3", load=0.3)
    newer = table.iloc[1:].assign(machine="m; numpy 3")
    assert track.falls(pd.concat([table[:1], other])) == []
    both = pd.concat([table[:1], other, newer])
    assert track.falls(both) == ["load: 1 -> 1.2 (+20%)"]


def test_a_line_is_added_to_the_trend(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(track, "make_cohort", lambda *_, **__: make_cohort(16, 60, 8))
    for _ in range(2):
        track.main(
            ["--repeats", "1", "--only", "load a folder", "--out", str(tmp_path)]
        )
    table = pd.read_csv(tmp_path / "track.csv")
    assert len(table) == 2
    assert (table["load a folder"] > 0).all()
    assert (tmp_path / "track.png").stat().st_size > 1000
    assert "load a folder" in capsys.readouterr().out


@pytest.mark.parametrize("curve", scale.SIZES)
def test_cohorts_of_a_curve_have_its_size(curve, tmp_path):
    size = min(scale.SIZES[curve])
    blocks, has, y = scale.make_data(curve, size, tmp_path)
    assert set(blocks) == set(has)
    sizes = {
        "rows": len(y),
        "images": len(y),
        "modalities": len(blocks),
        "genes": next(iter(blocks.values())).shape[1],
        "lazy": len(y),
    }
    assert sizes[curve] == size
    table = np.array(list(has.values()))
    assert table.any(axis=0).all()
    assert 0.05 < table.all(axis=0).mean() < 0.6


def test_slopes_of_scale_are_those_of_the_powers_of_size():
    rows = [("rows", "a", n, 2.0 * n**1.3) for n in (10, 100, 1000)]
    rows += [("rows", "b", n, t) for n, t in ((10, 1.0), (100, 1.0), (1000, 100.0))]
    table = pd.DataFrame(rows, columns=["curve", "model", "size", "fit, s"])
    found = scale.slopes(table)
    assert found.loc[("rows", "a"), "slope"] == pytest.approx(1.3)
    assert found.loc[("rows", "b"), "slope of its end"] == pytest.approx(2)
    assert list(found["knee"]) == ["no", "yes"]


def test_the_next_point_is_foreseen():
    assert scale.foresee([], 10) == 0
    assert scale.foresee([(10, 2.0)], 100) == pytest.approx(20)
    assert scale.foresee([(10, 2.0), (100, 200.0)], 1000) == pytest.approx(20_000)
    assert scale.foresee([(10, 5.0), (100, 4.0)], 1000) == pytest.approx(4)


def test_points_of_scale_are_kept_and_measured_once(tmp_path):
    seconds = {2: 1.5, 4: 3.0, 8: None}
    kept = {
        ("modalities", scale.OURS, n): dict.fromkeys(scale.MEASURED, t) | {"note": ""}
        if t is not None
        else {"note": "not tried: about 9 s"}
        for n, t in seconds.items()
    }
    scale.write(tmp_path, scale.as_table(kept), 300.0)
    found = scale.read_kept(tmp_path / "scale.csv")
    assert list(found) == list(kept)
    assert found["modalities", scale.OURS, 4]["fit, s"] == 3.0
    # The last point is foreseen from those kept, and only it is tried again.
    *_, rows = scale.measure(["modalities"], [scale.OURS], 5.9, found)
    assert rows["modalities", scale.OURS, 8] == {"note": "not tried: about 6 s"}
    scale.write(tmp_path, scale.as_table(rows), 5.9)
    text = (tmp_path / "scale.md").read_text(encoding="utf-8")
    assert "| twin tower | 8 |  |  |  |  | not tried: about 6 s |  |" in text
    assert "`python -m benchmarks.speed.scale --limit 5.9 --out FOLDER`" in text
    assert (tmp_path / "scale.png").exists()


def test_a_point_of_scale_in_small():
    found = scale.point("modalities", scale.BOOSTING, 2)
    assert found["fit, s"] > 0
    assert found["peak, MB"] > 20
