"""The paper claims what committed results show, and cites what exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "paper" / "paper.md"
SECTIONS = [
    *["Summary", "Statement of need", "State of the field", "Design", "Evidence"],
    *["Limitations", "Acknowledgements", "References"],
]
RESULT = re.compile(r"`(benchmarks/[\w/]+\.md)`")


@pytest.fixture(scope="module")
def text():
    return PAPER.read_text(encoding="utf-8")


def section(text, name):
    return text.split(f"\n# {name}\n")[1].split("\n# ")[0]


def test_sections(text):
    assert re.findall(r"^# (.+)$", text, re.M) == SECTIONS
    body = text.split("---", 2)[2]
    assert 800 < len(body.split()) < 1300


def test_each_number_is_in_the_file_that_is_named_beside_it(text):
    paragraphs = section(text, "Evidence").strip().split("\n\n")
    checked = 0
    for paragraph in paragraphs:
        numbers = re.findall(r"-?\d\.\d{4}", paragraph)
        names = RESULT.findall(paragraph)
        assert names or not numbers, paragraph
        results = "\n".join((ROOT / name).read_text("utf-8") for name in names)
        for number in numbers:
            # A score that is better when lower is written with a sign.
            assert number.lstrip("-") in results, f"{number} is not in {names}"
            checked += 1
    assert checked > 15


def test_files_that_are_named_exist(text):
    names = RESULT.findall(text)
    assert len(set(names)) >= 6
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_citations_are_in_the_bibliography(text):
    cited = set(re.findall(r"(?<![\w.])@([a-z]+\d{4})", text))
    entries = re.findall(
        r"^@\w+\{(\w+),", PAPER.with_suffix(".bib").read_text("utf-8"), re.M
    )
    assert len(entries) == len(set(entries))
    assert cited == set(entries)
