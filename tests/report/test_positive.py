"""The report is about the positive class, first or last in sort order."""

import re

import numpy as np
import pandas as pd
import pytest
from few_steps import few_steps
from fusion_tools import make_case
from report_sentences import text_of
from scipy.special import logit
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from skmultimodal import TwinTowerClassifier, UnimodalClassifier
from skmultimodal.baselines import LateFusionClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_classifiers,
)
from skmultimodal.report import evaluation_report

# What the networks learn does not matter here.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")

SCORING = ["roc_auc", "f1", "precision", "average_precision", "neg_brier_score"]
# Others list the classes, or draw folds, in the order of the classes.
SECTIONS = ["performance", "certainty", "explanations", "examples"]
NAMES = ["does not respond", "responds"]
MISSING = [3, 20]


def symmetric_model():
    """Its probabilities do not depend on the order of the classes."""
    return LateFusionClassifier(
        [
            (name, UnimodalClassifier(name, LinearDiscriminantAnalysis()))
            for name in ("image", "gene")
        ]
    )


def write_report(path, names, *, given=None, dtype=None, **options):
    """Of the same patients and folds, whatever the labels are called."""
    X, numbers = make_case()
    numbers = numbers.astype(float)
    numbers[MISSING] = np.nan
    cv = list(PairedStratifiedKFold(3, 2, random_state=0).split(X, numbers))
    words = [None if np.isnan(n) else names[int(n)] for n in numbers]
    y = pd.Series(words, dtype=dtype)
    models = {
        "gene only": UnimodalClassifier("gene", LinearDiscriminantAnalysis()),
        "ours": symmetric_model(),
    }
    comparison = compare_classifiers(
        models, X, y, cv=cv, scoring=SCORING, positive=given
    )
    evaluation_report(
        path,
        estimator=models["ours"].fit(X, y),
        X=X,
        y=y,
        comparison=comparison,
        audit=audit_shortcuts(
            X, y, cv=cv, random_state=0, metadata=pd.DataFrame({"row": range(len(X))})
        ),
        class_names=dict(zip(names, NAMES, strict=True)),
        **options,
    )
    return comparison, path.read_text(encoding="utf-8")


def words_of(page, section):
    """Words of a section, and the descriptions of its figures."""
    start = page.index(f'<section id="{section}"')
    return text_of(page[start : page.index("</section>", start)])


@pytest.fixture(scope="module", autouse=True)
def soon():
    with few_steps():
        yield


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """The report on 0 and 1."""
    path = tmp_path_factory.mktemp("report") / "numbers.html"
    return write_report(path, (0.0, 1.0))


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("none", "Responder"), {}),
        (("b", "a"), {"given": "a"}),
        ((True, False), {"given": False}),
        (("wild type", "mutant"), {"given": "Mutant", "dtype": "category"}),
    ],
)
def test_the_report_is_that_of_0_and_1(numbers, tmp_path, names, options):
    comparison, page = write_report(tmp_path / "r.html", names, **options)
    assert comparison.positive == names[1]
    for section in SECTIONS:
        assert words_of(page, section) == words_of(numbers[1], section)
    label = words_of(page, "label")
    assert "Probabilities in this report are those of class responds." in label


def test_the_report_counts_the_positive_class(numbers):
    comparison, page = numbers
    table = comparison.predictions().query("model == 'ours'")
    found = ((table["y_pred"] == 1) & (table["y_true"] == 1)).sum() / 2
    n_true = (table.query("repeat == 0")["y_true"] == 1).sum()
    text = words_of(page, "performance")
    mean = f"{found:.1f}".removesuffix(".0")
    assert f"It finds {mean} of the {n_true} tested patients of class responds" in text
    assert "positive: responds" in text
    mean = f"{table['proba_1'].mean():.2f}"
    wanted = f"the mean probability of class responds is {mean}, and its share"
    assert wanted in words_of(page, "certainty")


def test_another_class_than_that_of_the_scores(tmp_path, numbers):
    _, page = write_report(tmp_path / "r.html", (0.0, 1.0), positive=0)
    text = words_of(page, "performance")
    assert "tested patients of class does not respond" in text
    assert "Scores of one class, such as F1, are of class responds." in text
    assert text != words_of(numbers[1], "performance")
    with pytest.raises(ValueError, match="positive=7 is no class of the comparison"):
        write_report(tmp_path / "bad.html", (0.0, 1.0), positive=7)


def test_maps_and_genes_are_of_the_positive_class(tmp_path):
    """Images and genes, and a positive class that is the first in sort order."""
    X, y = make_glioma_cohort(
        22, 33, 25, n_genes=13, image_size=16, random_state=0, return_X_y=True
    )
    y = np.where(y == 1, "Responder", "none")
    model = TwinTowerClassifier(random_state=0)
    comparison = compare_classifiers(
        {"ours": model}, X, y, cv=PairedStratifiedKFold(2), scoring=["roc_auc", "f1"]
    )
    path = evaluation_report(
        tmp_path / "r.html",
        estimator=model.fit(X, y),
        X=X,
        y=y,
        comparison=comparison,
        patient_key=tmp_path / "key.csv",
    )
    key = pd.read_csv(tmp_path / "key.csv").set_index("shown as")["id"]
    page = path.read_text(encoding="utf-8")
    text = words_of(page, "examples")
    maps = re.findall(r"Saliency map of (Patient \d+), log-odds (−?[\d.]+):", text)
    assert maps
    p = model.predict_proba(X)[:, model.classes_.tolist().index("Responder")]
    for patient, shown in maps:
        odds = logit(p[X.index.get_loc(key[patient])])
        assert float(shown.replace("−", "-")) == pytest.approx(odds, abs=0.006)
    assert "red speaks for class Responder" in text
    assert "the log-odds of class Responder" in words_of(page, "explanations")
