"""Parameters of towers and final estimator, given or default; seeds and devices."""

import re
import warnings

import numpy as np
import pytest
import torch
from fusion_tools import (
    THREE,
    TWO,
    Seeded,
    axes_tower,
    gene_tower,
    make_case,
    make_pictures,
    odds_tower,
    picture_model,
    picture_tower,
    plain_towers,
)
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    LogOpinionPoolClassifier,
    TwinTowerClassifier,
)
from skmultimodal.model_selection import PairedStratifiedKFold


def test_parameters_of_the_default_towers_are_shown():
    params = TwinTowerClassifier().get_params()
    assert params["towers"] is None
    assert params["final_estimator"] is None
    assert isinstance(params["image"], ImageTowerClassifier)
    assert isinstance(params["gene"], GeneAutoencoderTransformer)
    assert params["image__lr"] == ImageTowerClassifier().lr
    assert params["gene__dropout"] == GeneAutoencoderTransformer().dropout
    pool = LogOpinionPoolClassifier()
    assert params["final_estimator__weight_penalty"] == pool.weight_penalty
    shallow = TwinTowerClassifier().get_params(deep=False)
    assert "towers" in shallow
    assert not any("image" in key or "__" in key for key in shallow)


def test_nested_parameter_replaces_none():
    model = TwinTowerClassifier()
    assert model.set_params(image__lr=0.25) is model
    assert [name for name, _ in model.towers] == ["image", "gene"]
    assert model.towers[0][1].lr == 0.25
    assert model.final_estimator is None
    assert "lr=0.25" in repr(model)
    model.set_params(final_estimator__feature_penalty=7.0)
    assert model.final_estimator.feature_penalty == 7.0
    assert model.towers[0][1].lr == 0.25


def test_one_call_sets_everything():
    model = TwinTowerClassifier().set_params(
        missing="impute",
        gene__lr=0.5,
        image=odds_tower(),
        image__logisticregression__C=9,
    )
    assert model.missing == "impute"
    assert model.towers[1][1].lr == 0.5
    assert model.get_params()["image__logisticregression__C"] == 9


@pytest.mark.parametrize("tower_output", ["auto", "features", "log_odds", "both"])
def test_the_default_final_estimator_is_the_pool(tower_output):
    model = TwinTowerClassifier(tower_output=tower_output)
    shown = model.get_params()
    assert shown["final_estimator"] is None
    for name, value in LogOpinionPoolClassifier().get_params().items():
        assert shown[f"final_estimator__{name}"] == value
    # At once, in any order, and from an explicit None.
    penalty, none = {"final_estimator__weight_penalty": 9.0}, {"final_estimator": None}
    for params in (penalty, penalty | none, none | penalty):
        model = TwinTowerClassifier(final_estimator=LogisticRegression())
        if "final_estimator" not in params:
            model.final_estimator = None
        model.set_params(**params)
        assert type(model.final_estimator) is LogOpinionPoolClassifier
        assert model.final_estimator.weight_penalty == 9.0


def test_the_default_final_estimator_on_features():
    X, y = make_pictures(TWO)
    towers = [("image", picture_tower()), ("gene", gene_tower())]
    model = TwinTowerClassifier(towers, tower_output="features", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    assert type(model.final_estimator_) is LogOpinionPoolClassifier
    assert model.final_estimator_.weights_ == {}  # it reads no log-odds


def test_a_head_that_is_given_keeps_its_type():
    model = TwinTowerClassifier(final_estimator=LogOpinionPoolClassifier())
    model.set_params(final_estimator__weight_penalty=2.0)
    assert model.final_estimator.weight_penalty == 2.0
    with pytest.raises(ValueError, match="Invalid parameter 'lr'"):
        model.set_params(final_estimator__lr=0.1)
    assert "final_estimator__lr" not in model.get_params()


@pytest.mark.parametrize(
    "names",
    [
        ["class_weight"],
        ["speed"],
        ["lr"],
        ["lr", "feature_penalty"],
        ["feature_penalty", "lr"],
    ],
)
def test_parameters_that_the_default_final_estimator_lacks(names):
    params = {f"final_estimator__{name}": 0.5 for name in names}
    with pytest.raises(
        ValueError, match=r"Invalid parameter '(class_weight|speed|lr)'"
    ):
        TwinTowerClassifier().set_params(**params)


GRIDS = {
    "both": {"image__lr": [0.01], "final_estimator__feature_penalty": [0.1, 1e3]},
    "heads": [
        {"final_estimator__feature_penalty": [0.1]},
        {"final_estimator": [FusionHeadClassifier(hidden_units=(3,), max_epochs=1)]},
    ],
    "outputs": {"tower_output": ["features", "log_odds"], "tower_cv": [2]},
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_grid_search_over_a_default_head(grid):
    X, y = make_pictures(TWO)
    towers = [("image", picture_tower()), ("gene", gene_tower())]
    model = TwinTowerClassifier(towers, tower_cv=2, random_state=0)
    cv = PairedStratifiedKFold(2, random_state=0)
    search = GridSearchCV(model, grid, cv=cv, error_score="raise").fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_
    found = best.get_params()
    for name, value in search.best_params_.items():
        assert repr(found[name]) == repr(value)  # of an estimator, a clone
    assert model.final_estimator is None
    assert search.predict_proba(X).shape == (42, 2)


def test_other_models_keep_their_defaults():
    penalty = "final_estimator__feature_penalty"
    TwinTowerClassifier().set_params(**{"image__lr": 0.25, penalty: 0.5})
    params = TwinTowerClassifier().get_params()
    assert params["image__lr"] == ImageTowerClassifier().lr
    assert params[penalty] == LogOpinionPoolClassifier().feature_penalty


def test_towers_are_replaced_by_name_and_keep_their_columns():
    columns = ["a", "b"]
    model = TwinTowerClassifier(
        [("image", odds_tower()), ("gene", axes_tower(), columns)]
    )
    other = axes_tower(1)
    model.set_params(gene=other)
    assert model.towers[1] == ("gene", other, columns)
    assert model.get_params()["gene"] is other
    assert model.get_params()["gene__pca__n_components"] == 1


def test_unknown_parameter_is_named():
    with pytest.raises(ValueError, match="Invalid parameter 'imagee'"):
        TwinTowerClassifier().set_params(imagee__lr=1)
    with pytest.raises(ValueError, match="Invalid parameter 'speed'"):
        TwinTowerClassifier().set_params(image__speed=1)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"image__lr": 0.25},
        {"final_estimator": FusionHeadClassifier(lr=0.5)},
        {"final_estimator__feature_penalty": 0.5},
        {"memory": "cache", "tower_cv": None, "tower_output": "both"},
    ],
    ids=["none", "tower", "head", "pool", "own"],
)
def test_clone_round_trip(params):
    model = TwinTowerClassifier(missing="error", random_state=3).set_params(**params)
    copy = clone(model)
    assert repr(copy) == repr(model)
    found, wanted = copy.get_params(), model.get_params()
    assert set(found) == set(wanted)
    for key, value in wanted.items():
        if key != "towers" and not isinstance(value, BaseEstimator):
            assert found[key] == value, key
    if "image__lr" in params:
        assert copy.towers[0][1] is not model.towers[0][1]
        copy.set_params(image__lr=7.0)
        assert model.towers[0][1].lr == 0.25


def test_repr_of_the_defaults_is_short():
    assert repr(TwinTowerClassifier()) == "TwinTowerClassifier()"
    assert "TwinTowerClassifier" in TwinTowerClassifier()._repr_html_()
    html = TwinTowerClassifier(plain_towers())._repr_html_()
    assert "TwinTowerClassifier" in html


def test_fit_changes_no_parameter():
    X, y = make_case()
    model = TwinTowerClassifier(plain_towers(), LogisticRegression(), random_state=0)
    towers, head = model.towers, model.final_estimator
    before = [repr(tower) for tower in towers]
    model.fit(X, y)
    assert model.towers is towers
    assert model.final_estimator is head
    assert [repr(tower) for tower in towers] == before
    assert not hasattr(head, "coef_")
    assert model.towers_["image"] is not towers[0][1]


@pytest.mark.parametrize(
    ("towers", "error", "message"),
    [
        ([("memory", odds_tower())], ValueError, r"no parameter.*got 'memory'"),
        ([("final_estimator", odds_tower())], ValueError, "got 'final_estimator'"),
        ([("towers", odds_tower())], ValueError, "got 'towers'"),
        ([("a__b", odds_tower())], ValueError, r"without '__'.*'a__b'"),
        ([(3, odds_tower())], ValueError, "got 3"),
        ([("gene", odds_tower())] * 2, ValueError, r"must differ.*gene.*gene"),
        ([odds_tower()], ValueError, r"list of \(name, estimator\)"),
        ([("gene",)], ValueError, r"list of \(name, estimator\)"),
        ([("gene", odds_tower(), [0], 1)], ValueError, r"list of \(name, estimator\)"),
        ([("gene", Ridge())], TypeError, r"tower 'gene'.*Ridge"),
        ([("gene", "pca")], TypeError, "tower 'gene'.*str"),
        ("image", ValueError, "'towers' parameter"),
        ([], ValueError, r"towers"),
    ],
)
def test_bad_towers_are_refused(towers, error, message):
    X, y = make_case()
    with pytest.raises(error, match=message):
        TwinTowerClassifier(towers, LogisticRegression()).fit(X, y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"tower_rows": "some"}, "'tower_rows' parameter"),
        ({"tower_output": "votes"}, "'tower_output' parameter"),
        ({"missing": "drop"}, "'missing' parameter"),
        ({"tower_cv": 1}, "'tower_cv' parameter"),
        ({"tower_cv": 2.5}, "'tower_cv' parameter"),
        ({"tower_cv": "five", "tower_output": "both"}, "tower_cv"),
        ({"memory": 3}, "'memory' parameter"),
        ({"n_jobs": 1.5}, "'n_jobs' parameter"),
        ({"random_state": "x"}, "'random_state' parameter"),
        ({"final_estimator": "mlp"}, "'final_estimator' parameter"),
        ({"final_estimator": Ridge()}, "final_estimator must be a classifier.*Ridge"),
        ({"final_estimator": StandardScaler()}, "'final_estimator' parameter"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_parameters_are_named(params, message):
    X, y = make_case()
    params = {"final_estimator": LogisticRegression()} | params
    with pytest.raises(ValueError, match=message):
        TwinTowerClassifier(plain_towers(), **params).fit(X, y)


# Seeds and devices


def seeds_of(model):
    return {name: tower.random_state for name, tower in model.towers_.items()}


def seeded_model(names=("image", "gene"), **params):
    towers = [(name, Seeded()) for name in names]
    return TwinTowerClassifier(towers, LogisticRegression(), **params)


def test_unset_seeds_are_inherited_and_differ():
    X, y = make_case()
    model = seeded_model(random_state=5).fit(X, y)
    drawn = [*seeds_of(model).values(), model.final_estimator_.random_state]
    assert all(isinstance(seed, int) for seed in drawn)
    assert len(set(drawn)) == 3
    again = seeded_model(random_state=5).fit(X, y)
    assert seeds_of(again) == seeds_of(model)
    assert again.final_estimator_.random_state == model.final_estimator_.random_state
    other = seeded_model(random_state=6).fit(X, y)
    assert not set(seeds_of(other).values()) & set(drawn)


def test_members_of_an_ensemble_differ_in_seed():
    X, y = make_case()
    towers = [("image", Seeded()), ("gene", Seeded(random_state=9))]

    def seeds(random_state):
        model = TwinTowerClassifier(towers, tower_cv=3, random_state=random_state)
        return [
            [member.random_state for member in tower.estimators_]
            for tower in model.fit(X, y).towers_.values()
        ]

    first = seeds(5)
    assert len({*first[0], *first[1]}) == 6
    assert seeds(5) == first
    # Where a seed is given, it wins.
    other = seeds(6)
    assert not set(other[0]) & set(first[0])
    assert other[1] == first[1]
    assert seeds(None)[0] == [None] * 3


def test_without_a_seed_nothing_is_inherited():
    X, y = make_case()
    model = seeded_model().fit(X, y)
    assert seeds_of(model) == {"image": None, "gene": None}
    assert model.final_estimator_.random_state is None


def test_explicit_values_win():
    X, y = make_case()
    towers = [("image", Seeded(random_state=0, device="cuda:7")), ("gene", Seeded())]
    head = LogisticRegression(random_state=8)
    model = TwinTowerClassifier(towers, head, random_state=5, device="cpu").fit(X, y)
    image, gene = model.towers_["image"], model.towers_["gene"]
    assert (image.random_state, image.device) == (0, "cuda:7")
    assert gene.device == "cpu"
    assert isinstance(gene.random_state, int)
    assert model.final_estimator_.random_state == 8


def test_steps_of_a_pipeline_inherit():
    X, y = make_case()
    towers = [("image", make_pipeline(StandardScaler(), Seeded())), ("gene", Seeded())]
    device = torch.device("cpu")
    model = TwinTowerClassifier(
        towers, LogisticRegression(), random_state=5, device=device
    ).fit(X, y)
    step = model.towers_["image"][-1]
    assert isinstance(step.random_state, int)
    assert step.device == device
    assert towers[0][1][-1].random_state is None


@pytest.mark.filterwarnings("ignore:modality 'stain' has no tower")
def test_another_tower_changes_no_seed():
    X, y = make_case(THREE)
    two = seeded_model(random_state=5).fit(
        X.without("stain")[X.patterns != "stain"], y[X.patterns != "stain"]
    )
    three = seeded_model(("image", "gene", "stain"), random_state=5).fit(X, y)
    new = seeds_of(three)
    assert new.pop("stain") not in new.values()
    assert new == seeds_of(two)
    assert three.final_estimator_.random_state == two.final_estimator_.random_state


@pytest.mark.filterwarnings("ignore:tower 'image' is left out")
def test_absent_tower_changes_no_seed():
    X, y = make_case()
    whole = seeded_model(random_state=5).fit(X, y)
    gene = X[:, ["gene"]][X.has("gene")]
    part = seeded_model(random_state=5).fit(gene, y[X.has("gene")])
    assert seeds_of(part)["gene"] == seeds_of(whole)["gene"]


def test_random_state_instance_moves_on():
    X, y = make_case()
    state = np.random.RandomState(0)
    first = seeds_of(seeded_model(random_state=state).fit(X, y))
    assert seeds_of(seeded_model(random_state=state).fit(X, y)) != first


@pytest.mark.parametrize("tower_output", ["auto", "both"])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_networks_are_the_same_to_the_last_bit(n_jobs, tower_output):
    X, y = make_pictures(TWO)
    options = {"tower_output": tower_output, "tower_cv": 2}
    first = picture_model(**options).fit(X, y)
    torch.rand(3)  # the global generator plays no part
    second = picture_model(n_jobs=n_jobs, **options).fit(X, y)
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    np.testing.assert_array_equal(first.transform(X), second.transform(X))
    other = picture_model(random_state=1, **options).fit(X, y)
    assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))


def test_global_generators_are_left_alone():
    X, y = make_pictures(TWO)
    torch.manual_seed(0)
    np.random.seed(0)
    wanted = torch.rand(2), np.random.rand()
    torch.manual_seed(0)
    np.random.seed(0)
    picture_model().fit(X, y).predict_proba(X)
    assert torch.equal(torch.rand(2), wanted[0])
    assert np.random.rand() == wanted[1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_absent_cuda_is_named():
    X, y = make_pictures(TWO)
    with pytest.raises(ValueError, match=re.escape("device='cuda'")):
        picture_model(device="cuda").fit(X, y)


@pytest.mark.cuda
def test_cuda_is_inherited():
    X, y = make_pictures(TWO)
    model = picture_model(device="cuda").fit(X, y)
    assert model.towers_["gene"].device == "cuda"
    on_cpu = picture_model().fit(X, y)
    assert on_cpu.predict_proba(X).shape == model.predict_proba(X).shape


def test_what_is_shown_can_be_set():
    model = TwinTowerClassifier()
    shown = model.get_params()
    model.set_params(**shown)
    found = model.get_params()
    assert set(found) == set(shown)
    own = [key for key, value in shown.items() if not isinstance(value, BaseEstimator)]
    defaults = {"towers", "final_estimator"}  # which are named now
    assert all(found[key] == shown[key] for key in set(own) - defaults)
    with pytest.raises(ValueError, match="nonsense"):
        TwinTowerClassifier().set_params(final_estimator__nonsense=1)


# What is shown


@pytest.mark.filterwarnings("ignore:.*training did nothing")
def test_verbose_shows_what_will_be_fitted_and_each_stage(capsys, tmp_path):
    X, y = make_pictures({"image": 23, "gene": 27, "image+gene": 20})
    model = TwinTowerClassifier(tower_cv=2, memory=tmp_path, random_state=0, verbose=1)
    model.set_params(image__max_epochs=2, gene__max_epochs=2).fit(X, y)
    out, err = capsys.readouterr()
    assert out == ""
    plan, image, gene, final = err.splitlines()
    assert plan == (
        "[TwinTowerClassifier] 4 networks: 2 for tower 'image' on 43 rows, 2 for tower "
        "'gene' on 47 rows; then the final estimator on 20 rows with several modalities"
    )
    assert image.startswith("[TwinTowerClassifier] tower 'image': 2 networks, ")
    assert gene.startswith("[TwinTowerClassifier] tower 'gene': 2 networks, ")
    assert final.startswith("[TwinTowerClassifier] final estimator: ")
    model.fit(X, y)
    again = capsys.readouterr().err
    assert again.count(": 0 of 2 networks, the others found in memory, ") == 2
    model.set_params(verbose=0).fit(X, y)
    assert capsys.readouterr() == ("", "")
