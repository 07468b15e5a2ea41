"""Loading estimators without running code of their file."""

import importlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import skops.io
from sklearn.base import BaseEstimator

import skmultimodal
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    PatternStratifiedKFold,
)
from skmultimodal.persistence._archive import FORMAT, check_archive, read_header
from skmultimodal.persistence._copy import drop_places
from skmultimodal.persistence._schema import check_schema
from skmultimodal.persistence._values import (
    UNCHECKED,
    check_networks,
    check_values,
    model_parts,
    type_name,
)
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._environment import describe_environment
from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._warnings import warn

__all__ = ["load_model", "read_environment", "read_notes"]

SPLITTERS = (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    PatternStratifiedKFold,
)
# Types and functions that models hold, and the node of skops that each is written as:
# another node would call it, with arguments of the file, before anything is checked.
HARMLESS = {
    "skmultimodal.preprocessing._expression.signed_log": "FunctionNode",
    "skmultimodal.preprocessing._expression.signed_log_inverse": "FunctionNode",
    "sklearn.feature_selection._univariate_selection.f_classif": "FunctionNode",
    "sklearn.metrics._scorer._PassthroughScorer": "ObjectNode",
    # What a scorer passes on, in scikit-learn before 1.9: names.
    "sklearn.utils._metadata_requests.MetadataRequest": "ObjectNode",
    "sklearn.utils._metadata_requests.MethodMetadataRequest": "ObjectNode",
    # Of a SimpleImputer; read as the type of an empty array.
    "numpy.dtype": "DTypeNode",
    # Checked once they are loaded.
    "scipy.sparse._csr.csr_matrix": "SparseMatrixNode",
    "scipy.sparse._csr.csr_array": "SparseMatrixNode",
    "scipy.sparse._csc.csc_matrix": "SparseMatrixNode",
    "scipy.sparse._csc.csc_array": "SparseMatrixNode",
}


TREE_PREDICTOR = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
BIN_MAPPER = "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper"


def load_model(
    path: Any, *, trusted: Any = (), device: Any = None, memory: Any = None
) -> Any:
    """Load an estimator that `save_model` saved; nothing is unpickled.

    No code of the file runs, neither now nor when the estimator is used: nothing in the
    file names a place to read from or to write to, values that compiled code would
    follow are checked, and what the file unpacks to is bounded.

    Parameters
    ----------
    path : str or path
        A file of `save_model`.
    trusted : sequence of str or type, default=()
        Types beyond those of scikit-learn, NumPy, SciPy and this library that may be
        made, such as ``"xgboost.sklearn.XGBClassifier"``. Name only what you would
        import and run, from whom you would: their values are not checked. The trees
        of scikit-learn are among them (``"sklearn.tree._tree.Tree"``), and what reads
        text: compiled code follows their arrays unchecked.
    device : str, torch.device or None, default=None
        Where its networks compute from now on. None is where they did, or the CPU,
        with a warning, if there is no such device here.
    memory : str, path or joblib.Memory, default=None
        Cache of every part that has one. What the file holds of it is not used: whoever
        can write to such a folder runs code here.

    Returns
    -------
    estimator : estimator
        On the same device its predictions are the same bits.

    Raises
    ------
    ValueError
        If the file is a pickle or no model, is damaged, would take more memory than
        its model, was saved by a later version of the format, or holds a type that is
        not trusted, which is named.

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
    listed = [trusted] if isinstance(trusted, str | type) else trusted
    names = {t if isinstance(t, str) else type_name(t) for t in listed}
    with _open(path) as (file, archive, header):
        _warn_of_versions(path, header["environment"])
        with _damage(path):
            held = check_schema(archive)
            unknown = set(skops.io.get_untrusted_types(file=file))
            unknown |= held.keys() & UNCHECKED
            known = {n for n in unknown - names if _is_known(n, held)} | names
            if TREE_PREDICTOR in names:  # whose nodes lead as far
                known.add(BIN_MAPPER)
            _refuse_types(path, unknown - known)
            estimator = skops.io.load(file, trusted=sorted(known))
            if not hasattr(estimator, "get_params") or isinstance(estimator, type):
                found = type(estimator).__name__
                raise _Refused(f"{path} holds a {found}, no estimator.")
            check_values(estimator, names)
            drop_places(estimator, memory)
            check_networks(estimator)
    _place(estimator, path, device)
    return estimator


def _refuse_types(path: Any, refused: Any) -> None:
    if refused:
        raise _Refused(
            f"{path} holds types that are not trusted: {', '.join(sorted(refused))}. "
            "If you know them and who saved the file, pass trusted=[...] with their "
            "names."
        )


def read_environment(path: Any) -> dict[str, Any]:
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
    with _open(Path(path)) as (_, _, header):
        return header["environment"]


def read_notes(path: Any) -> dict[str, Any]:
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
    with _open(Path(path)) as (_, _, header):
        return header["notes"]


@contextmanager
def _open(path: Any) -> Iterator[Any]:
    """The file and its archive, its bounds checked; errors name the file.

    Yields
    ------
    file : binary file
    archive : zipfile.ZipFile
    header : dict
        Of the file, as of `read_header`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}.")
    with path.open("rb") as file:
        if file.read(1) == b"\x80":
            raise ValueError(
                f"{path} is a pickle, which may run any code when it is loaded: have "
                "it saved by save_model."
            )
        with _damage(path, "is damaged or was not saved by save_model"):
            archive = zipfile.ZipFile(file)
            check_archive(archive, path.stat().st_size)
            header = read_header(archive)
        _check_format(path, header)
        yield file, archive, header


@contextmanager
def _damage(path: Any, what: Any = "is damaged") -> Iterator[Any]:
    """Whatever a damaged file makes a reader raise becomes a ValueError."""
    try:
        yield
    except _Refused:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path} {what}: {reason.removesuffix('.')}.") from error


class _Refused(ValueError):
    """A file that is whole, and is not loaded for another reason."""


def _check_format(path: Any, header: Any) -> None:
    saved, environment = header["format"], header["environment"]
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


def _warn_of_versions(path: Any, environment: Any) -> None:
    here = describe_environment()
    other = [
        f"{name} {environment.get(name)} (here {here[name]})"
        for name in ("skmultimodal", "scikit-learn", "torch")
        if environment.get(name) != here[name]
    ]
    if other:
        warn(f"{path} was saved with {', '.join(other)}: predictions may differ.")


def _is_known(name: str, held: Any) -> bool:
    """Whether a type of a file, `held` by its nodes, is one that models consist of."""
    node = "ObjectNode" if _is_ours(name) else HARMLESS.get(name)
    others = held.get(name, set()) - {node}
    if node and others:
        raise ValueError(f"it holds {name} in a {min(others)}, which no model does")
    return node is not None


def _is_ours(name: str) -> bool:
    """Whether `name` is a class of this library that a model may consist of."""
    module, _, attribute = name.rpartition(".")
    path = module.split(".")
    if path[0] != "skmultimodal" or path[-1] == "__main__":
        return False
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return False
    if not isinstance(found, type) or found.__module__ != module:
        return False
    return issubclass(found, (BaseEstimator, ModelPart, *SPLITTERS))


def _place(estimator: Any, path: Any, device: Any) -> None:
    """Put the networks on a device."""
    if device is not None:
        resolve_device(device)
    moved = set()
    for part in model_parts(estimator):
        own = vars(part).get("device")
        if device is not None and "device" in vars(part):
            part.device = device
        elif own is not None and not _is_here(own):
            moved.add(str(own))
            part.device = None
    if moved:
        warn(
            f"{path} computed on {', '.join(sorted(moved))}, which is not here: it "
            "computes on the CPU."
        )


def _is_here(device: Any) -> bool:
    try:
        resolve_device(device)
    except ValueError:
        return False
    return True
