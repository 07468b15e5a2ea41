"""Fits in threads of one process: the same bits as one after the other."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from fusion_tools import make_pictures
from joblib import parallel_config
from sklearn.model_selection import cross_val_predict
from torch import nn
from tower_tools import make_genes, make_images

from skmultimodal import (
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.model_selection import PatternStratifiedKFold
from skmultimodal.nn import Autoencoder, ConvTower, MixtureOfExperts, draw_weights
from skmultimodal.utils._warnings import ignored_warnings, prefixed_warnings, warn

pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")


def in_threads(*functions):
    with ThreadPoolExecutor(len(functions)) as pool:
        return [task.result() for task in [pool.submit(f) for f in functions]]


def twin_tower(seed=0, **params):
    towers = [
        ("image", ImageTowerClassifier((2,), (3,), max_epochs=2, augment="flip")),
        ("gene", GeneAutoencoderTransformer((3, 2), (3,), max_epochs=2, dropout=0.3)),
    ]
    params = {"tower_cv": 2, "random_state": seed} | params
    return TwinTowerClassifier(towers, **params)


@pytest.fixture(scope="module")
def case():
    return make_pictures({"image": 21, "gene": 25, "image+gene": 30})


@pytest.fixture(scope="module")
def serial(case):
    X, y = case
    return [twin_tower(seed).fit(X, y).predict_proba(X) for seed in range(4)]


def test_a_thread_for_each_seed(case, serial):
    X, y = case
    found = in_threads(
        *(lambda s=s: twin_tower(s).fit(X, y).predict_proba(X) for s in range(4))
    )
    np.testing.assert_array_equal(found, serial)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_threads_of_joblib(case, serial, n_jobs):
    X, y = case
    cv = PatternStratifiedKFold(2, random_state=0)
    plain = cross_val_predict(twin_tower(), X, y, cv=cv, method="predict_proba")
    with parallel_config(backend="threading"):
        inner = twin_tower(n_jobs=2).fit(X, y).predict_proba(X)
        outer = cross_val_predict(
            twin_tower(n_jobs=n_jobs), X, y, cv=cv, n_jobs=2, method="predict_proba"
        )
    np.testing.assert_array_equal(inner, serial[0])
    np.testing.assert_array_equal(outer, plain)


def test_what_threads_keep_in_memory(case, serial, tmp_path):
    X, y = case
    memory = str(tmp_path)

    def fit(seed):
        return lambda: twin_tower(seed, memory=memory).fit(X, y).predict_proba(X)

    in_threads(*(fit(seed % 2) for seed in range(4)))
    for seed in range(2):
        np.testing.assert_allclose(fit(seed)(), serial[seed], rtol=1e-5)


NETS = {
    "image": (lambda: ImageTowerClassifier((2,), (3,), max_epochs=3), make_images),
    "gene": (
        lambda: GeneAutoencoderTransformer((3, 2), (3,), max_epochs=3),
        make_genes,
    ),
    "head": (lambda: FusionHeadClassifier("moe", (4,), max_epochs=3), make_genes),
}


@pytest.mark.parametrize("name", NETS)
def test_generators_of_the_caller_are_not_touched(name):
    """Not even for a moment: another thread draws from them all the time."""
    make, data = NETS[name]
    y = np.arange(38) % 2
    X, model = data(y), make().set_params(random_state=3)
    done = threading.Event()
    drawn = []

    def draw():
        while not done.is_set() or len(drawn) < 50:
            drawn.append((torch.rand(1).item(), np.random.random()))

    torch.manual_seed(5)
    np.random.seed(5)
    thread = threading.Thread(target=draw)
    thread.start()
    for _ in range(3):
        model.fit(X, y)
    done.set()
    thread.join()
    torch.manual_seed(5)
    np.random.seed(5)
    wanted = [(torch.rand(1).item(), np.random.random()) for _ in drawn]
    assert drawn == wanted


@pytest.mark.parametrize(
    "make",
    [
        lambda: Autoencoder(7, (5, 3), (4,), 2, 0.1),
        lambda: MixtureOfExperts(7, (5, 3), 2),
        lambda: ConvTower((2, 9, 8), 3, (4, 5), (6,), "auto"),
    ],
    ids=["autoencoder", "experts", "convolutions"],
)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_weights_are_drawn_as_torch_draws_them(make, layout):
    torch.manual_seed(4)
    wanted = make().to(memory_format=layout)
    with torch.device("meta"):
        found = make().to(memory_format=layout)
    found = found.to_empty(device="cpu")
    draw_weights(found, torch.Generator().manual_seed(4))
    for (name, value), other in zip(
        found.state_dict().items(), wanted.state_dict().values(), strict=True
    ):
        assert torch.equal(value, other), name
        assert value.stride() == other.stride()


def test_layers_of_the_networks_are_those_that_are_drawn():
    nets = [Autoencoder(7, (5, 3), (4,), 2), MixtureOfExperts(7, (5,), 2)]
    nets.append(ConvTower((2, 9, 8), 3, (4,), (6,), "auto"))
    for net in nets:
        for layer in net.modules():
            if next(layer.parameters(recurse=False), None) is not None:
                assert isinstance(layer, nn.Linear | nn.Conv2d)


# Settings of the process


def test_settings_of_warnings_are_restored():
    before = list(warnings.filters), warnings.showwarning
    gate = threading.Barrier(2)

    def work():
        gate.wait()
        for _ in range(200):
            with prefixed_warnings("tower"), ignored_warnings("nothing"):
                pass

    in_threads(work, work)
    assert (list(warnings.filters), warnings.showwarning) == before


def test_a_warning_of_a_thread_is_prefixed():
    def work():
        with prefixed_warnings("tower 'image'"), prefixed_warnings("fold 1"):
            warn("too few rows")
        warn("no prefix")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        in_threads(work)
    found = [str(warning.message) for warning in caught]
    assert found == ["tower 'image': fold 1: too few rows", "no prefix"]
