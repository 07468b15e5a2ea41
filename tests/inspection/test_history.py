import pickle

import matplotlib.pyplot as plt
import numpy as np
import pytest
from fusion_tools import (
    THREE,
    gene_tower,
    make_case,
    make_pictures,
    odds_tower,
    picture_model,
    picture_tower,
    plain_towers,
    small_head,
)
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    CrossFittedEnsembleClassifier,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.baselines import LateFusionClassifier
from skmultimodal.inspection._history import TrainingHistoryDisplay
from skmultimodal.model_selection import PatternStratifiedKFold


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 9))
    return X, (X[:, 0] > 0).astype(int)


def shown(estimator, **options):
    return TrainingHistoryDisplay.from_estimator(estimator, **options)


@pytest.mark.parametrize("make", [gene_tower, small_head])
def test_one_net(table, make):
    net = make(max_epochs=7, random_state=0).fit(*table)
    display = shown(net)
    (line,) = display.ax_.lines
    assert line.get_xdata().tolist() == list(range(1, 8))
    assert line.get_ydata().tolist() == net.history_[:, "train_loss"]
    assert display.losses["valid_loss"].isna().all()
    assert display.ax_.get_title() == type(net).__name__
    assert display.ax_.get_ylabel() == "Training loss, mean of rows"
    assert display.ax_.get_legend() is None


def test_image_tower_of_one_epoch():
    X, y = make_pictures()
    net = picture_tower(random_state=0).fit(X.block("image"), y[X.has("image")])
    (line,) = shown(net).ax_.lines
    assert line.get_marker() == "o"  # a line of one point would not be seen


def test_early_stopping_marks_the_weights_kept(table):
    net = small_head(early_stopping=True, max_epochs=30, patience=4, lr=0.3)
    net.set_params(random_state=0).fit(*table)
    display = shown(net)
    train, valid, kept = display.ax_.lines
    valid_losses = net.history_[:, "valid_loss"]
    assert valid.get_ydata().tolist() == valid_losses
    assert train.get_ydata().tolist() == net.history_[:, "train_loss"]
    best = int(np.argmin(valid_losses))
    assert best < len(valid_losses) - 1
    assert kept.get_xdata() == [best + 1]
    assert kept.get_ydata() == [valid_losses[best]]
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["training", "validation", "weights kept"]
    assert train.get_color() != valid.get_color()
    assert train.get_linestyle() != valid.get_linestyle()


def test_members_are_thin_lines_of_one_colour(table):
    net = CrossFittedEnsembleClassifier(gene_tower(max_epochs=3), cv=4, random_state=0)
    display = shown(net.fit(*table))
    lines = display.ax_.lines
    assert len(lines) == 4
    assert len({line.get_color() for line in lines}) == 1
    assert {line.get_linewidth() for line in lines} == {1}
    for line, member in zip(lines, net.estimators_, strict=True):
        assert line.get_ydata().tolist() == member.history_[:, "train_loss"]
    assert display.ax_.get_title() == "GeneAutoencoderTransformer (4 members)"


def test_a_panel_for_each_tower_and_the_head():
    X, y = make_pictures()
    model = picture_model(tower_output="features").fit(X, y)
    display = shown(model)
    titles = [ax.get_title() for ax in display.ax_]
    assert titles == ["image", "gene", "final estimator"]
    losses = model.towers_["gene"].history_[:, "train_loss"]
    assert display.ax_[1].lines[0].get_ydata().tolist() == losses


def test_the_default_head_is_left_out_and_towers_are_ensembles():
    X, y = make_pictures()
    towers = [("image", picture_tower()), ("gene", gene_tower())]
    model = TwinTowerClassifier(towers, tower_cv=3, random_state=0).fit(X, y)
    display = shown(model)
    titles = [ax.get_title() for ax in display.ax_]
    assert titles == ["image (3 members)", "gene (3 members)"]
    plain = shown(TwinTowerClassifier(plain_towers(), small_head()).fit(*make_case()))
    assert plain.ax_.get_title() == "final estimator"


def test_inside_of_other_estimators(table):
    net = gene_tower(max_epochs=4, random_state=0).fit(*table)
    expected = shown(net).losses["train_loss"].tolist()
    pipe = make_pipeline(StandardScaler(), FrozenEstimator(net), LogisticRegression())
    assert shown(pipe.fit(*table)).losses["train_loss"].tolist() == expected
    X, y = make_case()
    one = UnimodalClassifier("gene", make_pipeline(gene_tower(), small_head()))
    parts = shown(one.fit(X, y)).losses["part"].unique().tolist()
    assert parts == ["geneautoencodertransformer", "fusionheadclassifier"]
    head = small_head(lr=0.1, random_state=0)
    search = GridSearchCV(head, {"max_epochs": [15, 20]}, cv=2).fit(*table)
    n_epochs = search.best_params_["max_epochs"]
    assert shown(search).losses["epoch"].tolist() == list(range(1, n_epochs + 1))
    towers = [
        ("gene", make_pipeline(StandardScaler(), gene_tower())),
        plain_towers()[0],
    ]
    twin = TwinTowerClassifier(towers, small_head(), tower_output="features")
    twin = make_pipeline(twin).fit(X, y)
    assert shown(twin).losses["part"].unique().tolist() == ["gene", "final estimator"]


def twin_of_nets():
    towers = [("gene", gene_tower()), plain_towers()[0]]
    options = {"tower_output": "features", "random_state": 0}
    return TwinTowerClassifier(towers, small_head(), **options)


def losses_of(net):
    return net.history_[:, "train_loss"]


def drawn(ax):
    return [line.get_ydata().tolist() for line in ax.lines]


@pytest.mark.parametrize(
    "wrap", [lambda model: model, make_pipeline], ids=["model", "pipeline"]
)
def test_members_of_a_calibrated_model_are_its_folds(wrap):
    X, y = make_case()
    cv = PatternStratifiedKFold(3, random_state=0)
    model = CalibratedClassifierCV(wrap(twin_of_nets()), cv=cv, ensemble=True)
    display = shown(model.fit(X, y))
    fitted = [fold.estimator for fold in model.calibrated_classifiers_]
    twins = [one[-1] if hasattr(one, "steps") else one for one in fitted]
    gene, head = display.ax_
    assert gene.get_title() == "gene (3 members)"
    assert head.get_title() == "final estimator (3 members)"
    assert drawn(gene) == [losses_of(twin.towers_["gene"]) for twin in twins]
    assert drawn(head) == [losses_of(twin.final_estimator_) for twin in twins]
    assert len({tuple(line) for line in drawn(head)}) == 3


def test_calibrated_after_the_fit():
    X, y = make_case()
    twin = twin_of_nets().fit(X, y)
    expected = shown(twin).losses
    cv = PatternStratifiedKFold(3, random_state=0)
    frozen = CalibratedClassifierCV(FrozenEstimator(twin), cv=cv, ensemble=False)
    assert shown(frozen.fit(X, y)).losses.equals(expected)
    whole = CalibratedClassifierCV(twin_of_nets(), cv=cv, ensemble=False).fit(X, y)
    assert shown(whole).losses.equals(expected)


def test_members_within_members(table):
    ensemble = CrossFittedEnsembleClassifier(gene_tower(), cv=2, random_state=0)
    model = CalibratedClassifierCV(ensemble, cv=3, ensemble=True).fit(*table)
    display = shown(model)
    folds = [fold.estimator for fold in model.calibrated_classifiers_]
    members = [member for fold in folds for member in fold.estimators_]
    assert display.ax_.get_title() == "GeneAutoencoderTransformer (6 members)"
    assert drawn(display.ax_) == [losses_of(member) for member in members]


@pytest.mark.parametrize(
    ("inside", "grid"),
    [
        ("frozen", {"memory": [None]}),
        ("pipeline", {"twintowerclassifier__verbose": [0]}),
        ("calibrated", {"estimator__verbose": [0]}),
    ],
)
def test_search_over_what_holds_a_twin_tower(inside, grid):
    X, y = make_case()
    twin = twin_of_nets().fit(X, y)
    cv = PatternStratifiedKFold(2, random_state=0)
    model = {
        "frozen": make_pipeline(FrozenEstimator(twin)),
        "pipeline": make_pipeline(twin),
        "calibrated": CalibratedClassifierCV(twin, cv=cv, ensemble=False),
    }[inside]
    search = GridSearchCV(model, grid, cv=cv).fit(X, y)
    assert shown(search).losses.equals(shown(twin).losses)


def test_a_part_that_is_dropped_takes_no_name(table):
    models = [("none", "drop"), ("first", small_head()), ("last", small_head())]
    vote = VotingClassifier(models).fit(*table)
    assert shown(vote).losses["part"].unique().tolist() == ["first", "last"]


def test_a_frozen_net_has_the_name_of_the_net(table):
    net = FrozenEstimator(gene_tower(random_state=0).fit(*table))
    assert shown(net).ax_.get_title() == "GeneAutoencoderTransformer"


def test_late_fusion_names_its_parts():
    net = make_pipeline(StandardScaler(), small_head())
    parts = {"image": net, "stain": odds_tower(), "gene": net}
    models = [(f"{m} only", UnimodalClassifier(m, p)) for m, p in parts.items()]
    display = shown(LateFusionClassifier(models).fit(*make_case(THREE)))
    assert display.losses["part"].unique().tolist() == ["image only", "gene only"]


def test_a_stored_model(table):
    net = small_head(max_epochs=5, random_state=0).fit(*table)
    again = pickle.loads(pickle.dumps(net))
    assert shown(again).losses.equals(shown(net).losses)


def test_own_axes(table):
    net = small_head().fit(*table)
    figure, ax = plt.subplots()
    display = shown(net, ax=ax)
    assert (display.ax_, display.figure_) == (ax, figure)
    X, y = make_pictures()
    model = picture_model(tower_output="features").fit(X, y)
    figure, axes = plt.subplots(3, 1)
    assert shown(model, ax=axes).ax_.tolist() == axes.tolist()
    with pytest.raises(ValueError, match="ax must be 3 axes for this display, got 1"):
        shown(model, ax=axes[0])


def test_nothing_to_draw(table):
    with pytest.raises(NotFittedError):
        shown(small_head())
    with pytest.raises(NotFittedError):
        shown(picture_model())
    with pytest.raises(ValueError, match="LogisticRegression has no training history"):
        shown(LogisticRegression().fit(*table))
    twin = TwinTowerClassifier(plain_towers()).fit(*make_case())
    with pytest.raises(ValueError, match="TwinTowerClassifier has no training history"):
        shown(twin)
    unsure = GridSearchCV(small_head(), {"lr": [0.1]}, cv=2, refit=False).fit(*table)
    message = "GridSearchCV of FusionHeadClassifier has no .* refit=False keeps no"
    with pytest.raises(ValueError, match=message):
        shown(unsure)
    calibrated = CalibratedClassifierCV(LogisticRegression(), cv=3).fit(*table)
    message = "CalibratedClassifierCV of LogisticRegression has no training history"
    with pytest.raises(ValueError, match=message):
        shown(calibrated)
