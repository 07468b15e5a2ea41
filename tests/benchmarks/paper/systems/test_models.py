"""Table 2: systems of other papers, and the estimators they are made of."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import skops.io
import torch
from sklearn.base import clone
from sklearn.feature_selection import SelectFpr
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from benchmarks.paper.systems import (
    fractal_radiomics,
    inception_transformer,
    multiparametric_logistic,
    structural_surrogate,
    table2,
    texture_forest,
)
from benchmarks.paper.systems._inception import (
    InceptionPlaneTransformer,
    PlaneTransformerClassifier,
)
from benchmarks.paper.systems._models import tumor_statistics
from benchmarks.paper.systems._row_cache import RowCacheTransformer
from benchmarks.paper.systems._selection import SignificantFeatureSelector
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.persistence import load_model, save_model
from skmultimodal.preprocessing import TumorTextureTransformer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Not importorskip, which would import keras on its default backend.
needs_keras = pytest.mark.skipif(
    find_spec("keras") is None, reason="keras is not installed"
)
needs_boosting = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("catboost", "imblearn")),
    reason="catboost or imbalanced-learn is not installed",
)


@pytest.fixture(scope="module")
def patients():
    data = make_glioma_cohort(14, 4, 10, n_genes=8, image_size=20, random_state=2)
    y = data.target.astype(float)
    y[3] = np.nan
    return data.data, y


def check_answers(model, X, y):
    p = model.fit(X, y).predict_proba(X)
    assert p.shape == (28, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    return p


@parametrize_with_checks(
    [
        PlaneTransformerClassifier(width=8, max_epochs=20, lr=0.01, batch_size=64),
        SignificantFeatureSelector(),
    ]
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


def test_texture_forest(patients, tmp_path):
    model = texture_forest(random_state=0, regions=["core"])
    cached = texture_forest(random_state=0, regions=["core"], memory=str(tmp_path))
    for m in (model, cached):
        # Fewer trees: this is about the parts, not their number.
        m.set_params(estimator__randomforestclassifier__n_estimators=10)
    p = check_answers(model, *patients)
    np.testing.assert_array_equal(check_answers(cached, *patients), p)
    np.testing.assert_array_equal(check_answers(cached, *patients), p)
    chosen = model.estimator_["selectfrommodel"].get_support().sum()
    assert 1 <= chosen <= 10


@needs_boosting
def test_fractal_radiomics(patients):
    model = fractal_radiomics(random_state=0)
    model.set_params(estimator__balancedbaggingclassifier__n_estimators=2)
    check_answers(model, *patients)
    members = model.estimator_["balancedbaggingclassifier"].estimators_
    seeds = [member[-1].get_params()["random_state"] for member in members]
    assert seeds[0] != seeds[1]


@needs_boosting
def test_each_subsample_is_balanced():
    class Recorder(DecisionTreeClassifier):
        def fit(self, X, y, sample_weight=None):
            self.seen_ = X[:, 0].astype(int).tolist()
            return super().fit(X, y)

    model = fractal_radiomics(random_state=0).estimator["balancedbaggingclassifier"]
    X = np.arange(30.0).reshape(-1, 1)
    y = np.repeat(["a", "b", "c"], [18, 8, 4])
    model.set_params(estimator=Recorder(), n_estimators=5).fit(X, y)
    for member in model.estimators_:
        rows = member[-1].seen_
        assert len(set(rows)) == len(rows)
        assert [sum(y[rows] == label) for label in "abc"] == [4, 4, 4]
    assert model.predict(X[[0, 20, 29]]).tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("package", "extra", "make"),
    [
        ("catboost", "benchmark", fractal_radiomics),
        ("imblearn", "benchmark", fractal_radiomics),
        ("keras", "benchmark", inception_transformer),
        ("skimage", "texture", texture_forest),
    ],
)
def test_an_absent_package_names_its_extra(package, extra, make, patients, monkeypatch):
    # None in sys.modules is how Python marks a module that cannot be imported.
    for name in [n for n in sys.modules if n.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"skmultimodal\[{extra}\]"):
        make().fit(*patients)


def test_structural_surrogate(patients):
    check_answers(structural_surrogate(), *patients)


def test_tumor_statistics_are_those_of_the_mask():
    images = np.zeros((2, 3, 4, 5), dtype=np.uint8)
    images[:, 0] = np.arange(20).reshape(4, 5)
    images[:, 1] = 7
    images[0, 2, 1, 1:3] = 4
    found = tumor_statistics(images)
    assert found.shape == (2, 4)
    plane = images[0, 0].astype(float)
    inside = plane[plane != 0]
    z = np.where(plane != 0, (plane - inside.mean()) / inside.std(), 0)
    tumor = z[1, 1:3]
    np.testing.assert_allclose(
        found[0], [tumor.mean(), 0, tumor.std(), 0], rtol=1e-5, atol=1e-6
    )
    # An empty mask: the whole image.
    np.testing.assert_allclose(found[1, 0], z.mean(), atol=1e-6)


def test_multiparametric_columns_are_asked_for(patients):
    with pytest.raises(ValueError, match="lack column 'MD', 'FA'"):
        multiparametric_logistic().fit(*patients)
    multiparametric_logistic(["age"]).fit(*patients)


def test_row_cache_computes_each_row_once(patients, tmp_path):
    X, _ = patients
    images = X.block("image")
    plain = TumorTextureTransformer().fit_transform(images)
    cache = RowCacheTransformer(TumorTextureTransformer(), memory=str(tmp_path))
    np.testing.assert_array_equal(cache.fit(images).transform(images), plain)

    def entries():
        return sorted(p.name for p in tmp_path.glob("**/_describe_row/*"))

    before = entries()
    # Another fold: other training rows, rows in another order.
    again = cache.fit(images[5:]).transform(images[::-1])
    np.testing.assert_array_equal(again, plain[::-1])
    assert entries() == before


@needs_boosting
def test_names_are_those_of_the_paper():
    assert list(table2()) == [
        "twin tower",
        "InceptionResNet [6], random weights",
        "MRF [17]",
        "mpMRI [5], structural surrogate",
        "RF [20]",
    ]
    named = table2(multiparametric=["FA", "CL"], inception_weights="weights.h5")
    assert {"InceptionResNet [6]", "mpMRI [5]"} < set(named)
    assert named["mpMRI [5]"].columns == ["FA", "CL"]


@needs_boosting
def test_models_are_saved_and_loaded_by_who_trusts_their_types(tmp_path):
    for name, model in table2().items():
        save_model(model, tmp_path / "model.skops")
        types = skops.io.get_untrusted_types(file=tmp_path / "model.skops")
        others = [t for t in types if not t.startswith("skmultimodal.")]
        packages = {t.split(".")[0] for t in others}
        assert packages <= {"benchmarks", "catboost", "imblearn"}, name
        loaded = load_model(tmp_path / "model.skops", trusted=others)
        assert repr(loaded) == repr(model)


# Selection of features


def test_selection_is_that_of_an_f_test(rng):
    X, y = rng.normal(size=(60, 40)), np.arange(60) % 2
    X[:, :8] += y[:, None]
    ours = SignificantFeatureSelector(0.05).fit(X, y).get_support()
    np.testing.assert_array_equal(ours, SelectFpr(alpha=0.05).fit(X, y).get_support())


def test_some_features_are_always_left(rng):
    X, y = np.ones((20, 9)), np.arange(20) % 2
    X[:, 3] = rng.normal(size=20)
    support = SignificantFeatureSelector(0.0, min_features=2).fit(X, y).get_support()
    assert support.sum() == 2
    assert support[3]


# InceptionResNetV2


@needs_keras
def test_keras_runs_on_torch_without_touching_the_environment(patients, tmp_path):
    # In a process of its own: keras reads its backend once.
    code = """
import os, random, numpy as np, torch
from skmultimodal.datasets import make_glioma_cohort
from benchmarks.paper.systems._inception import InceptionPlaneTransformer
X = make_glioma_cohort(2, 1, 1, n_genes=5, image_size=16, random_state=0).data
images = X.block("image")
random.seed(1); torch.manual_seed(1); before = random.getstate(), torch.get_rng_state()
Z = InceptionPlaneTransformer([0, 3], image_size=75).fit_transform(images)
assert Z.shape == (3, 2 * 1536) and Z.dtype == np.float32 and Z.std() > 0
one = InceptionPlaneTransformer([3], image_size=75).fit(images).transform(images[1:2])
np.testing.assert_allclose(one, Z[1:2, 1536:], atol=1e-5)
assert before[0] == random.getstate() and torch.equal(before[1], torch.get_rng_state())
assert "KERAS_BACKEND" not in os.environ
"""
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    environment["KERAS_HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[4],  # where benchmarks is imported from
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@needs_keras
def test_inception_bad_input(patients):
    images = patients[0].block("image")
    with pytest.raises(ValueError, match="is no file"):
        InceptionPlaneTransformer(weights="absent.h5").fit(images)
    with pytest.raises(ValueError, match="leave no plane"):
        InceptionPlaneTransformer([4]).fit(images)
    with pytest.raises(ValueError, match="image_size"):
        InceptionPlaneTransformer(image_size=74).fit(images)


def test_planes_must_divide_the_features(rng):
    with pytest.raises(ValueError, match="plane_features=4"):
        PlaneTransformerClassifier(4).fit(rng.normal(size=(6, 10)), [0, 1] * 3)


def test_plane_transformer_reads_every_plane(rng):
    y = np.arange(40) % 2
    X = rng.normal(size=(40, 3 * 5))
    X[:, 10] += 4 * y
    model = PlaneTransformerClassifier(5, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9


def test_plane_transformer_is_the_same_in_threads(rng):
    X, y = rng.normal(size=(37, 3 * 5)), np.arange(37) % 2
    towers = [
        PlaneTransformerClassifier(5, random_state=s, max_epochs=4) for s in (0, 1)
    ]
    wanted = [clone(tower).fit(X, y).predict_proba(X) for tower in towers]
    before = torch.get_rng_state()
    with ThreadPoolExecutor(2) as pool:
        fitted = list(pool.map(lambda tower: tower.fit(X, y), towers))
    assert torch.equal(torch.get_rng_state(), before)
    for tower, p in zip(fitted, wanted, strict=True):
        np.testing.assert_array_equal(tower.predict_proba(X), p)
