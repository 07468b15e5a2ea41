"""Networks in threads: the same bits as one after another, and Ctrl-C stops them."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from torch import nn
from tower_tools import MapEncoder, gene_tower, image_tower, make_genes, make_images

from skmultimodal import CrossFittedEnsembleClassifier, TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.towers import _image_base, _net
from skmultimodal.utils._rows import RowView

pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")
Y = np.arange(37) % 2


class NoisyEncoder(MapEncoder):
    """Drops maps by torch's own generator."""

    def forward(self, x):
        return nn.functional.dropout(super().forward(x), 0.5, self.training)


TOWERS = {
    "image": (image_tower, make_images),
    "image, flipped": (lambda: image_tower(augment="flip"), make_images),
    "image, encoder that draws": (
        lambda: image_tower(encoder=NoisyEncoder),
        make_images,
    ),
    "gene": (gene_tower, make_genes),
}


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def small_parts(monkeypatch):
    """Batches of 16 small images are trained in two parts."""
    monkeypatch.setattr(_net, "PART_ELEMENTS", 16 * 2 * 9 * 7 // 2)


@pytest.mark.parametrize("name", TOWERS)
def test_fits_in_threads_do_not_disturb_each_other(name):
    make, data = TOWERS[name]
    X = data(Y)
    towers = [make().set_params(random_state=seed) for seed in range(4)]
    wanted = [clone(tower).fit(X, Y).predict_proba(X) for tower in towers]
    torch.manual_seed(11)
    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        fitted = list(pool.map(lambda tower: tower.fit(X, Y), towers))
    assert torch.equal(torch.get_rng_state(), before)
    for tower, p in zip(fitted, wanted, strict=True):
        np.testing.assert_array_equal(tower.predict_proba(X), p)


@pytest.mark.parametrize("name", TOWERS)
def test_an_ensemble_does_not_depend_on_the_number_of_threads(name, threads):
    make, data = TOWERS[name]
    X, found = data(Y), []
    for count in (1, 3):
        threads(count)
        model = CrossFittedEnsembleClassifier(make(), cv=4, random_state=0)
        found.append(model.fit(X, Y).predict_proba(X))
        assert torch.get_num_threads() == count
    np.testing.assert_array_equal(*found)


def test_members_are_trained_side_by_side(threads, monkeypatch):
    threads(4)
    meeting = threading.Barrier(4, timeout=60)
    train = _net.train_net

    def train_together(*args, **kwargs):
        meeting.wait()  # passes only if four members are here
        return train(*args, **kwargs)

    monkeypatch.setattr("skmultimodal.towers._base.train_net", train_together)
    CrossFittedEnsembleClassifier(gene_tower(), cv=4).fit(make_genes(Y), Y)


def test_rows_that_are_read_from_a_disk_are_read_by_one_thread(threads, monkeypatch):
    threads(3)
    monkeypatch.setattr("skmultimodal.towers._gene_base.KEPT_BYTES", 0)
    X, reading = make_genes(Y), threading.Lock()

    class Block:
        shape, dtype = X.shape, X.dtype

        def __getitem__(self, key):
            assert reading.acquire(blocking=False)  # nobody else reads
            rows = X[key]
            reading.release()
            return rows

    model = CrossFittedEnsembleClassifier(gene_tower(), cv=3, random_state=0)
    lazy = clone(model).fit(RowView(Block(), np.arange(37)), Y)
    np.testing.assert_allclose(
        lazy.predict_proba(X), model.fit(X, Y).predict_proba(X), atol=1e-5
    )


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_twin_tower_in_threads_of_joblib(n_jobs):
    X, y = make_glioma_cohort(
        21, 25, 20, n_genes=30, image_size=16, random_state=0, return_X_y=True
    )
    model = TwinTowerClassifier(tower_cv=2, random_state=0)
    model.set_params(image__max_epochs=3, gene__max_epochs=3)
    wanted = clone(model).fit(X, y).predict_proba(X)
    with parallel_config(backend="threading", n_jobs=2):
        found = model.set_params(n_jobs=n_jobs).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, wanted)


# Parts of a batch


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_parts_of_a_batch_have_the_gradient_of_the_whole(
    small_parts, monkeypatch, layout
):
    # Of the weights; the images have their channels last.
    monkeypatch.setattr(_image_base, "choose_memory_format", lambda shape: layout)
    options = {"class_weight": {0: 1.0, 1: 7.0}, "optimizer": "sgd", "max_epochs": 2}
    X = make_images(Y)
    tower = image_tower(**options)
    in_parts = clone(tower).fit(X, Y).weights_
    monkeypatch.setattr(_net, "PART_ELEMENTS", 10**9)
    whole = tower.fit(X, Y).weights_
    assert any(np.any(in_parts[name] != whole[name]) for name in whole)
    for name in whole:
        np.testing.assert_allclose(in_parts[name], whole[name], atol=1e-6)


@pytest.mark.parametrize(
    "options", [{}, {"augment": "flip"}, {"early_stopping": True, "max_epochs": 9}]
)
def test_parts_do_not_depend_on_the_number_of_threads(small_parts, threads, options):
    X, found = make_images(Y), []
    for count in (1, 2):
        threads(count)
        tower = image_tower(**options).fit(X, Y)
        found.append(tower.predict_proba(X))
    np.testing.assert_array_equal(*found)


def test_a_batch_norm_sees_the_whole_batch(small_parts, monkeypatch):
    X = make_images(Y)
    tower = image_tower(encoder=MapEncoder)
    found = clone(tower).fit(X, Y).predict_proba(X)
    monkeypatch.setattr(_net, "PART_ELEMENTS", 10**9)
    np.testing.assert_array_equal(tower.fit(X, Y).predict_proba(X), found)


# Ctrl-C


@pytest.fixture
def heeded_interrupts():
    """Tests in the background of a shell ignore them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_interrupts")
@pytest.mark.parametrize("count", [1, 3])
def test_an_interrupt_stops_every_member(count, threads):
    threads(count)
    # Not to be finished: only the interrupt ends it.
    tower = gene_tower(max_epochs=10**7)
    model = CrossFittedEnsembleClassifier(tower, cv=3, random_state=0)
    # torch imports more in the first fit, which an interrupt would break off.
    clone(model).set_params(estimator__max_epochs=1).fit(make_genes(Y), Y)
    before = set(threading.enumerate())
    main = threading.main_thread().ident
    timer = threading.Timer(1.0, signal.pthread_kill, (main, signal.SIGINT))

    def fit_until_interrupted():
        timer.start()
        model.fit(make_genes(Y), Y)

    with pytest.raises(KeyboardInterrupt):
        fit_until_interrupted()
    timer.join()
    assert set(threading.enumerate()) <= before
    with pytest.raises(NotFittedError):
        model.predict_proba(make_genes(Y))
    assert torch.get_num_threads() == count
