import os

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skmultimodal.datasets._load import load_cohort
from skmultimodal.exceptions import ReadWarning

AFFINE = np.diag([-1.0, -1, 1, 1])
SHAPES = {"P1": (12, 10, 6), "P2": (9, 13, 7), "P4": (10, 12, 5)}
GENES = ["G1", "G2", "G3"]


def write_patient(folder, shape, names, seed):
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for name in names:
        data = rng.integers(1, 200, shape).astype(np.uint8)
        if name == "seg":
            data = np.zeros(shape, np.uint8)
            data[3:6, 3:6, 2] = 1
        path = folder / f"{folder.name}_{name}.nii.gz"
        nib.save(nib.Nifti1Image(data, AFFINE), path)


@pytest.fixture
def home(tmp_path):
    """P1 paired, P2 image, P3 gene, P4 image without clinical row, P5 neither."""
    (tmp_path / "clinical.csv").write_text(
        "patient,age,response,words,flag\n"
        "P3,50,1,Stable Disease,True\nP1,40,0,Progressive Disease,False\n"
        "P2,61,,[Not Available],\nP5,30,1,Complete Response,True\n"
    )
    (tmp_path / "expression.csv").write_text(
        "patient,G1,G2,G3\nP1,1,2,3\nP3,4,5,6\nP6,7,8,9\nP7,,,\n"
    )
    mri = tmp_path / "mri"
    write_patient(mri / "P1", SHAPES["P1"], ["t1", "t1ce", "flair", "seg"], 1)
    write_patient(mri / "P2", SHAPES["P2"], ["t1", "seg"], 2)
    write_patient(mri / "P4", SHAPES["P4"], ["t1", "flair", "seg"], 4)
    return tmp_path


def test_rows_blocks_and_labels(home):
    bunch = load_cohort(home, label="response", image_size=13)
    data = bunch.data
    assert data.index.tolist() == ["P3", "P1", "P2", "P4", "P6"]
    assert data.patterns.tolist() == ["gene", "image+gene", "image", "image", "gene"]
    assert bunch.image_channels == ["t1", "t1ce", "flair", "seg"]
    image = data.block("image")
    assert image.shape == (3, 4, 13, 13)
    assert image.dtype == np.uint8
    assert_array_equal(data.block("gene"), [[4, 5, 6], [1, 2, 3], [7, 8, 9]])
    assert list(data.feature_names("gene")) == GENES
    assert_array_equal(bunch.target, [1, 0, np.nan, np.nan, np.nan])
    assert bunch.target.dtype == float
    scanner = ["scan_width", "scan_height", "scan_planes"]
    assert list(data.metadata.columns) == ["age", "words", "flag", *scanner]
    assert_array_equal(data.metadata["scan_width"], [np.nan, 12, 9, 10, np.nan])
    assert_array_equal(data.metadata["age"], [50, 40, 61, np.nan, np.nan])
    assert "5 rows, 2 of them labelled" in bunch.DESCR


def test_images_are_cropped_and_padded_about_the_centre(home):
    with pytest.warns(ReadWarning, match=r"cropped \(.* outside 11 x 11 pixels of 1 x"):
        bunch = load_cohort(home, label="response", image_size=11)
    image = bunch.data.block("image")
    stored = np.asanyarray(nib.load(home / "mri/P1/P1_t1.nii.gz").dataobj)[..., 2]
    expected = np.zeros((11, 11), np.uint8)
    expected[:, 0:10] = stored[0:11]
    assert_array_equal(image[0, 0], expected)
    assert not image[1, 1].any()
    assert bunch.image_info.loc["P2", "missing"] == "t1ce, flair"
    assert bunch.image_info.loc["P2", "mask_file"] == "P2_seg.nii.gz"
    assert bunch.image_info["slice"].tolist() == [2, 2, 2]
    # Of the 120 pixels of P1, 10 are cut off, none of its mask; faint ones not counted.
    t1 = stored > 0.1 * np.percentile(stored, 99)
    assert bunch.image_info.loc["P1", "cut"] >= t1[11].sum() / t1.sum()
    reasons = bunch.flow_summary.set_index(["item", "status"])["reason"]
    assert set(reasons[("image", "changed")]) == {"cropped", "padded"}


def test_flow_lists_everything(home):
    flow = load_cohort(home, label="response").flow
    changed = flow[flow["status"] == "changed"]
    assert changed["patient"].tolist() == ["P1", "P2", "P4"]
    assert changed["reason"].iloc[0] == "padded (12 x 10 to 240 x 240)"
    flow = flow[flow["status"] != "changed"]
    found = {(row.patient, row.item): row for row in flow.itertuples()}
    assert found["P5", "clinical"].reason == "no scan, expression or features"
    assert found["P5", "clinical"].status == "dropped"
    assert found["P7", "gene"].status == "dropped"
    assert found["P2", "image"].reason == "no t1ce, flair: zeros instead"
    assert "label is unknown" in found["P2", "clinical"].reason
    assert "no clinical row" in found["P4", "clinical"].reason
    assert "no clinical row" in found["P6", "clinical"].reason
    assert found["P1", "gene"].status == "kept"


def test_kinds_of_labels(home):
    words = load_cohort(home, label="words")
    assert words.target.tolist() == [
        "Stable Disease",
        "Progressive Disease",
        None,
        None,
        None,
    ]
    scheme = load_cohort(home, label="words", scheme="disease_control")
    assert_array_equal(scheme.target, [1, 0, np.nan, np.nan, np.nan])
    assert "'disease_control'" in scheme.DESCR
    flag = load_cohort(home, label="flag")
    assert_array_equal(flag.target, [1, 0, np.nan, np.nan, np.nan])


def test_classes_and_the_positive_one(home):
    bunch = load_cohort(home, label="response")
    assert bunch.classes.tolist() == [0, 1]
    assert (bunch.positive, type(bunch.positive)) == (1, float)
    assert "Classes: 0, 1; positive: 1." in bunch.DESCR
    assert load_cohort(home, label="response", positive="0").positive == 0
    assert load_cohort(home, label="flag", positive="False").positive == 0
    words = load_cohort(home, label="words", positive="progressive disease")
    assert words.classes.tolist() == ["Progressive Disease", "Stable Disease"]
    assert words.positive == "Progressive Disease"
    assert load_cohort(home, label="words").positive == "Stable Disease"
    scheme = load_cohort(home, label="words", scheme="disease_control")
    assert scheme.positive == 1


def test_a_label_of_numbers_has_no_classes(home):
    file = home / "clinical.csv"
    file.write_text(file.read_text().replace(",50,", ",50.5,"))
    bunch = load_cohort(home, label="age")
    assert bunch.classes is bunch.positive is None
    assert "The label is continuous." in bunch.DESCR
    message = r"positive=1, but column 'age' of .*clinical.csv has no classes"
    with pytest.raises(ValueError, match=message):
        load_cohort(home, label="age", positive=1)


def test_an_unknown_positive_class_is_refused_before_images_are_read(home):
    for scan in (home / "mri/P1").iterdir():
        scan.write_bytes(b"damaged")
    message = (
        r"positive='Responder' is no class of column 'words' of .*clinical.csv: they "
        "are Complete Response, Progressive Disease, Stable Disease"
    )
    with pytest.raises(ValueError, match=message):
        load_cohort(home, label="words", positive="Responder")


def test_several_slices_are_rows_of_their_patient(home):
    bunch = load_cohort(home, label="response", n_slices=3, image_size=13)
    data = bunch.data
    assert data.index[:4].tolist() == ["P3", "P1/001", "P1/002", "P1/003"]
    assert data.metadata["patient"][:4].tolist() == ["P3", "P1", "P1", "P1"]
    assert data.patterns[1:4].tolist() == ["image+gene"] * 3
    assert_array_equal(data[1:4].block("gene"), [[1, 2, 3]] * 3)
    assert_array_equal(bunch.target[:4], [1, 0, 0, 0])
    assert data.has("image").sum() == 9


def test_lazy_images_are_the_same(home):
    dense = load_cohort(home, label="response", image_size=13)
    lazy = load_cohort(home, label="response", image_size=13, lazy=True)
    assert_array_equal(lazy.data.block("image"), dense.data.block("image"))
    assert lazy.data.index.tolist() == dense.data.index.tolist()
    with pytest.raises(ValueError, match="one slice per patient"):
        load_cohort(home, label="response", lazy=True, n_slices=2)


def test_a_cache_serves_the_same_slices(home, tmp_path):
    options = {"label": "response", "image_size": 14, "cache_dir": tmp_path / "cache"}
    first = load_cohort(home, **options)
    kept = sorted(path.name for path in (tmp_path / "cache").iterdir())
    again = load_cohort(home, n_jobs=2, **options)
    assert_array_equal(first.data.block("image"), again.data.block("image"))
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == kept
    assert len(kept) == 3


@pytest.mark.parametrize("lazy", [False, True])
def test_sequences_keep_their_order_and_absent_ones_are_zero(home, lazy):
    """No patient has a t2: the channel is there, or a model would see others shift."""
    names = ["flair", "t2", "t1"]
    bunch = load_cohort(
        home, label="response", sequences=names, image_size=13, lazy=lazy
    )
    assert bunch.image_channels == names
    image = np.asarray(bunch.data.block("image"))
    for row, patient in enumerate(["P1", "P2", "P4"]):
        for channel, name in enumerate(names):
            path = home / f"mri/{patient}/{patient}_{name}.nii.gz"
            stored = np.zeros(SHAPES[patient])
            if path.exists():
                stored = np.asanyarray(nib.load(path).dataobj)
            wanted = np.zeros((13, 13))
            rows, columns = SHAPES[patient][:2]
            wanted[paste(rows), paste(columns)] = stored[..., 2]
            assert_array_equal(image[row, channel], wanted, f"{patient} {name}")


def paste(n):
    """Where `n` voxels lie in the middle of 13."""
    return slice((13 - n) // 2, (13 - n) // 2 + n)


def test_patients_to_be_predicted_need_no_label(home):
    labelled = load_cohort(home, label="response", image_size=13)
    bunch = load_cohort(home, image_size=13)
    assert bunch.target is bunch.classes is bunch.positive is None
    assert bunch.data.index.tolist() == labelled.data.index.tolist()
    columns = ["age", "response", "words", "flag"]
    columns += ["scan_width", "scan_height", "scan_planes"]
    assert bunch.data.metadata.columns.tolist() == columns
    assert "5 rows, no label." in bunch.DESCR
    reasons = set(bunch.flow["reason"])
    assert not any("unlabelled" in reason for reason in reasons)
    assert {"no clinical row", "no scan, expression or features"} <= reasons


def test_patients_to_be_predicted_need_no_clinical_table(home):
    with_table = load_cohort(home, image_size=13).data
    (home / "clinical.csv").unlink()
    bunch = load_cohort(home, image_size=13)
    assert bunch.target is None
    assert bunch.clinical.empty
    assert sorted(bunch.data.index) == ["P1", "P2", "P3", "P4", "P6"]
    for name in ("image", "gene"):
        ids = bunch.data.index[bunch.data.has(name)]
        places = with_table.index[with_table.has(name)].get_indexer(ids)
        assert_array_equal(bunch.data.block(name), with_table.block(name)[places])
    assert list(bunch.data.metadata) == ["scan_width", "scan_height", "scan_planes"]
    with pytest.raises(FileNotFoundError, match=r"no clinical\.csv"):
        load_cohort(home, label="response")


def test_a_scheme_needs_its_label(home):
    with pytest.raises(ValueError, match="scheme reads words of a label: name the"):
        load_cohort(home, scheme="disease_control")


@pytest.mark.parametrize("suffix", ["parquet", "tsv", "tsv.gz", "csv.gz"])
def test_expression_formats(home, suffix):
    table = pd.read_csv(home / "expression.csv")
    (home / "expression.csv").unlink()
    path = home / f"expression.{suffix}"
    if suffix == "parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, sep="\t" if "tsv" in suffix else ",", index=False)
    data = load_cohort(home, label="response").data
    assert_array_equal(data.block("gene"), [[4, 5, 6], [1, 2, 3], [7, 8, 9]])


def test_barcodes_are_reduced_to_patients(tmp_path):
    (tmp_path / "clinical.csv").write_text(
        "patient,y\nTCGA-AA-0001,1\nTCGA-AA-0002,0\n"
    )
    (tmp_path / "expression.csv").write_text(
        "sample,G1,G2\nTCGA-AA-0001-01B,1,2\nTCGA-AA-0001-01A,3,4\n"
        "TCGA-AA-0002-11A,5,6\nTCGA-AA-0002-01A,7,8\n"
    )
    bunch = load_cohort(tmp_path, label="y")
    assert_array_equal(bunch.data.block("gene"), [[3, 4], [7, 8]])
    assert (bunch.flow["status"] == "dropped").sum() == 2


def test_a_folder_whose_name_is_not_utf_8(home):
    try:
        os.rename(home / "mri" / "P4", os.fsencode(home / "mri") + b"/Jos\xe9")
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    bunch = load_cohort(home, label="response", image_size=13)
    assert "Jos\\xe9" in bunch.data.index
    kept = bunch.flow[bunch.flow["patient"] == "Jos\\xe9"]
    assert {"kept", "missing"} <= set(kept["status"])
    assert kept["file"].str.endswith("Jos\\xe9").any()


def test_the_label_is_no_gene(tmp_path):
    (tmp_path / "clinical.csv").write_text(
        "patient,response,age\nP1,0,40\nP2,1,41\nP3,0,42\n"
    )
    (tmp_path / "expression.csv").write_text(
        "patient,TP53,response,age\nP1,5,0,40\nP2,6,1,41\n"
    )
    with (
        pytest.warns(ReadWarning, match="expression's column 'response' is the label"),
        pytest.warns(ReadWarning, match="2 columns .'response', 'age'. stand in"),
    ):
        bunch = load_cohort(tmp_path, label="response")
    assert list(bunch.data.feature_names("gene")) == ["TP53", "age"]
    assert_array_equal(bunch.data.block("gene"), [[5, 40], [6, 41]])
    flow = bunch.flow[bunch.flow["item"] == "gene"]
    assert flow["status"].tolist().count("changed") == 1


def test_one_modality_is_enough(home):
    (home / "expression.csv").unlink()
    (home / "clinical.csv").write_text("patient,y\nP1,a\nP2,b\n")
    assert load_cohort(home, label="y").data.modalities == ["image"]


def test_strict_or_dropped(home):
    (home / "mri/P2/P2_t1.nii.gz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"patient P2: .*P2_t1\.nii\.gz.* is empty"):
        load_cohort(home, label="response")
    bunch = load_cohort(home, label="response", on_error="drop")
    assert "P2" not in bunch.data.index
    flow = bunch.flow[bunch.flow["patient"] == "P2"].set_index("item")
    assert "is empty" in flow.loc["image", "reason"]
    assert flow.loc["clinical", "status"] == "dropped"


def test_an_empty_patient_folder_is_said(home):
    (home / "mri/P8").mkdir()
    with pytest.raises(FileNotFoundError, match="patient P8"):
        load_cohort(home, label="response")
    flow = load_cohort(home, label="response", on_error="drop").flow
    assert (flow["patient"] == "P8").any()


def test_fallback_is_warned_of_and_recorded(home):
    (home / "mri/P2/P2_seg.nii.gz").unlink()
    with pytest.warns(ReadWarning, match="patient P2: no tumour mask"):
        bunch = load_cohort(home, label="response")
    assert bunch.image_info.loc["P2", "chosen_by"] == "t1"
    assert bunch.flow["reason"].str.contains("no tumour mask").any()


def spoil_clinical(text):
    def spoil(home):
        (home / "clinical.csv").write_text(text)

    return spoil


def two_tables(home):
    (home / "clinical.tsv").write_text("patient\ty\nP1\t1\n")


def no_blocks(home):
    (home / "expression.csv").unlink()
    for path in (home / "mri").rglob("*.nii.gz"):
        path.unlink()
    for path in (home / "mri").iterdir():
        path.rmdir()
    (home / "mri").rmdir()


def a_folder_for_a_file(home):
    (home / "expression.csv").unlink()
    (home / "expression.csv").mkdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (a_folder_for_a_file, r"expression\.csv: a folder; put the file there"),
        (spoil_clinical("patient,age\nP1,3\n"), "no column of .*; it has: age"),
        (spoil_clinical("patient,response\nP1,1\nP1,2\n"), r"1 duplicated patient ids"),
        (spoil_clinical("patient,response\nP1,\nP2,\n"), "unknown for all of them"),
        (spoil_clinical("patient,response\n"), "a header line and no patient"),
        (spoil_clinical("patient,response\nP1,1\n,0\n"), "line 3: a row without a pat"),
        (spoil_clinical("<html>login</html>"), "line 1: a web page"),
        (spoil_clinical(""), "the file is empty"),
        (two_tables, r"both clinical\.csv and clinical\.tsv"),
        (lambda home: (home / "clinical.csv").unlink(), r"no clinical\.csv"),
        (no_blocks, r"neither expression\.parquet"),
    ],
)
def test_bad_folders(home, spoil, message):
    spoil(home)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_cohort(home, label="response")


def test_ids_that_do_not_meet_are_refused(home):
    (home / "clinical.csv").write_text("patient,response\nX1,1\nX2,0\n")
    meeting = r"few ids meet: clinical\.csv has 2 patients, (mri 3|expression.csv 4), b"
    with (
        pytest.warns(ReadWarning, match=meeting) as caught,
        pytest.raises(
            ValueError, match=r"ids do not match \(for example 'P1' and 'X1'"
        ),
    ):
        load_cohort(home, label="response")
    assert len(caught) == 2


def test_bad_folder_name_and_options(home):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        load_cohort(home / "nowhere", label="response")
    with pytest.raises(ValueError, match="on_error must be"):
        load_cohort(home, label="response", on_error="skip")


@pytest.mark.real_data
def test_real_cohort(real_data):
    folder = real_data / "cohort"
    with pytest.warns(ReadWarning, match=r"cropped \(0\.72 % of t1ce .* 19 more pat"):
        bunch = load_cohort(folder, label="idh_mut")
    lines = (folder / "clinical.csv").read_text().splitlines()
    masks = list((folder / "mri").glob("*/*_seg.nii.gz"))
    assert len(bunch.data) == len(lines) - 1 == 473
    counts = pd.Series(bunch.data.patterns).value_counts().to_dict()
    assert counts == {"gene": 391, "image+gene": 77, "image": 5}
    assert bunch.image_channels == ["t1", "t1ce", "flair", "seg"]
    assert bunch.data.block("image").shape == (len(masks), 4, 240, 240)
    place = lines[0].split(",").index("idh_mut")
    known = [line.split(",")[place] for line in lines[1:]]
    assert np.nansum(bunch.target) == sum(value in ("1", "1.0") for value in known)
    assert np.isnan(bunch.target).sum() == known.count("")
    reasons = bunch.flow["reason"].value_counts()
    assert reasons["cropped (256 x 256 to 240 x 240)"] == 82
    lacking = bunch.image_info["missing"].value_counts()
    assert (lacking["t1, t1ce"], lacking["t1ce"]) == (5, 3)
    # The spacing is not known, and the same for all; the number of planes is not.
    added = [c for c in bunch.data.metadata if c.startswith("scan_")]
    assert added == ["scan_planes"]


@pytest.mark.real_data
def test_real_slices_are_those_of_brute_force(real_data):
    folder = real_data / "cohort"
    bunch = load_cohort(folder, label="idh_mut", n_jobs=2, image_size=256)
    for patient in bunch.image_info.index[::9]:
        path = folder / "mri" / patient / f"{patient}_seg.nii.gz"
        mask = np.asanyarray(nib.load(path).dataobj)
        counts = [(mask[..., k] > 0).sum() for k in range(mask.shape[2])]
        assert bunch.image_info.loc[patient, "slice"] == int(np.argmax(counts))
