"""Files of the project that repeat each other agree."""

import ast
import importlib
import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import skmultimodal

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT, TOOL = PYPROJECT["project"], PYPROJECT["tool"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SUFFIXES = {".md", ".rst", ".py", ".toml", ".yml", ".jinja", ".css"}
sys.path.insert(0, str(ROOT / "docs"))
API = importlib.import_module("api_reference").API_REFERENCE
PUBLIC = [(section.module, name) for section in API for name in section.names]
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


def bounds(names):
    """Lower bounds of requirements by package, an extra of this package left out."""
    found = {}
    for name in names:
        package = re.match(r"[\w-]+", name).group()
        if package != "skmultimodal":
            found[package] = name.partition(">=")[2]
    return found


def test_minimum_versions_are_the_lower_bounds():
    """Of the core and all extras that tests need; mirp needs a newer numpy."""
    extras = PROJECT["optional-dependencies"]
    tested = set(extras) - {"benchmark", "docs", "dev", "pinned", "radiomics", "all"}
    names = [*PROJECT["dependencies"], *(n for extra in tested for n in extras[extra])]
    expected = bounds(names)
    expected["distributed"] = expected["dask"]  # dask[distributed]
    lines = (ROOT / "constraints-min.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert {name: pins[name] for name in expected} == expected
    # What dependencies need themselves.
    assert set(pins) - set(expected) == {"pyparsing"}


def test_python_versions_agree():
    """Of the workflow, of nox, and those that are claimed."""
    tests = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    pythons = tests["jobs"]["test"]["strategy"]["matrix"]["python"]
    nox = ast.parse((ROOT / "noxfile.py").read_text())
    values = [
        ast.literal_eval(node.value)
        for node in nox.body
        if isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") == "PYTHONS"
    ]
    assert values == [pythons]
    label = "Programming Language :: Python :: 3."
    claimed = [c for c in PROJECT["classifiers"] if c.startswith(label)]
    assert claimed
    assert {c.rpartition(" ")[2] for c in claimed} <= set(pythons)


def test_rooms_with_a_floor_of_coverage_exist():
    floors = TOOL["skmultimodal"]["coverage"]
    assert floors["io"] >= 95
    assert floors["report"] >= 95
    for room, floor in floors.items():
        own = [ROOT / "skmultimodal" / name for name in (room, f"{room}.py")]
        assert any(path.exists() for path in own), room
        assert 0 < floor <= 100


def public_callables():
    """Public functions and methods by name, of every name that the API lists."""
    for module, name in PUBLIC:
        value = getattr(importlib.import_module(module), name)
        if inspect.isclass(value):
            for part, method in vars(value).items():
                if part == "__init__" or not part.startswith("_"):
                    method = getattr(method, "__func__", method)
                    method = getattr(method, "fget", method)
                    method = inspect.unwrap(getattr(method, "fn", method))
                    if inspect.isfunction(method):
                        yield f"{name}.{part}", method
        elif inspect.isfunction(value):
            yield name, inspect.unwrap(value)


def test_public_signatures_are_annotated():
    """py.typed promises it; mypy holds the rest of each room to it."""
    found = dict(public_callables())
    assert len(found) > 200
    bare = []
    for name, function in found.items():
        if not function.__module__.startswith("skmultimodal"):
            continue  # inherited from scikit-learn, or made by dataclasses
        code = function.__code__
        given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        needed = {*given, "return"} - {"self", "cls"}
        bare += [f"{name}: {n}" for n in needed - set(function.__annotations__)]
    assert bare == []


# What https://github.com/scikit-learn-contrib/scikit-learn-contrib asks of a project.


def test_contrib_is_available_and_open_source():
    assert PROJECT["urls"]["Source"].startswith("https://github.com/")
    assert PROJECT["license"] == "BSD-3-Clause"
    text = (ROOT / "LICENSE").read_text()
    assert "Redistribution and use in source and binary forms" in text
    assert "Neither the name of" in text


def test_contrib_estimators_are_checked():
    """check_estimator, with no expected failure, on all that take arrays."""
    of_metadata = {"MetadataClassifier", "MetadataRegressor", "MetadataSurvival"}
    common = (ROOT / "tests/test_common.py").read_text()
    assert "parametrize_with_checks" in common or "check_estimator" in common
    assert "expected_failed_checks" not in common
    estimators = {
        name
        for module, name in PUBLIC
        if inspect.isclass(value := getattr(importlib.import_module(module), name))
        and issubclass(value, BaseEstimator)
    }
    assert len(estimators) > 20
    assert {name for name in estimators if name not in common} == of_metadata


def test_contrib_documentation():
    """A guide, an API reference, a gallery, and where a reader finds them."""
    assert (ROOT / "docs/user_guide/index.rst").exists()
    assert (ROOT / "docs/api_reference.py").exists()
    assert len(list((ROOT / "docs/gallery").glob("*.py"))) > 20
    readme = (ROOT / "README.md").read_text()
    for part in ("pip install", PROJECT["urls"]["Documentation"], "LICENSE"):
        assert part in readme, part


def test_contrib_tests_style_and_continuous_integration():
    workflow = (ROOT / ".github/workflows/tests.yml").read_text()
    for part in ("pull_request", "make lint", "make test", "make coverage"):
        assert part in workflow, part
    # E and W are pycodestyle, which is PEP 8.
    assert {"E", "W"} <= set(TOOL["ruff"]["lint"]["select"])
    assert int(PROJECT["requires-python"].removeprefix(">=3.")) >= 11
