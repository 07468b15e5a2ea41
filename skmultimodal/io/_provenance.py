"""What made a table of features: encoder, version and licence, in a file or beside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skmultimodal.io._bytes import read_text

__all__ = ["find_provenance", "read_sidecar"]

# What is taken of a file's own metadata, which hold other things as well.
KEYS = {"encoder": "encoder", "version": "version"}
KEYS |= {"licence": "licence", "license": "licence", "source": "source"}


def find_provenance(metadata: Mapping[Any, Any]) -> dict[str, str]:
    """Encoder, version, licence and source of a file's own metadata, as text."""
    found = {}
    for key, value in metadata.items():
        name = KEYS.get(_text(key).strip().lower())
        if name is not None and _text(value).strip():
            found[name] = _text(value).strip()
    return found


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(value)


def read_sidecar(path: Path, own: Mapping[str, str]) -> dict[str, str]:
    """Provenance of a table of features, with that of the JSON file beside it.

    Parameters
    ----------
    path : Path
        ``features/<modality>.json``, which may be absent.
    own : dict of str to str
        What the table's file holds itself.

    Returns
    -------
    provenance : dict of str to str

    Raises
    ------
    ValueError
        If it is no JSON object of texts and numbers, or contradicts the table's file.
    """
    if not path.exists():
        return dict(own)
    text = read_text(path)
    try:
        stated = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: no readable JSON ({error}).") from error
    if not isinstance(stated, dict) or any(
        not isinstance(value, str | int | float) for value in stated.values()
    ):
        raise ValueError(
            f"{path}: an object of texts and numbers is needed, such as "
            '{"encoder": "name", "version": "1.0", "licence": "MIT"}.'
        )
    known = {
        KEYS.get(str(key).strip().lower(), str(key)): str(value)
        for key, value in stated.items()
    }
    for key, value in own.items():
        if known.get(key, value) != value:
            raise ValueError(
                f"{path}: {key} is {known[key]!r}, and {value!r} in the table's own "
                "file: correct one of them."
            )
    return {**own, **known}
