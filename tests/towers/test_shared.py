"""What both towers promise: image tower on images and on columns, gene tower."""

import copy
import pickle
import re
import threading

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
import torch
from cohort_tools import InterruptedBlock, RecordingBlock
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from skorch.history import History
from tower_tools import (
    bag_tower,
    gene_tower,
    image_tower,
    make_case,
    make_genes,
    make_images,
    stream_all_blocks,
)

from skmultimodal.towers._batches import Budget
from skmultimodal.utils._rows import RowView

KINDS = ["image", "columns", "gene", "bags"]

# A few epochs of a small net are enough here, and may be too few to learn.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")


@pytest.fixture(params=KINDS)
def case(request):
    return make_case(request.param)


def outputs_of(tower, case, X=None):
    X = case.X if X is None else X
    return {name: getattr(tower, name)(X) for name in case.outputs}


def assert_equal(tower, other, case, X=None):
    found, expected = outputs_of(tower, case, X), outputs_of(other, case)
    for name in case.outputs:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def assert_close(found, expected):
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-5, err_msg=name)


def train_losses(tower):
    return np.array(tower.history_[:, "train_loss"])


# Fitting


@pytest.mark.parametrize("y_kind", ["ints", "strings", "three classes", "booleans"])
def test_outputs(case, y_kind):
    names = {
        "ints": [0, 1],
        "strings": ["well", "ill"],
        "three classes": ["c", "a", "b"],
        "booleans": [True, False],
    }[y_kind]
    y = np.resize(names, 40)
    tower = case.make().fit(case.X, y)
    assert tower.classes_.tolist() == sorted(names)
    assert tower.classes_.dtype == y.dtype
    p = tower.predict_proba(case.X)
    assert p.shape == (40, len(names))
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert len(np.unique(p[:, 0])) > 20
    z = tower.transform(case.X)
    assert z.shape == (40, 3)
    assert z.dtype == p.dtype == np.float32
    if hasattr(tower, "predict"):
        predicted = tower.predict(case.X)
        assert predicted.dtype == y.dtype
        np.testing.assert_array_equal(predicted, tower.classes_[p.argmax(axis=1)])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", KINDS)
def test_it_learns(kind):
    case = make_case(kind, n_rows=100)
    tower = case.make(max_epochs=30).fit(case.X[:60], case.y[:60])
    hits = tower.predict_proba(case.X[60:]).argmax(axis=1) == case.y[60:]
    assert hits.mean() >= 0.9
    losses = train_losses(tower)
    assert losses[-1] < 0.6 * losses[0]


def test_names_out(case):
    tower = case.make().fit(case.X, case.y)
    prefix = type(tower).__name__.lower()
    names = [f"{prefix}{i}" for i in range(3)]
    assert tower.get_feature_names_out().tolist() == names
    frame = tower.set_output(transform="pandas").transform(case.X)
    assert frame.columns.tolist() == names


def test_history_is_skorchs(case):
    tower = case.make(max_epochs=4, batch_size=16).fit(case.X, case.y)
    assert isinstance(tower.history_, History)
    assert tower.history_[:, "epoch"] == [1, 2, 3, 4]
    assert np.isfinite(train_losses(tower)).all()
    assert [len(epoch["batches"]) for epoch in tower.history_] == [3] * 4


def assert_takes_steps(tower, n_steps):
    """As many steps, in whole epochs, and none more than that needs."""
    taken = [len(epoch["batches"]) for epoch in tower.history_]
    assert n_steps <= sum(taken) < n_steps + taken[0]


@pytest.mark.parametrize("n_rows", [16, 17, 33, 50])
@pytest.mark.parametrize(("kind", "n_steps"), [("image", 120), ("gene", 150)])
def test_default_steps(kind, n_steps, n_rows):
    case = make_case(kind, n_rows)
    tower = case.make(max_epochs=None, batch_size=16).fit(case.X, case.y)
    assert_takes_steps(tower, n_steps)


@pytest.mark.parametrize(("n_classes", "bits"), [(2, 1), (3, np.log2(3)), (4, 2)])
def test_n_steps_are_per_bit_of_the_label(case, n_classes, bits):
    y = np.arange(40) % n_classes
    tower = case.make(n_steps=7, max_epochs=None, batch_size=11).fit(case.X, y)
    assert_takes_steps(tower, 7 * bits)


def test_max_epochs_overrule_n_steps(case):
    few, many = (case.make(n_steps=n, max_epochs=3).fit(case.X, case.y) for n in (1, 9))
    assert len(few.history_) == 3
    assert_equal(few, many, case)


# Randomness


@pytest.mark.parametrize("batch_size", [7, 1000])
def test_same_seed_same_bits(case, batch_size):
    first = case.make(batch_size=batch_size).fit(case.X, case.y)
    torch.manual_seed(123)
    np.random.seed(123)
    second = case.make(batch_size=batch_size).fit(case.X, case.y)
    assert_equal(first, second, case)
    assert_equal(first, first.fit(case.X, case.y), case)


def test_other_seeds_other_bits(case):
    fits = [
        case.make(random_state=seed).fit(case.X, case.y) for seed in (0, 1, None, None)
    ]
    features = {fit.transform(case.X).tobytes() for fit in fits}
    assert len(features) == 4


def test_generator_as_random_state_moves_on(case):
    def fit_twice():
        tower = case.make(random_state=np.random.RandomState(0))
        return [tower.fit(case.X, case.y).transform(case.X) for _ in range(2)]

    first, second = fit_twice()
    assert np.any(first != second)
    np.testing.assert_array_equal(fit_twice(), [first, second])


@pytest.mark.parametrize("seed", [0, None])
def test_global_generators_are_left_as_they_were(case, seed):
    torch.manual_seed(7)
    np.random.seed(7)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    tower = case.make(random_state=seed).fit(case.X, case.y)
    outputs_of(tower, case)
    assert torch.equal(torch.get_rng_state(), before)
    outputs_of(pickle.loads(pickle.dumps(tower)), case)
    assert torch.equal(torch.get_rng_state(), before), "by the net built after pickle"
    if seed == 0:
        np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)


# Optimisation


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "sgd"},
        {"optimizer": "adam", "weight_decay": 0.5},
        {"momentum": 0.1},
        {"weight_decay": 0.9},
        {"batch_size": 9},
        {"lr": 0.02},
    ],
    ids=str,
)
def test_every_training_parameter_matters(case, change):
    plain = case.make().fit(case.X, case.y)
    changed = case.make(**change).fit(case.X, case.y)
    assert np.any(plain.transform(case.X) != changed.transform(case.X))


def test_sgd_with_the_papers_rates_warns(case):
    tower = case.make(optimizer="sgd", lr=2e-5, max_epochs=20, batch_size=16)
    name = type(tower).__name__
    with pytest.warns(ConvergenceWarning, match=rf"{name}: training did nothing.*lr"):
        tower.fit(case.X, case.y)
    assert tower.predict_proba(case.X).shape == (40, 2)


def test_diverging_loss_is_an_error_with_epoch_and_rate(case):
    tower = case.make(optimizer="sgd", lr=1e30, max_epochs=20)
    with pytest.raises(ValueError, match=r"became (nan|inf) in epoch \d+ at lr=1e\+30"):
        tower.fit(case.X, case.y)
    with pytest.raises(NotFittedError):
        tower.transform(case.X)


# A processor may lack it; the test of that warning is below.
EMULATED = pytest.mark.filterwarnings("ignore:.*this processor has no bfloat16")


@EMULATED
def test_bfloat16(case):
    exact = case.make(max_epochs=20).fit(case.X, case.y)
    rough = case.make(max_epochs=20, precision="bfloat16").fit(case.X, case.y)
    assert rough.transform(case.X).dtype == np.float32
    assert np.any(rough.transform(case.X) != exact.transform(case.X))
    assert train_losses(rough)[-1] < 1.3 * train_losses(exact)[-1]
    assert_equal(rough, pickle.loads(pickle.dumps(rough)), case)


# Early stopping


@pytest.fixture
def noise(case):
    """A case with nothing to learn, so that the tower overfits soon."""
    case.X = np.random.default_rng(4).normal(size=case.X.shape)
    params = {"early_stopping": True, "validation_fraction": 0.3}
    # Dropout keeps the gene tower from overfitting.
    params |= {"dropout": 0.0, "weight_decay": 0.0} if case.make is gene_tower else {}
    return case, params


@pytest.mark.parametrize("max_epochs", [60, 21])
def test_early_stopping_restores_the_best_weights(noise, max_epochs):
    case, params = noise
    patience = 6 if max_epochs == 60 else 60
    tower = case.make(**params, patience=patience, max_epochs=max_epochs)
    losses = tower.fit(case.X, case.y).history_[:, "valid_loss"]
    best = int(np.argmin(losses)) + 1
    assert 1 < best < len(losses)
    if max_epochs == 60:
        assert len(losses) == best + patience
    else:
        assert len(losses) == max_epochs
    until_best = case.make(**params, patience=60, max_epochs=best)
    assert_equal(tower, until_best.fit(case.X, case.y), case)


@pytest.mark.parametrize(("n_rare", "works"), [(10, True), (9, False)])
def test_early_stopping_needs_two_validation_rows_a_class(case, n_rare, works):
    y = np.zeros(40, dtype=int)
    y[:n_rare] = 1
    tower = case.make(early_stopping=True, validation_fraction=0.2)
    if works:
        tower.fit(case.X, y)
        assert "valid_loss" in tower.history_[0]
    else:
        with pytest.warns(UserWarning, match="early stopping is switched off.* 9 rows"):
            tower.fit(case.X, y)
        assert "valid_loss" not in tower.history_[0]
        assert_equal(tower, case.make().fit(case.X, y), case)


# What is shown


def test_verbose_shows_the_epochs(case, capsys):
    case.make(verbose=1, max_epochs=3).fit(case.X, case.y)
    shown = capsys.readouterr()
    name = type(case.make()).__name__
    assert re.fullmatch(rf"{name}: 3 epochs, loss \d\.\d+, \d+\.\d s\n", shown.err)
    case.make(max_epochs=3).fit(case.X, case.y)
    assert capsys.readouterr() == ("", "")


# Saving


def walk(value):
    """Every object inside containers and the dicts of objects."""
    yield value
    if isinstance(value, dict):
        children = value.values()
    elif isinstance(value, list | tuple | set):
        children = value
    else:
        children = getattr(value, "__dict__", {}).values()
    for child in children:
        yield from walk(child)


@EMULATED
def test_state_holds_no_torch_object(case):
    tower = case.make(precision="bfloat16").fit(case.X, case.y)
    tower.transform(case.X)
    modules = {
        type(value).__module__.split(".")[0] for value in walk(tower.__getstate__())
    }
    assert "numpy" in modules
    assert "torch" not in modules
    assert b"torch" not in pickle.dumps(tower)


@pytest.mark.parametrize("way", ["pickle", "deepcopy", "joblib", "skops"])
def test_round_trip_is_bit_identical(case, way, tmp_path):
    tower = case.make().fit(case.X, case.y)
    if way == "pickle":
        back = pickle.loads(pickle.dumps(tower))
    elif way == "deepcopy":
        back = copy.deepcopy(tower)
    elif way == "joblib":
        joblib.dump(tower, tmp_path / "tower")
        back = joblib.load(tmp_path / "tower")
    else:
        dumped = skops.io.dumps(tower)
        trusted = skops.io.get_untrusted_types(data=dumped)
        back = skops.io.loads(dumped, trusted=trusted)
    assert_equal(back, tower, case)
    assert back.history_ == tower.history_
    assert_equal(clone(back).fit(case.X, case.y), tower, case)


def test_original_and_copy_are_independent(case):
    tower = case.make().fit(case.X, case.y)
    before = outputs_of(tower, case)
    other = copy.deepcopy(tower)
    other.set_params(random_state=1).fit(case.X[:20], case.y[:20])
    assert np.any(other.transform(case.X) != before["transform"])
    assert_close(outputs_of(tower, case), before)


# Lazy rows


@pytest.mark.parametrize("source", ["memmap", "recording", "view"])
def test_lazy_rows_give_the_same_as_rows_in_memory(case, source, tmp_path):
    tower = case.make(batch_size=7).fit(case.X, case.y)
    if source == "memmap":
        np.save(tmp_path / "rows.npy", case.X)
        X = np.load(tmp_path / "rows.npy", mmap_mode="r")
    elif source == "recording":
        X = RecordingBlock(case.X)
    else:
        shuffled = np.random.default_rng(0).permutation(40)
        X = RowView(RecordingBlock(case.X[np.argsort(shuffled)]), shuffled)
    lazy = case.make(batch_size=7).fit(X, case.y)
    assert_close(outputs_of(lazy, case, X), outputs_of(tower, case))
    assert_close(outputs_of(tower, case, X), outputs_of(tower, case))


@pytest.mark.parametrize(
    ("make", "shape", "batch_size"),
    [(image_tower, (90, 1, 256, 256), 16), (gene_tower, (1200, 4000), 400)],
    ids=["image", "gene"],
)
def test_lazy_rows_are_never_read_whole(make, shape, batch_size):
    rows = np.random.default_rng(0).integers(0, 255, size=shape, dtype=np.uint8)
    block = RecordingBlock(rows)
    X = RowView(block, np.arange(len(rows)))
    tower = make(max_epochs=1, batch_size=batch_size).fit(X, np.arange(len(rows)) % 2)
    for output in (tower.transform, tower.predict_proba):
        output(X)
    assert 0 < block.longest_read < 0.95 * len(rows)


@pytest.mark.parametrize("when", ["fit", "predict"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_value_in_a_lazy_row_is_named(case, when, value):
    X = case.X.copy()
    X[23, 1] = value
    X = RowView(RecordingBlock(X), np.arange(40))
    tower = case.make()
    if when == "predict":
        tower.fit(case.X, case.y)
        with pytest.raises(ValueError, match="row 23"):
            tower.transform(X)
    else:
        with pytest.raises(ValueError, match="row 23"):
            tower.fit(X, case.y)


# Batches


def test_a_row_alone_and_among_others(case):
    tower = case.make().fit(case.X, case.y)
    whole = outputs_of(tower, case)
    order = np.random.default_rng(0).permutation(40)
    shuffled = outputs_of(tower, case, case.X[order])
    for name in case.outputs:
        np.testing.assert_allclose(shuffled[name], whole[name][order], atol=1e-5)
        for row in (0, 17, 39):
            alone = getattr(tower, name)(case.X[row : row + 1])
            np.testing.assert_allclose(alone[0], whole[name][row], atol=1e-5)


# Bad input


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_bad_value_is_refused_with_its_row(case, value):
    X = case.X.copy()
    X[23, 1] = value
    with pytest.raises(ValueError, match="row 23"):
        case.make().fit(X, case.y)
    tower = case.make().fit(case.X, case.y)
    for name in case.outputs:
        with pytest.raises(ValueError, match="row 23"):
            getattr(tower, name)(X)


@pytest.mark.parametrize("shape", [(40,), (40, 2, 3, 4, 5, 6)])
def test_wrong_rank(case, shape):
    with pytest.raises(ValueError, match=r"2-?D"):
        case.make().fit(np.zeros(shape), case.y)


def test_gene_tower_refuses_images_and_names_itself():
    with pytest.raises(ValueError, match="GeneAutoencoderTransformer got 4-D input"):
        gene_tower().fit(make_images([0, 1] * 5), [0, 1] * 5)


@pytest.mark.parametrize("lazy", [False, True])
def test_changed_shape(case, lazy):
    tower = case.make().fit(case.X, case.y)
    # Bags may have any number of vectors.
    cuts = [case.X[..., :-1] if case.make is bag_tower else case.X[:, :1]]
    if case.X.ndim == 4:
        cuts += [case.X[:, :, :-1], case.X[..., :-1], case.X.swapaxes(2, 3)]
        cuts += [case.X[:, :, 0, 0]]
    for X in cuts:
        with pytest.raises(ValueError, match=r"expecting|shape"):
            tower.transform(RowView(X, np.arange(40)) if lazy else X)


@pytest.mark.parametrize("make", [image_tower, gene_tower])
def test_columns_of_a_frame_are_checked_by_name(make):
    y = np.arange(40) % 2
    X = pd.DataFrame(make_genes(y)).add_prefix("gene")
    tower = make().fit(X, y)
    assert tower.feature_names_in_.tolist() == X.columns.tolist()
    tower.transform(X)
    others = [X[X.columns[::-1]], X.drop(columns="gene3"), X.assign(gene11=0.0)]
    others.append(X.rename(columns={"gene3": "tp53"}))
    for changed in others:
        with pytest.raises(ValueError, match=r"(?s)feature names.*(gene|same order)"):
            tower.transform(changed)
    with pytest.warns(UserWarning, match="valid feature names"):
        tower.transform(X.to_numpy())


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a CUDA device")
def test_cuda_without_cuda(case):
    with pytest.raises(ValueError, match="device='cuda'"):
        case.make(device="cuda").fit(case.X, case.y)
    tower = case.make().fit(case.X, case.y)
    elsewhere = pickle.loads(pickle.dumps(tower.set_params(device="cuda")))
    for moved in (tower, elsewhere):
        with pytest.raises(ValueError, match="device='cuda'"):
            moved.transform(case.X)
        moved.set_params(device="cpu")
    assert_equal(tower, elsewhere, case)


@pytest.mark.cuda
def test_trained_on_cuda_predicts_on_cpu(case):
    before = torch.cuda.get_rng_state()
    tower = case.make(device="cuda").fit(case.X, case.y)
    assert torch.equal(torch.cuda.get_rng_state(), before)
    found = outputs_of(tower, case)
    back = pickle.loads(pickle.dumps(tower)).set_params(device="cpu")
    assert_close(outputs_of(back, case), found)
    tower.set_params(device="cpu")
    assert_close(outputs_of(tower, case), found)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lr": 0},
        {"lr": "fast"},
        {"momentum": 1},
        {"n_steps": 0},
        {"max_epochs": 0},
        {"batch_size": 0},
        {"validation_fraction": 1.0},
        {"patience": 0},
        {"precision": "float16"},
        {"optimizer": "lbfgs"},
        {"random_state": "seed"},
    ],
    ids=str,
)
def test_bad_parameter_is_named(case, wrong):
    with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter"):
        case.make(**wrong).fit(case.X, case.y)


def test_labels_of_the_wrong_length(case):
    with pytest.raises(ValueError, match=r"\[40, 39\]"):
        case.make().fit(case.X, case.y[:-1])


# Ctrl-C


def test_interrupted_fit_leaves_the_tower_unfitted(case, capsys, monkeypatch):
    stream_all_blocks(monkeypatch)
    # Bags are read one by one, and once before training.
    after = 100 if case.make is bag_tower else 12
    block = InterruptedBlock(case.X, after=after)
    X = RowView(block, np.arange(40))
    state = torch.get_rng_state()
    fresh = case.make(max_epochs=50, batch_size=8, verbose=1)
    with pytest.raises(KeyboardInterrupt):
        fresh.fit(X, case.y)
    assert len(block.reads) == after
    assert re.search("stopped after [1-9] of 50 epochs", capsys.readouterr().err)
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(NotFittedError):
        fresh.transform(case.X)
    assert not hasattr(fresh, "weights_")
    # An earlier fit is no answer to the question that was interrupted.
    refit = case.make(max_epochs=50, batch_size=8).fit(case.X, case.y)
    with pytest.raises(KeyboardInterrupt):
        refit.fit(RowView(InterruptedBlock(case.X, after), np.arange(40)), case.y)
    with pytest.raises(NotFittedError):
        refit.transform(case.X)
    assert_equal(refit.fit(case.X, case.y), clone(refit).fit(case.X, case.y), case)


def test_unfitted_tower(case):
    for name in ("transform", "predict_proba"):
        with pytest.raises((NotFittedError, AttributeError)):
            getattr(case.make(), name)(case.X)


# Devices


def exhaust(*args, **kwargs):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


@pytest.mark.parametrize(("batch_size", "advice"), [(12, "batch_size=6"), (1, "is 1:")])
def test_out_of_memory_says_what_to_try(case, monkeypatch, batch_size, advice):
    tower = case.make(batch_size=batch_size)
    monkeypatch.setattr("skmultimodal.towers._base.train_net", exhaust)
    name = type(tower).__name__
    with pytest.raises(MemoryError, match=f"^{name}.*{advice}.*device='cpu'"):
        tower.fit(case.X, case.y)
    with pytest.raises(NotFittedError):
        tower.transform(case.X)


def test_out_of_memory_in_prediction(case, monkeypatch):
    tower = case.make().fit(case.X, case.y)
    monkeypatch.setattr("skmultimodal.towers._base.run_net", exhaust)
    with pytest.raises(MemoryError, match="ran out of memory"):
        tower.transform(case.X)


def test_bfloat16_without_its_instructions_warns(case, monkeypatch):
    # Where the processor has them, nothing is said: warnings are errors here.
    supported = "torch.ops.mkldnn._is_mkldnn_bf16_supported"
    monkeypatch.setattr(supported, lambda: True)
    case.make(precision="bfloat16").fit(case.X, case.y)
    monkeypatch.setattr(supported, lambda: False)
    with pytest.warns(UserWarning, match="no bfloat16, which is emulated"):
        case.make(precision="bfloat16").fit(case.X, case.y)


def test_a_batch_is_read_while_another_trains(case, monkeypatch):
    stream_all_blocks(monkeypatch)
    threads = set()

    class Block(RecordingBlock):
        def __getitem__(self, key):
            threads.add(threading.current_thread().name)
            return super().__getitem__(key)

    X = RowView(Block(case.X), np.arange(40))
    lazy = case.make(batch_size=7).fit(X, case.y)
    assert any(name.startswith("ThreadPoolExecutor") for name in threads)
    assert_close(
        outputs_of(lazy, case, X),
        outputs_of(case.make(batch_size=7).fit(case.X, case.y), case),
    )


# How long a network is trained


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "wanted"),
    [
        (95, 16, 20),  # 120 steps of 6 batches
        (500, 16, 10),  # an epoch per 50 rows
        (5_000, 16, 30),  # and no more than 30
        (31, 32, 120),
        (100_000, 16, 4),  # 20,000 steps of 6,250
        (1_000_000, 16, 1),
    ],
)
def test_epochs_grow_with_the_rows(n_rows, batch_size, wanted):
    assert Budget().choose_epochs(2, n_rows, batch_size) == wanted


@pytest.mark.parametrize(
    ("n_rows", "batches"), [(50, [32, 18]), (3_700, 57), (70_000, 256)]
)
def test_gene_batches_grow_with_the_rows(n_rows, batches):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 3))
    tower = gene_tower(batch_size="auto", max_epochs=1, lr=1e-3)
    tower.fit(X, X[:, 0] > 0)
    sizes = [step["train_batch_size"] for step in tower.history_[0]["batches"]]
    if isinstance(batches, int):
        assert set(sizes[:-1]) == {batches}
        assert sum(sizes) == n_rows
    else:
        assert sizes == batches


def test_more_rows_are_trained_for_more_steps(monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(460, 7)), np.arange(460) % 2
    tower = gene_tower(batch_size=115, n_steps=None, max_epochs=None)
    monkeypatch.setattr(type(tower), "_budget", Budget(fewest_steps=8))
    assert len(tower.fit(X, y).history_) == 9  # an epoch of 4 batches per 50 rows
    assert len(tower.set_params(n_steps=8).fit(X, y).history_) == 2
    assert len(tower.set_params(max_epochs=3).fit(X, y).history_) == 3


def test_a_network_that_did_not_train_is_marked(case):
    moved = case.make(max_epochs=12).fit(case.X, case.y)
    assert moved.loss_fall_ > 0.05
    with pytest.warns(ConvergenceWarning, match="training did nothing"):
        still = case.make(lr=1e-9, max_epochs=2).fit(case.X, case.y)
    assert still.loss_fall_ < 0.05
