"""Crafted files: refused soon, in little memory, by name."""

import io
import json
import os
import re
import resource
import signal
import time
import zipfile

import model_fuzzer
import numpy as np
import pytest
import scipy.sparse as sp
from fusion_tools import make_case
from model_files import (
    array,
    kind,
    listed,
    made,
    matrix,
    named,
    node,
    npy,
    read_members,
    tupled,
    value,
    write_model,
)
from sklearn.linear_model import LogisticRegression
from tower_tools import make_genes

from skmultimodal import FusionHeadClassifier, UnimodalClassifier
from skmultimodal.persistence import load_model, read_environment, save_model
from skmultimodal.persistence._archive import HEADER

LOGISTIC = "sklearn.linear_model._logistic", "LogisticRegression"


def logistic(**attributes):
    return made(*LOGISTIC, **attributes)


def doubled(n):
    """Lists of which each holds the next twice: 2^n steps for who follows each."""
    inner = listed([value(1)], __id__=1)
    for number in range(1, n):
        again = node("ListNode", "builtins", "list", __id__=number)
        inner = listed([inner, again], __id__=number + 1)
    return inner


def nested(n):
    inner = value(1)
    for _ in range(n):
        inner = listed([inner])
    return inner


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def sparse(n_values):
    return npz(
        format=np.array(b"csr"),
        data=np.zeros(n_values),
        indices=np.zeros(1, int),
        indptr=np.zeros(2, int),
        shape=np.array([1, 1]),
    )


CRAFTED = {
    "doubled lists": ([logistic(a=doubled(60))], "two nodes of one number"),
    "a node that holds itself": (
        [logistic(a=listed([listed([value(1)], __id__=7)], __id__=7))],
        "two nodes of one number",
    ),
    "one array of many": (
        [logistic(a=listed([array("x.npy")] * 8)), {"x.npy": npy(np.zeros(1000))}],
        r"two values of it are read from x\.npy",
    ),
    "archive within": (
        [logistic(a=matrix("x.npz")), {"x.npz": sparse(20_000_000)}],
        r"x\.npz in it would take",
    ),
    "deep schema": ([logistic(a=nested(300))], "nested more than"),
    "deep value": (
        [logistic(a=node("JsonNode", "builtins", "str", content="[" * 9000))],
        "nested too deep",
    ),
    "wide schema": ([logistic(), None, None, "[" + "[]," * 300_000 + "[]]"], "values"),
    "schema of noughts": ([logistic(), None, None, " " * 30_000_000], "more than a"),
    "schema is a list": ([logistic(), None, None, "[]"], "describes no estimator"),
    "schema is no JSON": ([logistic(), None, None, "{"], "Expecting"),
    "array longer than its file": (
        [
            logistic(a=array("x.npy")),
            {"x.npy": npy(np.zeros(3), shape=(10**12,))},
        ],
        r"x\.npy in it declares",
    ),
    "array of no bytes": (
        [
            logistic(a=array("x.npy")),
            {"x.npy": npy(np.zeros(0), descr="|V0", shape=(10**15,))},
        ],
        "of no bytes",
    ),
    "array of negative length": (
        [logistic(a=array("x.npy")), {"x.npy": npy(np.zeros(3), shape=(-3,))}],
        r"x\.npy in it declares",
    ),
    "a pickle within": (
        [
            logistic(a=array("x.npy")),
            {"x.npy": npy(np.zeros(3), descr="|O", shape=(3,))},
        ],
        "holds a pickle",
    ),
    "no file": ([logistic(a=array("none.npy"))], r"none\.npy"),
    "a list for an estimator": ([listed([])], "holds a list"),
    "a dict that lacks keys": (
        [
            made(*LOGISTIC) | {"content": named({}) | {"content": {"C": value(2.0)}}},
        ],
        "a dict of 0 keys",
    ),
    "a generator that is none": (
        [
            logistic(
                a=node(
                    "RandomGeneratorNode",
                    "numpy.random._generator",
                    "Generator",
                    content={
                        "bit_generator": named({"bit_generator": value("Philox")}),
                        "seed_seq": named({"pool_size": value(4)}),
                    },
                )
            )
        ],
        "a generator that NumPy",
    ),
    "bytes as numbers": (
        [
            logistic(a=node("BytearrayNode", "builtins", "bytearray", file="x.bin")),
            {"x.bin": bytes(1000)},
        ],
        "BytearrayNode",
    ),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_structure(tmp_path, name):
    parts, message = CRAFTED[name]
    path = write_model(tmp_path / "crafted.skops", *parts)
    with pytest.raises(ValueError, match=rf"crafted\.skops.*{message}"):
        load_model(path)


def in_a_child(function, seconds, n_bytes):
    """Seconds and bytes that a call took in a process of its own, which may die."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        in_use = model_fuzzer.address_space()
        resource.setrlimit(resource.RLIMIT_AS, (in_use + n_bytes,) * 2)
        signal.alarm(seconds)
        start = time.monotonic()
        error = "no error"
        try:
            function()
        except BaseException as raised:
            error = f"{type(raised).__name__}: {raised}"
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = [time.monotonic() - start, (after - before) * 1024, error]
        os.write(write, json.dumps(found).encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        found = pipe.read()
    _, status = os.waitpid(pid, 0)
    assert found, f"the process ended with status {status}"
    return json.loads(found)


@pytest.mark.parametrize("name", [n for n in CRAFTED if n != "a list for an estimator"])
def test_crafted_structures_are_refused_in_little_memory(tmp_path, name):
    """No time is measured: 60 s is for what would never end."""
    parts, _ = CRAFTED[name]
    path = write_model(tmp_path / "crafted.skops", *parts)
    _, n_bytes, error = in_a_child(lambda: load_model(path), 60, 2**30)
    assert error.startswith("ValueError")
    assert "crafted.skops" in error
    assert n_bytes < 2**27


def called(loader, module, name, *arguments):
    """A node of skops that calls what it names."""
    if loader == "DictNode":
        keys = listed([kind(name, module)])
        return node(
            loader, "builtins", "dict", content={"f8": value(1)}, key_types=keys
        )
    parts = {
        "ConstructorFromReduceNode": {"content": tupled(arguments)},
        "LossNode": {
            "__reduce__": {"args": tupled(arguments)},
            "content": tupled([value(3)]),
        },
        "ListNode": {"content": list(arguments)},
    }
    return node(loader, module, name, **parts[loader])


@pytest.mark.parametrize(
    "loader", ["ConstructorFromReduceNode", "LossNode", "ListNode", "DictNode"]
)
@pytest.mark.parametrize(
    "name",
    [
        "numpy.dtype",
        "scipy.sparse._csc.csc_matrix",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "skmultimodal.fusion._head.FusionHeadClassifier",
    ],
)
def test_what_a_model_holds_is_not_called(tmp_path, name, loader):
    module, _, attribute = name.rpartition(".")
    schema = logistic(extra=called(loader, module, attribute, value("f8")))
    path = write_model(tmp_path / "crafted.skops", schema)
    found = "TypeNode" if loader == "DictNode" else loader
    message = rf"crafted\.skops.*holds {re.escape(name)} in a {found}"
    with pytest.raises(ValueError, match=message):
        load_model(path)


def test_a_matrix_is_not_followed_before_it_is_checked(tmp_path):
    """Compiled code would convert it, and leave its arrays."""
    wrong = sp.csr_matrix(np.eye(3))
    wrong.indptr = np.array([0, 10**9, -(10**9), 3], np.int32)
    file = io.BytesIO()
    sp.save_npz(file, wrong)
    column = "scipy.sparse._csc", "csc_matrix"
    of_rows = called("ConstructorFromReduceNode", *column, matrix("x.npz"))
    path = tmp_path / "crafted.skops"
    write_model(path, logistic(extra=of_rows), {"x.npz": file.getvalue()})
    _, _, error = in_a_child(lambda: load_model(path), 60, 2**30)
    assert "crafted.skops" in error


def test_a_large_network_is_compared_before_it_is_built(tmp_path):
    """Its weights would take 3 GB."""
    y = np.arange(30) % 2
    head = FusionHeadClassifier(random_state=0, max_epochs=1).fit(make_genes(y), y)
    head.net_params_ = {**head.net_params_, "hidden_units": (20000, 40000, 16)}
    save_model(head, tmp_path / "large.skops")
    _, n_bytes, error = in_a_child(
        lambda: load_model(tmp_path / "large.skops"), 60, 2**30
    )
    assert error.startswith("ValueError")
    assert "large.skops" in error
    assert "do not fit its network" in error
    assert n_bytes < 2**27


@pytest.mark.parametrize(
    "change",
    [
        {"n_experts": 10**9},
        {"expert_units": ()},
        {"expert_units": (1,) * 300},
        {"n_classes": 10**12},
        {"n_inputs": -3},
        {"n_inputs": "many"},
        {"another": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_parameters_of_another_network(tmp_path, change):
    y = np.arange(30) % 2
    head = FusionHeadClassifier("moe", (8,), random_state=0, max_epochs=1)
    head.fit(make_genes(y), y)
    head.net_params_ = {**head.net_params_, **change}
    save_model(head, tmp_path / "other.skops")
    with pytest.raises(ValueError, match=r"other\.skops is damaged: the weights of"):
        load_model(tmp_path / "other.skops")


def test_memory_of_a_whole_model(tmp_path, rng):
    """Not more than twice what the model takes itself."""
    model = LogisticRegression().fit(rng.normal(size=(4, 1)), [0, 1, 0, 1])
    model.parts_ = [rng.normal(size=1_500_000) for _ in range(12)]
    n_bytes = sum(part.nbytes for part in model.parts_)
    save_model(model, tmp_path / "model.skops")
    del model
    found = in_a_child(lambda: load_model(tmp_path / "model.skops"), 600, 2**33)
    assert found[2] == "no error"
    assert found[1] < 2 * n_bytes + 2**26


def test_shared_parts_stay_shared(tmp_path):
    """Honest repeats, each written out in full."""
    X, y = make_case()
    weights = {0: 1.0, 1: 2.0}
    inner = LogisticRegression(class_weight=weights)
    model = UnimodalClassifier("gene", inner).fit(X, y)
    model.extra_ = [inner, inner, weights, {"again": inner}]
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    first, second, _, third = loaded.extra_
    assert first is second is third["again"]
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


# The header


def flip(archive, local, central):
    for place in range(4):
        archive[local + 30 + len(HEADER) + place] ^= 0xFF


def encrypt(archive, local, central):
    archive[local + 6] |= 1
    archive[central + 8] |= 1


def pack_otherwise(archive, local, central):
    archive[local + 8] = 99
    archive[central + 10] = 99


HEADERS = {
    "no JSON": "xx{",
    "not UTF-8": b"\xff\xfe\x80",
    "deep": "[" * 100_000,
    "a list": "[1, 2]",
    "format is a word": '{"format": "abc", "environment": {}}',
    "format is infinite": '{"format": Infinity, "environment": {}}',
    "format is true": '{"format": true, "environment": {}}',
    "format is long": '{"format": ' + "9" * 5000 + ', "environment": {}}',
    "environment is a list": '{"format": 2, "environment": ["abc"]}',
    "environment of numbers": '{"format": 2, "environment": {"torch": 2}}',
    "no environment": '{"format": 2}',
    "notes are text": '{"format": 2, "environment": {}, "notes": "a"}',
    "large": '{"format": 2, "environment": {}, "notes": {"a": "' + "b" * 2**24 + '"}}',
}
EDITS = {"flipped": flip, "encrypted": encrypt, "another packing": pack_otherwise}


@pytest.mark.parametrize("name", [*HEADERS, *EDITS, "absent", "twice"])
@pytest.mark.parametrize("read", [load_model, read_environment])
def test_damaged_header(tmp_path, name, read):
    path = write_model(
        tmp_path / "bad.skops", logistic(), header=HEADERS.get(name, "{}" * 40)
    )
    if name in EDITS:
        content = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            local = archive.getinfo(HEADER).header_offset
        EDITS[name](content, local, content.rfind(b"PK\x01\x02"))
        path.write_bytes(content)
    if name == "twice":
        with (
            pytest.warns(UserWarning, match="Duplicate"),
            zipfile.ZipFile(path, "a") as archive,
        ):
            archive.writestr(HEADER, "{}")
    if name == "absent":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("schema.json", "{}")
    with pytest.raises(ValueError, match=r"bad\.skops.*(damaged|not saved)"):
        read(path)


# A fuzzer


def test_no_file_of_a_grammar_does_harm(tmp_path):
    """10,000 of them: python tests/helpers/model_fuzzer.py 10000."""
    table = model_fuzzer.attack(240, tmp_path, seed=1)
    assert table["files"] == 240
    harm = {name: n for name, n in table.items() if name in model_fuzzer.HARM and n}
    assert harm == {}
    assert table["refused"] > 100
    assert table["loaded"] > 10


def test_schema_of_the_grammar_is_that_of_skops(tmp_path):
    """What is crafted differs from what is saved in its values only."""
    model = LogisticRegression(C=2.0)
    save_model(model, tmp_path / "model.skops")
    schema, members = read_members(tmp_path / "model.skops")
    state = model.__getstate__()
    crafted = write_model(
        tmp_path / "crafted.skops", logistic(**{n: value(v) for n, v in state.items()})
    )
    mine, _ = read_members(crafted)
    assert members == {}

    def bare(one):
        if isinstance(one, list):
            return [bare(inner) for inner in one]
        if not isinstance(one, dict):
            return one
        drop = {"__id__", "is_json", "_skops_version"}
        return {k: bare(v) for k, v in one.items() if k not in drop}

    assert bare(mine) == bare(schema)
    assert load_model(crafted).get_params() == model.get_params()
