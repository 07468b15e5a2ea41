"""What values in a model file could make an estimator do: none does."""

import pickle
import subprocess
import tracemalloc
import zipfile
from copy import copy
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from fusion_tools import make_case, odds_tower
from model_files import use, watched
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR, OneClassSVM
from sklearn.utils import all_estimators

import skmultimodal
from skmultimodal import TwinTowerClassifier, UnimodalClassifier
from skmultimodal.baselines import LateFusionClassifier
from skmultimodal.model_selection import PairedStratifiedKFold
from skmultimodal.persistence import load_model, save_model
from skmultimodal.persistence._values import PROBABLE


class Mark:
    """Leaves a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def small_model(**params):
    towers = [("image", odds_tower()), ("gene", odds_tower())]
    return TwinTowerClassifier(towers, random_state=0, tower_cv=2, **params)


def save_as_it_is(model, path, monkeypatch):
    """A file as another program would write it, its places kept."""
    with monkeypatch.context() as patch:
        for name in ("copy_to_save",):
            patch.setattr(
                f"skmultimodal.persistence._save.{name}", lambda model, strip: model
            )
        save_model(model, path)


def test_a_planted_cache_is_not_read(tmp_path, monkeypatch):
    """The oracle is the file that unpickling would leave."""
    monkeypatch.chdir(tmp_path)
    X, y = make_case()
    model = small_model(memory="cache").fit(X, y)
    expected = model.predict_proba(X)
    save_as_it_is(model, "model.skops", monkeypatch)
    outputs = list(Path("cache").rglob("output.pkl"))
    assert outputs
    for path in outputs:
        path.write_bytes(pickle.dumps(Mark(tmp_path / "code ran")))
    with watched() as done:
        loaded = load_model("model.skops")
        found = loaded.predict_proba(X)
    assert loaded.memory is None
    assert done == []
    assert not (tmp_path / "code ran").exists()
    np.testing.assert_array_equal(found, expected)


def test_the_marks_of_the_test_before_would_be_seen(tmp_path):
    with watched() as done:
        pickle.loads(pickle.dumps(Mark(tmp_path / "code ran")))
        (tmp_path / "written").write_text("")
        subprocess.run(["true"], check=True)
    assert (tmp_path / "code ran").exists()
    kinds = {event.split()[0] for event in done}
    assert {"pickle.find_class", "open", "subprocess.Popen"} <= kinds


STEPS = [("scale", StandardScaler()), ("fit", LogisticRegression())]
PIPED = [(m, Pipeline(STEPS, memory="?")) for m in ("image", "gene")]
WITH_MEMORY = {
    "twin tower": small_model(memory="?"),
    "one modality": UnimodalClassifier("gene", odds_tower(), memory="?"),
    "late fusion": LateFusionClassifier(
        [("gene", UnimodalClassifier("gene", odds_tower(), memory="?"))]
    ),
    "pipeline": Pipeline(STEPS, memory="?"),
    "pipeline as tower": TwinTowerClassifier(
        PIPED, tower_cv=2, memory="?", random_state=0
    ),
    "search": GridSearchCV(
        small_model(memory="?"),
        {"memory": ["?"], "final_estimator__weight_penalty": [3.0, 30.0]},
        cv=PairedStratifiedKFold(2, random_state=0),
    ),
}


def fit_with_memory(name, folder):
    """A model whose every `memory` is a folder, and the rows that it reads."""
    model, (X, y) = clone(WITH_MEMORY[name]), make_case()
    places = [n for n in model.get_params() if n.split("__")[-1] == "memory"]
    model.set_params(**dict.fromkeys(places, folder))
    if name == "search":
        model.param_grid = {**model.param_grid, "memory": [folder]}
    if name == "pipeline":
        return model.fit(X.block("gene"), y[X.has("gene")]), X.block("gene")
    return model.fit(X, y), X


@pytest.mark.parametrize("as_it_is", [False, True])
@pytest.mark.parametrize("name", WITH_MEMORY)
def test_no_folder_of_a_file_is_used(tmp_path, monkeypatch, name, as_it_is):
    place = tmp_path / "home" / "alice"
    model, X = fit_with_memory(name, str(place))
    expected = model.predict_proba(X)
    path = tmp_path / "model.skops"
    if as_it_is:
        save_as_it_is(model, path, monkeypatch)
    else:
        save_model(model, path)
        assert b"alice" not in b"".join(members(path))
    before = sorted(place.rglob("*"))
    loaded = load_model(path)
    with watched() as done:
        np.testing.assert_array_equal(loaded.predict_proba(X), expected)
        use(loaded, [X])
    assert done == []
    assert sorted(place.rglob("*")) == before
    assert "alice" not in repr(loaded)
    # The estimator that was saved keeps its own.
    assert "alice" in repr(model.get_params())


def members(path):
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


def test_the_caller_may_name_a_cache(tmp_path):
    X, y = make_case()
    model = small_model(memory=str(tmp_path / "one")).fit(X, y)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops", memory=str(tmp_path / "two"))
    assert loaded.memory == str(tmp_path / "two")
    expected = model.predict_proba(X)
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    # A key that a file states names no entry of this cache.
    assert list((tmp_path / "two").rglob("output.pkl")) == []
    np.testing.assert_array_equal(loaded.fit(X, y).predict_proba(X), expected)
    assert list((tmp_path / "two").rglob("output.pkl"))


# Every type that is trusted


def trusted_types():
    """Estimators of scikit-learn and of this library, with defaults."""
    ours = [getattr(skmultimodal, name) for name in skmultimodal.__all__]
    kinds = [k for _, k in all_estimators()] + [
        k for k in ours if isinstance(k, type) and issubclass(k, BaseEstimator)
    ]
    inner = {"estimator": LogisticRegression(), "modality": "gene"}
    lists = {
        "estimators": [("a", LogisticRegression())],
        "transformers": [("a", StandardScaler(), [0])],
        "transformer_list": [("a", StandardScaler())],
        "steps": [("a", StandardScaler())],
        "param_grid": {},
        "param_distributions": {},
        "base_estimator": LogisticRegression(),
        "n_nonzero_coefs": 1,
        "dictionary": np.eye(3),
    }
    for kind in kinds:
        needed = signature(kind).parameters
        options = {n: v for n, v in {**inner, **lists}.items() if n in needed}
        try:
            yield kind(**options)
        except TypeError:
            continue


def hostile(name, folder):
    """What another person might write for a parameter."""
    return {
        "memory": str(folder / "cache"),
        "n_jobs": 10**6,
        "pre_dispatch": "9**9**9",
        "input": "filename",
    }.get(name, str(folder / "x"))


def load_or_none(path):
    """The estimator, or None if the file is refused by name."""
    try:
        return load_model(path)
    except ValueError as error:
        if path.name in str(error):
            return None
        raise


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of types that will go
@pytest.mark.filterwarnings("ignore:.* which is not here")
def test_hostile_values_of_every_type(tmp_path, monkeypatch):
    """A value is dropped or the file refused; none is a place that is written to."""
    models = list(trusted_types())
    assert len(models) > 180
    tried = refused = 0
    rows = [np.ones((4, 3)), ["a text", "another"]]
    for model in models:
        for name in list(model.get_params(deep=False)):
            wanted = name in ("memory", "n_jobs", "pre_dispatch", "input")
            if not wanted and tried % 7:  # some of the thousand others
                tried += 1
                continue
            tried += 1
            before = model.get_params(deep=False)[name]
            setattr(model, name, hostile(name, tmp_path))
            path = tmp_path / "model.skops"
            try:
                save_as_it_is(model, path, monkeypatch)
            except TypeError:
                continue
            finally:
                setattr(model, name, before)
            with watched() as done:
                loaded = load_or_none(path)
                refused += loaded is None
                assert getattr(loaded, "memory", None) is None
                assert getattr(loaded, "n_jobs", None) != 10**6
                assert getattr(loaded, "pre_dispatch", "") != "9**9**9"
                if wanted:
                    use(loaded, rows)
            assert done == []
    assert 0 < refused < tried
    assert [p.name for p in tmp_path.iterdir()] == ["model.skops"]


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("_doc_link_template", '"><script>alert(1)</script>'),
        ("_repr_html_", "text"),
        ("predict", "text"),
        ("__sklearn_clone__", "text"),
        ("__class__", "text"),
        ("get_params", "text"),
    ],
)
def test_a_file_replaces_no_attribute_of_a_class(tmp_path, monkeypatch, name, planted):
    model = LogisticRegression().fit(np.eye(4)[:, :3], [0, 1, 0, 1])
    vars(model)[name] = planted
    save_as_it_is(model, tmp_path / "model.skops", monkeypatch)
    with pytest.raises(
        ValueError, match=r"model\.skops is damaged: LogisticRegression"
    ):
        load_model(tmp_path / "model.skops")


# State that compiled code follows


def rows_and_labels(rng):
    X = rng.normal(size=(40, 3))
    return X, np.arange(40) % 3


STATES = {
    "SVC": (
        lambda: SVC(),
        {
            "_n_support": np.array([14, 13, 10**6], np.int32),
            "support_": np.array([10**8] * 40, np.int32),
            "support_vectors_": np.ones((40, 1)),
            "_dual_coef_": np.ones((1, 2)),
            "_intercept_": np.ones(1),
            "shape_fit_": (2, 2),
            PROBABLE: True,
            "kernel": np.add,  # of which no shape is checked
        },
    ),
    "SVC precomputed": (
        lambda: SVC(kernel="precomputed"),
        {"support_": np.array([10**8] * 40, np.int32), "shape_fit_": (10**8, 40)},
    ),
    "SVR": (lambda: SVR(), {"_n_support": np.array([10**6] * 2, np.int32)}),
    "OneClassSVM": (lambda: OneClassSVM(), {"support_vectors_": np.ones((2, 3))}),
    "neighbours": (
        lambda: KNeighborsClassifier(algorithm="brute"),
        {
            "_fit_X": np.ones((40, 1)),
            "_y": np.full(40, 10**9),
            "n_samples_fit_": 10**9,
            "classes_": np.array([0]),
        },
    ),
    "outliers": (
        lambda: LocalOutlierFactor(algorithm="brute", novelty=True),
        {"_fit_X": np.ones((3, 1))},
    ),
    "k-means": (
        lambda: KMeans(3, n_init=1),
        {"cluster_centers_": np.ones((3, 1)), "_n_threads": -7},
    ),
    "one-hot": (
        lambda: OneHotEncoder(),
        {
            "_n_features_outs": [1, 1, 1],
            "categories_": [np.arange(90.0)] * 3,
        },
    ),
    "one-hot, first dropped": (
        lambda: OneHotEncoder(drop="first"),
        {"_drop_idx_after_grouping": np.array([10**6] * 3)},
    ),
    "one-hot, rare ones": (
        lambda: OneHotEncoder(max_categories=3, handle_unknown="infrequent_if_exist"),
        {
            "_infrequent_indices": [np.array([10**8])] * 3,
            "_default_to_infrequent_mappings": [None] * 2,
        },
    ),
}


def fit_state(name, rng):
    X, y = rows_and_labels(rng)
    if name.startswith("one-hot"):
        X = np.round(X)
    if name == "SVC precomputed":
        X = X @ X.T
    return STATES[name][0]().fit(X, y), X


@pytest.mark.parametrize("name", STATES)
def test_whole_state_loads(tmp_path, rng, name):
    model, X = fit_state(name, rng)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    method = "transform" if hasattr(model, "transform") else "predict"
    found, expected = getattr(loaded, method)(X), getattr(model, method)(X)
    if name.startswith("one-hot"):
        found, expected = found.toarray(), expected.toarray()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("name", "attribute"), [(n, a) for n, (_, bad) in STATES.items() for a in bad]
)
def test_state_that_leads_out_of_its_arrays(tmp_path, rng, name, attribute):
    model, _ = fit_state(name, rng)
    vars(model)[attribute] = STATES[name][1][attribute]
    save_model(model, tmp_path / "model.skops")
    with pytest.raises(ValueError, match=r"model\.skops is damaged: the state of"):
        load_model(tmp_path / "model.skops")


def test_a_category_that_is_not_known_stays_in_the_matrix(tmp_path):
    """scikit-learn takes the number of the rare ones for it as it stands."""
    X = np.repeat(np.arange(5.0), [4, 4, 4, 1, 1]).reshape(-1, 1)
    model = OneHotEncoder(max_categories=4, handle_unknown="infrequent_if_exist")
    model.fit(X)
    for rare, refused in (3, False), (5, True), (10**8, True), (-1, True):
        model._infrequent_indices = [np.array([rare, 4])]
        model._default_to_infrequent_mappings = [None]
        model._n_features_outs = [5]
        save_model(model, tmp_path / "model.skops")
        if refused:
            with pytest.raises(ValueError, match=r"model\.skops.*_infrequent_indices"):
                load_model(tmp_path / "model.skops")
        else:
            found = load_model(tmp_path / "model.skops").transform([[7.0]]).toarray()
            assert found.tolist() == [[0, 0, 0, 1, 0]]


def test_columns_are_checked_in_the_memory_of_their_categories(tmp_path):
    """A table of all columns, each as long as the longest, would take 400 MB."""
    model = OneHotEncoder().fit(np.eye(2))
    many = [np.arange(100_000.0), *np.arange(1000.0).reshape(500, 2)]
    model.categories_ = many
    model._n_features_outs = [len(labels) for labels in many]
    model.n_features_in_ = len(many)
    save_model(model, tmp_path / "model.skops")
    tracemalloc.start()
    try:
        loaded = load_model(tmp_path / "model.skops")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(loaded.categories_) == len(many)
    assert most < 10**8


def test_support_vectors_of_a_sparse_matrix(tmp_path, rng):
    X, y = rows_and_labels(rng)
    path = tmp_path / "model.skops"
    whole = SVC().fit(csr_matrix(X), y)
    save_model(whole, path)
    np.testing.assert_array_equal(load_model(path).predict(X), whole.predict(X))
    for name, wrong in {
        "_dual_coef_": csr_matrix(whole._dual_coef_.shape),
        "support_vectors_": whole.support_vectors_.tocsc(),
    }.items():
        model = copy(whole)
        setattr(model, name, wrong)
        save_model(model, path)
        with pytest.raises(ValueError, match=r"model\.skops is damaged: the state of"):
            load_model(path)


@pytest.mark.parametrize("wrong", [10**11, -1, "many"])
def test_a_number_of_columns_that_nobody_has(tmp_path, wrong):
    """An encoder makes a name for each when it is shown, for hours."""
    model = OneHotEncoder().fit(np.array([["a"], ["b"]]))
    model.n_features_in_ = wrong
    path = tmp_path / "model.skops"
    save_model(model, path)
    with pytest.raises(ValueError, match=r"OneHotEncoder has an n_features_in_ of "):
        load_model(path)


def test_a_random_state_that_points_past_its_end(tmp_path):
    state = np.random.RandomState(0)
    whole = state.get_state(legacy=False)
    for place, refused in ((624, False), (625, True), (-1, True)):
        whole["state"]["pos"] = place
        try:
            state.set_state(whole)
        except ValueError:  # of NumPy 2.5, for which there is no such state
            assert refused
            continue
        model = LogisticRegression(random_state=state)
        save_model(model, tmp_path / "model.skops")
        if refused:
            with pytest.raises(ValueError, match=r"model\.skops is damaged.*its end"):
                load_model(tmp_path / "model.skops")
        else:
            load_model(tmp_path / "model.skops")


def test_a_sparse_matrix_beyond_its_shape(tmp_path):
    model = LogisticRegression().fit(np.eye(4)[:, :3], [0, 1, 0, 1])
    model.coef_ = csr_matrix(np.eye(3)[:1])
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.coef_.toarray(), np.eye(3)[:1])
    model.coef_.indices[0] = 10**6
    save_model(model, tmp_path / "model.skops")
    with pytest.raises(ValueError, match=r"model\.skops is damaged: .*indices"):
        load_model(tmp_path / "model.skops")


def test_what_reads_text_is_named(tmp_path):
    model = make_pipeline(CountVectorizer(), LogisticRegression())
    texts = ["one two", "two three", "three one", "two two"]
    save_model(model.fit(texts, [0, 1, 0, 1]), tmp_path / "model.skops")
    with pytest.raises(ValueError, match=r"not trusted: .*CountVectorizer"):
        load_model(tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops", trusted=[CountVectorizer])
    assert loaded.predict(texts).tolist() == model.predict(texts).tolist()


# What is about single patients


@pytest.mark.parametrize("strip", [True, False])
def test_training_rows_are_left_out(tmp_path, strip):
    X, y = make_case()
    model = small_model().fit(X, y)
    save_model(model, tmp_path / "model.skops", strip=strip)
    loaded = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    for name, tower in loaded.towers_.items():
        assert hasattr(tower, "oof_proba_") is not strip
        # Those of the model in use stay.
        assert len(model.towers_[name].oof_proba_)
    n_rows = {X.has(m).sum() for m in X.modalities} | {len(X)}
    arrays = [np.shape(value) for value in everything(loaded)]
    assert any(n in shape for shape in arrays for n in n_rows) is not strip


def everything(model):
    """Every array inside an estimator."""
    seen, waiting = set(), [model]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            yield one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
        elif hasattr(one, "__dict__"):
            waiting += vars(one).values()


@pytest.mark.parametrize("wanted", [10**6, np.int64(10**6), -(10**6)])
def test_processes_of_a_file_are_no_more_than_cores(tmp_path, monkeypatch, wanted):
    """NumPy's integers too: a union of transformers would start a process for each."""
    union = FeatureUnion([("scale", StandardScaler())]).fit(np.eye(4))
    union.n_jobs = wanted
    save_as_it_is(union, tmp_path / "model.skops", monkeypatch)
    assert load_model(tmp_path / "model.skops").n_jobs is None


def nested(depth):
    model = LogisticRegression()
    for _ in range(depth):
        model = FrozenEstimator(model)
    return model


def test_a_model_that_takes_minutes_to_show_is_refused(tmp_path, monkeypatch):
    """scikit-learn shows a part twice for every one around it."""
    path = tmp_path / "model.skops"
    save_as_it_is(nested(25), path, monkeypatch)
    with pytest.raises(ValueError, match=r"model\.skops .*nested so deep"):
        load_model(path)
    save_as_it_is(nested(8), path, monkeypatch)
    assert repr(load_model(path)).count("FrozenEstimator") == 8


@pytest.mark.parametrize("degree", [1, (0, 3), (2, 3), (2, 2)])
@pytest.mark.parametrize("interaction_only", [False, True])
@pytest.mark.parametrize("include_bias", [False, True])
def test_a_degree_that_nobody_has(tmp_path, degree, interaction_only, include_bias):
    """Products of columns are made one by one: for hours, of a file of a kilobyte."""
    options = {"interaction_only": interaction_only, "include_bias": include_bias}
    model = PolynomialFeatures(degree, **options).fit(np.ones((2, 3)))
    path = tmp_path / "model.skops"
    save_model(model, path)
    load_model(path)
    # Three columns have no more products of different ones than those of degree 3.
    for wrong in [10**6] if interaction_only else [10**6, 200, 5]:
        model._max_degree = wrong
        save_model(model, path)
        with pytest.raises(ValueError, match=r"model\.skops .*PolynomialFeatures"):
            load_model(path)
