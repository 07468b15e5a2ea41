"""Prior-fitted networks, whose weights come from a hub at the first fit."""

from tabicl import TabICLClassifier
from tabpfn import TabPFNClassifier

from benchmarks.peers.adapters.tables import side_by_side


def tabpfn(train, y, seed):
    model = TabPFNClassifier(random_state=seed, device="cpu")
    model.fit(side_by_side(train), y)
    return lambda test: model.predict_proba(side_by_side(test))[:, 1]


def tabicl(train, y, seed):
    model = TabICLClassifier(random_state=seed, device="cpu")
    model.fit(side_by_side(train), y)
    return lambda test: model.predict_proba(side_by_side(test))[:, 1]
