"""Files and folders come into place whole or not at all."""

import os
import re
import stat
import sys
from pathlib import Path

import pytest

from skmultimodal.utils import _files
from skmultimodal.utils._files import (
    readable,
    refuse_no_file,
    walk_files,
    whole_file,
    whole_folder,
)


def test_a_file_takes_its_place_at_the_end(tmp_path):
    path = tmp_path / "card.md"
    path.write_text("old")
    with whole_file(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("old", [None, "old"])
def test_a_file_that_fails_leaves_what_was_there(tmp_path, error, old):
    path = tmp_path / "card.md"
    if old:
        path.write_text(old)

    def write():
        with whole_file(path) as part:
            part.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert [p.read_text() for p in tmp_path.iterdir()] == ([old] if old else [])


def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "plain").touch()
    with whole_file(tmp_path / "whole") as part:
        part.write_text("new")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()]
    assert modes[0] == modes[1]


def test_a_file_needs_its_folder(tmp_path):
    wanted = tmp_path / "absent" / "card.md"
    with pytest.raises(FileNotFoundError, match=r"no folder .*absent for card\.md"):
        whole_file(wanted).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_gets_its_files_at_the_end(tmp_path):
    out = tmp_path / "results" / "demo"
    with whole_folder(out) as stage:
        (stage / "table.csv").write_text("1")
        (stage / "report.html").write_text("2")
        assert os.listdir(out) == [stage.name]
    assert {p.name: p.read_text() for p in out.iterdir()} == {
        "table.csv": "1",
        "report.html": "2",
    }


def test_other_files_of_a_folder_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "table.csv").write_text("old")
    with whole_folder(tmp_path) as stage:
        (stage / "table.csv").write_text("new")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {
        "notes.txt": "mine",
        "table.csv": "new",
    }


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_folder_that_fails_leaves_what_was_there(tmp_path, error):
    old = tmp_path / "old"
    old.mkdir()
    (old / "table.csv").write_text("old")

    def write(out):
        with whole_folder(out) as stage:
            (stage / "table.csv").write_text("half")
            raise error

    for out in (old, tmp_path / "new" / "inner"):
        with pytest.raises(error):
            write(out)
    assert [p.name for p in tmp_path.iterdir()] == ["old"]
    assert {p.name: p.read_text() for p in old.iterdir()} == {"table.csv": "old"}


def test_what_is_no_folder_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("mine")
    for wanted in (tmp_path / "file", tmp_path / "file" / "inner"):
        message = f"no files can be written in {re.escape(str(wanted))}: .*choose"
        with pytest.raises(OSError, match=message):
            whole_folder(wanted).__enter__()
    assert (tmp_path / "file").read_text() == "mine"


def test_folders_that_were_made_for_nothing_are_removed(tmp_path, monkeypatch):
    """As in a folder that may be made, but not written in."""
    mkdir = Path.mkdir

    def refuse(path, *args, **kwargs):
        if path.name.startswith(".part-"):
            mkdir(path.parent, parents=True)
            raise PermissionError(13, "Permission denied")
        mkdir(path, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(PermissionError, match=r"results: Permission denied; choose"):
        whole_folder(tmp_path / "out" / "results").__enter__()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(IsADirectoryError, match="mine is a folder: name a file in it"):
        whole_file(tmp_path / "mine").__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def write_three(out):
    with whole_folder(out) as stage:
        for name in ("a", "b", "c"):
            (stage / name).write_text("new")


def test_all_files_come_into_place_or_none(tmp_path):
    """The second of three is a folder of the user: the first is not replaced."""
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "notes").write_text("mine")
    with pytest.raises(IsADirectoryError, match="b is a folder: remove it or rename"):
        write_three(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert (tmp_path / "a").read_text() == "old"
    assert (tmp_path / "b" / "notes").read_text() == "mine"


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("n_moves", range(5))  # three files, two of which are there
def test_an_error_between_two_moves_takes_them_back(
    tmp_path, monkeypatch, error, n_moves
):
    (tmp_path / "a").write_text("old")
    (tmp_path / "c").write_text("old")
    replace, left = os.replace, iter(range(n_moves))

    def stop(source, target):
        if next(left, None) is None:
            monkeypatch.undo()
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(error):
        write_three(tmp_path)
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"a": "old", "c": "old"}


def test_files_below_a_folder_are_found_in_order(tmp_path):
    names = ["b.txt", "a/z.txt", "a/b/y.txt", "c/x.txt", "a.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "c" / "loop").symlink_to(tmp_path)
    (tmp_path / "c" / "linked.txt").symlink_to(tmp_path / "b.txt")
    found = [path.relative_to(tmp_path).as_posix() for path in walk_files(tmp_path)]
    wanted = ["a.txt", "b.txt", "a/z.txt", "a/b/y.txt", "c/linked.txt", "c/x.txt"]
    assert found == wanted


NO_FILES = {
    "absent": (lambda path: None, FileNotFoundError, "no such file"),
    "folder": (Path.mkdir, ValueError, "a folder; put the file there"),
    "dangling": (lambda p: p.symlink_to("x"), ValueError, "a link that leads nowhere"),
    "circle": (lambda p: p.symlink_to(p), ValueError, "a link that leads nowhere"),
    "pipe": (os.mkfifo, ValueError, "a pipe or a device"),
    "device": (lambda p: p.symlink_to("/dev/zero"), ValueError, "a pipe or a device"),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_is_named(tmp_path, kind):
    make, error, what = NO_FILES[kind]
    make(tmp_path / "x1")
    with pytest.raises(error, match=f"x1: {what}"):
        refuse_no_file(tmp_path / "x1")
    found = [path.name for path in walk_files(tmp_path, unreadable=True)]
    assert found == ([] if kind in ("absent", "folder") else ["x1"])
    assert list(walk_files(tmp_path)) == []


def test_folders_that_lie_too_deep(tmp_path):
    deep = tmp_path / "/".join("d" * 33)
    deep.mkdir(parents=True)
    (tmp_path / "d" / "a.txt").write_text("a")
    with pytest.raises(OSError, match=r"d/d: folders lie more than 32 deep; move"):
        list(walk_files(tmp_path))
    problems = {}
    assert list(walk_files(tmp_path, problems)) == [tmp_path / "d" / "a.txt"]
    assert list(problems) == [deep]


def test_mode_and_link_of_what_is_replaced_stay(tmp_path):
    target, link = tmp_path / "shared" / "model", tmp_path / "latest"
    target.parent.mkdir()
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    with whole_file(link) as part:
        part.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["latest", "model", "shared"]


def test_a_name_as_long_as_the_file_system_takes(tmp_path):
    path = tmp_path / ("n" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    for text in ("old", "new"):
        with whole_file(path) as part:
            part.write_text(text)
    assert path.read_text() == "new"


def test_a_name_that_is_no_text_is_readable():
    assert readable(os.fsdecode(b"Jos\xe9")) == "Jos\\xe9"
    assert readable("José") == "José"


def interrupted(function, n_lines):
    """Interrupt a call before the line of this number that it runs of `_files`."""
    left = n_lines

    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename != _files.__file__:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def write_file(folder):
    with whole_file(folder / "table.csv") as part:
        part.write_text("new")


def write_folder(folder):
    with whole_folder(folder) as stage:
        (stage / "table.csv").write_text("new")


# Python leaves a file open whose `with` is interrupted as it ends.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("write", [write_file, write_folder])
def test_an_interrupt_at_any_line_leaves_nothing_behind(tmp_path, write):
    n_lines = 0
    running = True
    while running:
        n_lines += 1
        folder = tmp_path / str(n_lines)
        folder.mkdir()
        (folder / "table.csv").write_text("old")
        running = interrupted(lambda folder=folder: write(folder), n_lines)
        assert [path.name for path in folder.iterdir()] == ["table.csv"], n_lines
        assert (folder / "table.csv").read_text() in ("old", "new")
    assert n_lines > 10
    assert (folder / "table.csv").read_text() == "new"


def test_a_file_system_without_permissions_leaves_nothing_behind(tmp_path, monkeypatch):
    """Shares of other systems refuse to set them."""

    def refuse(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(_files, "copymode", refuse)
    (tmp_path / "table.csv").write_text("old")
    with pytest.raises(PermissionError, match=r"table\.csv cannot be written"):
        write_file(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
