"""The tables of the paper as estimators, and the estimators they are made of."""

import numpy as np
import pandas as pd
import pytest
from few_steps import few_steps
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmultimodal import Cohort
from skmultimodal.baselines import (
    MetadataClassifier,
    reference_baselines,
    table3,
    table4,
)
from skmultimodal.baselines._simple import flat_images
from skmultimodal.datasets import make_glioma_cohort

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # What the networks learn does not matter here.
    pytest.mark.filterwarnings("ignore:.*training did nothing"),
]


@pytest.fixture(scope="module", autouse=True)
def soon():
    with few_steps():
        yield


@pytest.fixture(scope="module")
def patients():
    """A small cohort in which every seventh row is unlabelled."""
    data = make_glioma_cohort(12, 40, 20, n_genes=50, image_size=16, random_state=0)
    y = data.target.astype(float)
    y[::7] = np.nan
    return data.data, y


@parametrize_with_checks([MetadataClassifier()])
def test_scikit_learn_check(estimator, check):
    check(estimator)


ABLATION = table3(random_state=0)
REFERENCES = reference_baselines(random_state=0, n_components=3)


@pytest.mark.parametrize("name", [*ABLATION, *REFERENCES])
def test_every_model_answers_with_unlabelled_rows(name, patients):
    X, y = patients
    model = clone({**ABLATION, **REFERENCES}[name])
    p = model.fit(X, y).predict_proba(X)
    assert p.shape == (72, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert set(model.predict(X)) <= {0.0, 1.0}


def test_names_are_those_of_the_paper():
    assert list(table4())[4:6] == ["kNN", "PCA+SVM"]
    assert len(table4()) == 9


def test_flat_images_average_blocks():
    images = np.random.default_rng(0).uniform(1, 9, size=(3, 2, 65, 70))
    assert flat_images(images).shape == (3, 2 * 32 * 35)
    assert flat_images(np.ones((3, 7))).shape == (3, 7)


def test_towers_are_fitted_once_for_the_same_rows(patients, tmp_path):
    X, y = patients
    models = table3(memory=str(tmp_path), random_state=0)
    for train in (np.arange(72)[:60], np.r_[0:50, 62:72]):
        for model in models.values():
            model.fit(X[train], y[train])
    # A cached call has a folder of its own.
    fits = list(tmp_path.glob("**/_fit_tower/*/metadata.json"))
    # Unpaired rows are the first 52: the second split took two gene rows away. The
    # default has towers of its own, fitted on the paired rows of the split as well.
    assert len(fits) == (1 + 2) + 2 * 2


# The classifier of covariates


@pytest.fixture
def hospital():
    table = pd.DataFrame(
        {
            "site": ["Leeds", "York", None, "York"] * 5,
            "code": [1, 2, 1, 2] * 5,
            "age": [40.0, np.nan, 50.0, 70.0] * 5,
            "smoker": [True, False, True, False] * 5,
            "seen": pd.NaT,
            "grade": pd.array([2, 4, None, 4] * 5, dtype="Int64"),
            "unknown": np.nan,
        },
        index=[f"p{i}" for i in range(20)],
    )
    return Cohort({"gene": np.zeros((20, 2))}, index=table.index, metadata=table)


def test_numbers_are_imputed_and_categories_encoded(hospital):
    y = ["yes", "no"] * 10
    model = MetadataClassifier().fit(hospital, y)
    numbers = np.array(model.columns_)[model.is_number_].tolist()
    assert numbers == ["code", "age", "seen", "grade", "unknown"]
    assert model.predict(hospital).tolist() == y
    assert model.classes_.tolist() == ["no", "yes"]


def test_codes_can_be_categories(hospital):
    y = [0, 1, 0, 1] * 5
    model = MetadataClassifier(["code"], categories=["code"]).fit(hospital, y)
    assert not model.is_number_.any()
    assert model.score(hospital, y) == 1


def test_dates_are_numbers_of_days():
    """The day of the scan gives the label away; the last days are not in fit."""
    days = pd.date_range("2019-03-28", periods=40, tz="Europe/Paris")
    table = pd.DataFrame({"scanned": days})
    y = (np.arange(40) >= 20).astype(int)
    X = Cohort({"gene": np.zeros((40, 1))}, metadata=table)
    model = MetadataClassifier().fit(X[np.r_[0:36]], y[:36])
    assert model.is_number_.tolist() == [True]
    assert model.score(X, y) > 0.9
    assert model.predict(X[[36, 38]]).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([f"{60 + i},5" for i in range(24)], "numbers written as text"),
        ([f"2020-01-{i + 1:02}" for i in range(24)], "dates written as text"),
        ([f"note {i}" for i in range(24)], "text that is nearly all different"),
    ],
)
def test_text_that_is_no_category_is_named(cells, found):
    X = Cohort({"gene": np.zeros((24, 1))}, metadata=pd.DataFrame({"c": cells}))
    with pytest.warns(UserWarning, match=f"column 'c' of the metadata holds {found}"):
        MetadataClassifier().fit(X, np.arange(24) % 2)
    MetadataClassifier(categories=["c"]).fit(X, np.arange(24) % 2)


def test_an_unseen_category_is_answered(hospital):
    model = MetadataClassifier(["site"]).fit(hospital[:2], [0, 1])
    assert model.predict_proba(hospital).shape == (20, 2)


def test_statistics_come_from_labelled_training_rows(hospital):
    y = np.array([0.0, 1.0, np.nan, np.nan] * 5)
    model = MetadataClassifier(["age"]).fit(hospital, y)
    numbers = model.estimator_[0].named_transformers_["pipeline"]
    assert numbers[0].statistics_.tolist() == [40.0]


def test_a_missing_column_is_named(hospital):
    with pytest.raises(ValueError, match="lack column 'FA', 'CL': they have"):
        MetadataClassifier(["FA", "age", "CL"]).fit(hospital, [0, 1] * 10)
    model = MetadataClassifier(["age"]).fit(hospital, [0, 1] * 10)
    bare = Cohort({"gene": np.zeros((3, 2))})
    with pytest.raises(ValueError, match="no metadata"):
        model.predict(bare)


def test_one_class_is_refused(hospital):
    with pytest.raises(ValueError, match="one class"):
        MetadataClassifier(["age"]).fit(hospital, [1] * 20)
