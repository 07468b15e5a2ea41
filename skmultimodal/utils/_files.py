"""Files that are written as a whole or not at all, and those below a folder."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import copymode, rmtree

__all__ = [
    "file_stamp",
    "readable",
    "refuse_no_file",
    "walk_files",
    "whole_file",
    "whole_folder",
]

# Deeper folders are a loop or an accident, and Python's own walks fail in them.
MAX_DEPTH = 32


def file_stamp(path: str | Path) -> list[str | int]:
    """What changes with the content of a file: its place, inode, size and times."""
    status = os.stat(path)
    times = status.st_mtime_ns, status.st_ctime_ns
    return [os.path.realpath(path), status.st_ino, status.st_size, *times]


def refuse_no_file(path: Path) -> None:
    """Raise an error that names what is in the place of a file.

    A pipe that nobody writes to, or a device, is never read to its end.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    ValueError
        If it is a folder, a link that leads nowhere, a pipe or a device.
    """
    if path.is_file():
        return
    what = "a pipe or a device"
    if path.is_dir():
        what = "a folder"
    elif path.is_symlink() and not path.exists():
        what = "a link that leads nowhere"
    elif not path.exists():
        raise FileNotFoundError(f"{path}: no such file.")
    raise ValueError(f"{path}: {what}; put the file there, or remove it.")


def walk_files(
    folder: str | Path,
    problems: dict[Path, OSError] | None = None,
    *,
    unreadable: bool = False,
) -> Iterator[Path]:
    """Walk through the files below a folder.

    Links to folders are not followed.

    Parameters
    ----------
    folder : str or Path
    problems : dict of Path to OSError, default=None
        Takes up folders that cannot be searched; without it they raise.
    unreadable : bool, default=False
        Whether links that lead nowhere, pipes and devices are among the files.

    Yields
    ------
    path : Path
        In the order of their names, those in a folder before those below it.

    Raises
    ------
    OSError
        If a folder cannot be listed, or lies deeper than 32 folders.
    """
    pending = [(Path(folder), 0)]
    while pending:
        here, depth = pending.pop()
        try:
            if depth > MAX_DEPTH:
                raise OSError(
                    f"{here}: folders lie more than {MAX_DEPTH} deep; move what is in "
                    "them up, or away."
                )
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            if problems is None:
                raise
            problems[here] = error
            continue
        folders = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append((here / entry.name, depth + 1))
            # pathlib's: a link in a circle is no file, and raises no error.
            elif (here / entry.name).is_file() or (
                unreadable and not (here / entry.name).is_dir()
            ):
                yield here / entry.name
        pending += reversed(folders)


def readable(name: str) -> str:
    """A name as the file system has it, as text: a byte that is no UTF-8 as `\\xe9`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Write a file under another name, and rename it to `path` once it is complete.

    Parameters
    ----------
    path : str or Path
        Its folder must exist.

    Yields
    ------
    part : Path
        An empty file to write to. If the block fails it is removed, and what was at
        `path` stays.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    IsADirectoryError
        If `path` is a folder.
    """
    # What a link leads to is replaced, and the link stays.
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: name a file in it.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"there is no folder {path.parent} for {path.name}: make it first."
        )
    # A name may be as long as the file system takes: nothing is added to it.
    part = path.with_name(f".part-{secrets.token_hex(4)}")
    try:
        try:
            # Unlike those of tempfile, it has the permissions of any new file, or of
            # the one that it replaces.
            part.touch(exist_ok=False)
            if path.exists():
                copymode(path, part)
        except OSError as error:
            raise type(error)(
                f"{path} cannot be written: {error.strerror or error}; choose another "
                "folder."
            ) from error
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


@contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """Write several files, and move them into `folder` once all are complete.

    Parameters
    ----------
    folder : str or Path
        Made if it is absent; other files in it stay.

    Yields
    ------
    stage : Path
        An empty folder to write to. If the block fails it is removed, and so is
        `folder` if it was made here.

    Raises
    ------
    OSError
        If nothing can be written there; before the block is entered.
    """
    folder = Path(folder)
    made = [f for f in (folder, *folder.parents) if not f.exists()]
    stage = folder / f".part-{secrets.token_hex(4)}"
    try:
        try:
            stage.mkdir(parents=True)
        except OSError as error:
            raise type(error)(
                f"no files can be written in {folder}: {error.strerror or error}; "
                "choose another folder."
            ) from error
        yield stage
        _move_all(stage, folder)
        rmtree(stage)
    except BaseException:
        rmtree(stage, ignore_errors=True)
        _remove(made)
        raise


def _move_all(stage: Path, folder: Path) -> None:
    """Move files into a folder; an error leaves the folder as it was."""
    parts = sorted(stage.iterdir())
    for target in (folder / part.name for part in parts):
        if target.is_dir():
            raise IsADirectoryError(f"{target} is a folder: remove it or rename it.")
    before = stage / "before"
    before.mkdir()
    try:
        for part in parts:
            if (folder / part.name).exists():
                os.replace(folder / part.name, before / part.name)
            os.replace(part, folder / part.name)
    except BaseException:
        for moved in (part for part in parts if not part.exists()):
            (folder / moved.name).unlink()
        for old in before.iterdir():
            os.replace(old, folder / old.name)
        raise


def _remove(folders: list[Path]) -> None:
    """Remove folders that are empty, the innermost first."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
