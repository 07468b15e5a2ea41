"""What the towers give to the final estimator, and ``transform``."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from fusion_tools import (
    ONE,
    THREE,
    TWO,
    RecordingClassifier,
    RecordingTransformer,
    axes_tower,
    make_case,
    odds_tower,
    plain_towers,
)
from scipy.special import logit
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skmultimodal import Cohort, TwinTowerClassifier


@pytest.mark.parametrize("counts", [ONE, TWO, THREE], ids=["one", "two", "three"])
def test_transform_is_nan_where_a_modality_is_absent(counts):
    X, y = make_case(counts)
    towers = [(name, axes_tower(i + 1)) for i, name in enumerate(X.modalities)]
    model = TwinTowerClassifier(towers, LogisticRegression()).fit(X, y)
    Z = model.transform(X)
    widths = range(1, len(towers) + 1)
    absent = np.repeat(~X.available.to_numpy(), widths, axis=1)
    np.testing.assert_array_equal(np.isnan(Z), absent)
    assert Z.dtype == np.float32
    names = [f"{n}{i}" for w, n in enumerate(X.modalities, 1) for i in range(w)]
    assert model.get_feature_names_out().tolist() == names
    np.testing.assert_allclose(Z[X.paired].mean(axis=0), 0, atol=1e-6)


def test_scaled_features_are_what_the_head_was_given():
    X, y = make_case()
    model = TwinTowerClassifier(plain_towers(), RecordingClassifier()).fit(X, y)
    np.testing.assert_array_equal(
        model.final_estimator_.X_, model.transform(X[X.paired])
    )
    assert model.final_estimator_.X_.dtype == np.float32


def test_pandas_output():
    X, y = make_case()
    model = TwinTowerClassifier(plain_towers(), LogisticRegression()).fit(X, y)
    plain = model.transform(X)
    table = model.set_output(transform="pandas").transform(X[[5, 30, 12]])
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == ["image0", "gene0", "gene1"]
    np.testing.assert_array_equal(table.to_numpy(), plain[[5, 30, 12]])


def test_pandas_output_of_every_estimator_changes_no_prediction():
    X, y = make_case()
    model = TwinTowerClassifier(plain_towers(), LogisticRegression())
    p = model.fit(X, y).predict_proba(X)
    with sklearn.config_context(transform_output="pandas"):
        np.testing.assert_array_equal(model.fit(X, y).predict_proba(X), p)


def test_fit_transform():
    X, y = make_case()
    model = TwinTowerClassifier(plain_towers(), LogisticRegression())
    Z = model.fit_transform(X, y)
    np.testing.assert_array_equal(Z, model.transform(X))


# Log-odds


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_odds_of_unpaired_towers(n_classes):
    """The head reads the scaled log-odds of towers that never saw its rows."""
    X, y = make_case({k: 2 * v for k, v in TWO.items()}, n_classes=n_classes)
    towers = [(name, odds_tower()) for name in X.modalities]
    model = TwinTowerClassifier(
        towers, RecordingClassifier(), tower_output="log_odds"
    ).fit(X, y)
    rows = X[X.paired]
    columns = []
    for name, tower in model.towers_.items():
        p = tower.predict_proba(rows.block(name))
        odds = logit(p[:, 1:])
        if n_classes == 3:
            odds = np.log(p) - np.log(p).mean(axis=1, keepdims=True)
        columns.append(StandardScaler().fit_transform(odds))
    np.testing.assert_allclose(
        model.final_estimator_.X_, np.hstack(columns), rtol=1e-4, atol=1e-5
    )
    width = 1 if n_classes == 2 else 3
    assert len(model.get_feature_names_out()) == 2 * width


def test_log_odds_of_a_tower_without_classes_are_its_small_heads():
    X, y = make_case()
    towers = [("image", axes_tower()), ("gene", axes_tower())]
    model = TwinTowerClassifier(
        towers, LogisticRegression(), tower_output="log_odds"
    ).fit(X, y)
    assert model.get_feature_names_out().tolist() == ["image0", "gene0"]
    alone = X[X.patterns == "gene"]
    odds = logit(model.predict_proba(alone)[:, 1:])
    scaled = model.scalers_["gene"].transform(odds)
    np.testing.assert_allclose(model.transform(alone)[:, 1:], scaled, rtol=1e-4)


def test_certain_towers_have_finite_log_odds():
    X, y = make_case()
    towers = [(name, KNeighborsClassifier(1)) for name in X.modalities]
    model = TwinTowerClassifier(towers, LogisticRegression()).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
    assert np.isfinite(model.transform(X[X.paired])).all()


# Cross-fitting

ALL_LOG_ODDS = {"tower_rows": "all", "tower_output": "log_odds"}


def memorising_case(counts, seed=0):
    """Noise that a nearest neighbour remembers, and labels that have no pattern."""
    X, y = make_case(counts, signal=0.0, seed=seed)
    return X, np.random.default_rng(seed).permutation(y)


COUNTS = {"image": 30, "gene": 31, "image+gene": 150}


@pytest.mark.parametrize("counts", [{"gene": 150}, COUNTS], ids=["one", "two"])
@pytest.mark.parametrize("tower_output", ["features", "log_odds"])
def test_log_odds_are_out_of_fold(counts, tower_output):
    """A tower that remembers each row tells the head nothing about noise."""
    X, y = memorising_case(counts)
    towers = [
        (name, make_pipeline(StandardScaler(), KNeighborsClassifier(1)))
        for name in X.modalities
    ]
    model = TwinTowerClassifier(
        towers, RecordingClassifier(), tower_rows="all", tower_output=tower_output
    ).fit(X, y)
    for name, tower in model.towers_.items():
        rows = X[X.has(name)]
        assert tower.score(rows.block(name), y[X.has(name)]) == 1.0
    seen, labels = model.final_estimator_.X_, model.final_estimator_.y_
    for column in seen.T:
        assert 0.3 < roc_auc_score(labels, column) < 0.7


@pytest.mark.parametrize("transformer", [False, True])
def test_cross_fitted_log_odds_by_hand(transformer):
    """Each fold's paired rows are told by a tower of all its other rows."""
    X, y = make_case({"image": 11, "gene": 13, "image+gene": 25})
    tower = axes_tower() if transformer else odds_tower()
    model = TwinTowerClassifier(
        [("image", odds_tower()), ("gene", tower)],
        RecordingClassifier(),
        tower_rows="all",
        tower_output="log_odds",
    ).fit(X, y)
    paired = np.flatnonzero(X.paired)
    odds = np.empty(len(paired))
    for _, fold in StratifiedKFold(5).split(paired, y[paired]):
        kept = X.has("gene").copy()
        kept[paired[fold]] = False
        part = tower.fit(X[kept].block("gene"), y[kept])
        if transformer:
            head = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
            part = make_pipeline(FrozenEstimator(part), head)
            part.fit(X[kept].block("gene"), y[kept])
        held_out = X[paired[fold]].block("gene")
        odds[fold] = logit(part.predict_proba(held_out)[:, 1])
    scaled = (odds - odds.mean()) / odds.std()
    np.testing.assert_allclose(
        model.final_estimator_.X_[:, 1], scaled, rtol=1e-4, atol=1e-5
    )


def test_cross_fitting_leaves_the_tower_fitted_on_all_rows():
    X, y = make_case()
    towers = [("image", RecordingClassifier()), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression(), **ALL_LOG_ODDS).fit(X, y)
    assert len(model.towers_["image"].X_) == 29


def test_cross_fitting_ignores_unlabelled_rows():
    X, y = make_case()
    y = y.astype(float)
    y[[0, 12, 24, 30, 41]] = np.nan
    towers = [(name, RecordingClassifier()) for name in X.modalities]
    model = TwinTowerClassifier(towers, RecordingClassifier(), **ALL_LOG_ODDS).fit(X, y)
    assert len(model.final_estimator_.X_) == 15
    assert np.isfinite(model.final_estimator_.X_).all()


def test_cross_fitting_needs_two_paired_rows_of_each_class():
    X, y = make_case()
    y[X.paired] = 0
    y[24] = 1
    towers = [(name, odds_tower()) for name in X.modalities]
    model = TwinTowerClassifier(towers, LogisticRegression(), tower_rows="all")
    with pytest.raises(ValueError, match="two paired rows of each class"):
        model.fit(X, y)


def test_frozen_towers_are_not_cross_fitted():
    X, y = make_case()
    fitted = RecordingClassifier().fit(X.block("image"), y[X.has("image")])
    towers = [("image", FrozenEstimator(fitted)), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, RecordingClassifier(), **ALL_LOG_ODDS).fit(X, y)
    odds = logit(fitted.predict_proba(X[X.paired].block("image"))[:, 1])
    scaled = (odds - odds.mean()) / odds.std()
    np.testing.assert_allclose(model.final_estimator_.X_[:, 0], scaled, rtol=1e-4)


# Supervised features of rows that the tower has seen

SUPERVISED = {
    "with classes": LinearDiscriminantAnalysis(),
    "pipeline": make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()),
    "without classes": NeighborhoodComponentsAnalysis(2, random_state=0),
}


@pytest.mark.parametrize("tower", SUPERVISED.values(), ids=SUPERVISED)
def test_supervised_features_of_all_rows_warn(tower):
    X, y = make_case()
    towers = [("image", tower), ("gene", axes_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression(), tower_rows="all")
    with pytest.warns(UserWarning, match=r"tower 'image' learnt the labels.*log_odds"):
        model.fit(X, y)


@pytest.mark.parametrize(
    ("params", "tower"),
    [
        ({"tower_rows": "unpaired"}, LinearDiscriminantAnalysis()),
        (ALL_LOG_ODDS, LinearDiscriminantAnalysis()),
        ({"tower_rows": "all"}, axes_tower()),
        ({"tower_rows": "all"}, odds_tower()),
    ],
    ids=["unpaired", "log-odds", "unsupervised", "no features"],
)
def test_other_towers_do_not_warn(params, tower):
    X, y = make_case()
    towers = [("image", tower), ("gene", axes_tower())]
    TwinTowerClassifier(towers, LogisticRegression(), **params).fit(X, y)


def test_sparse_features():
    """A tower may give what scikit-learn's transformers give, a sparse matrix too."""
    X, y = make_case()
    blocks = {name: X.block(name) for name in X.modalities}
    blocks["image"] = np.round(blocks["image"])
    X = Cohort({n: (X.index[X.has(n)], b) for n, b in blocks.items()}, index=X.index)
    encoder = OneHotEncoder(handle_unknown="ignore")
    towers = [("image", make_pipeline(encoder)), ("gene", RecordingTransformer())]
    model = TwinTowerClassifier(towers, LogisticRegression()).fit(X, y)
    fitted = model.towers_["image"]
    wanted = fitted.transform(X[X.paired].block("image")).toarray()
    scaled = StandardScaler().fit_transform(wanted)
    np.testing.assert_allclose(
        model.transform(X[X.paired])[:, : wanted.shape[1]], scaled, rtol=1e-5
    )
