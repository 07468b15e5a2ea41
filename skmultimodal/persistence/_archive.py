"""The archive that a model file is: how much it may hold, and its header.

What an archive would unpack to is bounded before anything of it is read.
"""

import json
import zipfile
from collections import Counter
from math import prod
from typing import Any

from numpy.lib import format as npy

__all__ = ["FORMAT", "HEADER", "SCHEMA", "ArrayHeader", "check_archive", "read_header"]

FORMAT = 2
HEADER = "skmultimodal.json"
SCHEMA = "schema.json"
# A file that claims to hold this many times its own size is no model.
MAX_EXPANSION, MIN_BOMB = 200, 2**25
MAX_HEADER = 2**24
READERS = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}


def check_archive(archive: Any, size: int) -> None:
    """Refuse an archive whose members cannot all be read within bounds.

    Parameters
    ----------
    archive : zipfile.ZipFile
    size : int
        Of the file.

    Raises
    ------
    ValueError
    """
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if unpacked > max(MAX_EXPANSION * size, MIN_BOMB):
        raise ValueError(
            f"it would take {unpacked} bytes when unpacked, {MAX_EXPANSION} times its "
            "size and more"
        )
    name, count = Counter(m.filename for m in members).most_common(1)[0] or ("", 0)
    if count > 1:
        raise ValueError(f"it holds {name} twice")
    for member in members:
        if member.flag_bits & 1:
            raise ValueError(f"{member.filename} in it is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{member.filename} in it is compressed in another way")


def read_header(archive: Any) -> dict[str, Any]:
    """What `save_model` noted: format (int), environment and notes (dict).

    Raises
    ------
    ValueError
    """
    if HEADER not in archive.namelist():
        raise ValueError(f"it has no {HEADER}: it was not saved by save_model")
    if archive.getinfo(HEADER).file_size > MAX_HEADER:
        raise ValueError(f"{HEADER} in it is too large")
    header = json.loads(archive.read(HEADER).decode("utf-8"))
    if not isinstance(header, dict):
        raise ValueError(f"{HEADER} in it is no object")
    saved, environment = header.get("format"), header.get("environment")
    notes = header.get("notes", {})
    if not isinstance(saved, int) or isinstance(saved, bool):
        raise ValueError(f"{HEADER} in it has no format, a whole number")
    if not isinstance(environment, dict) or not all(
        isinstance(version, str) for version in environment.values()
    ):
        raise ValueError(f"{HEADER} in it has no environment, versions by package")
    if not isinstance(notes, dict):
        raise ValueError(f"the notes in {HEADER} are no object")
    return {"format": saved, "environment": environment, "notes": notes}


class ArrayHeader:
    """What a NumPy file declares of its array, read without the array.

    Parameters
    ----------
    archive : zipfile.ZipFile
    name : str
        Of a member, which is an array in NumPy's format.

    Raises
    ------
    ValueError
        If the array is not as long as the file, or would hold objects.
    """

    def __init__(self, archive: Any, name: str) -> None:
        with archive.open(name) as file:
            version = npy.read_magic(file)
            if version not in READERS:
                raise ValueError(
                    f"{name} in it has version {version} of NumPy's format"
                )
            self.shape: tuple[int, ...]
            self.shape, _, self.dtype = READERS[version](file)
            start = file.tell()
        if self.dtype.hasobject:
            raise ValueError(f"{name} in it holds a pickle")
        held = archive.getinfo(name).file_size - start
        if any(side < 0 for side in self.shape) or self.n_bytes != held:
            raise ValueError(
                f"{name} in it declares an array of shape {self.shape} and "
                f"{self.n_bytes} bytes, and has {held}"
            )
        if not self.dtype.itemsize and 0 not in self.shape:
            raise ValueError(f"{name} in it declares {self.shape} values of no bytes")

    @property
    def n_bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize
