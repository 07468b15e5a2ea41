"""Sentences on how to run it again."""

import subprocess
import sys
import textwrap

import pytest
from report_sentences import Case, read, unread

from skmultimodal.report._sections.again import Again


def numbers(**changes):
    given = {
        "command": "python run.py 'a <b>'",
        "date": "2026-11-28 22:09 UTC",
        "has_seeds": True,
        "seeds": [],
        "n_folds": 3,
        "n_repeats": 10,
        "environment": {"skmultimodal": "0.1.0", "torch": "2.13.0"},
    }
    return Again(**given | changes)


CASES = {
    "seeds": Case(
        numbers(seeds=[("random_state", "0"), ("gene__random_state", "1")]),
        [
            "Made on 2026-11-28 22:09 UTC with skmultimodal 0.1.0. How",
            "Command python run.py 'a <b>' Date 2026-11-28 22:09 UTC",
            "Seeds of the final model random_state = 0 and gene__random_state = 1 "
            "Folds",
            "Folds 3 folds x 10; their seed is that of the splitter",
            "torch 2.13.0",
        ],
    ),
    "no seed": Case(
        numbers(), ["not given: no random_state has a value, so a fit is not repeat"]
    ),
    "no random_state": Case(
        numbers(has_seeds=False), ["not given: the model has no parameter random_state"]
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("again", CASES[case])


def test_every_branch_is_read():
    assert unread("again", CASES.values()) == {}


@pytest.mark.parametrize("way", ["script", "module", "-c"])
def test_no_more_than_the_name_of_the_script(tmp_path, way):
    folder = tmp_path / "alice" / "study"
    folder.mkdir(parents=True)
    code = """
        from skmultimodal.report._sections.again import _script
        print(_script())
    """
    (folder / "run.py").write_text(textwrap.dedent(code))
    start = {
        "script": [str(folder / "run.py")],
        "module": ["-m", "run"],
        "-c": ["-c", textwrap.dedent(code)],
    }[way]
    done = subprocess.run(
        [sys.executable, *start, "--password", "hunter2"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = {
        "script": "python run.py",
        "module": "python -m run",
        "-c": "python, not a script",
    }
    assert done.stdout.strip() == wanted[way]
