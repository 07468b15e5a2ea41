"""The cache of fitted towers and their features."""

import os

import joblib
import numpy as np
import pandas as pd
import pytest
from cohort_tools import RecordingBlock
from fusion_tools import (
    THREE,
    TWO,
    CountingImageTower,
    CountingTower,
    axes_tower,
    count_fits,
    gene_tower,
    make_case,
    make_pictures,
    make_tables,
    odds_tower,
    picture_tower,
    plain_towers,
    small_head,
)
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.datasets import unpair
from skmultimodal.fusion._inputs import TowerInput
from skmultimodal.model_selection import PairedStratifiedKFold


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "fits.txt")


@pytest.fixture
def memory(tmp_path):
    return str(tmp_path / "cache")


def counting_model(log, memory=None, head=None, **params):
    towers = [("image", CountingTower(log)), ("gene", odds_tower())]
    head = head or LogisticRegression()
    return TwinTowerClassifier(towers, head, memory=memory, **params)


def test_second_fit_is_read(log, memory):
    X, y = make_case()
    first = counting_model(log, memory).fit(X, y)
    second = counting_model(log, memory).fit(X, y)
    assert count_fits(log) == ["power=1 rows=11"]
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_memory_may_be_a_joblib_memory(log, tmp_path):
    X, y = make_case()
    memory = joblib.Memory(tmp_path / "cache", verbose=0)
    for _ in range(2):
        counting_model(log, memory).fit(X, y)
    assert len(count_fits(log)) == 1


def test_without_memory_every_fit_is_made(log):
    X, y = make_case()
    for _ in range(2):
        counting_model(log).fit(X, y)
    assert len(count_fits(log)) == 2


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("tower_output", ["features", "log_odds"])
def test_same_bits_with_and_without_memory(log, memory, n_jobs, tower_output):
    X, y = make_case()
    options = {"n_jobs": n_jobs, "tower_output": tower_output}
    plain = counting_model(log, **options).fit(X, y)
    for _ in range(2):
        cached = counting_model(log, memory, **options).fit(X, y)
        np.testing.assert_array_equal(cached.predict_proba(X), plain.predict_proba(X))
        np.testing.assert_array_equal(cached.transform(X), plain.transform(X))
        single = plain.predict_proba(X[20])
        np.testing.assert_allclose(cached.predict_proba(X[20]), single, rtol=1e-9)


# A search fits each tower once per setting of the tower


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_grid_search_fits_a_tower_once_per_setting(log, memory, n_jobs):
    X, y = make_case()
    grid = {"image__power": [1, 2], "final_estimator__C": [0.1, 1.0, 10.0]}

    def search(memory):
        return GridSearchCV(
            counting_model(log, memory),
            grid,
            cv=PairedStratifiedKFold(3, random_state=0),
            scoring="roc_auc",
            n_jobs=n_jobs,
        ).fit(X, y)

    found = search(memory)
    fits = count_fits(log)
    assert {line.split()[0] for line in fits} == {"power=1", "power=2"}
    assert {line.split()[1] for line in fits} == {"rows=11"}
    # Two workers may meet the same setting at the same time.
    assert len(fits) == 2 if n_jobs is None else len(fits) <= 4
    plain = search(None)
    assert len(count_fits(log)) == len(fits) + 6 * 3 + 1
    for key in ("split0_test_score", "split1_test_score", "split2_test_score"):
        np.testing.assert_array_equal(found.cv_results_[key], plain.cv_results_[key])
    np.testing.assert_array_equal(found.predict_proba(X), plain.predict_proba(X))


@pytest.fixture
def counted():
    CountingImageTower.fits.clear()
    yield CountingImageTower.fits
    CountingImageTower.fits.clear()


def test_grid_search_over_the_networks(counted, memory):
    X, y = make_pictures()
    image = CountingImageTower((3, 4), (5, 3), max_epochs=1, batch_size=2)
    model = TwinTowerClassifier(
        [("image", image), ("gene", gene_tower())], small_head(), random_state=0
    )
    grid = {"image__lr": [0.01, 0.02], "final_estimator__hidden_units": [(4,), (6, 5)]}
    cv = PairedStratifiedKFold(3, random_state=0)
    plain = GridSearchCV(model, grid, cv=cv, scoring="neg_log_loss").fit(X, y)
    assert len(counted) == 2 * 2 * 3 + 1
    counted.clear()
    model.set_params(memory=memory)
    found = GridSearchCV(model, grid, cv=cv, scoring="neg_log_loss").fit(X, y)
    assert counted == [0.01, 0.02]
    for split in range(3):
        key = f"split{split}_test_score"
        np.testing.assert_allclose(
            found.cv_results_[key], plain.cv_results_[key], rtol=1e-5
        )
    np.testing.assert_allclose(
        found.predict_proba(X), plain.predict_proba(X), rtol=1e-5
    )
    again = GridSearchCV(model, grid, cv=cv, scoring="neg_log_loss").fit(X, y)
    assert len(counted) == 2
    np.testing.assert_array_equal(again.predict_proba(X), found.predict_proba(X))


def test_unpaired_towers_depend_on_no_fold(log, memory):
    X, y = make_case()
    for train, _ in PairedStratifiedKFold(3, random_state=0).split(X, y):
        counting_model(log, memory).fit(X[train], y[train])
    assert len(count_fits(log)) == 1


def test_unset_seed_reuses_the_fit(memory):
    X, y = make_pictures()
    towers = [("image", CountingImageTower((3, 4), (5, 3), max_epochs=1))]
    model = TwinTowerClassifier([*towers, ("gene", odds_tower())], LogisticRegression())
    model.set_params(memory=memory)
    first = clone(model).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), first)


def test_unimodal_classifier_shares_the_fit(memory, counted):
    X, y = make_pictures()
    tower = CountingImageTower((3, 4), (5, 3), max_epochs=1, random_state=3)
    towers = [("image", tower), ("gene", odds_tower())]
    twin = TwinTowerClassifier(towers, LogisticRegression(), memory=memory).fit(X, y)
    single = UnimodalClassifier("image", tower, tower_rows="unpaired", memory=memory)
    single.fit(X, y)
    assert len(counted) == 1
    alone = X[X.patterns == "image"]
    np.testing.assert_array_equal(
        single.predict_proba(alone), twin.predict_proba(alone)
    )
    # Trained on all rows it is another tower.
    UnimodalClassifier("image", tower, memory=memory).fit(X, y)
    assert len(counted) == 2


# Ensembles


def pool_model(log, memory=None, **params):
    """The default head, whose towers are ensembles of two members."""
    towers = [("image", CountingTower(log)), ("gene", odds_tower())]
    params = {"tower_cv": 2, "random_state": 0} | params
    return TwinTowerClassifier(towers, memory=memory, **params)


def test_members_are_fitted_once(log, memory):
    X, y = make_case()
    first = pool_model(log, memory).fit(X, y)
    assert len(count_fits(log)) == 2
    second = pool_model(log, memory).fit(X, y)
    assert len(count_fits(log)) == 2
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("tower_output", ["auto", "log_odds"])
def test_same_bits_of_ensembles(log, memory, tower_rows, grouped, tower_output):
    X, y = make_case()
    groups = np.arange(42) % 7 if grouped else None
    options = {"tower_rows": tower_rows, "tower_output": tower_output}
    plain = pool_model(log, **options).fit(X, y, groups=groups)
    for _ in range(2):
        cached = pool_model(log, memory, **options).fit(X, y, groups=groups)
        np.testing.assert_array_equal(cached.predict_proba(X), plain.predict_proba(X))
        np.testing.assert_array_equal(cached.transform(X), plain.transform(X))
        pd.testing.assert_frame_equal(cached.decision_terms(X), plain.decision_terms(X))


@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_same_bits_where_rows_lack_a_modality(memory, tower_rows):
    X, y = make_case(THREE)
    towers = plain_towers(X.modalities)
    model = TwinTowerClassifier(
        towers, tower_rows=tower_rows, tower_cv=2, random_state=0
    )
    plain = clone(model).fit(X, y)
    for _ in range(2):
        cached = clone(model).set_params(memory=memory).fit(X, y)
        np.testing.assert_array_equal(cached.predict_proba(X), plain.predict_proba(X))
        np.testing.assert_array_equal(cached.transform(X), plain.transform(X))


def test_same_bits_of_ensembles_of_networks(memory):
    """What is learnt; what is said of rows depends on the rows that are read together.

    The cache reads all of a block at once, so bits of outputs may differ, to 1e-5.
    """
    X, y = make_pictures()
    towers = [("image", picture_tower()), ("gene", gene_tower())]
    model = TwinTowerClassifier(towers, tower_cv=2, random_state=0)
    plain, p = clone(model).fit(X, y), None
    for _ in range(2):
        cached = clone(model).set_params(memory=memory).fit(X, y)
        for name, tower in cached.towers_.items():
            wanted = plain.towers_[name]
            np.testing.assert_array_equal(tower.oof_proba_, wanted.oof_proba_)
            members = zip(tower.estimators_, wanted.estimators_, strict=True)
            for member, other in members:
                for key, weights in other.weights_.items():
                    np.testing.assert_array_equal(member.weights_[key], weights)
        found = cached.predict_proba(X)
        np.testing.assert_allclose(found, plain.predict_proba(X), rtol=1e-5)
        p = found if p is None else p
        np.testing.assert_array_equal(found, p)


def test_other_groups_are_fitted_anew(log, memory):
    X, y = make_case()
    n_fits = 0
    for groups in (None, np.arange(42) % 7, np.arange(42) // 3, np.arange(42) % 7):
        found = pool_model(log, memory).fit(X, y, groups=groups)
        wanted = pool_model(log + "2").fit(X, y, groups=groups)
        np.testing.assert_array_equal(found.predict_proba(X), wanted.predict_proba(X))
        n_fits += 2
        if n_fits <= 6:
            assert len(count_fits(log)) == n_fits
    assert len(count_fits(log)) == 6  # the last groups were those of the second fit


def test_groups_of_other_rows_are_the_same_fit(log, memory):
    X, y = make_case()
    groups = np.arange(42) % 7
    pool_model(log, memory).fit(X, y, groups=groups)
    groups = np.where(X.has("image"), groups, groups[::-1])
    pool_model(log, memory).fit(X, y, groups=groups)
    assert len(count_fits(log)) == 2


@pytest.mark.parametrize(
    "params",
    [
        {"tower_cv": 3},
        {"tower_cv": None},
        {"random_state": 1},
        {"tower_rows": "unpaired"},
    ],
    ids=lambda params: next(iter(params)),
)
def test_other_ensembles_are_fitted_anew(log, memory, params):
    X, y = make_case()
    pool_model(log, memory).fit(X, y)
    before = len(count_fits(log))
    found = pool_model(log, memory, **params).fit(X, y)
    assert len(count_fits(log)) > before
    wanted = pool_model(log, **params).fit(X, y)
    np.testing.assert_array_equal(found.predict_proba(X), wanted.predict_proba(X))


@pytest.mark.parametrize(("tower_rows", "n_sets"), [("unpaired", 1), ("auto", 4)])
def test_a_search_over_the_pool_fits_no_tower_twice(log, memory, tower_rows, n_sets):
    """Two members for each set of rows: with paired rows, each fold has its own."""
    X, y = make_case()
    grid = {"final_estimator__feature_penalty": [0.5, 5.0, 50.0]}
    search = GridSearchCV(
        pool_model(log, memory, tower_rows=tower_rows),
        grid,
        cv=PairedStratifiedKFold(3, random_state=0),
    )
    search.fit(X, y)
    assert len(count_fits(log)) == 2 * n_sets


# What must be fitted anew


def other_labels(X, y):
    y = y.copy()
    y[:2] = y[:2][::-1]
    return X, y


def other_values(X, y):
    blocks = make_tables(TWO)[0]
    blocks["image"][3, 2] += 1e-12
    return Cohort(blocks), y


def other_rows(X, y):
    return X[1:], y[1:]


def other_order(X, y):
    order = np.r_[1, 0, 2:42]
    return X[order], y[order]


def one_row_twice(X, y):
    rows = np.r_[0, 0:42]
    return X[rows], y[rows]


def named_columns(X, y):
    frame = pd.DataFrame(X.block("image"), X.index[X.has("image")], list("abcde"))
    gene = pd.DataFrame(X.block("gene"), X.index[X.has("gene")])
    return Cohort({"image": frame, "gene": gene}, index=X.index), y


@pytest.mark.parametrize(
    "change",
    [other_labels, other_values, other_rows, other_order, one_row_twice, named_columns],
)
def test_other_data_are_fitted_anew(log, memory, change):
    X, y = make_case()
    counting_model(log, memory).fit(X, y)
    X, y = change(X, y)
    found = counting_model(log, memory).fit(X, y).predict_proba(X)
    assert len(count_fits(log)) == 2
    plain = counting_model(log).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, plain)


def test_other_labels_of_other_rows_are_the_same_fit(log, memory):
    X, y = make_case()
    counting_model(log, memory).fit(X, y)
    y[X.has("gene")] = 1 - y[X.has("gene")]
    counting_model(log, memory).fit(X, y)
    assert len(count_fits(log)) == 1


def test_changed_tower_is_fitted_anew(log, memory):
    X, y = make_case()
    model = counting_model(log, memory).fit(X, y)
    model.set_params(image__power=2).fit(X, y)
    assert count_fits(log) == ["power=1 rows=11", "power=2 rows=11"]
    plain = counting_model(log).set_params(image__power=2).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))


def test_verbose_changes_no_key(log, memory):
    X, y = make_case()
    model = counting_model(log, memory).fit(X, y)
    model.set_params(image__verbose=3, verbose=1).fit(X, y)
    assert len(count_fits(log)) == 1


# Cohorts that share blocks but not rows


def two_sizes(form):
    """Two cohorts of the same image rows, of which other patients have images."""
    X, y = make_case()
    if form == "hide":
        return (X, y), (X.hide("image", [24, 30, 31, 41]), y)
    if form == "unpair":
        return [unpair(X, y, n, keep="gene", random_state=0) for n in (14, 8)]
    pairs = {name: (X.index[X.has(name)], X.block(name)) for name in X.modalities}
    kept = np.setdiff1d(np.arange(42), [25, 33, 34])
    if form == "order":
        kept = np.r_[np.arange(24), 24 + np.random.default_rng(0).permutation(18)]
    other = Cohort(pairs, index=X.index[kept])
    return (Cohort(pairs, index=X.index), y), (other, y[kept])


@pytest.mark.parametrize("form", ["hide", "unpair", "index", "order"])
@pytest.mark.parametrize("larger_first", [True, False])
def test_cached_features_belong_to_their_rows(log, memory, form, larger_first):
    """The tower's own rows are the same in both; the others are not."""
    pair = two_sizes(form)
    for X, y in pair if larger_first else pair[::-1]:
        cached = counting_model(log, memory).fit(X, y)
        plain = counting_model(log).fit(X, y)
        np.testing.assert_array_equal(cached.transform(X), plain.transform(X))
        np.testing.assert_array_equal(cached.predict_proba(X), plain.predict_proba(X))


def test_compact_cohort_gives_the_same(log, memory):
    X, y = make_case()
    rows = np.r_[2:20, 26:42]
    model = counting_model(log, memory)
    wide = model.fit(X[rows], y[rows]).predict_proba(X[rows])
    X = X[rows].compact()
    np.testing.assert_array_equal(model.fit(X, y[rows]).predict_proba(X), wide)


def test_prediction_of_other_data_is_not_read_from_the_cache(log, memory):
    X, y = make_case()
    other, _ = make_case(seed=1)
    model = counting_model(log, memory).fit(X, y)
    plain = counting_model(log).fit(X, y)
    model.predict_proba(X)
    for rows in (other, other[::-1], other[[5, 5, 30]]):
        np.testing.assert_allclose(
            model.predict_proba(rows), plain.predict_proba(rows), rtol=1e-9
        )


def test_bad_row_that_nobody_asked_for(log, memory):
    """A row outside of the view does not matter, with or without a cache."""
    blocks, y = make_tables(TWO)
    blocks["image"][40, 2] = np.inf
    X = Cohort(blocks)[:40]
    plain = counting_model(log).fit(X, y[:40]).predict_proba(X)
    cached = counting_model(log, memory).fit(X, y[:40]).predict_proba(X)
    np.testing.assert_array_equal(cached, plain)


# Frozen towers and lazy blocks


def test_frozen_tower_is_keyed_by_what_it_learned(log, memory):
    X, y = make_case()
    p = []
    for rows in (slice(0, 7), slice(3, 11)):
        fitted = axes_tower().fit(X.block("image")[rows])
        towers = [("image", FrozenEstimator(fitted)), ("gene", CountingTower(log))]
        model = TwinTowerClassifier(towers, LogisticRegression())
        cached = clone(model).set_params(memory=memory).fit(X, y)
        plain = clone(model).fit(X, y)
        np.testing.assert_array_equal(cached.predict_proba(X), plain.predict_proba(X))
        p.append(cached.predict_proba(X))
    assert not np.array_equal(*p)


FEW = {"image": 11, "image+gene": 18}


def lazy_case(path, values, changed_at):
    """Images in a file, all of them present; genes of some."""
    if changed_at is not None:
        file = np.memmap(path, "float64", "w+", shape=values.shape)
        file[:] = values
        file.flush()
        os.utime(path, ns=(changed_at, changed_at))
    blocks, y = make_tables(FEW)
    file = np.memmap(path, "float64", "r", shape=values.shape)
    return Cohort({"image": file, "gene": blocks["gene"]}), y


def lazy_model(log, memory=None):
    gene = FrozenEstimator(axes_tower().fit(make_tables(FEW)[0]["gene"][11:]))
    towers = [("image", CountingTower(log)), ("gene", gene)]
    return TwinTowerClassifier(towers, LogisticRegression(), memory=memory)


def test_file_is_keyed_by_its_times(log, memory, tmp_path, rng):
    values, path = rng.normal(size=(29, 5)), tmp_path / "image.bin"
    # The file as it is there; other rows; rows of the same size and time.
    cases = [(values, 10**18, 1), (values, None, 1), (values[::-1], 10**18 + 1, 2)]
    cases.append((values[:, ::-1], 10**18 + 1, 3))
    for rows, changed_at, n_fits in cases:
        X, y = lazy_case(path, rows, changed_at)
        found = lazy_model(log, memory).fit(X, y).predict_proba(X)
        assert len(count_fits(log)) == n_fits
        wanted = lazy_model(tmp_path / "other").fit(X, y).predict_proba(X)
        np.testing.assert_array_equal(found, wanted)


def test_parts_of_one_file_are_different_blocks(log, memory, tmp_path, rng):
    path = tmp_path / "image.bin"
    whole = np.memmap(path, "float64", "w+", shape=(58, 5))
    whole[:] = rng.normal(size=(58, 5))
    whole.flush()
    blocks, y = make_tables(FEW)
    for part in (slice(0, 29), slice(29, 58), slice(0, 58, 2), slice(28, None, -1)):
        X = Cohort({"image": whole[part], "gene": blocks["gene"]})
        found = lazy_model(log, memory).fit(X, y).predict_proba(X)
        wanted = lazy_model(tmp_path / "other").fit(X, y).predict_proba(X)
        np.testing.assert_array_equal(found, wanted)
    assert len(count_fits(log)) == 4


class KeyedBlock(RecordingBlock):
    """A lazy block that names its content."""

    def __init__(self, array, key):
        super().__init__(array)
        self.key = key

    def cache_key(self):
        return self.key


def test_lazy_block_may_name_its_content(log, memory, rng):
    values = rng.normal(size=(29, 5))
    blocks, y = make_tables(FEW)
    for key, n_fits in (("a", 1), ("a", 1), ("b", 2)):
        X = Cohort({"image": KeyedBlock(values, key), "gene": blocks["gene"]})
        lazy_model(log, memory).fit(X, y)
        assert len(count_fits(log)) == n_fits


def test_lazy_block_without_a_key_is_refused(log, memory, rng):
    blocks, y = make_tables(FEW)
    image = RecordingBlock(rng.normal(size=(29, 5)))
    X = Cohort({"image": image, "gene": blocks["gene"]})
    lazy_model(log).fit(X, y)
    with pytest.raises(ValueError, match=r"memory.*RecordingBlock.*cache_key"):
        lazy_model(log, memory).fit(X, y)


def test_a_hit_reads_no_row(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    clinical = rng.normal(size=(31, 3))
    clinical[:11] = np.nan
    cohort = Cohort({"gene": rng.normal(size=(31, 7)), "clinical": clinical})
    X, y = cohort.hide("gene", np.arange(11, 19)), np.arange(31) % 2
    towers = [
        (name, make_pipeline(StandardScaler(), PCA(2))) for name in ("gene", "clinical")
    ]
    model = TwinTowerClassifier(
        towers, LogisticRegression(), memory=str(tmp_path / "memory")
    )
    read, read_rows = [], TowerInput.read

    def counted(inputs, cohort):
        read.append(inputs.modality)
        return read_rows(inputs, cohort)

    # What is checked before anything is fitted is not for a tower.
    monkeypatch.setattr(TowerInput, "check", lambda *_: None)
    monkeypatch.setattr(TowerInput, "read", counted)
    first = clone(model).fit(X, y).predict_proba(X)
    assert set(read) == {"gene", "clinical"}
    read.clear()
    np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), first)
    assert read == []


# What changes in place


def test_an_array_that_is_changed_in_place(log, memory):
    X, y = make_case()
    image = np.array(X.block("image"))
    blocks = {
        "image": (X.index[X.has("image")], image),
        "gene": (X.index[X.has("gene")], X.block("gene")),
    }
    cohort = Cohort(blocks, index=X.index)
    first = counting_model(log, memory).fit(cohort, y)
    before = first.predict_proba(cohort)
    image[:] = image[::-1] * 2 + 1
    found = counting_model(log, memory).fit(cohort, y).predict_proba(cohort)
    wanted = counting_model(log).fit(cohort, y).predict_proba(cohort)
    np.testing.assert_array_equal(found, wanted)
    assert not np.allclose(found, before)


def test_a_memmap_that_is_changed_twice(log, memory, tmp_path):
    X, y = make_case()
    np.save(tmp_path / "image.npy", X.block("image"))
    image = np.load(tmp_path / "image.npy", mmap_mode="r+")
    blocks = {
        "image": (X.index[X.has("image")], image),
        "gene": (X.index[X.has("gene")], X.block("gene")),
    }
    for factor in (1, 2, 3):
        image[:] = np.roll(image, 1, axis=0) * factor
        cohort = Cohort(blocks, index=X.index)
        found = counting_model(log, memory).fit(cohort, y).predict_proba(cohort)
        wanted = counting_model(log).fit(cohort, y).predict_proba(cohort)
        np.testing.assert_array_equal(found, wanted)
