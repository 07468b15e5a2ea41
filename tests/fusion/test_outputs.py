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
    UnlabelledUser,
    axes_tower,
    make_case,
    make_pictures,
    odds_tower,
    plain_towers,
    row_numbers,
    rows_where,
    small_head,
)
from scipy.special import logit
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tower_tools import calibrate_by_hand

from skmultimodal import (
    Cohort,
    CrossFittedEnsembleClassifier,
    LogOpinionPoolClassifier,
    TwinTowerClassifier,
)
from skmultimodal.model_selection import PairedStratifiedKFold


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
    np.testing.assert_allclose(table.to_numpy(), plain[[5, 30, 12]], rtol=1e-5)


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
    """The head reads the log-odds of towers that never saw its rows.

    They are centred only: their scale says how sure the tower is.
    """
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
        columns.append(odds - odds.mean(axis=0))
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
        if not isinstance(tower, CrossFittedEnsembleClassifier):
            assert tower.score(rows.block(name), y[X.has(name)]) == 1.0
            continue
        # Each member remembers the four fifths that it has seen.
        for member in tower.estimators_:
            assert member.score(rows.block(name), y[X.has(name)]) > 0.8
    seen, labels = model.final_estimator_.X_, model.final_estimator_.y_
    for column in seen.T:
        assert 0.3 < roc_auc_score(labels, column) < 0.7


def member_odds(tower, rows, y, train):
    """Log-odds of all rows by a clone fitted on some; features get a small head."""
    member = clone(tower).fit(rows[train], y[train])
    if hasattr(member, "transform"):
        head = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
        member = make_pipeline(FrozenEstimator(member), head)
        member.fit(rows[train], y[train])
    return logit(member.predict_proba(rows)[:, 1])


def centred(values):
    return values - values.mean(axis=0)


TRANSFORMER = pytest.mark.parametrize("transformer", [False, True])


@TRANSFORMER
@pytest.mark.parametrize("tower_cv", [5, 3])
def test_cross_fitted_log_odds_by_hand(transformer, tower_cv):
    """Each row is told by a clone fitted without its fold, and one slope is fitted."""
    X, y = make_case({"image": 11, "gene": 13, "image+gene": 25})
    tower = axes_tower() if transformer else odds_tower()
    model = TwinTowerClassifier(
        [("image", odds_tower()), ("gene", tower)],
        RecordingClassifier(),
        tower_rows="all",
        tower_output="log_odds",
        tower_cv=tower_cv,
    ).fit(X, y)
    rows, labels = X.block("gene"), y[X.has("gene")]
    odds = np.empty(len(labels))
    for train, test in StratifiedKFold(tower_cv).split(rows, labels):
        odds[test] = member_odds(tower, rows, labels, train)[test]
    slope, intercept = calibrate_by_hand(np.column_stack([-odds, odds]) / 2, labels)
    calibrated = slope * odds + intercept[1] - intercept[0]
    wanted = centred(calibrated[X.paired[X.has("gene")]])
    np.testing.assert_allclose(
        model.final_estimator_.X_[:, 1], wanted, rtol=1e-3, atol=1e-3
    )


@TRANSFORMER
def test_log_odds_of_unpaired_towers_by_hand(transformer):
    """Paired rows are told by all members: the mean of their log-odds, calibrated."""
    X, y = make_case({"image": 11, "gene": 34, "image+gene": 18})
    tower = axes_tower() if transformer else odds_tower()
    model = TwinTowerClassifier(
        [("image", odds_tower()), ("gene", tower)],
        RecordingClassifier(),
        tower_output="log_odds",
        tower_cv=4,
    ).fit(X, y)
    own = X[X.patterns == "gene"]
    rows, labels = own.block("gene"), y[X.patterns == "gene"]
    everyone = np.vstack([rows, X[X.paired].block("gene")])
    held_out, said = np.empty(34), []
    for train, test in StratifiedKFold(4).split(rows, labels):
        odds = member_odds(tower, everyone, np.r_[labels, y[X.paired]], train)
        held_out[test] = odds[test]
        said.append(odds[34:])
    ratios = np.column_stack([-held_out, held_out]) / 2
    slope, _ = calibrate_by_hand(ratios, labels)
    wanted = slope * centred(np.mean(said, axis=0))
    np.testing.assert_allclose(
        model.final_estimator_.X_[:, 1], wanted, rtol=1e-3, atol=1e-3
    )


class RecordingPool(LogOpinionPoolClassifier):
    """Keeps what it is given."""

    def fit(self, X, y, modalities=None, log_odds=None):
        super().fit(X, y, modalities, log_odds)
        self.X_, self.y_, self.log_odds_ = X, y, log_odds
        return self


@TRANSFORMER
@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
@pytest.mark.parametrize("counts", [TWO, THREE], ids=["two", "three"])
def test_evidence_of_every_row_by_hand(counts, tower_rows, transformer):
    """Out of fold for a row that the tower was fitted on, else by all members.

    It is the log-odds less those of the shares that the tower was fitted with.
    """
    X, y = make_case({pattern: 2 * n for pattern, n in counts.items()})
    y[::5] = 0
    tower = axes_tower() if transformer else odds_tower()
    towers = [
        (name, tower if name == "gene" else odds_tower()) for name in X.modalities
    ]
    model = TwinTowerClassifier(
        towers, RecordingPool(), tower_rows=tower_rows, tower_cv=4
    ).fit(X, y)
    has, pool = X.has("gene"), model.final_estimator_
    seen = (has & (~X.paired if tower_rows == "unpaired" else True))[has]
    rows, labels, numbers = X.block("gene"), y[has], np.flatnonzero(seen)
    held_out, said = np.empty(len(labels)), []
    for train, test in StratifiedKFold(4).split(numbers, labels[seen]):
        odds = member_odds(tower, rows, labels, numbers[train])
        held_out[numbers[test]] = odds[numbers[test]]
        said.append(odds)
    ratios = np.column_stack([-held_out, held_out])[seen] / 2
    slope, intercept = calibrate_by_hand(ratios, labels[seen])
    odds = np.where(seen, held_out, np.mean(said, axis=0))
    share = logit(labels[seen].mean())
    wanted = slope * odds + intercept[1] - intercept[0] - share
    np.testing.assert_allclose(model.scalers_["gene"].mean_[-1], share)
    np.testing.assert_array_equal(pool.y_, y)
    found = pool.X_[:, pool.log_odds_["gene"]][:, 0]
    np.testing.assert_array_equal(np.isnan(found), ~has)
    np.testing.assert_allclose(found[has], wanted, rtol=2e-3, atol=2e-3)
    if transformer:
        # Features are read where they are fused.
        several = X.available.sum(axis=1).to_numpy() > 1
        start = pool.modalities_["gene"].start
        unread = np.isnan(pool.X_[:, start : start + 2])
        np.testing.assert_array_equal(unread, np.tile(~(has & several), (2, 1)).T)
        np.testing.assert_allclose(
            pool.X_[has & several, start],
            StandardScaler().fit_transform(
                model.towers_["gene"].transform(rows[several[has]])[:, :1]
            )[:, 0],
            rtol=1e-3,
            atol=1e-3,
        )


def test_features_that_follow_labels_are_shown_but_not_read():
    """Those of rows seen would look too good: the pool is given none."""
    X, y = make_case(THREE)
    towers = [(name, LinearDiscriminantAnalysis()) for name in ("image", "stain")]
    towers.append(("gene", axes_tower()))
    model = TwinTowerClassifier(towers, RecordingPool(), tower_cv=3).fit(X, y)
    pool = model.final_estimator_
    names = model.get_feature_names_out().tolist()
    assert names == ["image0", "stain0", "gene0", "gene1"]
    assert np.isfinite(model.transform(X[X.paired])).all()
    # Each has its features, and then log-odds.
    assert np.isnan(pool.X_[:, [0, 2]]).all()
    assert np.isfinite(pool.X_[X.paired][:, [4, 5]]).all()
    used = np.any(pool.coef_ != 0, axis=0)
    assert used.tolist() == [False] * 4 + [True, True, False]
    unseen = clone(model).set_params(tower_rows="unpaired")
    # Here towers have seen the rows with two modalities, not those with three.
    assert not np.any(unseen.fit(X, y).final_estimator_.coef_[:, [0, 2]])
    two = X[:, ["image", "gene"]]
    known = two.available.any(axis=1).to_numpy()
    model = TwinTowerClassifier(
        [towers[0], towers[2]], tower_rows="unpaired", tower_cv=3
    ).fit(two[known], y[known])
    assert np.all(np.any(model.final_estimator_.coef_[:, [0, 2, 3]] != 0, axis=0))


@pytest.mark.parametrize("tower_output", ["log_odds", "both", "auto"])
def test_a_memory_does_not_look_perfect_to_the_default_head(tower_output):
    """An overfitting tower of all rows gets no more than it knows of rows not seen."""
    X, y = memorising_case({"image": 30, "gene": 31, "image+gene": 150})
    near = make_pipeline(StandardScaler(), KNeighborsClassifier(1))
    model = TwinTowerClassifier(
        [("image", near), ("gene", near)],
        tower_rows="all",
        tower_output=tower_output,
        random_state=0,
    ).fit(X, y)
    p = model.predict_proba(X[X.paired])
    assert np.abs(p - 0.5).max() < 0.2


def test_both_leaves_features_that_follow_labels_out():
    """With all rows only log-odds can be cross-fitted; other features stay."""
    X, y = make_case()
    towers = [("image", LinearDiscriminantAnalysis()), ("gene", axes_tower())]
    model = TwinTowerClassifier(
        towers, RecordingClassifier(), tower_rows="all", tower_output="both"
    ).fit(X, y)
    # image: log-odds; gene: two features and log-odds.
    assert model.final_estimator_.X_.shape == (18, 4)
    assert model.get_feature_names_out().tolist() == ["image0", "gene0", "gene1"]
    assert model.transform(X).shape == (42, 3)
    assert model.predict_proba(X).shape == (42, 2)
    unpaired = clone(model).set_params(tower_rows="unpaired").fit(X, y)
    assert unpaired.final_estimator_.X_.shape == (18, 5)


def test_members_together_see_all_rows():
    X, y = make_case()
    towers = [("image", RecordingClassifier()), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression(), **ALL_LOG_ODDS).fit(X, y)
    ensemble = model.towers_["image"]
    assert isinstance(ensemble, CrossFittedEnsembleClassifier)
    seen = [set(row_numbers(member.X_)) for member in ensemble.estimators_]
    assert set.union(*seen) == set(rows_where(X.has("image")))
    held_out = [set(rows_where(X.has("image"))) - rows for rows in seen]
    assert sum(map(len, held_out)) == len(set.union(*held_out)) == 29


def test_cross_fitting_ignores_unlabelled_rows():
    X, y = make_case()
    y = y.astype(float)
    y[[0, 12, 24, 30, 41]] = np.nan
    towers = [(name, RecordingClassifier()) for name in X.modalities]
    model = TwinTowerClassifier(towers, RecordingClassifier(), **ALL_LOG_ODDS).fit(X, y)
    assert len(model.final_estimator_.X_) == 15
    assert np.isfinite(model.final_estimator_.X_).all()


def test_one_paired_row_of_a_class_is_enough():
    """Folds are made of all rows of a tower, not of the paired ones."""
    X, y = make_case()
    y[X.paired] = 0
    y[24] = 1
    towers = [(name, odds_tower()) for name in X.modalities]
    model = TwinTowerClassifier(towers, RecordingClassifier(), **ALL_LOG_ODDS).fit(X, y)
    assert np.isfinite(model.final_estimator_.X_).all()


@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_frozen_towers_are_not_cross_fitted(tower_rows):
    X, y = make_case()
    fitted = RecordingClassifier().fit(X.block("image")[:11], y[:11])
    towers = [("image", FrozenEstimator(fitted)), ("gene", odds_tower())]
    model = TwinTowerClassifier(
        towers, RecordingClassifier(), tower_output="log_odds", tower_rows=tower_rows
    ).fit(X, y)
    assert model.towers_["image"].estimator is fitted
    odds = logit(fitted.predict_proba(X[X.paired].block("image"))[:, 1])
    np.testing.assert_allclose(
        model.final_estimator_.X_[:, 0], centred(odds), rtol=1e-4, atol=1e-6
    )


def noisy_case():
    """Labels without a pattern, and 90 genes by which any 40 labels are told."""
    rng = np.random.default_rng(0)
    blocks = {"image": rng.normal(size=(60, 3)), "gene": rng.normal(size=(60, 90))}
    blocks["image"][:20] = np.nan
    return Cohort(blocks), rng.permutation(np.arange(60) % 2)


def gene_auc(model):
    """How well the gene log-odds tell the labels of the head's training rows."""
    head = model.final_estimator_
    return roc_auc_score(head.y_, head.X_[:, 1])


def test_frozen_features_tell_no_label_that_they_were_shown():
    """A frozen tower has no labels; log-odds of it are learnt here, from rows not seen.

    Else its log-odds are perfect on the head's rows, whatever it is worth.
    """
    X, y = noisy_case()
    frozen = FrozenEstimator(StandardScaler().fit(X.block("gene")))
    towers = [("image", odds_tower()), ("gene", frozen)]
    model = TwinTowerClassifier(towers, RecordingClassifier(), **ALL_LOG_ODDS).fit(X, y)
    assert gene_auc(model) < 0.8


def test_log_odds_of_features_that_were_shown_the_labels_warn():
    """Without cross-fitting, the logistic regression on features has seen the rows."""
    X, y = noisy_case()
    towers = [
        ("image", FrozenEstimator(odds_tower().fit(X.block("image"), y[20:]))),
        ("gene", StandardScaler()),
    ]
    model = TwinTowerClassifier(
        towers, RecordingClassifier(), **ALL_LOG_ODDS, tower_cv=None
    )
    with pytest.warns(UserWarning, match=r"tower 'gene' was fitted with the labels"):
        model.fit(X, y)


def test_log_odds_as_they_are():
    """``tower_cv=None``: one fit, no calibration."""
    X, y = make_case({"image": 22, "gene": 26, "image+gene": 18})
    towers = [("image", odds_tower()), ("gene", axes_tower())]
    model = TwinTowerClassifier(
        towers, RecordingClassifier(), tower_output="log_odds", tower_cv=None
    ).fit(X, y)
    for column, (name, tower) in enumerate(model.towers_.items()):
        assert not isinstance(tower, CrossFittedEnsembleClassifier)
        own, train = X.has(name), np.flatnonzero(~X.paired[X.has(name)])
        odds = member_odds(dict(towers)[name], X.block(name), y[own], train)
        wanted = centred(odds[X.paired[own]])
        found = model.final_estimator_.X_[:, column]
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_seen_log_odds_as_they_are_warn():
    X, y = make_case()
    towers = [("image", odds_tower()), ("gene", axes_tower())]
    model = TwinTowerClassifier(
        towers, LogisticRegression(), **ALL_LOG_ODDS, tower_cv=None
    )
    # The logistic regression on the other tower's features has seen them as well.
    with (
        pytest.warns(UserWarning, match=r"tower 'image' was fitted .*tower_cv"),
        pytest.warns(UserWarning, match=r"tower 'gene' was fitted .*tower_cv"),
    ):
        model.fit(X, y)


def test_a_tower_may_be_an_ensemble_already():
    """It is not wrapped a second time, and keeps its own folds."""
    X, y = make_case()
    own = CrossFittedEnsembleClassifier(RecordingClassifier(), cv=3, calibrate=False)
    model = TwinTowerClassifier([("image", own), ("gene", axes_tower())]).fit(X, y)
    fitted = model.towers_["image"]
    assert len(fitted.estimators_) == 3
    assert isinstance(fitted.estimators_[0], RecordingClassifier)
    assert len(model.towers_["gene"].estimators_) == 5


def test_tower_cv_may_be_a_splitter():
    X, y = make_case()
    towers = [(name, RecordingClassifier()) for name in X.modalities]
    model = TwinTowerClassifier(towers, tower_cv=KFold(4)).fit(X, y)
    rows = np.flatnonzero(X.has("gene"))
    for member, (train, _) in zip(
        model.towers_["gene"].estimators_, KFold(4).split(rows), strict=True
    ):
        assert row_numbers(member.X_) == rows[train].tolist()


def test_seed_shuffles_the_folds_and_repeats_them():
    X, y = make_case()

    def folds(seed):
        towers = [(name, RecordingClassifier()) for name in X.modalities]
        model = TwinTowerClassifier(towers, random_state=seed).fit(X, y)
        members = [m for t in model.towers_.values() for m in t.estimators_]
        return [row_numbers(member.X_) for member in members]

    assert folds(0) == folds(0)
    assert folds(0) != folds(1) != folds(None)


@pytest.mark.parametrize("tower_output", ["log_odds", "both"])
def test_tower_of_rows_of_one_class(tower_output):
    """Without labels it can learn; what its features say of classes, it cannot."""
    X, y = make_case()
    y = y.astype(float)
    y[(X.patterns == "gene") & (y == 0)] = np.nan
    towers = [("image", odds_tower()), ("gene", UnlabelledUser())]
    model = TwinTowerClassifier(towers, tower_output=tower_output).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
    widths = {"log_odds": ["image0", "gene0"], "both": ["image0", "gene0", "gene1"]}
    assert model.get_feature_names_out().tolist() == widths[tower_output]


# Groups


def hospitals(n_rows, n_groups=8):
    return np.array([f"h{i}" for i in range(n_groups)])[
        np.arange(n_rows) // 2 % n_groups
    ]


@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
@pytest.mark.parametrize("kind", ["array", "series", "list"])
def test_groups_reach_the_towers(tower_rows, kind):
    """No member has seen a hospital that it predicts in ``fit``."""
    X, y = make_case({name: 2 * count for name, count in TWO.items()})
    groups = hospitals(len(y))
    given = {
        "array": groups,
        "series": pd.Series(groups, index=X.index).iloc[::-1],
        "list": groups.tolist(),
    }[kind]
    towers = [(name, RecordingClassifier()) for name in X.modalities]
    model = TwinTowerClassifier(towers, tower_rows=tower_rows, tower_cv=3)
    model.fit(X, y, groups=given)
    for name, ensemble in model.towers_.items():
        rows = X.has(name) & (~X.paired if tower_rows == "unpaired" else True)
        own = set(rows_where(rows))
        assert len(ensemble.estimators_) == 3
        for member in ensemble.estimators_:
            seen = set(row_numbers(member.X_))
            assert seen < own
            assert not set(groups[list(seen)]) & set(groups[list(own - seen)])


@pytest.mark.parametrize("counts", [TWO, THREE], ids=["two", "three"])
def test_groups_of_shuffled_patients(rng, counts):
    X, y = make_case({name: 2 * count for name, count in counts.items()})
    groups = hospitals(len(y))
    order = rng.permutation(len(y))
    towers = [(name, RecordingClassifier()) for name in X.modalities]
    model = TwinTowerClassifier(towers, tower_cv=3)
    model.fit(X[order], y[order], groups=groups[order])
    for name, ensemble in model.towers_.items():
        own = set(rows_where(X.has(name)))
        for member in ensemble.estimators_:
            seen = set(row_numbers(member.X_))
            assert not set(groups[list(seen)]) & set(groups[list(own - seen)])


def test_groups_reach_an_ensemble_of_the_user():
    X, y = make_case({name: 2 * count for name, count in TWO.items()})
    groups = hospitals(len(y))
    own = CrossFittedEnsembleClassifier(RecordingClassifier(), cv=3)
    towers = [("image", own), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, tower_output="features")
    model.fit(X, y, groups=groups)
    rows = set(rows_where(X.patterns == "image"))
    for member in model.towers_["image"].estimators_:
        seen = set(row_numbers(member.X_))
        assert not set(groups[list(seen)]) & set(groups[list(rows - seen)])


@pytest.mark.parametrize("tower_cv", [None, 5])
def test_groups_do_not_disturb_towers_of_features(tower_cv):
    X, y = make_case()
    model = TwinTowerClassifier(plain_towers(), LogisticRegression(), tower_cv=tower_cv)
    p = clone(model).fit(X, y).predict_proba(X)
    found = model.fit(X, y, groups=hospitals(len(y))).predict_proba(X)
    np.testing.assert_array_equal(found, p)


def test_a_search_passes_the_groups_on():
    X, y = make_case({name: 3 * count for name, count in TWO.items()})
    groups = hospitals(len(y))
    towers = [(name, RecordingClassifier()) for name in X.modalities]
    with sklearn.config_context(enable_metadata_routing=True):
        model = TwinTowerClassifier(towers, tower_cv=3).set_fit_request(groups=True)
        search = GridSearchCV(
            model,
            {"final_estimator__feature_penalty": [1.0, 10.0]},
            cv=PairedStratifiedKFold(2),
        )
        search.fit(X, y, groups=groups)
    for name, ensemble in search.best_estimator_.towers_.items():
        own = set(rows_where(X.has(name)))
        for member in ensemble.estimators_:
            seen = set(row_numbers(member.X_))
            assert not set(groups[list(seen)]) & set(groups[list(own - seen)])


# The default head


def log_odds_of(model, X):
    """What ``predict_proba`` says, as log-odds or centred logits."""
    p = model.predict_proba(X)
    logs = np.log(p)
    if p.shape[1] == 2:
        return logs[:, 1] - logs[:, 0]
    return logs - logs.mean(axis=1, keepdims=True)


def total(terms, n_classes):
    if n_classes == 2:
        return terms.sum(axis=1).to_numpy()
    logits = terms.T.groupby(level=2).sum().T.to_numpy()
    return logits - logits.mean(axis=1, keepdims=True)


POOL_CASES = pytest.mark.parametrize(
    ("counts", "n_classes"),
    [(ONE, 2), (TWO, 2), (TWO, 3), (THREE, 2), (THREE, 4)],
    ids=["one", "two", "two of three classes", "three", "three of four classes"],
)


def pool_model(counts, n_classes, **params):
    X, y = make_case({k: 3 * n for k, n in counts.items()}, n_classes=n_classes)
    model = TwinTowerClassifier(plain_towers(X.modalities), tower_cv=3, **params)
    return model.fit(X, y), X, y


@POOL_CASES
@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_terms_add_up_to_what_is_predicted(counts, n_classes, tower_rows):
    model, X, _ = pool_model(counts, n_classes, tower_rows=tower_rows)
    assert isinstance(model.final_estimator_, LogOpinionPoolClassifier)
    for rows in (X, X[X.paired], X[~X.paired]):
        if not len(rows):
            continue
        terms = model.decision_terms(rows)
        assert terms.index.tolist() == rows.index.tolist()
        np.testing.assert_allclose(
            total(terms, n_classes), log_odds_of(model, rows), rtol=1e-4, atol=1e-5
        )


@POOL_CASES
def test_absent_modality_adds_nothing(counts, n_classes):
    model, X, _ = pool_model(counts, n_classes)
    model.set_params(missing="impute")
    terms = model.decision_terms(X)
    assert terms.index.tolist() == X.index.tolist()
    for name in X.modalities:
        values = terms[name].to_numpy()
        assert np.all(values[~X.has(name)] == 0)
        assert np.all(values[X.has(name)] != 0)
    np.testing.assert_allclose(
        total(terms, n_classes), log_odds_of(model, X), rtol=1e-5, atol=1e-6
    )


def test_terms_of_a_single_route():
    model, X, _ = pool_model(TWO, 2)
    rows = X[X.patterns == "gene"]
    terms = model.decision_terms(rows)
    np.testing.assert_allclose(terms, model.decision_terms(X).loc[rows.index])
    bare = model.decision_terms(rows.without("image"))
    np.testing.assert_allclose(bare, terms)
    with pytest.raises(ValueError, match="no modality of a tower"):
        model.decision_terms(X[[0]].hide("image", 0))


def test_terms_read_the_weights_of_the_head():
    model, X, y = pool_model(TWO, 2, tower_output="log_odds")
    model.set_params(missing="impute")
    terms, pool = model.decision_terms(X), model.final_estimator_
    rows = X.has("image")
    odds = logit(model.towers_["image"].predict_proba(X.block("image"))[:, 1])
    odds -= logit(y[rows].mean())
    limit = pool.limits_["image"]
    odds = np.where(X.paired[rows], limit * np.tanh(odds / limit), odds)
    weights = np.where(X.paired[rows], pool.weights_["image"], 1.0)
    found = terms["image", "log-odds"].to_numpy()[rows]
    np.testing.assert_allclose(found, weights * odds, rtol=1e-3, atol=1e-5)
    assert 0.5 < pool.weights_["image"] < 0.99


@pytest.mark.parametrize("tower_output", ["features", "log_odds", "both", "auto"])
@pytest.mark.parametrize("head", [None, "logistic", "pool", "net"])
def test_what_each_head_is_given(tower_output, head):
    """auto: both for a pool, which is the default, features for any other."""
    X, y = make_case()
    make = {
        None: lambda: None,
        "logistic": LogisticRegression,
        "pool": LogOpinionPoolClassifier,
        "net": small_head,
    }[head]
    towers = [("image", LinearDiscriminantAnalysis()), ("gene", axes_tower())]
    model = TwinTowerClassifier(
        towers, make(), tower_output=tower_output, random_state=0
    )
    model.fit(X, y)
    fitted = model.final_estimator_
    pools = head in (None, "pool") and tower_output == "auto"
    kind = tower_output
    if tower_output == "auto":
        kind = "both" if pools else "features"
    # Features of two classes: 1 of the image, 2 of the genes; 1 log-odds each.
    widths = {"features": 3, "log_odds": 2, "both": 5}
    assert fitted.n_features_in_ == widths[kind]
    if head is None:
        assert type(fitted) is LogOpinionPoolClassifier
    for tower in model.towers_.values():
        ensemble = isinstance(tower, CrossFittedEnsembleClassifier)
        assert ensemble == (kind != "features")
    assert model.transform(X).shape == (42, 2 if kind == "log_odds" else 3)
    assert hasattr(model, "decision_terms") == isinstance(
        fitted, LogOpinionPoolClassifier
    )


def test_terms_need_a_head_that_has_them():
    X, y = make_case()
    model = TwinTowerClassifier(plain_towers(), LogisticRegression())
    assert not hasattr(model, "decision_terms")
    assert not hasattr(model.fit(X, y), "decision_terms")
    assert hasattr(TwinTowerClassifier(), "decision_terms")
    paper = TwinTowerClassifier(final_estimator=small_head())
    assert not hasattr(paper, "decision_terms")


def test_default_model_has_48_features():
    """With the sixteen and thirty-two of the paper's networks."""
    X, y = make_pictures({"image": 20, "gene": 35, "image+gene": 18})
    model = TwinTowerClassifier(random_state=0, tower_cv=2)
    model.set_params(image__max_epochs=1, gene__max_epochs=1).fit(X, y)
    names = [f"image{i}" for i in range(16)] + [f"gene{i}" for i in range(32)]
    assert model.get_feature_names_out().tolist() == names
    Z = model.transform(X)
    assert Z.shape == (73, 48)
    np.testing.assert_array_equal(np.isnan(Z[:, :16]).all(axis=1), ~X.has("image"))
    np.testing.assert_array_equal(np.isnan(Z[:, 16:]).all(axis=1), ~X.has("gene"))
    np.testing.assert_allclose(np.nanmean(Z[X.paired], axis=0), 0, atol=1e-5)
    pool = model.final_estimator_
    assert pool.n_features_in_ == 50
    # Both networks learnt from labels of these rows: only log-odds are read.
    assert np.all(pool.coef_ == 0)
    np.testing.assert_allclose(
        model.decision_terms(X[X.paired]).sum(axis=1),
        log_odds_of(model, X[X.paired]),
        rtol=1e-4,
        atol=1e-5,
    )


def test_genes_learn_from_unlabelled_rows_in_each_member():
    """Autoencoders in an ensemble are given rows without a label as well."""
    X, y = make_case()
    y = y.astype(float)
    hidden = (X.patterns == "gene") & (np.arange(42) % 3 == 0)
    y[hidden] = np.nan
    towers = [("image", odds_tower()), ("gene", UnlabelledUser())]
    model = TwinTowerClassifier(towers, tower_cv=2).fit(X, y)
    for member in model.towers_["gene"].estimators_:
        assert set(rows_where(hidden)) < set(row_numbers(member.X_))


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
    with pytest.warns(
        UserWarning, match=r"tower 'image' was fitted with the labels.*log_odds"
    ):
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


# What an independent reading of the code found


def test_selected_features_of_rows_seen_are_left_out():
    """A selector follows labels though no tag of its Pipeline says so."""
    X, y = memorising_case({"image": 30, "gene": 31, "image+gene": 60})
    selector = make_pipeline(SelectKBest(k=2), PCA(2))
    towers = [("image", odds_tower()), ("gene", selector)]
    both = TwinTowerClassifier(
        towers, RecordingClassifier(), tower_rows="all", tower_output="both"
    ).fit(X, y)
    assert both.get_feature_names_out().tolist() == ["image0", "gene0"]
    # The pool can do without them, and they are shown nevertheless.
    model = TwinTowerClassifier(towers, tower_rows="all").fit(X, y)
    assert model.get_feature_names_out().tolist() == ["image0", "gene0", "gene1"]
    assert np.all(model.final_estimator_.coef_ == 0)
    other = TwinTowerClassifier([towers[0], ("gene", axes_tower())], tower_rows="all")
    used = np.any(other.fit(X, y).final_estimator_.coef_ != 0, axis=0)
    assert used.tolist() == [False, True, True, False]
    alone = TwinTowerClassifier(towers, LogisticRegression(), tower_rows="all")
    with pytest.warns(UserWarning, match="tower 'gene' was fitted with the labels"):
        alone.fit(X, y)


def test_imputing_pipeline_gets_its_nan():
    X, y = make_case()
    blocks = {name: X.block(name).copy() for name in X.modalities}
    blocks["image"][3, 2] = np.nan
    X = Cohort({n: (X.index[X.has(n)], b) for n, b in blocks.items()}, index=X.index)
    imputing = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    model = TwinTowerClassifier([("image", imputing), ("gene", axes_tower())])
    assert np.isfinite(model.fit(X, y).predict_proba(X)).all()


def test_rows_of_a_bootstrap_are_held_out_together():
    """A nearest neighbour finds its own row again unless all copies are held out."""
    X, y = memorising_case({"image": 100, "gene": 101, "image+gene": 60})
    rows = np.random.default_rng(0).integers(0, 261, 400)
    nearest = make_pipeline(StandardScaler(), KNeighborsClassifier(1))
    towers = [(name, nearest) for name in X.modalities]
    model = TwinTowerClassifier(towers).fit(X[rows], y[rows])
    fresh = TwinTowerClassifier(towers).fit(X, y)
    for name in X.modalities:
        assert model.towers_[name].slope_ < 2 * fresh.towers_[name].slope_ + 0.02


def clipped_ratios(p):
    """Logarithms of probabilities of at least 1e-6, centred over the classes."""
    logs = np.log(np.maximum(p, 1e-6))
    return logs - logs.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("letters", ["abc", "abcd"])
def test_a_class_that_a_tower_has_not_seen_shifts_no_column(letters):
    """Class b has images only, so the gene tower knows fewer classes than the model."""
    X, y = make_case({"image": 12, "gene": 24, "image+gene": 30})
    has_gene = X.has("gene")
    codes = np.where(y == 1, 2, 0)  # a and c
    codes[~has_gene] = 1
    if letters == "abcd":
        codes[has_gene & ~X.paired & (y == 1)] = 3  # d is with genes only
    labels = np.array(list(letters))[codes]
    tower = make_pipeline(StandardScaler(), LogisticRegression())
    towers = [("image", tower), ("gene", tower)]
    model = TwinTowerClassifier(towers, tower_output="log_odds", tower_cv=3)
    model.fit(X, labels)
    gene, pool = model.towers_["gene"], model.final_estimator_
    seen = sorted(set(letters) - {"b"})
    assert gene.classes_.tolist() == seen
    assert pool.classes_.tolist() == sorted(letters)
    p = pd.DataFrame(0.0, X.index[has_gene], sorted(letters))
    p[seen] = gene.predict_proba(X.block("gene"))
    shares = p.columns.map(lambda letter: np.mean(labels[has_gene] == letter))
    centre = clipped_ratios(shares.to_numpy()[None])
    np.testing.assert_allclose(model.scalers_["gene"].mean_, centre[0], atol=1e-9)
    columns = [name.startswith("gene") for name in model.get_feature_names_out()]
    found = model.transform(X)[np.ix_(has_gene, columns)]
    wanted = clipped_ratios(p.to_numpy()) - centre
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert np.isfinite(model.predict_proba(X)).all()
    # What the gene tower has not seen, it cannot exclude where an image is there too.
    column = sorted(letters).index("b")
    assert np.all(model.predict_proba(X[X.paired])[:, column] > 1e-4)


@pytest.mark.parametrize("counts", [TWO, THREE], ids=["two", "three"])
def test_a_search_over_the_pool_reads_log_odds(counts):
    X, y = make_case({k: 3 * n for k, n in counts.items()})
    grid = {"weight_penalty": [30.0]}
    models = [
        TwinTowerClassifier(plain_towers(X.modalities), head, tower_cv=3).fit(X, y)
        for head in (
            LogOpinionPoolClassifier(weight_penalty=30.0),
            GridSearchCV(LogOpinionPoolClassifier(), grid, cv=3),
        )
    ]
    found = models[1].final_estimator_.best_estimator_
    assert set(found.weights_) == set(models[0].final_estimator_.weights_) != set()
    direct, searched = (model.predict_proba(X) for model in models)
    np.testing.assert_allclose(searched, direct)
