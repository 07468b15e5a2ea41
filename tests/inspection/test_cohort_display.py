import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from fusion_tools import THREE, TWO, make_case
from hypothesis import given, settings
from hypothesis import strategies as st
from tcga_folder import write_tcga_folder

from skmultimodal import Cohort
from skmultimodal.datasets import load_tcga_glioma, unpair
from skmultimodal.inspection._boxes import Chart
from skmultimodal.inspection._cohort import AvailabilityDisplay
from skmultimodal.inspection._flow import ParticipantFlowDisplay


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


def words_of(ax):
    """All text of a flow chart in one line."""
    return " ".join(" ".join(texts_of(ax)).replace("\u00a0", " ").split())


def count(display, stage, part=None, detail=None):
    rows = display.counts[display.counts["stage"] == stage]
    for column, value in (("part", part), ("detail", detail)):
        rows = rows if value is None else rows[rows[column] == value]
    return int(rows["n"].sum())


# AvailabilityDisplay


def test_counts_by_pattern_and_class():
    X, y = make_case(THREE, n_classes=3)
    y = y.astype(float)
    y[::5] = np.nan
    display = AvailabilityDisplay.from_cohort(X, y, class_names={1: "b", 9: "unseen"})
    columns = ["0", "b", "2", "unseen", "unlabelled"]
    assert display.counts.columns.tolist() == columns
    assert display.counts.index.tolist() == list(X.summary().index)
    assert display.counts.sum(axis=1).tolist() == X.summary().tolist()
    for column, label in (("0", 0), ("b", 1), ("2", 2)):
        for pattern, n in display.counts[column].items():
            assert n == np.sum((X.patterns == pattern) & (y == label))
    assert display.counts["unseen"].sum() == 0
    assert display.counts["unlabelled"].sum() == np.isnan(y).sum()


def test_bars_numbers_and_dots_say_the_same():
    X, y = make_case(TWO)
    display = AvailabilityDisplay.from_cohort(X, y, class_names={0: "no", 1: "yes"})
    bars, dots = display.ax_
    heights = np.array([patch.get_height() for patch in bars.patches]).reshape(2, 3)
    assert heights.T.tolist() == display.counts.to_numpy().tolist()
    assert texts_of(bars) == ["11", "13", "18"]
    numbers = np.array(texts_of(dots), dtype=int).reshape(3, 2)
    assert numbers.tolist() == display.counts.to_numpy().tolist()
    labels = [label.get_text() for label in dots.get_yticklabels()]
    assert labels == ["no", "yes", "image (29)", "gene (31)"]
    columns = dots.collections[:3]
    dark = [(c.get_facecolors()[:, 0] < 0.5).tolist() for c in columns]
    assert dark == [[True, False], [False, True], [True, True]]


def test_classes_differ_without_colour():
    X, y = make_case(TWO, n_classes=3)
    bars = AvailabilityDisplay.from_cohort(X, y).ax_[0]
    assert len({patch.get_hatch() for patch in bars.patches}) == 3


def test_no_labels_and_only_missing_ones():
    X, y = make_case(TWO)
    display = AvailabilityDisplay.from_cohort(X)
    assert display.counts["rows"].tolist() == [11, 13, 18]
    assert len(display.ax_[1].get_yticks()) == 2
    display = AvailabilityDisplay.from_cohort(X, np.full(len(y), np.nan))
    assert display.counts.columns.tolist() == ["unlabelled"]
    assert len(display.ax_[1].get_yticks()) == 3


def test_rows_without_a_modality():
    gene = np.ones((5, 3))
    gene[3:] = np.nan
    image = gene[:, :2].copy()
    X = {"image": image, "gene": gene}
    display = AvailabilityDisplay.from_cohort(X, [0, 1, 0, 1, 1])
    assert display.counts.loc["none"].tolist() == [0, 2]


@pytest.mark.parametrize("n_modalities", [1, 2, 3, 4, 5])
def test_any_number_of_modalities(n_modalities):
    rng = np.random.default_rng(0)
    blocks = {f"m{i}": rng.normal(size=(60, 4 + i)) for i in range(n_modalities)}
    for block in blocks.values():
        block[rng.random(60) < 0.5] = np.nan
    X = Cohort(blocks)
    y = rng.integers(0, 2, 60)
    display = AvailabilityDisplay.from_cohort(X, y)
    assert display.counts.to_numpy().sum() == 60
    display.figure_.draw_without_rendering()
    flow = ParticipantFlowDisplay.from_cohort(X, y)
    assert count(flow, "trains") == sum(
        X.has(m).sum() - (X.paired.sum() if n_modalities > 1 else 0) for m in blocks
    ) + (X.paired.sum() if n_modalities > 1 else 0)


def test_inputs_and_units():
    frame = pd.DataFrame(np.ones((6, 3)), index=list("aabcde"))
    display = AvailabilityDisplay.from_cohort(frame, list("xyxyxy"))
    assert display.counts.loc["gene"].to_dict() == {"x": 3, "y": 3}
    assert display.ax_[0].get_ylabel() == "Rows"
    display = AvailabilityDisplay.from_cohort(np.ones((4, 2, 7, 8)))
    assert display.counts.index.tolist() == ["image"]
    assert display.ax_[0].get_ylabel() == "Patients"


def test_own_axes():
    X, y = make_case(TWO)
    figure, axes = plt.subplots(2, 1)
    display = AvailabilityDisplay.from_cohort(X, y, ax=axes)
    assert display.figure_ is figure
    assert display.ax_.tolist() == axes.tolist()
    with pytest.raises(ValueError, match="ax must be 2 axes"):
        display.plot(axes[0])


def test_bad_input():
    X, y = make_case(TWO)
    for display in (AvailabilityDisplay, ParticipantFlowDisplay):
        with pytest.raises(ValueError, match="X has 42 rows, y has 41"):
            display.from_cohort(X, y[1:])
        with pytest.raises(ValueError, match="X has no rows"):
            display.from_cohort(X[[]])
        with pytest.raises(ValueError, match="dict of label to name, got list"):
            display.from_cohort(X, y, class_names=["no", "yes"])
        with pytest.raises(ValueError, match=r"a name of its own .* \['a', 'a'\]"):
            display.from_cohort(X, y, class_names={0: "a", 1: "a"})


# ParticipantFlowDisplay


def make_flow(rows):
    return pd.DataFrame(rows, columns=["patient", "item", "status", "reason", "file"])


@pytest.fixture
def flow():
    rows = [
        ("p001", "image", "kept", "no t1ce: zeros instead", "mri/p001"),
        ("p002", "image", "dropped", "/data/p002/t1.nii.gz: truncated", ""),
        ("p003", "image", "dropped", "/data/p003/t1.nii.gz: truncated", ""),
        ("p004", "image", "dropped", "p004 has no sequence", ""),
        ("p001", "gene", "kept", "", ""),
        ("p001", "gene", "dropped", "p001-02A: sample type 02, not 01", ""),
        ("p002", "gene", "kept", "", ""),
        ("p006", "gene", "kept", "", ""),
        ("", "gene", "dropped", "", "x.tsv"),
        ("", "file", "ignored", "no clinical table", "notes.csv"),
        ("", "ids", "note", "clinical.csv has 5 patients, mri 4, both 3", ""),
        (
            "p001",
            "label",
            "conflict",
            "2 values, latest: Complete Response/Remission",
            "",
        ),
        ("p001", "clinical", "kept", "", ""),
        ("p002", "clinical", "kept", "unlabelled: the label is unknown", ""),
        ("p003", "clinical", "dropped", "no scan, expression or features", ""),
        ("p005", "clinical", "dropped", "no scan, expression or features", ""),
        ("p006", "clinical", "missing", "unlabelled: no clinical row", ""),
    ]
    return make_flow(rows)


def test_each_patient_and_each_row_of_the_flow_is_counted(flow):
    display = ParticipantFlowDisplay.from_flow(flow)
    assert count(display, "found", "patients") == 6
    assert count(display, "found", "image") == 4
    assert count(display, "dropped", "image", "truncated") == 2
    assert count(display, "dropped", "image", "has no sequence") == 1
    assert count(display, "kept", "image") == 1
    assert count(display, "remark", "image", "no t1ce: zeros instead") == 1
    assert count(display, "found", "gene") == count(display, "kept", "gene") == 3
    assert count(display, "besides", "gene", "sample type 02, not 01") == 1
    assert count(display, "left out", None, "no modality kept, see above") == 2
    assert count(display, "left out", None, "no scan, expression or features") == 1
    assert count(display, "noted", "Gene: dropped", "no reason given") == 1
    assert count(display, "noted", "File: ignored") == 1
    # Ids are no modality.
    assert set(display.counts.query("stage == 'kept'")["part"]) == {"image", "gene"}
    assert count(display, "noted", "Ids: note") == 1
    response = "2 values, latest: Complete Response/Remission"
    assert count(display, "noted", "Label: conflict", response) == 1
    assert count(display, "cohort", "patients") == 3
    assert count(display, "trains", "paired", "labelled") == 1
    assert count(display, "trains", "gene", "unlabelled") == 2
    assert count(display, "trains", "image") == 0


def test_the_picture_says_all_counts(flow):
    words = words_of(ParticipantFlowDisplay.from_flow(flow).ax_)
    for text in (
        "Patients found (n = 6)",
        "With image (n = 4)",
        "Dropped (n = 3)",
        "truncated (n = 2)",
        "More files or samples of those kept (n = 1)",
        "Left out (n = 3)",
        "no clinical table (n = 1)",
        "Patients in the cohort (n = 3)",
        "Unpaired with gene (n = 2)",
        "Paired (n = 1)",
    ):
        assert text in words


def test_a_cohort_that_changed_since(flow):
    gene = (["p002", "p006", "new1"], np.ones((3, 4)))
    X = Cohort({"image": (["p002", "new1"], np.ones((2, 3))), "gene": gene})
    display = ParticipantFlowDisplay.from_cohort(X, [0, 1, 1], flow=flow)
    assert count(display, "left out", None, "kept, but not in this cohort") == 1
    assert count(display, "noted", "Added since") == 1
    assert count(display, "cohort", "patients") == 3
    assert count(display, "hidden") == 0
    X, y = X.hide("gene", [0]), [0, 1, 1]
    display = ParticipantFlowDisplay.from_cohort(X, y, flow=flow)
    assert count(display, "hidden", "gene") == 1
    assert "gene: hidden after loading (n = 1)" in words_of(display.ax_)


def test_downloads(tmp_path):
    bunch = load_tcga_glioma(write_tcga_folder(tmp_path))
    whole = ParticipantFlowDisplay.from_flow(bunch.flow)
    display = ParticipantFlowDisplay.from_cohort(
        bunch.data, bunch.target, flow=bunch.flow, class_names={1: "controlled"}
    )
    before = display.counts[~display.counts["stage"].isin(["cohort", "trains"])]
    expected = whole.counts[~whole.counts["stage"].isin(["cohort", "trains"])]
    pd.testing.assert_frame_equal(before, expected)
    assert count(display, "found", "patients") == 6
    assert count(display, "left out") == 3
    assert count(display, "cohort", "patients") == len(bunch.data) == 3
    assert count(display, "trains", "paired", "controlled") == 1


@given(
    seed=st.integers(0, 999),
    n_patients=st.integers(1, 30),
    max_reasons=st.integers(1, 3),
)
@settings(max_examples=25, deadline=None)
def test_nobody_gets_lost(seed, n_patients, max_reasons):
    rng = np.random.default_rng(seed)
    rows = [
        (f"p{patient:03d}", item, status, f"reason {rng.integers(6)}", "")
        for patient in range(n_patients)
        for item in ("image", "gene", "stain")
        for status in rng.choice(["kept", "dropped"], rng.integers(0, 3))
    ]
    rows.append(("p999", "image", "kept", "", ""))
    display = ParticipantFlowDisplay.from_flow(make_flow(rows), max_reasons=max_reasons)
    plt.close(display.figure_)
    assert count(display, "found", "patients") == len({row[0] for row in rows})
    assert count(display, "found", "patients") == count(
        display, "cohort", "patients"
    ) + count(display, "left out")
    for name in ("image", "gene", "stain"):
        lost = count(display, "dropped", name)
        assert count(display, "found", name) == count(display, "kept", name) + lost
        assert count(display, "kept", name) == count(display, "cohort", name)
        n_entries = sum(row[1:3] == (name, "dropped") for row in rows)
        assert lost + count(display, "besides", name) <= n_entries


def test_details_of_scans_are_counted_together():
    rows = [
        (f"p{i}", "image", status, f"cropped ({i} % of t1 is cut)", "")
        for i in range(3)
        for status in ("kept", "changed")
    ]
    counts = ParticipantFlowDisplay.from_flow(make_flow(rows)).counts
    found = counts[counts["detail"] == "cropped"].set_index("stage")["n"]
    assert found.to_dict() == {"remark": 3, "noted": 3}


def test_many_reasons_are_counted_together():
    reasons = [4, 3, 2, 2, 1, 1]
    rows = [
        (f"p{i}{j}", "image", "dropped", f"reason {'abcdef'[i]}", "")
        for i, n in enumerate(reasons)
        for j in range(n)
    ]
    rows.append(("q", "image", "kept", "", ""))
    display = ParticipantFlowDisplay.from_flow(make_flow(rows), max_reasons=3)
    words = words_of(display.ax_)
    assert (
        "Dropped (n = 13) reason a (n = 4) reason b (n = 3) reason c (n = 2)" in words
    )
    assert "and 3 other reasons (n = 4)" in words
    assert len(display.counts.query("stage == 'dropped'")) == 6
    words = words_of(
        ParticipantFlowDisplay(counts=display.counts).plot(max_reasons=5).ax_
    )
    assert "reason f (n = 1)" in words
    with pytest.raises(ValueError, match="max_reasons must be at least 1"):
        display.plot(max_reasons=0)


def boxes_and_texts(display):
    figure, ax = display.figure_, display.ax_
    figure.draw_without_rendering()
    patches = [patch.get_window_extent() for patch in ax.patches]
    return patches, [text.get_window_extent() for text in ax.texts if text.get_text()]


@pytest.mark.parametrize("size", [None, (4.0, 3.0), (12.0, 4.0)])
def test_text_lies_in_its_box(flow, size):
    long = "a reason of many words that says exactly what is wrong with the file " * 4
    barcode = "TCGA-02-0001-01A-01R-1849-01" * 2
    more = [(f"q{i:03d}", "image", "dropped", long + str(i), "") for i in range(9)]
    more.append(("q100", "gene", "dropped", barcode, ""))
    flow = pd.concat([flow, make_flow(more)])
    ax = None if size is None else plt.subplots(figsize=size)[1]
    display = ParticipantFlowDisplay.from_flow(flow, ax=ax)
    boxes, texts = boxes_and_texts(display)
    assert len(texts) > 20
    for text in texts:
        # Glyphs of a few points are drawn on whole pixels.
        slack = 0.04 * text.width
        inside = [
            box.x0 <= text.x0
            and text.x1 <= box.x1 + slack
            and box.y0 <= text.y0 + slack
            and text.y1 <= box.y1 + slack
            for box in boxes
        ]
        assert sum(inside) == 1
    assert not any(a.overlaps(b) for a in boxes for b in boxes if a is not b)
    frame = display.figure_.bbox
    assert all(frame.x0 <= b.x0 and b.x1 <= frame.x1 for b in boxes)
    assert all(frame.y0 <= b.y0 and b.y1 <= frame.y1 for b in boxes)


def test_text_is_full_size_in_a_figure_of_its_own(flow):
    display = ParticipantFlowDisplay.from_flow(flow)
    sizes = {text.get_fontsize() for text in display.ax_.texts if text.get_text()}
    assert sizes == {12}


def test_slices_are_rows_of_patients():
    X, y = make_case(TWO)
    rows = np.repeat(np.arange(len(y)), 2)
    planes = [f"{p}/{i % 2}" for i, p in enumerate(X.index[rows])]
    blocks = {
        m: (np.array(planes)[X[rows].has(m)], X[rows].block(m)) for m in X.modalities
    }
    patients = pd.DataFrame({"patient": X.index[rows]}, index=planes)
    sliced = Cohort(blocks, index=planes, metadata=patients)
    display = ParticipantFlowDisplay.from_cohort(sliced, y[rows])
    assert count(display, "cohort", "patients") == 42
    assert count(display, "cohort", "rows") == 84
    assert count(display, "cohort", "image") == 29
    assert count(display, "trains", "paired") == 36
    assert "Paired rows (n = 36)" in words_of(display.ax_)
    assert AvailabilityDisplay.from_cohort(sliced).ax_[0].get_ylabel() == "Rows"


def test_a_cohort_without_flow_labels_or_modality():
    X, _ = make_case(TWO)
    X = X.hide("image", [0, 1])
    display = ParticipantFlowDisplay.from_cohort(X)
    assert set(display.counts["stage"]) == {"cohort", "trains", "noted"}
    words = words_of(display.ax_)
    assert "Without any modality (n = 2)" in words
    assert "Unpaired with image (n = 9) for its tower" in words
    assert "Paired (n = 18) for towers and final estimator" in words
    assert "class" not in words
    one = ParticipantFlowDisplay.from_cohort(np.ones((5, 3)), [0, 1, 1, 0, np.nan])
    assert "for tower and final estimator class 0 (n = 2)" in words_of(one.ax_)


def test_unpaired_again():
    X, y = make_case(TWO)
    Z, _ = unpair(X, y, 7, keep="image", random_state=0)
    display = ParticipantFlowDisplay.from_cohort(Z, y)
    assert count(display, "trains", "paired") == 7
    assert count(display, "trains", "image") == 22


def test_bad_flow(flow):
    with pytest.raises(ValueError, match="the flow table has no column 'reason'"):
        ParticipantFlowDisplay.from_flow(flow.drop(columns="reason"))
    with pytest.raises(ValueError, match="no patient whose modality was kept"):
        ParticipantFlowDisplay.from_flow(flow[flow["status"] != "kept"])


def test_a_chart_of_one_box():
    chart = Chart(1)
    chart.add_centre([("alone", True)])
    assert chart.best_size()[1] < 1
