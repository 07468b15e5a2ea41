"""Bags of vectors, such as features of the patches of slides, read when asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.exceptions import ReadWarning
from skmultimodal.utils._bags import as_bags, describe_bad_bag
from skmultimodal.utils._files import file_stamp
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._rows import row_positions
from skmultimodal.utils._text import some
from skmultimodal.utils._warnings import warn

__all__ = ["BagFiles", "read_bags"]

SUFFIXES = (".npy", ".h5", ".hdf5", ".zarr")
COORDS = "coords"


def read_bags(
    folder: str | Path,
    *,
    patient_of: Callable[[str], str] | Mapping[str, str] | None = None,
    key: str = "features",
) -> tuple[list[str], BagFiles]:
    """Bags in the files of a folder, as a modality of a `Cohort`.

    Parameters
    ----------
    folder : str or Path
        Holds a file for each bag, an array (n_instances, n_features): ``.npy``, or
        ``.h5`` and ``.zarr`` with the dataset `key`, as TRIDENT and CLAM write them.
        The name without the suffix is the patient's id.
    patient_of : callable or dict, default=None
        Maps names of files to patient ids, such as ``lambda slide: slide[:12]`` of
        TCGA. Files of one patient make one bag.
    key : str, default="features"
        Name of the dataset.

    Returns
    -------
    ids : list of str
        Patient ids, sorted.
    block : BagFiles
        Lazy: of each file the header was read.

    Raises
    ------
    FileNotFoundError
        If the folder is absent or has no such file.
    ImportError
        If h5py or zarr is needed and absent.
    ValueError
        As of `BagFiles`; or if two files have one name, or `patient_of` lacks one.

    Warns
    -----
    ReadWarning
        If the folder has other files, which are not read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.io import read_bags
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "P1.npy"), np.ones((6, 5)))
    ...     np.save(Path(folder, "P2.npy"), np.ones((3, 5)))
    ...     X = Cohort({"slides": read_bags(folder)})
    >>> X
    Cohort(2 rows: 2 slides)
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is no folder: it should hold a file per bag."
        )
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    paths = [path for path in entries if path.suffix.lower() in SUFFIXES]
    if not paths:
        raise FileNotFoundError(
            f"{folder} has no file of a bag ({', '.join(SUFFIXES)})"
            + (
                f", but {some(p.name for p in entries)}."
                if entries
                else ": it is empty."
            )
        )
    others = [path.name for path in entries if path not in paths]
    if others:
        warn(
            f"{folder}: {some(others, 'entry' if len(others) == 1 else 'other file')} "
            f"not read: bags are {', '.join(SUFFIXES)}.",
            ReadWarning,
        )
    files = _by_patient(paths, patient_of)
    return list(files), BagFiles(files, key=key)


def _by_patient(
    paths: Sequence[Path], patient_of: Callable[[str], str] | Mapping[str, str] | None
) -> dict[str, list[Path]]:
    names: dict[str, Path] = {}
    for path in paths:
        if path.stem in names:
            raise ValueError(
                f"{names[path.stem]} and {path.name} are two files of one name: keep "
                "one of them in the folder."
            )
        names[path.stem] = path
    if isinstance(patient_of, Mapping):
        absent = [name for name in names if name not in patient_of]
        if absent:
            raise ValueError(
                f"patient_of names no patient for {some(absent, 'file')}: add them, or "
                "move them out of the folder."
            )
        patient_of = patient_of.__getitem__
    files: dict[str, list[Path]] = {}
    for name, path in names.items():
        patient = name if patient_of is None else str(patient_of(name))
        files.setdefault(patient, []).append(path)
    return dict(sorted(files.items()))


class BagFiles:
    """Bags of patients, each read from its files when its row is asked for.

    A lazy block for `Cohort`: pass ``(block.ids, block)``, which `read_bags` returns.

    Parameters
    ----------
    files : dict of str to path or sequence of paths
        Patient id to the files of the patient's bag.
    key : str, default="features"
        Name of the dataset in HDF5 and zarr files.

    Attributes
    ----------
    ids : list of str
        Patient ids.
    counts : ndarray of intp, shape (n_patients,)
        Vectors of each bag.
    n_features : int
        Length of each vector.
    shape : tuple of int
        ``(n_patients,)``.
    dtype : numpy.dtype
        object: a row is an array of shape (n_instances, n_features), in the type of its
        file.

    Raises
    ------
    ValueError
        If a file is no bag: damaged, without the dataset, empty, of no numbers, or of
        vectors that are longer or shorter than those of the first file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skmultimodal.io import BagFiles
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "slide.npy")
    ...     np.save(path, np.ones((6, 5)))
    ...     block = BagFiles({"P1": path})
    ...     block[0].shape
    (6, 5)
    """

    dtype = np.dtype(object)
    ndim = 1

    def __init__(
        self,
        files: Mapping[str, str | Path | Sequence[str | Path]],
        *,
        key: str = "features",
    ) -> None:
        if not files:
            raise ValueError("BagFiles needs the files of at least one patient.")
        self.key = key
        self.files = {
            patient: [Path(paths)]
            if isinstance(paths, str | Path)
            else [Path(path) for path in paths]
            for patient, paths in files.items()
        }
        self.ids = list(self.files)
        self.n_features = 0
        counts = []
        for paths in self.files.values():
            counts.append(sum(self._check_header(path) for path in paths))
        self.counts = np.array(counts, dtype=np.intp)
        self.shape = (len(self.ids),)

    def _check_header(self, path: Path) -> int:
        """Number of vectors in a file, which is sound as far as its header shows."""
        with _opened(path, self.key) as stored:
            # What broadcasting makes of one value takes no memory.
            like = np.broadcast_to(np.zeros((), dtype=stored.dtype), stored.shape)
        if like.ndim == 2 and not self.n_features:
            self.n_features = like.shape[1]
        wrong = describe_bad_bag(like, self.n_features, values=False)
        if wrong is not None:
            raise ValueError(f"the bag of {path} {wrong}.")
        return len(like)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Read rows: an integer gives a bag, other keys an object array of bags."""
        bags = [self._read(row) for row in row_positions(rows, len(self)).tolist()]
        return bags[0] if isinstance(rows, int | np.integer) else as_bags(bags)

    def _read(self, row: int) -> NDArray[Any]:
        paths = self.files[self.ids[row]]
        parts = [_read_dataset(path, self.key) for path in paths]
        bag = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if bag.shape != (self.counts[row], self.n_features):
            raise ValueError(
                f"the bag of {self.row_name(row)} has the shape {bag.shape}; it had "
                f"{(int(self.counts[row]), self.n_features)} when it was opened."
            )
        return bag

    def coords(self, patient: str) -> NDArray[Any]:
        """Where the vectors of a bag lie in their slide: the dataset ``coords``.

        Parameters
        ----------
        patient : str
            Id.

        Returns
        -------
        coords : ndarray of shape (n_instances, n_axes)
            In the unit of the file, pixels at full resolution as TRIDENT and CLAM
            write it.

        Raises
        ------
        KeyError
            If there is no such patient.
        ValueError
            If a file has no such dataset.
        """
        if patient not in self.files:
            raise KeyError(f"no bag of patient {patient!r}.")
        for path in self.files[patient]:
            if path.suffix.lower() == ".npy":
                raise ValueError(f"{path} has features only, no {COORDS!r}.")
        parts = [_read_dataset(path, COORDS) for path in self.files[patient]]
        return np.concatenate(parts)

    def row_name(self, row: int) -> str:
        """The patient of a row, and the files, for errors."""
        patient = self.ids[row]
        return f"patient {patient!r} ({', '.join(map(str, self.files[patient]))})"

    def cache_key(self) -> str:
        """A digest of the files, their places and times, and the dataset's name."""
        marks: list[Any] = [self.key]
        for patient, paths in self.files.items():
            for path in paths:
                inside = path.rglob("*") if path.is_dir() else []
                marks += [(patient, *file_stamp(p)) for p in (path, *sorted(inside))]
        return hashlib.sha256(repr(marks).encode()).hexdigest()

    def __repr__(self) -> str:
        return (
            f"BagFiles({len(self)} bags, {int(self.counts.sum())} vectors of "
            f"{self.n_features} features)"
        )


@contextmanager
def _opened(path: Path, key: str) -> Iterator[Any]:
    """A dataset of a file: something with ``shape``, ``dtype`` and rows."""
    if not path.exists():
        raise FileNotFoundError(f"{path}, the file of a bag, is absent: restore it.")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path} is no file of a bag ({', '.join(SUFFIXES)}).")
    if suffix == ".npy":
        try:
            rows = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise _damaged(path, error) from error
        yield rows
    elif suffix == ".zarr":
        zarr = import_optional("zarr", "bags")
        found = zarr.open(str(path), mode="r")
        yield found if hasattr(found, "shape") else _member(path, found, key)
    else:
        h5py = import_optional("h5py", "bags")
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise _damaged(path, error) from error
        with file:
            yield _member(path, file, key)


def _member(path: Path, group: Any, key: str) -> Any:
    names = list(group.keys())
    if key not in names or not hasattr(group[key], "shape"):
        raise ValueError(
            f"{path} has no dataset {key!r}, but {some(names) or 'none at all'}: name "
            "that of the vectors in key."
        )
    return group[key]


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{path} cannot be read ({error}): make it again, or move it away."
    )


def _read_dataset(path: Path, key: str) -> NDArray[Any]:
    with _opened(path, key) as stored:
        # A memmap is read where it is used, of which training takes a part only.
        rows: NDArray[Any] = stored if isinstance(stored, np.memmap) else stored[:]
    return rows
