"""Saved models: the same bits, no code that runs, no half-written file."""

import copy
import io
import json
import pickle
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import pytest
import skops.io
from fusion_tools import make_case, make_pictures
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tower_tools import make_genes, make_images

import skmultimodal
from skmultimodal import (
    CrossFittedEnsembleClassifier,
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    LogOpinionPoolClassifier,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.baselines import LateFusionClassifier, table3, table4
from skmultimodal.model_selection import PairedStratifiedKFold
from skmultimodal.persistence import (
    load_model,
    read_environment,
    read_notes,
    save_model,
)
from skmultimodal.preprocessing import TumorTextureTransformer

pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")
STORED = Path(__file__).parents[1] / "data" / "twin_tower-0.1.skops"


def image_tower(**params):
    return ImageTowerClassifier(max_epochs=3, random_state=0, **params)


def gene_tower(**params):
    return GeneAutoencoderTransformer(max_epochs=3, random_state=0, **params)


def twin_tower(**params):
    towers = [("image", image_tower()), ("gene", gene_tower())]
    return TwinTowerClassifier(towers, **{"tower_cv": 2, "random_state": 0, **params})


def search():
    grid = {"final_estimator__weight_penalty": [3.0, 30.0]}
    cv = PairedStratifiedKFold(2, random_state=0)
    return GridSearchCV(twin_tower(), grid, cv=cv)


def prefit_towers():
    X, y = make_pictures({"image": 30, "gene": 33})
    image = image_tower().fit(X.block("image"), y[X.has("image")])
    gene = gene_tower().fit(X.block("gene"), y[X.has("gene")])
    towers = [("image", FrozenEstimator(image)), ("gene", FrozenEstimator(gene))]
    return TwinTowerClassifier(towers, tower_output="features", random_state=0)


ON_COHORTS = {
    "twin tower": twin_tower,
    "paper": lambda: twin_tower(tower_output="features"),
    "mixture of experts": lambda: twin_tower(
        final_estimator=FusionHeadClassifier("moe", (8,), max_epochs=4)
    ),
    "foreign head": lambda: twin_tower(
        final_estimator=HistGradientBoostingClassifier(max_iter=4)
    ),
    "foreign towers": lambda: TwinTowerClassifier(
        [
            ("image", image_tower()),
            ("gene", make_pipeline(StandardScaler(), PCA(3), LogisticRegression())),
        ],
        tower_cv=2,
    ),
    "prefit towers": prefit_towers,
    "search": search,
    "one modality": lambda: UnimodalClassifier("gene", gene_tower()),
    "late fusion": lambda: LateFusionClassifier(
        [(n, UnimodalClassifier(n, t)) for n, t in twin_tower().towers]
    ),
}
ON_ROWS = {
    "image tower": (image_tower, make_images),
    "image tower, flat": (image_tower, make_genes),
    "gene tower": (gene_tower, make_genes),
    "gene tower, no labels": (lambda: gene_tower(label_weight=0), make_genes),
    "ensemble": (lambda: CrossFittedEnsembleClassifier(gene_tower(), cv=2), make_genes),
    "head": (lambda: FusionHeadClassifier(max_epochs=4, random_state=0), make_genes),
    "pool": (LogOpinionPoolClassifier, make_genes),
    "pipeline": (lambda: make_pipeline(StandardScaler(), gene_tower()), make_genes),
    "imputed and selected": (
        lambda: make_pipeline(SimpleImputer(), SelectKBest(k=2), LogisticRegression()),
        make_genes,
    ),
}


def outputs(model, X):
    """What a fitted estimator says of rows, by method."""
    names = ("predict_proba", "predict", "transform", "decision_terms")
    said = {n: getattr(model, n)(X) for n in names if hasattr(model, n)}
    return {n: np.asarray(value) for n, value in said.items()}


def assert_same_bits(model, other, X):
    expected, found = outputs(model, X), outputs(other, X)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.fixture(scope="module")
def fitted():
    X, y = make_pictures({"image": 21, "gene": 25, "image+gene": 30})
    return twin_tower().fit(X, y), X, y


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.skops"
    save_model(fitted[0], path)
    return path


@pytest.mark.parametrize("name", ON_COHORTS)
def test_models_of_cohorts(name, tmp_path):
    X, y = make_pictures({"image": 21, "gene": 25, "image+gene": 30})
    model = ON_COHORTS[name]().fit(X, y)
    save_model(model, tmp_path / "model.skops")
    # Its predictor reads arrays unchecked, so skops leaves it to the caller.
    trees = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
    trusted = [trees] if name == "foreign head" else []
    loaded = load_model(tmp_path / "model.skops", trusted=trusted)
    assert_same_bits(model, loaded, X)
    assert repr(loaded) == repr(model)
    assert_same_bits(clone(loaded).fit(X, y), clone(model).fit(X, y), X)


@pytest.mark.parametrize("name", ON_ROWS)
def test_models_of_rows(name, tmp_path):
    make, data = ON_ROWS[name]
    y = np.arange(38) % 2
    X = data(y)
    model = make().fit(X, y)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    assert_same_bits(model, loaded, X)
    if hasattr(model, "history_"):
        assert loaded.history_ == model.history_
        assert type(loaded.history_) is type(model.history_)
        assert loaded.history_[:, "train_loss"] == model.history_[:, "train_loss"]


@pytest.mark.parametrize(
    "copied",
    [
        copy.deepcopy,
        lambda model: pickle.loads(pickle.dumps(model)),
        lambda model: cloudpickle.loads(cloudpickle.dumps(model)),
    ],
    ids=["deepcopy", "pickle", "cloudpickle"],
)
def test_other_ways_to_copy(fitted, copied):
    model, X, _ = fitted
    assert_same_bits(model, copied(model), X)


def test_joblib(fitted, tmp_path):
    model, X, _ = fitted
    joblib.dump(model, tmp_path / "model.joblib")
    assert_same_bits(model, joblib.load(tmp_path / "model.joblib"), X)


@pytest.mark.parametrize("table", [table3, table4])
def test_unfitted_baselines(table, tmp_path):
    for model in table().values():
        save_model(model, tmp_path / "model.skops")
        assert repr(load_model(tmp_path / "model.skops")) == repr(model)


def test_transformer_of_images(tmp_path):
    save_model(TumorTextureTransformer(), tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    assert loaded.get_params() == TumorTextureTransformer().get_params()


def test_a_fresh_process_gives_the_same_bits(fitted, saved, tmp_path):
    model, X, _ = fitted
    script = """
        import sys
        import numpy as np
        from fusion_tools import make_pictures
        from skmultimodal.persistence import load_model

        X, y = make_pictures({"image": 21, "gene": 25, "image+gene": 30})
        np.save(sys.argv[2], load_model(sys.argv[1]).predict_proba(X))
    """
    arguments = [str(saved), str(tmp_path / "p.npy")]
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        check=True,
        cwd=Path(__file__).parents[1] / "helpers",
    )
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), model.predict_proba(X))


def test_size_is_that_of_the_weights(rng, tmp_path):
    X = rng.normal(size=(40, 3000)).astype(np.float32)
    tower = gene_tower().fit(X, np.arange(40) % 2)
    save_model(tower, tmp_path / "model.skops")
    weights = sum(value.nbytes for value in tower.weights_.values())
    assert (tmp_path / "model.skops").stat().st_size < 1.2 * weights


# The file of an earlier version


# What it warns of is tested below; here it depends on the versions installed.
@pytest.mark.filterwarnings("ignore:.*was saved with")
@pytest.mark.filterwarnings("ignore:Trying to unpickle estimator")
def test_a_file_of_version_0_1_still_loads():
    X, _ = make_pictures({"image": 21, "gene": 25, "image+gene": 30})
    expected = np.load(STORED.with_suffix(".npy"))
    # Another processor adds in another order: 5e-6 apart was seen.
    np.testing.assert_allclose(load_model(STORED).predict_proba(X), expected, atol=1e-4)


# Trust


class Foreign(ClassifierMixin, BaseEstimator):
    """A classifier of the caller's own."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_a_foreign_type_is_named_and_may_be_trusted(tmp_path):
    X, y = make_case()
    towers = [("image", PCA(2)), ("gene", PCA(2))]
    model = TwinTowerClassifier(towers, Foreign()).fit(X, y)
    path = tmp_path / "model.skops"
    save_model(model, path)
    name = f"{Foreign.__module__}.Foreign"
    with pytest.raises(ValueError, match=f"not trusted: {name}"):
        load_model(path)
    for trusted in ([name], [Foreign], name):
        assert_same_bits(model, load_model(path, trusted=trusted), X)


def rewrite(path, target, change):
    """A copy of a model file of which `change` has rewritten the schema."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(name, content))


@pytest.mark.parametrize(
    "forbidden",
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("subprocess", "Popen"),
        # Of this library, and no part of a model.
        ("skmultimodal.persistence", "save_model"),
        ("skmultimodal.persistence", "Path"),
        ("skmultimodal.towers._net", "train_net"),
        ("skmultimodal.cohort", "Cohort"),
    ],
)
def test_a_planted_type_is_refused(saved, tmp_path, forbidden):
    module, name = forbidden

    def plant(member, content):
        if member != "schema.json":
            return content
        schema = json.loads(content)
        schema["content"]["content"]["planted"] = {
            "__class__": name,
            "__module__": module,
            "__loader__": "ObjectNode",
            "__id__": 1,
            "content": None,
        }
        return json.dumps(schema)

    rewrite(saved, tmp_path / "planted.skops", plant)
    with pytest.raises(ValueError, match=r"planted\.skops"):
        load_model(tmp_path / "planted.skops")


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("owned"),))


@pytest.mark.parametrize("way", ["pickle", "joblib", "in a model"])
def test_pickles_are_refused(saved, tmp_path, way, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.skops"
    if way == "pickle":
        path.write_bytes(pickle.dumps(Bomb()))
    elif way == "joblib":
        joblib.dump(Bomb(), path)
    else:  # an array of objects is a pickle inside a NumPy file
        buffer = io.BytesIO()
        np.save(buffer, np.array([Bomb()], dtype=object), allow_pickle=True)

        def plant(member, content):
            return buffer.getvalue() if member.endswith(".npy") else content

        rewrite(saved, path, plant)
    with pytest.raises(ValueError, match=r"model\.skops"):
        load_model(path)
    assert not (tmp_path / "owned").exists()


# Damage


@pytest.mark.parametrize("content", [b"", b"PK", b"no model", b"\x1f\x8b" + bytes(99)])
def test_no_model_file(tmp_path, content):
    (tmp_path / "model.skops").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.skops.*damaged or was not saved"):
        load_model(tmp_path / "model.skops")


def test_a_skops_file_of_another_kind(tmp_path):
    skops.io.dump(LogisticRegression(), tmp_path / "other.skops")
    with pytest.raises(ValueError, match=r"other\.skops.*not saved by save_model"):
        load_model(tmp_path / "other.skops")


def test_mutations_are_named_or_harmless(fitted, saved, tmp_path):
    model, X, _ = fitted
    whole = saved.read_bytes()
    expected = model.predict_proba(X)
    rng = np.random.default_rng(0)
    path = tmp_path / "mutated.skops"
    refused = 0
    for number in range(60):
        content = bytearray(whole)
        if number % 2:
            content = content[: rng.integers(1, len(whole))]
        else:
            for place in rng.integers(len(whole), size=3):
                content[place] ^= 1 << rng.integers(8)
        path.write_bytes(content)
        refusal, said = None, expected
        try:
            said = load_model(path).predict_proba(X)
        except ValueError as error:
            refusal = str(error)
            refused += 1
        assert refusal is None or "mutated.skops" in refusal
        np.testing.assert_array_equal(said, expected)
    assert refused > 40


def test_weights_of_another_shape(saved, tmp_path):
    def plant(member, content):
        if not member.endswith(".npy"):
            return content
        array = np.load(io.BytesIO(content))
        if array.ndim != 4:
            return content
        buffer = io.BytesIO()
        np.save(buffer, array[:, :, :2])
        return buffer.getvalue()

    rewrite(saved, tmp_path / "cut.skops", plant)
    with pytest.raises(ValueError, match=r"cut\.skops.*the weights of Image"):
        load_model(tmp_path / "cut.skops")


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", bytes(2**29))
    with pytest.raises(ValueError, match=r"bomb\.skops.* would take 536870912 bytes"):
        load_model(path)


def test_a_later_format_says_update(saved, tmp_path):
    def plant(member, content):
        if member != "skmultimodal.json":
            return content
        header = json.loads(content)
        header["format"] = 99
        header["environment"]["skmultimodal"] = "7.0"
        return json.dumps(header)

    rewrite(saved, tmp_path / "later.skops", plant)
    with pytest.raises(ValueError, match=r"format 99, saved by skmultimodal 7\.0"):
        load_model(tmp_path / "later.skops")


def save_elsewhere(saved, path, **environment):
    """A copy of a model file that another environment might have written."""

    def plant(member, content):
        if member != "skmultimodal.json":
            return content
        header = json.loads(content)
        header["environment"] |= environment
        return json.dumps(header)

    rewrite(saved, path, plant)


def test_other_versions_are_told(saved, tmp_path):
    save_elsewhere(saved, tmp_path / "old.skops", torch="1.0")
    with pytest.warns(UserWarning, match=r"saved with torch 1\.0 \(here"):
        load_model(tmp_path / "old.skops")
    environment = read_environment(tmp_path / "old.skops")
    assert environment["torch"] == "1.0"
    assert environment["skmultimodal"] == skmultimodal.__version__


def test_notes_come_back_as_they_were(tmp_path):
    path = tmp_path / "model.skops"
    facts = {"label": "réponse", "classes": ["no", "yes"], "size": 240, "cut": None}
    save_model(LogisticRegression(), path, notes=facts)
    assert read_notes(path) == facts
    assert load_model(path).get_params() == LogisticRegression().get_params()
    save_model(LogisticRegression(), path)
    assert read_notes(path) == {}
    assert read_notes(STORED) == {}  # saved before there were any


@pytest.mark.parametrize(
    "wrong", [{"a": np.arange(3)}, {"a": (1, 2)}, {1: "a"}, ["a"], {"a": np.nan}]
)
def test_notes_that_cannot_be_kept(tmp_path, wrong):
    with pytest.raises(TypeError, match="notes must be a dict of text"):
        save_model(LogisticRegression(), tmp_path / "model.skops", notes=wrong)
    assert list(tmp_path.iterdir()) == []


def test_another_machine_is_no_other_version(saved, tmp_path):
    """A warning would be an error."""
    path = tmp_path / "elsewhere.skops"
    save_elsewhere(saved, path, platform="Plan9-4.0", python="3.99.0", numpy="9.0")
    assert read_environment(path)["platform"] == "Plan9-4.0"
    load_model(path)


def test_absent_file_and_folder(fitted, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no model file"):
        load_model(tmp_path / "none.skops")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        save_model(fitted[0], tmp_path / "none" / "model.skops")


# Writing


def test_what_cannot_be_saved_leaves_the_file_that_is_there(saved, tmp_path):
    path = tmp_path / "model.skops"
    path.write_bytes(saved.read_bytes())
    model = ImageTowerClassifier(encoder=lambda in_channels: None)
    with pytest.raises(TypeError, match="ImageTowerClassifier has a part"):
        save_model(model, path)
    with pytest.raises(TypeError, match="saves an estimator, got dict"):
        save_model({}, path)
    assert path.read_bytes() == saved.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["model.skops"]


def test_a_killed_save_leaves_the_old_file_whole(saved, tmp_path, monkeypatch):
    path = tmp_path / "model.skops"
    path.write_bytes(saved.read_bytes())

    def kill(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("skmultimodal.utils._files.os.replace", kill)
    with pytest.raises(KeyboardInterrupt):
        save_model(LogisticRegression(), path)
    assert path.read_bytes() == saved.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["model.skops"]


# Devices


def test_a_device_that_is_not_here(tmp_path, fitted):
    _, X, y = fitted
    model = twin_tower().fit(X, y)
    expected = model.predict_proba(X)
    model.towers_["gene"].estimators_[0].device = "cuda:97"
    model.device = "cuda:97"
    save_model(model, tmp_path / "model.skops")
    with pytest.warns(UserWarning, match="computed on cuda:97, which is not here"):
        loaded = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    loaded = load_model(tmp_path / "model.skops", device="cpu")
    assert loaded.device == loaded.towers_["gene"].estimators_[0].device == "cpu"
    with pytest.raises(ValueError, match="device='nonsense'"):
        load_model(tmp_path / "model.skops", device="nonsense")


@pytest.mark.cuda
def test_a_model_of_a_gpu_loads_without_one(tmp_path, fitted):
    _, X, y = fitted
    model = twin_tower(device="cuda").fit(X, y)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops", device="cpu")
    np.testing.assert_allclose(
        loaded.predict_proba(X), model.predict_proba(X), atol=1e-5
    )


def test_a_forest_is_a_model_too(tmp_path):
    y = np.arange(38) % 2
    X = make_genes(y)
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    save_model(forest, tmp_path / "model.skops")
    with pytest.raises(ValueError, match=r"not trusted: sklearn\.tree\._tree\.Tree"):
        load_model(tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops", trusted="sklearn.tree._tree.Tree")
    assert_same_bits(forest, loaded, X)
