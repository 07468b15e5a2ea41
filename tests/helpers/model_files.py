"""Crafted model files, and what an estimator of one does, as Python's audit sees it."""

import io
import json
import sys
import warnings
import zipfile
from contextlib import contextmanager, suppress

import numpy as np
from sklearn.base import clone

from skmultimodal.persistence._archive import FORMAT, HEADER, SCHEMA
from skmultimodal.utils._environment import describe_environment

PROTOCOL = 2


# Nodes of the schema, as skops writes them


def node(loader, module, name, **parts):
    return {"__class__": name, "__module__": module, "__loader__": loader, **parts}


def value(content):
    """A number, text, None, or a list or dict of them."""
    return node("JsonNode", "builtins", "str", content=json.dumps(content))


def listed(items, **parts):
    return node("ListNode", "builtins", "list", content=items, **parts)


def tupled(items):
    return node("TupleNode", "builtins", "tuple", content=items)


def kind(name, module="builtins"):
    return node("TypeNode", module, name)


def named(items):
    """A dict with text as keys."""
    keys = listed([kind("str")] * len(items))
    return node("DictNode", "builtins", "dict", content=items, key_types=keys)


def made(module, name, **attributes):
    return node("ObjectNode", module, name, content=named(attributes))


def array(file):
    return node("NdArrayNode", "numpy", "ndarray", type="numpy", file=file)


def matrix(file):
    return node(
        "SparseMatrixNode", "scipy.sparse._matrix", "spmatrix", type="scipy", file=file
    )


def npy(values, **changes):
    """A NumPy file; `changes` of its header, which then does not fit."""
    file = io.BytesIO()
    if changes:
        header = {
            "descr": values.dtype.str,
            "fortran_order": False,
            "shape": values.shape,
            **changes,
        }
        np.lib.format.write_array_header_1_0(file, header)
        file.write(values.tobytes())
    else:
        np.save(file, values, allow_pickle=False)
    return file.getvalue()


def write_model(path, schema, members=None, header=None, text=None):
    """A model file of this schema; `text` in place of its JSON."""
    known = {"format": FORMAT, "environment": describe_environment()}
    schema = {**schema, "protocol": PROTOCOL, "_skops_version": "0"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (members or {}).items():
            archive.writestr(name, content)
        archive.writestr(SCHEMA, json.dumps(schema) if text is None else text)
        archive.writestr(HEADER, json.dumps(known) if header is None else header)
    return path


def read_members(path):
    """Schema of a model file, and its other members by name."""
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    members.pop(HEADER)
    return json.loads(members.pop(SCHEMA)), members


def all_nodes(schema):
    """Every node of a schema, the outer ones first."""
    found, waiting = [], [schema]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, dict) and isinstance(one.get("__loader__"), str):
            found.append(one)
        if isinstance(one, dict | list):
            waiting += one.values() if isinstance(one, dict) else one
    return found


# What is done

FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "pty.spawn",
    "socket.connect",
    "socket.getaddrinfo",
    "urllib.Request",
    "pickle.find_class",
    "os.mkdir",
    "os.rmdir",
    "os.remove",
    "os.rename",
    "os.chmod",
    "os.link",
    "os.symlink",
    "shutil.",
    "tempfile.",
    "webbrowser.open",
    "ctypes.dlopen",
    "marshal.loads",
)
# Modules that a file names and nothing else imports.
BAIT = {"antigravity", "this", "idlelib.idle", "turtledemo", "lib2to3.main"}
_events = None


def _hook(event, arguments):
    if _events is None:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = isinstance(mode, str) and set(mode) & set("wax+")
        if writes or (mode is None and isinstance(flags, int) and flags & 0b11):
            _events.append(f"open {path!r} to write")
    elif event == "import" and arguments[0].split(".")[0] in BAIT:
        _events.append(f"import {arguments[0]}")
    elif event.startswith(FORBIDDEN) and event != "marshal.loads":
        _events.append(f"{event} {arguments!r}"[:200])


@contextmanager
def watched():
    """List of what Python did in the block that no model should make it do."""
    global _events
    if not getattr(sys, "_skmultimodal_audit", False):
        sys.addaudithook(_hook)  # for the rest of the process
        sys._skmultimodal_audit = True
    _events = found = []
    try:
        yield found
    finally:
        _events = None


def use(model, rows):
    """Do all that a user does with a model; errors of any kind may be raised."""
    uses = [
        lambda: repr(model),
        lambda: model._repr_html_(),
        lambda: model.get_params(),
        lambda: clone(model),
        lambda: model.get_feature_names_out(),
        *(
            lambda method=method, X=X: getattr(model, method)(X)
            for method in ("predict", "predict_proba", "transform", "kneighbors")
            for X in rows
        ),
    ]
    done = 0
    for one in uses:
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one()
            done += 1
    return done
