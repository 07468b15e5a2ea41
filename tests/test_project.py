"""Files of the project that repeat each other agree."""

import re
import tomllib
from pathlib import Path

import pytest

import skmultimodal

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SUFFIXES = {".md", ".rst", ".py", ".toml", ".yml", ".jinja", ".css"}
RECIPE = yaml.safe_load((ROOT / "conda/recipe.yaml").read_text())


def test_one_version():
    assert PROJECT["dynamic"] == ["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == skmultimodal.__version__
    assert RECIPE["context"]["version"] == skmultimodal.__version__


def test_the_recipe_needs_what_the_package_needs():
    needed = {line.replace(" ", "") for line in RECIPE["requirements"]["run"]}
    ours = {
        line.replace("torch", "pytorch", line.startswith("torch"))
        for line in PROJECT["dependencies"]
    }
    assert needed == ours | {f"python{PROJECT['requires-python']}"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_call_targets_of_make_and_pinned_actions(path):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    commands = "\n".join(step.get("run", "") for step in steps)
    called = re.findall(r"\bmake ([\w-]+)", commands)
    assert called
    assert set(called) <= targets
    for action in (step["uses"] for step in steps if "uses" in step):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)


def test_the_pythons_of_the_tests_are_allowed():
    tests = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    pythons = tests["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert f">={pythons[0]}" == PROJECT["requires-python"]


@pytest.mark.parametrize("name", ["GOVERNANCE.md", ".github/PULL_REQUEST_TEMPLATE.md"])
def test_pages_name_files_that_exist(name):
    folders = r"\.github|skmultimodal|conda|docs"
    paths = re.findall(rf"`((?:{folders})/[\w./-]+)`", (ROOT / name).read_text())
    assert paths
    for path in paths:
        assert (ROOT / path).exists(), path


def test_no_file_holds_marks_of_a_merge():
    texts = [
        path for kind in ("md", "rst", "py", "toml") for path in ROOT.glob(f"*.{kind}")
    ]
    for folder in ("skmultimodal", "tests", "docs", "benchmarks", ".github"):
        texts += [p for p in (ROOT / folder).rglob("*.*") if p.suffix in SUFFIXES]
    assert len(texts) > 500
    marks = ("<" * 7 + " ", ">" * 7 + " ")
    for path in texts:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert not any(line.startswith(marks) for line in lines), path
