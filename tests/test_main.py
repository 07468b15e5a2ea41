"""The command line, as a user runs it."""

import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import open_browser
from cohort_folder import write_cohort_folder
from few_steps import few_steps, few_steps_at_start

import skmultimodal
from skmultimodal.__main__ import main
from skmultimodal._arguments import make_parser
from skmultimodal.datasets import load_folder
from skmultimodal.exceptions import AlignmentWarning
from skmultimodal.model_selection import evaluate_external
from skmultimodal.persistence import load_model, read_notes

# Tiny towers on 16-pixel images may learn nothing.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")
HELPERS = Path(__file__).parent / "helpers"
# The planes have 16 pixels.
SMALL = ["--image-size", "18", "--spacing", "none"]
FILES = ["model.skops", "report.html", "roc.png", "table.csv"]


@pytest.fixture(scope="module", autouse=True)
def soon():
    with few_steps():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_cohort_folder(tmp_path_factory.mktemp("patients"), n_image_only=18)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Towers of the evaluations of `folder`, fitted once."""
    return tmp_path_factory.mktemp("towers")


@pytest.fixture(scope="module")
def job(folder, cache):
    """The arguments of an evaluation."""
    command = ["evaluate", folder, "--label", "words", "--repeats", "1", *SMALL]
    return [*command, "--paired", "15", "--cache", cache]


@pytest.fixture(scope="module")
def evaluated(job, tmp_path_factory):
    """What one evaluation printed and wrote: a label of words, "Responder" by rule."""
    work = tmp_path_factory.mktemp("work")
    out = work / "results" / "first"
    done = call(*job, "--out", out, "--figures", work / "figures")
    assert done.returncode == 0, done.stderr
    return done, out


def call(*arguments):
    """The command in this process, as `subprocess.run` gives it."""
    arguments = list(map(str, arguments))
    with (
        redirect_stdout(StringIO()) as out,
        redirect_stderr(StringIO()) as err,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")
        code = main(arguments)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def run(*arguments, **options):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "skmultimodal", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def fail(capsys, *arguments):
    """The one line of an error."""
    assert main(list(map(str, arguments))) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert lines == err.splitlines()[-1:]
    assert "Traceback" not in out + err
    return lines[0]


# Evaluate


def test_evaluate_writes_its_files(evaluated):
    done, out = evaluated
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert done.stdout.splitlines()[-4:] == [str(out / name) for name in FILES]
    assert (out / "roc.png").read_bytes()[:4] == b"\x89PNG"
    table = pd.read_csv(out / "table.csv")
    assert len(table) == 6 * 5
    assert table["mean"].between(0, 1).all()
    report = (out / "report.html").read_text(encoding="utf-8")
    # A channel has its name, and its plane is turned as radiologists expect.
    assert "image, t1; axial plane, the patient's right at the left" in report
    figures = sorted(path.name for path in (out.parents[1] / "figures").iterdir())
    assert {"examples_1.svg", "patients_1.svg"} <= set(figures)
    assert len(figures) == report.count("<img ")
    assert "were found and why some were dropped: not given" not in report


def test_the_report_is_printed_on_twelve_sheets(evaluated):
    _, out = evaluated
    with open_browser() as driver:
        driver.get((out / "report.html").as_uri())
        pdf = driver.execute_cdp_cmd("Page.printToPDF", {})["data"]
    sheets = re.findall(rb"/Type\s*/Page\b", base64.b64decode(pdf))
    assert 3 < len(sheets) <= 12


def test_evaluate_prints_patients_scores_and_the_positive_class(evaluated):
    shown = evaluated[0].stdout
    assert "Positive class: Responder" in shown
    assert "3 of 18 labelled pairs split up" in shown
    rows = ["majority class", "image only", "mean of towers", "twin tower"]
    for text in [*rows, "image+gene", "unlabelled", "roc_auc", "Non-responder"]:
        assert text in shown
    assert "Only 7 tested patients are of class" in shown


def test_progress_is_a_line_for_each_stage_on_standard_error(evaluated):
    stages = [line for line in evaluated[0].stderr.splitlines() if line[:1] == "["]
    names = [line.split("]")[0][1:] for line in stages]
    assert list(dict.fromkeys(names)) == [
        "compare_classifiers",
        "audit_shortcuts",
        "evaluate_cohort",
        "evaluation_report",
    ]
    assert "6 models on folds: 18 fits, at most 51 networks" in stages[0]


def test_the_model_is_saved_with_what_it_was_made_from(evaluated, folder):
    path = evaluated[1] / "model.skops"
    facts = read_notes(path)
    assert facts["label"] == "words"
    assert facts["channels"] == ["t1", "t1ce", "t2", "flair", "seg"]
    assert (facts["image_size"], facts["spacing"]) == (18, None)
    model = load_model(path)
    assert model.classes_.tolist() == ["Non-responder", "Responder"]
    assert model.memory is None


def test_another_positive_class_turns_the_scores_about_it(
    evaluated, job, cache, tmp_path
):
    kept = set(cache.rglob("output.pkl"))
    options = ["--positive", "Non-responder", "--model", "mean", "--out", tmp_path]
    done = call(*job, *options)
    assert done.returncode == 0, done.stderr
    assert "Positive class: Non-responder" in done.stdout
    tables = [pd.read_csv(f / "table.csv") for f in (evaluated[1], tmp_path)]
    first, other = (t.set_index(["model", "metric"])["mean"] for t in tables)
    gene = [first["gene only"], other["gene only"]]
    assert gene[0]["accuracy"] == pytest.approx(gene[1]["accuracy"])
    assert gene[0]["roc_auc"] == pytest.approx(gene[1]["roc_auc"])
    assert gene[0]["recall"] != pytest.approx(gene[1]["recall"])
    assert "mean of towers" in (tmp_path / "report.html").read_text(encoding="utf-8")
    # The towers of the folds are found in the cache; the two of this model on all
    # patients are new.
    new = set(cache.rglob("output.pkl")) - kept
    assert len([path for path in new if "_fit_tower" in path.parts]) == 2
    assert len(kept) > 0


@pytest.mark.filterwarnings("default::UserWarning")  # a ward may have one class
def test_groups_are_tested_together(tmp_path, capsys):
    grouped = tmp_path / "grouped"
    grouped.mkdir()
    write_cohort_folder(grouped, n_image_only=16)
    table = pd.read_csv(grouped / "clinical.csv", index_col="patient")
    groups = pd.Series(np.arange(len(table)) % 3, index=table.index)
    table.assign(ward=groups.map("ward {}".format)).to_csv(grouped / "clinical.csv")
    command = ["evaluate", grouped, "--label", "words", "--repeats", "1", *SMALL]
    options = ["--groups", "ward", "--baseline", "age", "--out", tmp_path / "out"]
    assert main(list(map(str, command + options))) == 0
    printed = capsys.readouterr().out
    assert "twin tower" in printed
    assert "baseline columns" in printed
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == FILES
    message = fail(capsys, *command, "--baseline", "agee", "--out", tmp_path / "b")
    assert "baseline: no column 'agee'; the metadata have " in message
    message = fail(capsys, *command, "--groups", "hospital", "--out", tmp_path / "b")
    assert "--groups hospital is no column of the clinical table; it has: " in message


# Predict


def test_predict_every_patient_without_a_clinical_table(evaluated, folder, tmp_path):
    patients = tmp_path / "new"
    shutil.copytree(folder, patients)
    (patients / "clinical.csv").unlink()
    model, out = evaluated[1] / "model.skops", tmp_path / "predictions.csv"
    done = call("predict", model, patients, "--out", out)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(out, index_col="patient")
    assert table.columns.tolist() == [
        "modalities",
        "route",
        "predicted",
        "proba_Non-responder",
        "proba_Responder",
    ]
    wanted = load_folder(patients, image_size=18, spacing=None).data
    assert table["modalities"].value_counts().to_dict() == wanted.summary().to_dict()
    p = load_model(model).predict_proba(wanted)
    np.testing.assert_allclose(
        table.loc[wanted.index, ["proba_Non-responder", "proba_Responder"]], p
    )
    assert set(table["route"]) == {"head", "image", "gene"}
    assert (table["predicted"] == "Responder").tolist() == (
        table["proba_Responder"] > 0.5
    ).tolist()


@pytest.mark.filterwarnings("ignore:.*no tumour mask")
def test_predict_reads_the_channels_that_the_model_knows(evaluated, folder, tmp_path):
    """A patient with one scan of five: the others are zero, not shifted."""
    patients = tmp_path / "new"
    shutil.copytree(folder, patients)
    found = sorted((patients / "mri").glob("*/*.nii.gz"))
    for path in found:
        if not path.name.endswith("_t2.nii.gz"):
            path.unlink()
    model, out = evaluated[1] / "model.skops", tmp_path / "predictions.csv"
    done = call("predict", model, patients, "--out", out)
    assert done.returncode == 0, done.stderr
    channels = ["t1", "t1ce", "t2", "flair", "seg"]
    X = load_folder(patients, sequences=channels, image_size=18).data
    assert X.block("image")[:, 2].any()
    assert not X.block("image")[:, [0, 1, 3, 4]].any()
    p = load_model(model).predict_proba(X)[:, 1]
    table = pd.read_csv(out, index_col="patient")
    np.testing.assert_allclose(table.loc[X.index, "proba_Responder"], p)


@pytest.mark.filterwarnings("ignore:.*more than empty background is cropped")
def test_volumes_are_read_as_such_again(folder, tmp_path):
    reading = ["--volumes", "--image-size", "6", "--spacing", "none"]
    job = ["evaluate", folder, "--label", "words", "--repeats", "1", "--paired", "15"]
    done = call(*job, *reading, "--model", "mean", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    facts = read_notes(tmp_path / "model.skops")
    assert (facts["volumes"], facts["image_size"], facts["spacing"]) == (True, 6, None)
    out = tmp_path / "predictions.csv"
    done = call("predict", tmp_path / "model.skops", folder, "--out", out)
    assert done.returncode == 0, done.stderr
    X = load_folder(folder, volumes=True, image_size=6, spacing=None).data
    assert X.block("image").shape[2:] == (2, 6, 6)  # of two planes each
    p = load_model(tmp_path / "model.skops").predict_proba(X)[:, 1]
    table = pd.read_csv(out, index_col="patient")
    np.testing.assert_allclose(table.loc[X.index, "proba_Responder"], p, rtol=1e-5)


def test_a_scan_that_cannot_be_read_is_named(evaluated, folder, tmp_path):
    patients = tmp_path / "new"
    shutil.copytree(folder, patients)
    damaged = sorted((patients / "mri").iterdir())[0].name
    for path in (patients / "mri" / damaged).iterdir():
        path.write_bytes(b"no scan")
    model, out = evaluated[1] / "model.skops", tmp_path / "predictions.csv"
    done = call("predict", model, patients, "--out", out)
    assert done.returncode == 0, done.stderr
    assert f"warning: image of patient '{damaged}' left out: " in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no model file"), (b"\x80\x04", "is a pickle"), (b"x", "damaged")],
)
def test_a_file_that_is_no_model(folder, tmp_path, capsys, content, message):
    model = tmp_path / "model.skops"
    if content is not None:
        model.write_bytes(content)
    out = tmp_path / "predictions.csv"
    assert message in fail(capsys, "predict", model, folder, "--out", out)
    assert not out.exists()


@pytest.mark.filterwarnings("default::UserWarning")
def test_a_model_of_another_version_warns(
    evaluated, folder, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "predictions.csv"
    monkeypatch.setattr(skmultimodal, "__version__", "9.9")
    model = evaluated[1] / "model.skops"
    with pytest.warns(UserWarning, match="saved with skmultimodal"):
        load_model(model)
    assert main(["predict", str(model), str(folder), "--out", str(out)]) == 0
    shown = capsys.readouterr().err.splitlines()
    (warning,) = [line for line in shown if line.startswith("warning: ")]
    assert "(here 9.9): predictions may differ." in warning


# Evaluate elsewhere


def elsewhere(folder, patients):
    """A folder whose laboratory has one gene less, and one more."""
    shutil.copytree(folder, patients)
    genes = pd.read_csv(patients / "expression.csv", index_col=0)
    genes = genes.iloc[:, ::-1].drop(columns=genes.columns[4]).assign(NEW=1.0)
    genes.to_csv(patients / "expression.csv")
    return patients


def test_evaluate_external(evaluated, folder, tmp_path):
    patients, out = elsewhere(folder, tmp_path / "new"), tmp_path / "out"
    model = evaluated[1] / "model.skops"
    done = call("evaluate-external", model, patients, "--out", out)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        "predictions.csv",
        "report.html",
        "scores.csv",
    ]
    bunch = load_folder(patients, label="words", image_size=18, spacing=None)
    with pytest.warns(AlignmentWarning):
        wanted = evaluate_external(load_model(model), bunch.data, bunch.target)
    scores = pd.read_csv(out / "scores.csv")
    pd.testing.assert_frame_equal(scores, wanted.scores, check_exact=False)
    assert scores["n_patients"].max() == 55  # one has no label
    assert len(pd.read_csv(out / "predictions.csv")) == 55
    assert "lacks 1 of 23 features of fit" in done.stderr
    assert "note: a saved model keeps no ids" in done.stderr
    assert "Left out without a label: 1 patient." in done.stdout
    page = (out / "report.html").read_text(encoding="utf-8")
    area = pd.read_csv(evaluated[1] / "table.csv").query(
        "model == 'twin tower' and metric == 'roc_auc'"
    )
    assert f"it was {area['mean'].iloc[0]:.2f} [" in page
    assert "for patients with image+gene" in page


def test_evaluate_external_without_the_label(evaluated, folder, tmp_path, capsys):
    patients, out = elsewhere(folder, tmp_path / "new"), tmp_path / "out"
    clinical = pd.read_csv(patients / "clinical.csv", index_col=0)
    clinical.drop(columns="words").to_csv(patients / "clinical.csv")
    command = ["evaluate-external", evaluated[1] / "model.skops", patients]
    assert "words" in fail(capsys, *command, "--out", out)
    message = fail(capsys, *command, "--label", "response", "--out", out)
    assert "on which the model was not fitted: its classes are" in message
    assert not out.exists()


# Check and demo


def test_check(folder, tmp_path, capsys):
    assert main(["check", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1] == "ready"
    assert "label words: Non-responder 27, Responder 28" in shown
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "expression.csv").write_text("patient,G1\nP1,1\nP1,2\n")
    assert main(["check", str(broken)]) == 1
    assert "1. " in capsys.readouterr().out


def test_demo(tmp_path, monkeypatch, capsys):
    from skmultimodal import datasets

    made = datasets.make_glioma_cohort(25, 30, 20, n_genes=20, image_size=16)
    monkeypatch.setattr(datasets, "make_glioma_cohort", lambda **given: made)
    out = str(tmp_path / "out")
    assert main(["demo", "--repeats", "1", "--n-seeds", "2", "--out", out]) == 0
    assert "simulated patients" in capsys.readouterr().out
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "2 random seeds of training" in " ".join(page.split())
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == FILES


# Bad input


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--paired", "0", "--paired: must be an integer of at least 1, got '0'"),
        ("--paired", "-3", "--paired: must be an integer of at least 1, got '-3'"),
        ("--spacing", "0", "--spacing: must be mm above 0 or none, got '0'"),
        ("--spacing", "inf", "--spacing: must be mm above 0 or none, got 'inf'"),
        ("--image-size", "0", "--image-size: must be an integer of at least 1"),
        ("--repeats", "0", "--repeats: must be an integer from 1 to 1000, got '0'"),
        ("--repeats", "1.5", "--repeats: must be an integer from 1 to 1000, got '1.5'"),
        ("--repeats", "9" * 30, "--repeats: must be an integer from 1 to 1000"),
        ("--n-draws", "-1", "--n-draws: must be an integer from 0 to 100, got '-1'"),
        ("--seed", "-1", "--seed: must be an integer from 0 to 4294967295, got '-1'"),
        ("--model", "ours", "--model: invalid choice: 'ours' (choose from "),
        ("--colour", "red", "unrecognized arguments: --colour red; see skmultimodal "),
    ],
)
def test_an_argument_that_makes_no_sense_is_one_line(capsys, option, value, message):
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", "patients", "--label", "words", option, value])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert line.endswith("--help")


def test_what_cannot_be_used_is_refused_before_patients_are_loaded(
    folder, tmp_path, capsys
):
    (tmp_path / "file").write_text("mine")
    command = ["evaluate", folder, "--label", "words", "--out", tmp_path / "out"]
    for option, message in {
        ("--device", "abacus"): "device='abacus' is no device of torch",
        ("--cache", tmp_path / "file"): "--cache .*file: nothing can be written there",
        ("--cache", tmp_path / "file" / "inner"): "inner: nothing can be written there",
    }.items():
        assert main(list(map(str, [*command, *option]))) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert re.match(f"error: .*{message[:20]}", line) or message in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_more_pairs_than_there_are(folder, tmp_path, capsys):
    command = ["evaluate", folder, "--label", "words", "--out", tmp_path / "out"]
    assert fail(capsys, *command, "--paired", "19") == (
        "error: --paired 19: only 18 labelled patients have both modalities."
    )


def test_a_label_of_numbers(folder, tmp_path, capsys):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    table = pd.read_csv(other / "clinical.csv", index_col="patient")
    table.assign(age=table["age"] + 0.5).to_csv(other / "clinical.csv")
    command = ["evaluate", other, "--label", "age", "--out", tmp_path / "out"]
    message = fail(capsys, *command)
    assert re.search(r"\d\.5 is no class\. Put classes in place of an amount", message)


def test_groups_must_be_known_of_labelled_patients(folder, tmp_path, capsys):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    table = pd.read_csv(other / "clinical.csv", index_col="patient")
    ward = pd.Series(np.arange(len(table)) % 3, index=table.index).map("w{}".format)
    ward.iloc[[0, 5]] = None  # the first has no label
    table.assign(ward=ward, one="w").to_csv(other / "clinical.csv")
    command = ["evaluate", other, "--label", "words", "--out", tmp_path / "out"]
    assert fail(capsys, *command, "--groups", "ward") == (
        "error: --groups ward: 1 labelled patients have no value, such as "
        f"{table.index[5]!r}: fill the cells, or clear the labels."
    )
    assert "image, gene are 1; cross-validation in 3 folds needs 3" in fail(
        capsys, *command, "--groups", "one"
    )


def test_patients_of_whom_nothing_can_be_read(evaluated, folder, tmp_path, capsys):
    patients = tmp_path / "patients"
    shutil.copytree(folder / "mri", patients / "mri")
    for path in (patients / "mri").glob("*/*"):
        path.write_bytes(b"no scan")
    out = tmp_path / "predictions.csv"
    command = ["predict", evaluated[1] / "model.skops", patients, "--out"]
    message = "scan, expression or features that can be read; the first reason"
    assert message in fail(capsys, *command, out)
    assert "make it first" in fail(capsys, *command, tmp_path / "absent" / "p.csv")
    assert "is a folder: name a file in it" in fail(capsys, *command, tmp_path)
    assert not out.exists()


def test_a_label_must_be_named_and_known(folder, tmp_path, capsys):
    out = tmp_path / "out"
    columns = "age, sex, site, project, response, words, constant"
    command = ["evaluate", folder, "--out", out]
    assert f"name the label: a column of {folder / 'clinical.csv'}, which has " in fail(
        capsys, *command
    )
    message = fail(capsys, *command, "--label", "outcome")
    assert "'outcome' is no column of" in message
    assert columns in message
    message = fail(capsys, *command, "--label", "constant")
    assert message == (
        "error: the label has one class only, 1: there is nothing to tell apart."
    )
    message = fail(capsys, *command, "--label", "words", "--positive", "maybe")
    assert "positive='maybe' is no class of column 'words'" in message
    assert not out.exists()


@pytest.mark.filterwarnings("default:few ids meet")
def test_patients_without_pairs(folder, tmp_path, capsys):
    single = tmp_path / "single"
    shutil.copytree(folder, single, ignore=shutil.ignore_patterns("mri"))
    command = ["--label", "words", "--out", tmp_path / "out"]
    assert "one modality, 'gene': a fusion needs two" in fail(
        capsys, "evaluate", single, *command
    )
    apart = tmp_path / "apart"
    shutil.copytree(folder, apart)
    table = pd.read_csv(apart / "expression.csv", index_col="patient")
    scans = {path.name for path in (apart / "mri").iterdir()}
    table[~table.index.isin(scans)].to_csv(apart / "expression.csv")
    assert "no patient has all of image, gene" in fail(
        capsys, "evaluate", apart, *command
    )
    assert not (tmp_path / "out").exists()


def test_a_folder_without_patients(tmp_path, capsys):
    command = ["--label", "words", "--out", tmp_path / "out"]
    assert "no such folder" in fail(capsys, "evaluate", tmp_path / "none", *command)
    message = fail(capsys, "evaluate", tmp_path, *command)
    assert "no patients here: neither clinical.csv, " in message


def test_an_output_that_cannot_be_written_is_refused_before_any_fit(
    folder, tmp_path, capsys
):
    (tmp_path / "taken").write_text("mine")
    command = ["evaluate", folder, "--label", "words", "--out", tmp_path / "taken"]
    assert main(list(map(str, command))) == 2
    shown = capsys.readouterr().err
    assert "error: " in shown
    assert "compare_classifiers" not in shown
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_file_that_grows_too_large_leaves_nothing(evaluated, job, tmp_path):
    """As on a full disk: the report cannot be written to its end."""
    pytest.importorskip("resource")
    script = textwrap.dedent(
        """
        import resource, sys
        from few_steps import few_steps
        from skmultimodal.__main__ import main
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        with few_steps():  # those of `evaluated`, whose towers are in the cache
            sys.exit(main(sys.argv[1:]))
        """
    )
    out = tmp_path / "out"
    command = [sys.executable, "-c", script, *map(str, [*job, "--out", out])]
    done = subprocess.run(
        command, cwd=HELPERS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert not out.exists()


@contextmanager
def started(*command):
    """An evaluation that has begun to compare models."""

    def heed_interrupts():
        # Tests in the background of a shell ignore them, as would their children.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    process = subprocess.Popen(
        [sys.executable, "-m", "skmultimodal", *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    try:
        for line in process.stderr:  # 1,080 fits cannot be over before the signal
            if "compare_classifiers" in line:
                break
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal of POSIX")
@pytest.mark.parametrize("kept", [True, False])
def test_an_interrupt_leaves_no_file_and_names_what_was_kept(folder, tmp_path, kept):
    out, cache = tmp_path / "out", tmp_path / "cache"
    command = ["evaluate", folder, "--label", "words", "--repeats", "60", *SMALL]
    options = ["--cache", cache] if kept else []
    with started(*command, *options, "--out", out) as process:
        while kept and not list(cache.rglob("output.pkl")):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        shown = process.communicate(timeout=300)[1].splitlines()
    assert process.returncode == 130
    assert not any("Traceback" in line for line in shown)
    expected = rf"{cache} keeps [1-9]\d* results" if kept else "with --cache DIR"
    assert re.match(f"interrupted: no file was written; {expected}", shown[-1])
    assert not out.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal of POSIX")
def test_a_scheduler_that_ends_the_job_leaves_no_file(folder, tmp_path):
    out = tmp_path / "out"
    command = ["evaluate", folder, "--label", "words", "--repeats", "60", *SMALL]
    with started(*command, "--out", out) as process:
        process.terminate()
        shown = process.communicate(timeout=300)[1].splitlines()
    assert process.returncode == 130
    assert shown[-1].startswith("interrupted: no file was written; with --cache")
    assert not out.exists()


def test_an_interrupt_while_patients_are_loaded(folder, tmp_path, monkeypatch, capsys):
    from skmultimodal.datasets import _folder

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(_folder, "load_cohort", stop)
    command = ["evaluate", folder, "--label", "words", "--out", tmp_path / "out"]
    assert main(list(map(str, command))) == 130
    assert "interrupted: no file was written; " in capsys.readouterr().err
    monkeypatch.setattr("skmultimodal.persistence.load_model", stop)
    monkeypatch.setattr("skmultimodal.persistence.read_notes", lambda path: {})
    command = ["predict", "model.skops", folder, "--out", tmp_path / "p.csv"]
    assert main(list(map(str, command))) == 130
    assert capsys.readouterr().err == "interrupted: no file was written.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_seen_enough(folder):
    """As ``skmultimodal check patients | head -1``, of which head is at its end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "skmultimodal", "check", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=300) == 141


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_names_that_the_terminal_cannot_show(folder, tmp_path, encoding):
    patients = tmp_path / "Ασθενείς 2024"
    shutil.copytree(folder, patients)
    table = pd.read_csv(patients / "clinical.csv", index_col="patient")
    words = table["words"].map({"Responder": "ναι", "Non-responder": "όχι"})
    table.assign(words=words).to_csv(patients / "clinical.csv")
    done = run(
        "check",
        patients,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "ready"
    assert r"label words: \u03bd\u03b1\u03b9 28" in done.stdout


def test_a_warning_is_shown_once(folder, monkeypatch, capsys):
    from skmultimodal import datasets

    def warn(folder):
        for _ in range(3):
            warnings.warn("two\nlines", UserWarning, stacklevel=1)
        warnings.warn("another", UserWarning, stacklevel=1)
        return datasets.FolderCheck()

    monkeypatch.setattr(datasets, "check_folder", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["check", str(folder)]) == 0
    assert capsys.readouterr().err == "warning: two lines\nwarning: another\n"


def test_debug_shows_the_traceback(tmp_path):
    done = run("check", tmp_path / "none", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "no such folder" in done.stderr


# The command itself


@pytest.mark.parametrize(
    "command",
    [[], ["check"], ["evaluate"], ["evaluate-external"], ["predict"], ["demo"]],
)
def test_help(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--help"])
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: skmultimodal {' '.join(command)}".rstrip())


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"skmultimodal {skmultimodal.__version__}\n"


def test_an_unknown_command_is_one_line_and_2(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["measure"])
    assert "invalid choice: 'measure'" in capsys.readouterr().err


@pytest.mark.real_data
def test_a_wheel_outside_the_checkout_does_the_main_job(real_data, tmp_path):
    """Built, installed beside the packages of this environment, run elsewhere."""
    pytest.importorskip("setuptools", minversion="77")
    root = Path(skmultimodal.__file__).parents[1]
    source = tmp_path / "source"
    shutil.copytree(
        root / "skmultimodal",
        source / "skmultimodal",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, source / name)
    # No checkout is on the path of what follows.
    outside = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    options = {"env": outside, "check": True, "cwd": tmp_path}
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-deps", "--no-index"]
    wheels, home = tmp_path / "wheels", tmp_path / "environment"
    build = ["wheel", *offline, "--no-build-isolation", "-w", wheels, source]
    subprocess.run([*pip, *build], **options)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], **options)
    python = home / "bin" / "python"
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([*pip, "--python", python, "install", *offline, wheel], **options)
    packages = Path(pytest.__file__).parents[1]
    (inner,) = home.glob("lib/python*/site-packages")
    (inner / "shared.pth").write_text(str(packages))

    patients, empty = tmp_path / "patients", tmp_path / "empty"
    patients.mkdir()
    empty.mkdir()
    table = pd.read_csv(real_data / "cohort" / "clinical.csv")
    words = table["idh_mut"].map({0: "wild type", 1: "mutant"})
    table.assign(idh=words).to_csv(patients / "clinical.csv", index=False)
    for name in ("expression.parquet", "mri"):
        (patients / name).symlink_to(real_data / "cohort" / name)
    command = ["evaluate", patients, "--label", "idh", "--positive", "mutant"]
    soon = tmp_path / "soon"
    soon.mkdir()
    few_steps_at_start(soon)
    done = subprocess.run(
        [home / "bin" / "skmultimodal", *command, "--repeats", "1", *SMALL],
        cwd=empty,
        env={**outside, "PYTHONPATH": str(soon)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (empty / "results").iterdir()) == FILES
    assert "Positive class: mutant" in done.stdout
    report = (empty / "results" / "report.html").read_text(encoding="utf-8")
    assert "mutant" in report


def test_a_demonstration_repeats_its_folds_less_often():
    read = make_parser().parse_args
    assert read(["demo"]).repeats == 3
    assert read(["evaluate", "folder", "--label", "sex"]).repeats == 10


def test_features_of_another_model(folder, tmp_path, capsys):
    """From the folder to the model: checked, compared, saved with what made them."""
    home = shutil.copytree(folder, tmp_path / "patients")
    shutil.rmtree(home / "mri")
    # The same label in words would be found by the audit.
    table = pd.read_csv(home / "clinical.csv", index_col="patient")
    table.drop(columns="words").to_csv(home / "clinical.csv")
    label = pd.read_csv(home / "clinical.csv", index_col="patient")["response"]
    has_genes = pd.read_csv(home / "expression.csv", index_col="patient").index
    several = [p for p in label.dropna().index if p in has_genes][:15]
    others = [p for p in label.dropna().index if p not in has_genes][:12]
    ids = [*several, *others]
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(len(ids), 4)) + label[ids].to_numpy()[:, None]
    (home / "features").mkdir()
    np.save(home / "features" / "slides.npy", vectors)
    (home / "features" / "slides.ids.txt").write_text("\n".join(ids))
    (home / "features" / "slides.json").write_text('{"encoder": "E", "licence": "MIT"}')
    arguments = ["evaluate", home, "--label", "response", "--repeats", "1", *SMALL]
    arguments += ["--out", tmp_path / "results"]
    assert main([*map(str, arguments)]) == 0, capsys.readouterr().err
    shown = capsys.readouterr().out
    assert "slides only" in shown
    assert "concat (paper) is left out: it is for image and gene" in shown
    facts = {"slides": {"encoder": "E", "licence": "MIT"}}
    saved = tmp_path / "results" / "model.skops"
    assert read_notes(saved)["provenance"] == facts
    out = tmp_path / "predictions.csv"
    assert main(["predict", str(saved), str(home), "--out", str(out)]) == 0
    modalities = pd.read_csv(out)["modalities"].value_counts()
    assert modalities["slides"] == 12
    assert modalities["gene+slides"] == 15
