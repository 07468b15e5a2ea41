"""Table 4: classifiers of gene expression."""

import numpy as np
import pytest

from skmultimodal.baselines import table4
from skmultimodal.datasets import make_glioma_cohort

NAMES = list(table4())


@pytest.fixture(scope="module")
def patients():
    data = make_glioma_cohort(5, 60, 15, n_genes=60, image_size=16, random_state=1)
    y = data.target.astype(float)
    y[::9] = np.nan
    return data.data, y


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_classifier_learns(name, patients):
    X, y = patients
    model = table4(n_components=5, random_state=0)[name]
    p = model.fit(X, y).predict_proba(X)
    known = X.has("gene") & ~np.isnan(y)
    assert np.mean(model.predict(X)[known] == y[known]) > 0.6
    # Rows without genes get the frequencies of the classes.
    np.testing.assert_allclose(p[:5], np.tile(model.class_prior_, (5, 1)))


@pytest.mark.parametrize("name", ["SVM", "PCA+RF"])
def test_the_same_seed_gives_the_same_model(name, patients):
    X, y = patients
    first, second = (
        table4(n_components=5, random_state=3)[name].fit(X, y).predict_proba(X)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_scaling_is_learnt_inside(patients):
    X, y = patients
    model = table4(n_components=5)["PCA+kNN"].fit(X, y)
    scaler = model.estimator_[0][-1]
    known = X.has("gene") & ~np.isnan(y)
    assert scaler.n_samples_seen_ == known.sum()
