"""Files to bytes: compression by content, refusals that name the file."""

from __future__ import annotations

import importlib
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skmultimodal.exceptions import ReadWarning
from skmultimodal.utils._files import refuse_no_file
from skmultimodal.utils._warnings import warn

__all__ = ["is_gzip", "read_bytes", "read_text", "stream_gzip", "within_memory"]

GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 18
# Sparse counts shrink to a fortieth, the same byte over and over to a thousandth.
MOST_GROWTH = 200
SMALL = 1 << 27
# What a proxy, a login page or a cloud drive sends instead of the file.
HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<body")


def _zlib() -> Any:
    # python-isal decompresses two to three times faster and is optional.
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return zlib


def is_gzip(raw: bytes) -> bool:
    """Whether bytes start as a gzip file does, whatever its name."""
    return raw[:2] == GZIP_MAGIC


@contextmanager
def within_memory(path: Path) -> Iterator[None]:
    """Name the file whose content does not fit into memory.

    Raises
    ------
    ValueError
        In place of a MemoryError.
    """
    try:
        yield
    except MemoryError:
        raise ValueError(
            f"{path}: what it holds does not fit into the memory of this process; "
            "read it where there is more, or find out what made it so large."
        ) from None


def stream_gzip(path: Path) -> Iterator[bytes]:
    """Decompress a gzip file piece by piece, all members.

    Whoever stops early pays only for what was taken.

    Parameters
    ----------
    path : Path

    Yields
    ------
    bytes
        Pieces in order, of any size.

    Raises
    ------
    ValueError
        Where the stream turns out truncated or damaged.
    """
    module = _zlib()
    stream = None
    with path.open("rb") as file:
        while raw := file.read(CHUNK):
            while raw:
                if stream is None:
                    # What follows the last member is padding.
                    if not is_gzip(raw):
                        return
                    stream = module.decompressobj(31)
                try:
                    yield stream.decompress(raw)
                except (zlib.error, module.error) as error:
                    raise ValueError(
                        f"{path}: damaged gzip file ({error}); download it again."
                    ) from error
                raw = stream.unused_data if stream.eof else b""
                if stream.eof:
                    stream = None
    if stream is not None:
        raise ValueError(f"{path}: truncated gzip file; download it again.")


def _read_raw(path: Path) -> bytes:
    refuse_no_file(path)
    raw = path.read_bytes()
    if not raw:
        raise ValueError(f"{path}: the file is empty (0 bytes); download it again.")
    return raw


def _unpack(path: Path, packed: int) -> bytes:
    """Decompress a text; one that grows as no table does would fill the memory."""
    most = max(SMALL, MOST_GROWTH * packed)
    parts, size = [], 0
    for part in stream_gzip(path):
        size += len(part)
        if size > most:
            raise ValueError(
                f"{path}: {packed:,} bytes, which unpack to more than {most:,}: "
                "no table is packed so well; download it again."
            )
        parts.append(part)
    return b"".join(parts)


def read_bytes(path: str | Path) -> bytes:
    """Read a file, decompressed if its content is gzip.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    bytes

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is a folder, a pipe or a device, empty, truncated, or a web page saved
        under this name.
    """
    path = Path(path)
    with within_memory(path):
        raw = _read_raw(path)
        if is_gzip(raw):
            raw = _unpack(path, len(raw))
            if not raw:
                raise ValueError(
                    f"{path}: the gzip file holds nothing; download it again."
                )
    start = raw[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(HTML_STARTS):
        raise ValueError(
            f"{path}, line 1: a web page (HTML or XML) was saved under this name, "
            "not the data; download the file again, signed in if the site asks for it."
        )
    return raw


def read_text(path: str | Path) -> str:
    """Read a text file: gzip, byte-order mark and any line ends are handled.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str
        With ``"\\n"`` line ends. What is not UTF-8 or UTF-16 is read as Windows-1252,
        as spreadsheets write it in Western Europe.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_bytes`, and if the bytes are no text.

    Warns
    -----
    ReadWarning
        If the text is not Unicode, so that letters may be others than were written.
    """
    path = Path(path)
    raw = read_bytes(path)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            text = raw.decode("utf-16").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: damaged UTF-16 text ({error}).") from error
        _refuse_binary(path, "\0" in text)
        return text
    if raw.startswith(b"PK\x03\x04"):
        raise ValueError(
            f"{path}: an Excel workbook or zip archive; save the sheet as CSV, or "
            "unpack the archive."
        )
    _refuse_binary(path, b"\0" in raw)
    with within_memory(path):
        try:
            return _plain_lines(raw.decode("utf-8-sig"))
        except UnicodeDecodeError:
            return _decode_western(path, raw)


def _refuse_binary(path: Path, has_nul: bool) -> None:
    """Text has no NUL; a file whose writing was cut off may end in many."""
    if has_nul:
        raise ValueError(f"{path}: binary content, a text table was expected.")


def _plain_lines(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _decode_western(path: Path, raw: bytes) -> str:
    """Text of one byte per letter, of which each is a letter in some encoding."""
    try:
        text = _plain_lines(raw.decode("cp1252"))
    except UnicodeDecodeError:  # five bytes are undefined there
        text = _plain_lines(raw.decode("latin-1"))
    lines = enumerate(text.split("\n"), start=1)
    number, line = next(found for found in lines if not found[1].isascii())
    cell = next(part for part in re.split("[,;\t]", line) if not part.isascii())
    warn(
        f"{path}, line {number}: not UTF-8, and read as Windows-1252: {cell[:40]!r} "
        "may have had other letters; save the file as UTF-8.",
        ReadWarning,
    )
    return text
