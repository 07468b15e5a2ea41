"""Table 1 of the paper."""

import numpy as np
import pytest
from fusion_tools import make_pictures
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skmultimodal import TwinTowerClassifier
from skmultimodal.baselines import paper_twin_tower

TABLE_1 = {
    "image__optimizer": "sgd",
    "image__lr": 2e-5,
    "image__momentum": 0.9,
    "image__weight_decay": 0.0,
    "image__max_epochs": 20,
    "image__batch_size": 16,
    "image__filters": (16, 32, 64),
    "image__dense_units": (32, 16),
    "image__global_pool": False,
    "gene__optimizer": "adam",
    "gene__lr": 1e-4,
    "gene__momentum": 0.9,
    "gene__weight_decay": 0.0,
    "gene__max_epochs": 20,
    "gene__batch_size": 16,
    "gene__encoder_units": (64, 32),
    "gene__decoder_units": (64,),
    "gene__label_weight": 0,
    "gene__dropout": 0,
    "gene__signed_log": False,
    "final_estimator__optimizer": "sgd",
    "final_estimator__lr": 1e-4,
    "final_estimator__momentum": 0.9,
    "final_estimator__max_epochs": 10,
    "final_estimator__batch_size": 16,
    "final_estimator__hidden_units": (64, 128, 16),
    "final_estimator__early_stopping": False,
    "tower_rows": "unpaired",
    "tower_output": "features",
}


@pytest.mark.parametrize("fusion", ["concat", "moe"])
def test_hyperparameters(fusion):
    own = {"memory": "cache", "device": "cpu", "random_state": 3}
    model = paper_twin_tower(fusion=fusion, **own)
    assert isinstance(model, TwinTowerClassifier)
    params = model.get_params()
    assert {key: params[key] for key in TABLE_1} == TABLE_1
    assert params["final_estimator__fusion"] == fusion
    assert {key: params[key] for key in own} == own
    assert repr(clone(model)) == repr(model)


def test_each_call_makes_its_own_parts():
    paper_twin_tower().set_params(image__lr=1.0, final_estimator__lr=1.0)
    assert paper_twin_tower().get_params()["image__lr"] == 2e-5
    assert paper_twin_tower().get_params()["final_estimator__lr"] == 1e-4


def test_networks_do_not_train_and_warn():
    X, y = make_pictures()
    model = paper_twin_tower(random_state=0)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X, y)
    messages = [str(w.message) for w in caught]
    assert any("tower 'image', 11 rows: ImageTowerClassifier:" in m for m in messages)
    assert any(m.startswith("FusionHeadClassifier:") for m in messages)
    assert all(issubclass(w.category, ConvergenceWarning) for w in caught)
    networks = [*model.towers_.values(), model.final_estimator_]
    assert [len(network.history_) for network in networks] == [20, 20, 10]
    p = model.predict_proba(X)
    assert p.shape == (42, 2)
    assert np.isfinite(p).all()
    # An autoencoder without labels has no classes: a small head predicts for it.
    assert not hasattr(model.towers_["gene"], "predict_proba")
    assert set(model.predict_route(X)) == {"image", "gene", "head"}
