"""What columns a model was fitted to, and what is noticed when others come."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.baselines import LateFusionClassifier
from skmultimodal.exceptions import AlignmentWarning

N = 90
GENES = ["TP53", "IDH1", "EGFR", "MGMT", "PTEN"]


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(3)
    y = np.arange(N) % 2
    ids = [f"P{i:02d}" for i in range(N)]
    gene = pd.DataFrame(rng.normal(size=(N, 5)), index=ids, columns=GENES)
    gene["IDH1"] += y
    image = pd.DataFrame(rng.normal(size=(N, 3)), index=ids)
    return gene.iloc[20:], image.iloc[:60], y


def cohort_of(gene, image):
    return Cohort({"gene": gene, "image": image}, index=[f"P{i:02d}" for i in range(N)])


def models():
    unimodal = UnimodalClassifier("gene", LogisticRegression())
    towers = [(name, LogisticRegression()) for name in ("gene", "image")]
    return [
        TwinTowerClassifier(towers, random_state=0),
        unimodal,
        LateFusionClassifier([("gene", unimodal)]),
    ]


def nameless(table):
    return (table.index, table.to_numpy())


@pytest.mark.parametrize("model", models())
def test_names_are_kept_and_checked(tables, model):
    gene, image, y = tables
    X = cohort_of(gene, nameless(image))
    model.fit(X, y)
    assert list(model.features_in_) == ["gene"]
    assert model.features_in_["gene"].tolist() == GENES
    p = model.predict_proba(X)
    # Another order is no other data.
    other = cohort_of(gene[GENES[::-1]], nameless(image))
    np.testing.assert_array_equal(model.predict_proba(other), p)
    with pytest.warns(UserWarning, match=r"'gene' of X does not have valid feature n"):
        model.predict_proba(cohort_of(nameless(gene), nameless(image)))
    with pytest.warns(UserWarning, match=r"'gene' of X does not have valid feature n"):
        model.predict(gene.to_numpy())
    if not isinstance(model, TwinTowerClassifier):
        return
    with pytest.warns(UserWarning, match="'image' of X has feature names, but"):
        model.predict(cohort_of(gene, image))


def test_names_of_a_bare_table_are_checked_once(tables):
    """By scikit-learn, whose warning it is."""
    gene, _, y = tables
    model = UnimodalClassifier("gene", LogisticRegression()).fit(gene, y[20:])
    with pytest.warns(UserWarning, match="^X does not have valid feature") as caught:
        model.predict(gene.to_numpy())
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g[GENES[:2]], r"lacks 3 of the 5 .*\('EGFR', 'MGMT', 'PTEN'\): up"),
        (
            lambda g: g.rename(columns={"PTEN": "pten"}),
            r"lacks 1 of the 5 features of fit \('PTEN'\), and has 1 in addition "
            r"\('pten'\): up to 5% .* Give it the columns of features_in_\['gene'\]",
        ),
    ],
)
@pytest.mark.parametrize("model", models()[:2])
def test_too_many_columns_are_absent(tables, model, change, message):
    gene, image, y = tables
    model.fit(cohort_of(gene, image), y)
    with pytest.raises(ValueError, match=f"modality 'gene' {message}"):
        model.predict(cohort_of(change(gene), image))


@pytest.mark.parametrize("model", models()[:2])
def test_columns_in_addition_are_left_out(tables, model):
    gene, image, y = tables
    wanted = model.fit(cohort_of(gene, image), y).predict(cohort_of(gene, image))
    other = cohort_of(gene.assign(NEW=1.0)[["NEW", *GENES[::-1]]], image)
    message = r"'gene' of X has 1 feature that fit did not have \('NEW'\), left"
    with pytest.warns(AlignmentWarning, match=message):
        found = model.predict(other)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("model", models())
def test_another_unit(tables, model):
    gene, image, y = tables
    model.fit(cohort_of(gene, image), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(cohort_of(gene.iloc[25:], image))
    message = r"'gene' of X is on another scale than in fit: 1 of 5 .* MGMT \(median"
    with pytest.warns(UserWarning, match=message):
        model.predict(cohort_of(gene.assign(MGMT=1000 * gene["MGMT"] + 50), image))


@pytest.mark.parametrize("model", models())
@pytest.mark.parametrize("coding", [{0: 0.0, 1: 1.0}, {0: 3.5, 1: -2.0}])
def test_the_label_among_the_genes(tables, model, coding):
    gene, image, y = tables
    label = pd.Series(y, gene.index.union(image.index)).map(coding)
    leaky = gene.assign(response=label.loc[gene.index])
    message = "column 'response' of modality 'gene' has one value for each class in al"
    with pytest.raises(ValueError, match=message):
        model.fit(cohort_of(leaky, image), y)
    # One patient who differs makes it a measurement.
    leaky.iloc[7, -1] = 9.0
    model.fit(cohort_of(leaky, image), y)


def test_the_label_among_the_genes_of_a_forest(tables):
    """Whatever the tower is."""
    gene, image, y = tables
    leaky = gene.assign(dead=y[20:] == 1)
    towers = [("gene", RandomForestClassifier()), ("image", LogisticRegression())]
    with pytest.raises(ValueError, match="column 'dead' of modality 'gene' has one"):
        TwinTowerClassifier(towers).fit(cohort_of(leaky, image), y)


def test_names_of_a_modality_that_nobody_has_are_not_asked_for():
    rng = np.random.default_rng(0)
    y = np.arange(30) % 2
    genes = pd.DataFrame(rng.normal(size=(30, 4)), columns=list("wxyz"))
    labs = pd.DataFrame(rng.normal(size=(30, 3)) + y[:, None], columns=list("abc"))
    towers = [(name, LogisticRegression()) for name in ("gene", "labs")]
    model = TwinTowerClassifier(towers, random_state=0)
    model.fit(Cohort({"gene": genes, "labs": labs}), y)
    nobody = (genes.index, np.full((30, 4), np.nan))
    hidden = Cohort({"gene": nobody, "labs": labs})
    assert (model.predict_route(hidden) == "labs").all()
