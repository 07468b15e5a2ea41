"""The tower of bags: poolings, attention, vectors that are drawn, bad bags."""

import numpy as np
import pytest
from bag_tools import write_bags
from scipy.special import expit, softmax
from sklearn.metrics import roc_auc_score
from tower_tools import bag_tower, make_bags

from skmultimodal import BagTowerClassifier, CrossFittedEnsembleClassifier
from skmultimodal.io import read_bags
from skmultimodal.testing import check_multimodal_estimator
from skmultimodal.towers import _bag_rows

# A few epochs of a small net are enough here, and may be too few to learn.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")

Y = np.arange(40) % 2
X = make_bags(Y)


def encode(tower, bag):
    """Encoded vectors, by hand."""
    weights = tower.weights_
    scaled = (bag - tower.scaler_.mean_) / tower.scaler_.scale_
    hidden = scaled
    for layer in (0, 3):  # after each a ReLU and dropout
        name = f"encoder.{layer}"
        hidden = hidden @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
        hidden = np.maximum(hidden, 0)
    return hidden


def attention_by_hand(tower, hidden):
    w = tower.weights_
    v = np.tanh(hidden @ w["attention_v.weight"].T + w["attention_v.bias"])
    u = expit(hidden @ w["attention_u.weight"].T + w["attention_u.bias"])
    return softmax((v * u) @ w["attention_w.weight"][0])


POOLINGS = {
    "mean": lambda tower, hidden: hidden.mean(axis=0),
    "max": lambda tower, hidden: hidden.max(axis=0),
    "attention": lambda tower, hidden: attention_by_hand(tower, hidden) @ hidden,
}


@pytest.mark.parametrize("pooling", list(POOLINGS))
def test_poolings_against_numpy(pooling):
    tower = bag_tower(pooling=pooling).fit(X, Y)
    pooled = [POOLINGS[pooling](tower, encode(tower, bag)) for bag in X]
    np.testing.assert_allclose(tower.transform(X), pooled, atol=1e-5)
    logits = pooled @ tower.weights_["output.weight"].T + tower.weights_["output.bias"]
    np.testing.assert_allclose(
        tower.predict_proba(X), softmax(logits, axis=1), atol=1e-5
    )


def test_attention_finds_the_vector_that_is_a_sign():
    tower = bag_tower(max_epochs=40).fit(X, Y)
    new = make_bags(Y, seed=1)
    assert roc_auc_score(Y, tower.predict_proba(new)[:, 1]) > 0.9
    weights = tower.attention(new)
    assert [len(w) for w in weights] == [len(bag) for bag in new]
    np.testing.assert_allclose([w.sum() for w in weights], 1, atol=1e-5)
    np.testing.assert_allclose(
        weights[1], attention_by_hand(tower, encode(tower, new[1])), atol=1e-5
    )
    found = [np.argmax(w) == 0 for w, label in zip(weights, Y, strict=True) if label]
    assert np.mean(found) > 0.8
    assert not hasattr(bag_tower(pooling="max"), "attention")


def test_order_of_vectors_does_not_matter():
    tower = bag_tower().fit(X, Y)
    turned = [bag[::-1] for bag in X]
    np.testing.assert_allclose(tower.transform(turned), tower.transform(X), atol=1e-5)


def test_an_array_is_bags_of_equal_size():
    array = np.stack([bag[:2] for bag in X])
    tower = bag_tower().fit(array, Y)
    assert tower.n_features_in_ == 5
    as_list = bag_tower().fit(list(array), Y)
    np.testing.assert_array_equal(tower.transform(X), as_list.transform(X))
    single = bag_tower().fit(array[:, 0], Y)
    np.testing.assert_allclose(
        single.transform(array[:, 0]), single.transform(array[:, :1]), atol=1e-6
    )


@pytest.mark.parametrize("kept", [True, False])
def test_lazy_bags_give_the_network_of_those_in_memory(kept, tmp_path, monkeypatch):
    if not kept:
        monkeypatch.setattr(_bag_rows, "KEPT_BYTES", 100)
    write_bags(tmp_path, X)
    _, block = read_bags(tmp_path)
    in_memory, lazy = bag_tower().fit(X, Y), bag_tower().fit(block, Y)
    for name, value in in_memory.weights_.items():
        np.testing.assert_array_equal(lazy.weights_[name], value)
    np.testing.assert_allclose(lazy.predict_proba(block), in_memory.predict_proba(X))
    np.testing.assert_allclose(lazy.attention(block)[3], in_memory.attention(X)[3])


def test_vectors_are_drawn_anew_in_each_epoch(monkeypatch):
    sizes, drawn = set(), []
    read = _bag_rows.BagReader.read

    def recording(self, rows):
        vectors, counts = read(self, rows)
        if self.max_instances == 3:
            sizes.update(counts)
            drawn.extend(np.split(vectors.copy(), np.cumsum(counts)[:-1]))
        return vectors, counts

    monkeypatch.setattr(_bag_rows.BagReader, "read", recording)
    tower = bag_tower(max_instances=3, max_epochs=8).fit(X, Y)
    assert sizes == {2, 3}
    largest = max(X, key=len)
    of_largest = [part for part in drawn if (part[0] == largest).all(axis=1).any()]
    assert len({part.tobytes() for part in drawn}) > len(X)
    assert len(of_largest) > 1
    # Predictions read whole bags.
    assert len(tower.attention([largest])[0]) == len(largest)


def test_statistics_are_those_of_the_vectors():
    tower = bag_tower().fit(X, Y)
    vectors = np.concatenate(list(X))
    np.testing.assert_allclose(tower.scaler_.mean_, vectors.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(tower.scaler_.scale_, vectors.std(axis=0), atol=1e-5)


def broken(row, bag):
    bags = X.copy()
    bags[row] = bag
    return bags


BAD_BAGS = {
    "empty": (np.ones((0, 5)), "is empty"),
    "width": (np.ones((2, 7)), "has vectors of 7 features, not 5"),
    "nan": (np.full((2, 5), np.nan), "contains NaN or infinity in vector 0"),
    "none": (None, "is None, no array"),
}


@pytest.mark.parametrize("kind", list(BAD_BAGS))
def test_bad_bag_names_its_row(kind):
    bag, message = BAD_BAGS[kind]
    bad = broken(7, bag)
    with pytest.raises(ValueError, match=f"the bag of row 7 {message}"):
        bag_tower().fit(bad, Y)
    tower = bag_tower().fit(X, Y)
    for predict in (tower.predict, tower.attention):
        with pytest.raises(ValueError, match=f"the bag of row 7 {message}"):
            predict(bad)


@pytest.mark.parametrize("kept", [True, False])
def test_lazy_bag_with_nan_names_its_file(kept, tmp_path, monkeypatch):
    if not kept:
        monkeypatch.setattr(_bag_rows, "KEPT_BYTES", 100)
    write_bags(tmp_path, broken(7, np.full((2, 5), np.nan)))
    _, block = read_bags(tmp_path)
    with pytest.raises(ValueError, match=r"patient 'P07' .*P07\.npy.* NaN"):
        bag_tower().fit(block, Y)
    tower = bag_tower().fit(X, Y)
    with pytest.raises(ValueError, match=r"patient 'P07' .*P07\.npy.* NaN"):
        tower.predict_proba(block)


def test_bags_of_another_width_than_in_fit():
    tower = bag_tower().fit(X, Y)
    with pytest.raises(ValueError, match="vectors of 4 features, but BagTower"):
        tower.predict([bag[:, :4] for bag in X])


def test_values_that_are_too_large_are_refused():
    with pytest.raises(ValueError, match="row 3 contains NaN or infinity"):
        bag_tower().fit(broken(3, np.full((2, 5), 1e300)), Y)


def test_towers_of_vectors_refuse_bags():
    from tower_tools import gene_tower

    with pytest.raises(
        ValueError, match=r"GeneAutoencoderTransformer got bags.*BagTow"
    ):
        gene_tower().fit(X, Y)


def test_members_of_an_ensemble_read_bags(tmp_path):
    write_bags(tmp_path, X)
    _, block = read_bags(tmp_path)
    tower = CrossFittedEnsembleClassifier(bag_tower(max_epochs=20), cv=2)
    tower.fit(block, Y)
    assert tower.n_features_in_ == 5
    assert roc_auc_score(Y, tower.oof_proba_[:, 1]) > 0.8
    np.testing.assert_allclose(tower.predict_proba(X), tower.predict_proba(block))
    assert tower.transform(X).shape == (40, 3)


def test_conformance():
    assert len(check_multimodal_estimator(bag_tower(max_epochs=3))) == 11


def test_the_default_learns():
    tower = BagTowerClassifier(random_state=0).fit(X, Y)
    assert roc_auc_score(Y, tower.predict_proba(make_bags(Y, seed=1))[:, 1]) > 0.9
