"""Saved models that run no code when they are loaded."""

import importlib
import json
import zipfile
from pathlib import Path

import skops.io
from sklearn.base import BaseEstimator
from skops.io.exceptions import UntrustedTypesFoundException

import skmultimodal
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    PatternStratifiedKFold,
)
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._environment import describe_environment
from skmultimodal.utils._files import whole_file
from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._torch_views import torch_view
from skmultimodal.utils._warnings import warn

__all__ = [
    "load_model",
    "read_environment",
    "read_notes",
    "save_model",
]

FORMAT = 2
HEADER = "skmultimodal.json"
# A file that says it holds this many times its own size is no model.
MAX_EXPANSION, MIN_BOMB = 200, 2**28
SPLITTERS = (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    PatternStratifiedKFold,
)
# Functions of our pipelines; what a search of scikit-learn holds.
HARMLESS = [
    "skmultimodal.preprocessing._expression.signed_log",
    "skmultimodal.preprocessing._expression.signed_log_inverse",
    "sklearn.metrics._scorer._PassthroughScorer",
]


def save_model(estimator, path, *, notes=None):
    """Save an estimator to one file that can be loaded without running code from it.

    Parameters
    ----------
    estimator : estimator
        Of this library or of scikit-learn, or a Pipeline, search or meta-estimator
        around them; fitted or not. Other types can be saved too: whoever loads the
        file must name them as trusted.
    path : str or path
        Written as a whole or not at all: a file that is there already stays if saving
        fails.
    notes : dict, default=None
        Facts to keep in the file beside the estimator, such as what it predicts and how
        its data were read: text, numbers, lists and dicts, as JSON has them.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    TypeError
        If a part of the estimator cannot be saved, such as a lambda or a
        ``joblib.Memory``, or `notes` cannot.

    See Also
    --------
    load_model : Loads the file.
    read_notes : Reads what was kept beside the estimator.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skmultimodal import FusionHeadClassifier
    >>> from skmultimodal.persistence import load_model, save_model
    >>> X = np.random.default_rng(0).normal(size=(30, 4))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> head = FusionHeadClassifier(random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(head, Path(folder) / "head.skops")
    ...     loaded = load_model(Path(folder) / "head.skops")
    >>> bool(np.all(loaded.predict_proba(X) == head.predict_proba(X)))
    True
    """
    path = Path(path)
    if not hasattr(estimator, "get_params"):
        raise TypeError(
            f"save_model saves an estimator, got {type(estimator).__name__}."
        )
    try:
        content = skops.io.dumps(
            estimator, compression=zipfile.ZIP_DEFLATED, compresslevel=1
        )
        lost = [t for t in skops.io.get_untrusted_types(data=content) if "<" in t]
    except Exception as error:
        raise TypeError(
            f"{type(estimator).__name__} has a part that cannot be saved: {error}"
        ) from error
    if lost:
        raise TypeError(
            f"{type(estimator).__name__} has a part that cannot be saved: {lost[0]} "
            "has no name to import it by; define it in a module."
        )
    header = {
        "format": FORMAT,
        "environment": describe_environment(),
        "notes": _plain(notes),
    }
    with whole_file(path) as part:
        part.write_bytes(content)
        with zipfile.ZipFile(part, "a") as archive:
            archive.writestr(HEADER, json.dumps(header, indent=1))


def _plain(notes):
    """A dict that JSON gives back as it is."""
    if notes is None:
        return {}
    try:
        if json.loads(json.dumps(notes, allow_nan=False)) == notes:
            return dict(notes)
    except (TypeError, ValueError):
        pass
    raise TypeError(
        "notes must be a dict of text, numbers, booleans, None, lists and dicts "
        f"with text as keys, got {notes!r}."
    )


def load_model(path, *, trusted=(), device=None):
    """Load an estimator that `save_model` saved; nothing is unpickled.

    Parameters
    ----------
    path : str or path
        A file of `save_model`.
    trusted : sequence of str or type, default=()
        Types beyond those of scikit-learn, NumPy, SciPy and this library that may be
        made, such as ``"xgboost.sklearn.XGBClassifier"``. Name only what you would
        import and run. The trees of scikit-learn are among them
        (``"sklearn.tree._tree.Tree"``): compiled code follows their arrays unchecked.
    device : str, torch.device or None, default=None
        Where its networks compute from now on. None is where they did, or the CPU,
        with a warning, if there is no such device here.

    Returns
    -------
    estimator : estimator
        On the same device its predictions are the same bits.

    Raises
    ------
    ValueError
        If the file is a pickle or no model, is damaged, was saved by a later version
        of the format, or holds a type that is not trusted, which is named.

    Warns
    -----
    UserWarning
        If another version of scikit-learn, torch or this library saved the file.

    See Also
    --------
    save_model : Saves the file.
    read_environment : Versions that a file was saved with.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal.persistence import load_model, save_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(LogisticRegression(C=2.0), Path(folder) / "logistic.skops")
    ...     load_model(Path(folder) / "logistic.skops")
    LogisticRegression(C=2.0)
    """
    path = Path(path)
    _warn_of_versions(path, _read_header(path)["environment"])
    names = [_name(t) for t in ([trusted] if isinstance(trusted, str) else trusted)]
    content = path.read_bytes()
    try:
        unknown = skops.io.get_untrusted_types(data=content)
        own = [name for name in unknown if name in HARMLESS or _is_ours(name)]
        estimator = skops.io.loads(content, trusted=[*own, *names])
    except UntrustedTypesFoundException:
        refused = sorted(set(unknown) - set(own) - set(names))
        raise ValueError(
            f"{path} holds types that are not trusted: {', '.join(refused)}. If you "
            "know them and who saved the file, pass trusted=[...] with their names."
        ) from None
    except Exception as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(estimator, BaseEstimator) and not hasattr(
        estimator, "get_params"
    ):
        raise ValueError(f"{path} holds a {type(estimator).__name__}, no estimator.")
    _place(estimator, path, device)
    return estimator


def read_environment(path):
    """Read the versions of Python and packages that a model was saved with.

    Parameters
    ----------
    path : str or path
        A file of `save_model`.

    Returns
    -------
    environment : dict of str to str
        By package; also of ``"python"`` and ``"platform"``.

    Raises
    ------
    ValueError
        If the file is no model.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal.persistence import read_environment, save_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(LogisticRegression(), Path(folder) / "logistic.skops")
    ...     list(read_environment(Path(folder) / "logistic.skops"))[:3]
    ['skmultimodal', 'python', 'platform']
    """
    return _read_header(Path(path))["environment"]


def read_notes(path):
    """Read the facts that were saved beside a model; the model is not loaded.

    Parameters
    ----------
    path : str or path
        A file of `save_model`.

    Returns
    -------
    notes : dict
        As given to `save_model`; empty if none were.

    Raises
    ------
    ValueError
        If the file is no model.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal.persistence import read_notes, save_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "logistic.skops"
    ...     save_model(LogisticRegression(), path, notes={"label": "response"})
    ...     read_notes(path)
    {'label': 'response'}
    """
    return _read_header(Path(path))["notes"]


def _read_header(path):
    """Refuse what is no model before anything is made of it; what it is, as a dict."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}.")
    with path.open("rb") as file:
        start = file.read(2)
    if start[:1] == b"\x80":
        raise ValueError(
            f"{path} is a pickle, which may run any code when it is loaded: have it "
            "saved by save_model."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > max(MAX_EXPANSION * path.stat().st_size, MIN_BOMB):
                raise ValueError(
                    f"{path} would take {size} bytes when unpacked, {MAX_EXPANSION} "
                    "times its size and more: it is no model."
                )
            header = json.loads(archive.read(HEADER))
        saved, environment = int(header["format"]), dict(header["environment"])
        notes = dict(header.get("notes", {}))
    except (zipfile.BadZipFile, KeyError, TypeError, OSError, EOFError) as error:
        raise ValueError(
            f"{path} is damaged or was not saved by save_model: {error}"
        ) from error
    if saved < FORMAT:
        raise ValueError(
            f"{path} has format {saved}, of a version of skmultimodal before its first "
            "release, which is no longer read: fit the model again and save it."
        )
    if saved > FORMAT:
        raise ValueError(
            f"{path} has format {saved}, saved by skmultimodal "
            f"{environment.get('skmultimodal')}; this version, "
            f"{skmultimodal.__version__}, reads up to {FORMAT}: update it."
        )
    return {"environment": environment, "notes": notes}


def _warn_of_versions(path, environment):
    here = describe_environment()
    other = [
        f"{name} {environment.get(name)} (here {here[name]})"
        for name in ("skmultimodal", "scikit-learn", "torch")
        if environment.get(name) != here[name]
    ]
    if other:
        warn(f"{path} was saved with {', '.join(other)}: predictions may differ.")


def _name(trusted):
    if isinstance(trusted, str):
        return trusted
    return f"{trusted.__module__}.{trusted.__qualname__}"


def _is_ours(name):
    """Whether `name` is a class of this library that a model may consist of."""
    module, _, attribute = name.rpartition(".")
    if module.split(".")[0] != "skmultimodal":
        return False
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return False
    if not isinstance(found, type) or found.__module__ != module:
        return False
    return issubclass(found, (BaseEstimator, ModelPart, *SPLITTERS))


def _place(estimator, path, device):
    """Put the networks on a device, and see that their weights fit them."""
    if device is not None:
        resolve_device(device)
    moved = set()
    for part in _parts(estimator, set()):
        own = getattr(part, "device", None)
        if device is not None and hasattr(part, "device"):
            part.device = device
        elif own is not None and not _is_here(own):
            moved.add(str(own))
            part.device = None
        # Its own: a FrozenEstimator passes on what its estimator has.
        if {"weights_", "net_params_"} <= set(vars(part)):
            try:
                _ = torch_view(part).module
            except Exception as error:
                raise ValueError(
                    f"{path} is damaged: the weights of {type(part).__name__} do not "
                    f"fit its network ({str(error).splitlines()[0]})."
                ) from error
    if moved:
        warn(
            f"{path} computed on {', '.join(sorted(moved))}, which is not here: it "
            "computes on the CPU."
        )


def _is_here(device):
    try:
        resolve_device(device)
    except ValueError:
        return False
    return True


def _parts(thing, seen):
    """Every estimator and part of one inside `thing`, itself among them."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, dict):
        inner = thing.values()
    elif isinstance(thing, list | tuple):
        inner = thing
    elif isinstance(thing, BaseEstimator | ModelPart):
        yield thing
        inner = vars(thing).values()
    else:
        return
    for value in list(inner):
        yield from _parts(value, seen)
