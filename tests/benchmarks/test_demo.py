"""The main job runs from the command line and saves what it prints."""

import numpy as np
import pandas as pd
import pytest
from tcga_folder import write_tcga_folder

from benchmarks import demo
from benchmarks.cohorts import pattern_table, read_benchmark_cohort
from skmultimodal.datasets import make_glioma_cohort


@pytest.fixture
def folder(tmp_path):
    """A folder of 41 patients with genes, of whom 3 have no more than an image."""
    data = make_glioma_cohort(3, 20, 18, n_genes=23, image_size=16, random_state=0)
    X = data.data
    patients = [str(i) for i in X.index]
    label = pd.Series(data.target.astype(float), index=patients)
    label.iloc[0] = np.nan
    table = pd.DataFrame({"patient": patients, "response": label.to_numpy()})
    table.to_csv(tmp_path / "clinical.csv", index=False)
    genes = pd.DataFrame(
        X.block("gene"), columns=X.feature_names("gene"), index=X.index[X.has("gene")]
    )
    genes.rename_axis("patient").to_csv(tmp_path / "expression.csv")
    nib = pytest.importorskip("nibabel")
    for patient, image in zip(X.index[X.has("image")], X.block("image"), strict=True):
        (tmp_path / "mri" / patient).mkdir(parents=True)
        for channel, plane in zip(data.channel_names, image, strict=True):
            volume = np.stack([0 * plane.T, plane.T], axis=-1).astype(np.int16)
            name = tmp_path / "mri" / patient / f"{patient}_{channel}.nii.gz"
            nib.save(nib.Nifti1Image(volume, np.diag([-1, -1, 1, 1])), name)
    return tmp_path


def test_pairs_are_split_up_where_a_modality_has_few_rows(folder):
    bunch = read_benchmark_cohort(str(folder), "response")
    X, y, title = bunch.data, bunch.target, bunch.title
    assert X.summary().to_dict() == {"image": 12, "gene": 20, "image+gene": 9}
    assert "9 of 18 labelled pairs split up" in title
    assert pattern_table(X, y).loc["all", "all"] == 41


def test_a_number_of_pairs_is_kept(folder):
    bunch = read_benchmark_cohort(str(folder), "response", n_paired=14)
    assert bunch.data.paired.sum() == 14


def test_a_folder_of_downloads_is_read_as_it_is(tmp_path):
    write_tcga_folder(tmp_path)
    bunch = read_benchmark_cohort(str(tmp_path), n_paired=1)
    assert bunch.data.modalities == ["image", "gene"]
    assert "disease_control" in bunch.title


def test_a_folder_needs_a_label(folder):
    with pytest.raises(ValueError, match="name the label: a column of"):
        read_benchmark_cohort(str(folder))


# Tiny towers on 16-pixel images may learn nothing.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_main_job(folder, tmp_path, capsys):
    out = tmp_path / "out"
    demo.main(
        ["--cohort", str(folder), "--label", "response", "--repeats", "1"]
        + ["--out", str(out)]
    )
    printed = capsys.readouterr().out
    for name in ("majority class", "twin tower", "mean of towers", "image+gene"):
        assert name in printed
    table = pd.read_csv(out / "table.csv")
    assert table.shape[0] == 6 * len(demo.METRICS)
    assert (out / "roc.png").stat().st_size > 10_000
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "image, t1" in report  # a channel has its name
    assert "were found and why some were dropped: not given" not in report
