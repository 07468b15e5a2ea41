"""Saving estimators in files that can be loaded without running code of theirs."""

import json
import zipfile
from pathlib import Path
from typing import Any

import skops.io

from skmultimodal.persistence._archive import FORMAT, HEADER, check_archive
from skmultimodal.persistence._copy import copy_to_save
from skmultimodal.persistence._schema import check_schema
from skmultimodal.utils._environment import describe_environment
from skmultimodal.utils._files import whole_file

__all__ = ["save_model"]


def save_model(
    estimator: Any,
    path: Any,
    *,
    notes: dict[str, Any] | None = None,
    strip: bool = True,
) -> None:
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
    strip : bool, default=True
        Leave out what is about single training patients and needed for no prediction:
        ``oof_proba_`` and its like. What an estimator predicts from stays: nearest
        neighbours and support vectors are rows of patients.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    TypeError
        If a part of the estimator cannot be saved, such as a lambda, or `notes`
        cannot.

    See Also
    --------
    load_model : Loads the file.
    read_notes : Reads what was kept beside the estimator.

    Notes
    -----
    The `memory` of the estimator and its parts is left out: it names a folder of this
    machine.

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
            copy_to_save(estimator, strip),
            compression=zipfile.ZIP_DEFLATED,
            compresslevel=1,
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
        _check_saved(part, type(estimator).__name__)


def _check_saved(part: Any, name: str) -> None:
    """What is saved can be loaded."""
    try:
        with zipfile.ZipFile(part) as archive:
            check_archive(archive, part.stat().st_size)
            check_schema(archive)
    except ValueError as error:
        raise TypeError(f"{name} is too large to be saved: {error}.") from error


def _plain(notes: Any) -> Any:
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
