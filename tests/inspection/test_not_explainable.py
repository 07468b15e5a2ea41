"""What a model does not allow raises an error of its own, which callers may catch."""

import numpy as np
import pandas as pd
import pytest
from cohort_tools import CohortLogistic
from fusion_tools import make_case, plain_towers
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skmultimodal import TwinTowerClassifier, UnimodalClassifier
from skmultimodal.exceptions import NotExplainableError
from skmultimodal.inspection import gene_attributions, modality_contributions


@pytest.fixture(scope="module")
def case():
    return make_case()


@pytest.mark.parametrize(
    ("model", "modality", "message"),
    [
        (
            UnimodalClassifier("gene", RandomForestClassifier(5, random_state=0)),
            "gene",
            "RandomForestClassifier has no gradients",
        ),
        (
            UnimodalClassifier("gene", LogisticRegression()),
            "image",
            "reads modality 'gene', not 'image'",
        ),
        (
            TwinTowerClassifier(plain_towers(["gene"]), random_state=0),
            "stain",
            "no tower for modality 'stain'",
        ),
        (CohortLogistic(), "gene", "reads rows of one modality, not a Cohort"),
    ],
)
def test_attributions(case, model, modality, message):
    X, y = case
    X, y = X[X.has("gene"), ["gene"]], y[X.has("gene")]
    model.fit(X, y)
    with pytest.raises(NotExplainableError, match=message):
        gene_attributions(model, X, modality=modality)


def test_columns_of_words():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"sex": rng.choice(["f", "m"], 30), "age": rng.random(30)})
    encode = make_column_transformer(
        (OneHotEncoder(), ["sex"]), remainder="passthrough"
    )
    model = make_pipeline(encode, LogisticRegression()).fit(table, np.arange(30) % 2)
    with pytest.raises(NotExplainableError, match=r"columns of numbers .* encode"):
        gene_attributions(model, table)


def test_contributions_where_rows_with_one_modality_are_refused(case):
    X, y = case
    strict = TwinTowerClassifier(plain_towers(), missing="error").fit(X, y)
    with pytest.raises(NotExplainableError, match="rows that have only image"):
        modality_contributions(strict, X[X.paired])


@pytest.mark.parametrize("kind", [ValueError, TypeError])
def test_it_is_the_error_that_it_was(kind):
    assert issubclass(NotExplainableError, kind)
