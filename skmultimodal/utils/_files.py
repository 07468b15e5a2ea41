"""Files that are written as a whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

__all__ = ["whole_file", "whole_folder"]


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Write a file beside `path`, which takes its place once it is complete.

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
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} for {path.name}.")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        # Unlike those of tempfile, it has the permissions of any new file.
        part.touch(exist_ok=False)
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """Write several files, which come into `folder` once all are complete.

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
    folder.mkdir(parents=True, exist_ok=True)
    stage = folder / f".part-{secrets.token_hex(4)}"
    try:
        stage.mkdir()
        yield stage
        for path in sorted(stage.iterdir()):
            os.replace(path, folder / path.name)
        stage.rmdir()
    except BaseException:
        rmtree(stage, ignore_errors=True)
        for empty in made:
            with suppress(OSError):  # somebody else may have written there
                empty.rmdir()
        raise
