"""Bad input gets one sentence that names the row, the modality or the parameter."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from cohort_tools import RecordingBlock
from fusion_tools import (
    ONE,
    THREE,
    TWO,
    axes_tower,
    gene_tower,
    make_case,
    make_tables,
    odds_tower,
    picture_model,
    plain_towers,
    small_head,
)
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.baselines import LateFusionClassifier
from skmultimodal.utils import _rows


def twin():
    return TwinTowerClassifier(plain_towers(), LogisticRegression())


def single():
    return UnimodalClassifier("gene", odds_tower())


def late():
    return LateFusionClassifier([("a", single()), ("b", single())])


MODELS = {"twin": twin, "single": single, "late": late}
every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def test_row_with_no_modality_is_named():
    X, y = make_case()
    X = X.hide("image", [7, 9])
    with pytest.raises(ValueError, match=r"row 'p07' has no modality.*2 such rows"):
        twin().fit(X, y)


@every_model
def test_duplicated_ids_are_named(make):
    gene = pd.DataFrame(np.ones((3, 7)), index=["a", "b", "a"])
    blocks = {"gene": gene, "image": pd.DataFrame(np.ones((1, 5)), index=["a"])}
    with pytest.raises(ValueError, match=r"'gene'.*duplicated patient id: 'a'"):
        make().fit(blocks, [0, 1, 0])


@every_model
@pytest.mark.parametrize("n_labels", [41, 43])
def test_labels_of_another_length(make, n_labels):
    X, _ = make_case()
    message = f"y has {n_labels} labels for 42 rows"
    with pytest.raises(ValueError, match=message):
        make().fit(X, np.arange(n_labels) % 2)


@every_model
def test_no_labels(make):
    X, _ = make_case()
    with pytest.raises(ValueError, match="requires y to be passed"):
        make().fit(X, None)
    with pytest.raises(ValueError, match=r"no row is labelled|none of its .* has one"):
        make().fit(X, np.full(42, np.nan))


@every_model
@pytest.mark.parametrize("label", [1, "ill", 2.0])
def test_one_class_only_is_named(make, label):
    X, _ = make_case()
    with pytest.raises(ValueError, match="one class"):
        make().fit(X, np.full(42, label))


def test_one_class_among_the_paired_rows():
    X, y = make_case()
    y = np.where(y == 1, "ill", "well")
    y[X.paired] = "well"
    with pytest.raises(ValueError, match=r"18 labelled paired rows.*one class.*'well'"):
        twin().fit(X, y)


def test_one_class_among_the_rows_of_a_tower():
    X, y = make_case()
    y[:11] = 1
    message = r"tower 'image' is a classifier.*11 labelled.*one class.*tower_rows='all'"
    with pytest.raises(ValueError, match=message):
        twin().fit(X, y)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_labels(value):
    X, y = make_case()
    y = y.astype(float)
    y[4] = value
    with pytest.raises(ValueError, match="Input y contains infinity"):
        twin().fit(X, y)


def test_continuous_labels(rng):
    X, _ = make_case()
    with pytest.raises(ValueError, match="Unknown label type"):
        twin().fit(X, rng.normal(size=42))


@pytest.mark.parametrize("labels", ["none", "unpaired only"])
def test_no_paired_rows_names_both_splitters(labels):
    X, y = make_case({"image": 11, "gene": 13} if labels == "none" else TWO)
    y = y.astype(float)
    y[X.paired] = np.nan
    message = r"image and gene.*PairedStratifiedKFold.*PatternStratifiedKFold"
    with pytest.raises(ValueError, match=message):
        twin().fit(X, y)


def test_no_unpaired_rows_says_what_helps():
    X, y = make_case({"image": 11, "image+gene": 18})
    message = r"tower 'gene' has no unpaired row.*18 rows.*'gene'.*tower_rows='all'"
    with pytest.raises(ValueError, match=message):
        twin().fit(X, y)
    twin().set_params(tower_rows="all", tower_output="log_odds").fit(X, y)


def test_no_labelled_row_for_a_tower():
    X, y = make_case()
    y = y.astype(float)
    y[11:24] = np.nan
    with pytest.raises(ValueError, match=r"tower 'gene' needs labels.*13 unpaired"):
        twin().fit(X, y)


# Groups


def pool():
    return TwinTowerClassifier(plain_towers(), tower_cv=2)


@pytest.mark.parametrize("make", [twin, pool])
@pytest.mark.parametrize("shape", [(41,), (43,), (42, 2), ()])
def test_groups_of_another_shape(make, shape):
    X, y = make_case()
    message = rf"X has 42 rows, groups has shape {re.escape(str(shape))}"
    with pytest.raises(ValueError, match=message):
        make().fit(X, y, groups=np.zeros(shape))


@pytest.mark.parametrize("make", [twin, pool])
def test_groups_with_gaps(make):
    X, y = make_case()
    groups = np.array(["a", "b", "c", "d", None, np.nan] * 7, dtype=object)
    with pytest.raises(ValueError, match="group of row 4 is missing, one of 14: give"):
        make().fit(X, y, groups=groups)


def test_tower_of_one_group():
    """All images may come from one hospital: the tower that ignores it is named."""
    X, y = make_case()
    others = np.array(list("abcde"))[np.arange(len(y)) // 2 % 5]
    groups = np.where(X.has("image"), "here", others)
    with pytest.warns(UserWarning, match="tower 'image' cannot hold out groups"):
        model = pool().fit(X, y, groups=groups)
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize("method", ["decision_terms", "transform", "predict_route"])
def test_unfitted_pool(method):
    X, _ = make_case()
    with pytest.raises(NotFittedError):
        getattr(pool(), method)(X)


def test_bad_row_is_named_by_an_ensemble_too():
    blocks, y = make_tables(TWO)
    ids = [f"p{i:02d}" for i in range(42)]
    model = pool().fit(Cohort(blocks, index=ids), y)
    blocks["gene"][30, 3] = np.inf
    bad = Cohort(blocks, index=ids)
    message = r"infinity in row 'p30' of modality 'gene'"
    for call in (model.predict, model.decision_terms, lambda X: pool().fit(X, y)):
        with pytest.raises(ValueError, match=message):
            call(bad)


@pytest.mark.filterwarnings("ignore:.*a class has one labelled row")
@pytest.mark.parametrize(("tower_rows", "n_rows"), [("unpaired", 11), ("all", 29)])
def test_a_class_of_one_row_in_a_tower(tower_rows, n_rows):
    """Nothing can be held out: the tower predicts the class frequencies."""
    X, y = make_case()
    y[X.has("image") if tower_rows == "all" else X.patterns == "image"] = 0
    y[3] = 1
    model = pool().set_params(tower_rows=tower_rows).fit(X, y)
    p = model.predict_proba(X[X.patterns == "image"])
    wanted = [[1 - 1 / n_rows, 1 / n_rows]] * 11
    np.testing.assert_allclose(p, wanted, rtol=1e-6)
    assert np.isfinite(model.predict_proba(X)).all()
    with pytest.warns(UserWarning, match="tower .*a class has one labelled row"):
        pool().set_params(tower_rows=tower_rows).fit(X, y)


# Values


BAD = {"NaN": np.nan, "inf": np.inf, "-inf": -np.inf}


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
@pytest.mark.parametrize("make", [twin, single], ids=["twin", "single"])
@pytest.mark.parametrize("row", [14, 30])
def test_bad_value_is_named_by_row_and_modality(make, value, row):
    blocks, y = make_tables(TWO)
    ids = [f"p{i:02d}" for i in range(42)]
    good = Cohort(blocks, index=ids)
    model = make().fit(good, y)
    blocks["gene"][row, 3] = value
    bad = Cohort(blocks, index=ids)
    message = rf"infinity in row 'p{row}' of modality 'gene'"
    if np.isnan(value):
        message = (
            r"NaN: 1 blank cell in 1 column and 1 row of modality 'gene', for example "
            rf"column 3 of patient 'p{row}'\. Fill blank cells in the tower, such as "
        )
    for call in (model.predict, model.predict_proba, lambda X: make().fit(X, y)):
        with pytest.raises(ValueError, match=message):
            call(bad)


def test_bad_value_of_a_row_without_an_id():
    blocks, y = make_tables(TWO)
    blocks["gene"][30, 3] = np.inf
    with pytest.raises(ValueError, match="in row 30 of modality 'gene'"):
        twin().fit(blocks, y)
    with pytest.raises(ValueError, match="row 3 has no modality"):
        twin().fit(Cohort(make_tables(TWO)[0]).hide("image", 3), y)


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
def test_bad_voxel_is_named(value):
    rng = np.random.default_rng(0)
    blocks, y = make_tables(TWO)
    images = rng.normal(size=(42, 2, 9, 8))
    images[11:24] = np.nan
    images[5, 1, 2, 3] = value
    X = Cohort({**blocks, "image": images}, index=[f"p{i:02d}" for i in range(42)])
    message = r"infinity in row 'p05' of modality 'image'"
    if np.isnan(value):
        message = r"NaN in 1 row of modality 'image', .* patient 'p05'\. Set these vox"
    with pytest.raises(ValueError, match=message):
        picture_model().fit(X, y)


class Untrained(ClassifierMixin, BaseEstimator):
    """A tower of which no fit may begin."""

    def fit(self, X, y):
        raise AssertionError("fitted before the data were checked")

    def predict_proba(self, X):
        raise AssertionError


def test_blank_cells_are_counted_before_a_tower_is_fitted():
    """45 cells of 9 rows and 5 genes; the tower of images comes first."""
    blocks, y = make_tables(TWO)
    blocks["gene"][20:29, :5] = np.nan
    X = Cohort(
        {"image": blocks["image"], "gene": blocks["gene"]},
        index=[f"p{i:02d}" for i in range(42)],
    )
    towers = [("image", Untrained()), ("gene", LogisticRegression())]
    message = (
        r"45 blank cells in 5 columns and 9 rows of modality 'gene', for example "
        r"column 0 of patient 'p20'\. .*make_pipeline\(SimpleImputer\(\), "
    )
    with pytest.raises(ValueError, match=message):
        TwinTowerClassifier(towers).fit(X, y)


@pytest.mark.parametrize(
    "tower",
    [
        HistGradientBoostingClassifier(max_iter=2),
        make_pipeline(SimpleImputer(), LogisticRegression(max_iter=1000)),
    ],
    ids=["trees", "imputer"],
)
def test_tower_that_takes_nan_is_given_nan(tower):
    blocks, y = make_tables(TWO)
    blocks["gene"][[14, 30], 3] = np.nan
    towers = [("image", odds_tower()), ("gene", tower)]
    model = TwinTowerClassifier(towers, LogisticRegression()).fit(blocks, y)
    assert np.isfinite(model.predict_proba(blocks)).all()


# Shapes


@pytest.mark.parametrize("shape", [(42,), (42, 9, 8), (42, 2, 3, 4, 5, 6)])
def test_image_of_another_rank(shape):
    blocks, y = make_tables(TWO)
    images = np.ones(shape)
    images[11:24] = np.nan
    with pytest.raises(ValueError, match=rf"{len(shape)}-D"):
        picture_model().fit({**blocks, "image": images}, y)


@pytest.mark.parametrize("shape", [(6,), (6, 9, 8), (6, 2, 3, 4, 5)])
def test_bare_array_of_another_rank(shape):
    with pytest.raises(ValueError, match=rf"{len(shape)}-D|2D array"):
        twin().fit(np.ones(shape), [0, 1] * 3)


@pytest.mark.parametrize("shape", [(2, 9, 7), (2, 8, 9), (3, 9, 8), (72,)])
def test_images_of_another_size_at_prediction(shape):
    rng = np.random.default_rng(0)
    blocks, y = make_tables(TWO)
    images = rng.normal(size=(42, 2, 9, 8))
    images[11:24] = np.nan
    model = picture_model().fit({**blocks, "image": images}, y)
    other = {"image": np.ones((5, *shape))}
    with pytest.raises(ValueError, match=r"modality 'image'.*\(2, 9, 8\)"):
        model.predict(other)


@every_model
def test_no_rows(make):
    X, y = make_case()
    model = make().fit(X, y)
    with pytest.raises(ValueError, match="0 rows"):
        model.predict(X[[]])
    with pytest.raises(ValueError, match="0 rows"):
        make().fit(X[[]], [])


@every_model
def test_extra_modality_at_prediction(make):
    blocks, y = make_tables(TWO)
    model = make().fit(blocks, y)
    blocks["stain"] = np.ones((42, 6))
    with pytest.raises(ValueError, match=r"modality 'stain'.*without\('stain'\)"):
        model.predict(blocks)


@every_model
def test_unfitted(make):
    X, _ = make_case()
    with pytest.raises(NotFittedError):
        make().predict(X)
    with pytest.raises(NotFittedError):
        make().predict_proba(X)


@pytest.mark.parametrize("method", ["predict_route", "transform"])
def test_unfitted_twin(method):
    X, _ = make_case()
    with pytest.raises(NotFittedError):
        getattr(twin(), method)(X)
    with pytest.raises(NotFittedError):
        twin().get_feature_names_out()


@every_model
def test_sparse_input_is_refused(make):
    X, y = np.ones((6, 7)), [0, 1] * 3
    with pytest.raises((TypeError, ValueError), match=r"[Ss]parse"):
        make().fit(csr_array(X), y)


@every_model
def test_unequal_arrays(make):
    blocks = {"image": np.ones((41, 5)), "gene": np.ones((42, 7))}
    with pytest.raises(ValueError, match=r"image has 41, gene has 42"):
        make().fit(blocks, np.arange(42) % 2)


def test_heads_are_checked_before_towers_are_trained(capsys):
    """Training may take hours: what can be refused at once is."""
    X, y = make_case()
    model = twin().set_params(final_estimator=Ridge(), verbose=1)
    with pytest.raises(ValueError, match="final_estimator"):
        model.fit(X, y)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("counts", [ONE, TWO, THREE], ids=["one", "two", "three"])
@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("labels", ["str", "object", "bool", "float", "category"])
@pytest.mark.parametrize("head", ["logistic", "pool"])
def test_any_number_and_type_of_classes(counts, n_classes, labels, head):
    """Good input, of every kind of label."""
    counts = {pattern: 2 * count for pattern, count in counts.items()}
    X, codes = make_case(counts, n_classes=n_classes)
    names = np.array(["benign", "low", "very high", "z"])[:n_classes]
    y = names[codes]
    if labels == "bool":
        y, n_classes = codes > 0, 2
    elif labels == "float":
        y = codes * 2.0 - 1
    elif labels == "object":
        y = y.astype(object)
        y[[1, 3]] = None
    elif labels == "category":
        y = pd.Series(y, dtype="category")
    towers = [(name, odds_tower()) for name in X.modalities]
    head = LogisticRegression() if head == "logistic" else None
    model = TwinTowerClassifier(towers, head, tower_cv=2).fit(X, y)
    known = sorted(set(y) - {None})
    assert model.classes_.tolist() == known
    found = model.predict(X)
    assert set(found.tolist()) <= set(known)
    assert found.dtype == model.classes_.dtype
    p = model.predict_proba(X)
    assert p.shape == (len(X), n_classes)
    np.testing.assert_array_equal(model.classes_[p.argmax(axis=1)], found)


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 1, None] * 14, dtype=object),
        pd.Series([0, 1, pd.NA] * 14, dtype="Int64"),
        pd.Series([True, False, None] * 14, dtype="boolean"),
        pd.Series(["a", "b", None] * 14, dtype="category"),
        pd.Series(["a", "b", None] * 14, dtype="string"),
    ],
    ids=["objects", "Int64", "boolean", "category", "string"],
)
@pytest.mark.parametrize("towers", ["plain", "gene autoencoder"])
@pytest.mark.parametrize("head", ["net", "pool"])
def test_missing_labels_in_tables_of_pandas(y, towers, head):
    X, _ = make_case()
    gene = axes_tower() if towers == "plain" else gene_tower(random_state=0)
    towers = [("image", odds_tower()), ("gene", gene)]
    head = small_head(random_state=0) if head == "net" else None
    model = TwinTowerClassifier(towers, head, tower_cv=2).fit(X, y)
    assert len(model.classes_) == 2
    assert model.predict(X).shape == (42,)


class AsksForMore(UserWarning):
    """A warning that is not made of text alone."""

    def __init__(self, *, row):
        self.row = row


class Warner(LogisticRegression):
    """Warns in ``fit``, and fails if told to."""

    def __init__(self, fails=False):
        super().__init__(max_iter=1000)
        self.fails = fails

    def fit(self, X, y):
        warnings.warn("as text", UserWarning, stacklevel=2)
        warnings.warn(AsksForMore(row=3), stacklevel=2)
        if self.fails:
            raise RuntimeError("it failed")
        return super().fit(X, y)


@pytest.mark.parametrize("fails", [False, True])
def test_a_tower_is_named_in_its_warnings_and_they_are_not_lost(fails):
    X, y = make_case()
    towers = [("image", Warner(fails)), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression(), tower_output="features")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if fails:
            with pytest.raises(RuntimeError, match="it failed"):
                model.fit(X, y)
        else:
            model.fit(X, y)
    texts = [str(w.message) for w in caught]
    assert any(t.startswith("tower 'image', ") and "as text" in t for t in texts)
    assert any(w.category is AsksForMore for w in caught)


def test_filters_reach_what_a_tower_warns_of():
    X, y = make_case()
    towers = [("image", Warner()), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression(), tower_output="features")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="as text")
        warnings.filterwarnings("ignore", category=AsksForMore)
        model.fit(X, y)


@pytest.mark.parametrize("sparse", [False, True])
def test_blanks_of_a_lazy_table_are_named_before_anything_is_fitted(
    rng, monkeypatch, sparse
):
    monkeypatch.setattr(_rows, "BATCH_BYTES", 10 * 4 * 7)  # rows of seven columns
    genes = rng.normal(size=(60, 7))
    genes[24, 2] = genes[27, 5] = genes[51, 5] = np.nan
    block = csr_array(genes) if sparse else RecordingBlock(genes)
    X = Cohort({"gene": ([f"p{i}" for i in range(60)], block)})
    model = UnimodalClassifier("gene", odds_tower())
    message = (
        "Of 60 rows, 30 were read: Input X contains NaN: 2 blank cells in 2 columns "
        "and 2 rows of modality 'gene', for example column 2 of patient 'p24'. Fill"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        model.fit(X, np.arange(60) % 2)
    model.set_params(estimator=make_pipeline(SimpleImputer(), odds_tower()))
    model.fit(X, np.arange(60) % 2)


def test_a_lazy_label_and_other_units_are_found(rng):
    y = np.arange(90) % 2
    genes = np.exp(rng.normal(3, 1, size=(90, 53)))
    model = UnimodalClassifier("gene", odds_tower())
    with pytest.raises(ValueError, match="column 7 of modality 'gene' has one value"):
        model.fit(Cohort({"gene": RecordingBlock(np.c_[genes[:, :7], y])}), y)
    model.fit(Cohort({"gene": RecordingBlock(genes)}), y)
    with pytest.warns(UserWarning, match="'gene' of X is on another scale than in fit"):
        model.predict(Cohort({"gene": RecordingBlock(np.log2(1 + genes))}))
