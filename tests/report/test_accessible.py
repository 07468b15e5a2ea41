"""A report that readers of screens can follow, without ids of patients."""

import re

import numpy as np
import pytest
from accessible import problems
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from skmultimodal import Cohort, UnimodalClassifier
from skmultimodal.model_selection import compare_classifiers
from skmultimodal.report import evaluation_report


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A report, and its folder of figures."""
    folder = tmp_path_factory.mktemp("report")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 4))
    y = (rows[:, 0] + rng.normal(size=60) > 0).astype(int)
    X = Cohort({"gene": rows}, index=[f"SECRET-{i}" for i in range(60)])
    models = {"share": _of_gene(DummyClassifier()), "ours": _of_gene(None)}
    comparison = compare_classifiers(models, X, y, cv=3, scoring=["roc_auc"])
    evaluation_report(
        folder / "report.html",
        estimator=models["ours"].fit(X, y),
        X=X,
        y=y,
        comparison=comparison,
        model="ours",
        n_examples=2,
        figures=folder / "figures",
    )
    return folder


def _of_gene(estimator):
    return UnimodalClassifier("gene", estimator or LogisticRegression())


def test_its_source(written):
    assert problems((written / "report.html").read_text(encoding="utf-8")) == []


def test_no_id_is_in_it(written):
    files = [written / "report.html", *(written / "figures").iterdir()]
    assert len(files) > 4
    assert not [p for p in files if "SECRET" in p.read_text(encoding="utf-8")]


def test_what_was_not_given_is_at_its_end(written):
    text = (written / "report.html").read_text(encoding="utf-8")
    end = text.split('id="not-given"')[1]
    for name in ("flow", "metadata", "label", "class_names", "audit", "external"):
        assert re.search(rf"<li>[^<]*: not given\.[^<]*<code>{name}</code>", end), name


def test_figures_are_files_of_their_own(written):
    names = sorted(path.name for path in (written / "figures").iterdir())
    assert "performance_1.svg" in names
    text = (written / "report.html").read_text(encoding="utf-8")
    assert len(names) == text.count("<img ")
