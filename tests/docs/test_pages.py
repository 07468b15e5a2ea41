"""The code on the pages of the site runs as it stands, and their commands exist."""

import re
import shutil
import subprocess
import sys
import tomllib
import types
import warnings
from importlib.util import find_spec
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skmultimodal.datasets import load_cohort, make_glioma_cohort

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.rst"), *DOCS.glob("user_guide/*.rst")])
BLOCK = re.compile(
    r"^\.\. code-block:: (\w+)\n((?:   :.*\n)*)((?:\n|   .*\n)+)", flags=re.MULTILINE
)


def blocks(page, language):
    """Code of a page by language: (options, text) of each block."""
    found = BLOCK.findall(page.read_text(encoding="utf-8") + "\n")
    return [
        (options, "".join(line[3:] or "\n" for line in text.splitlines(keepends=True)))
        for kind, options, text in found
        if kind == language
    ]


def with_code():
    return [page for page in PAGES if blocks(page, "python")]


def test_pages_are_found():
    names = {page.name for page in with_code()}
    assert {"index.rst", "start.rst", "cohort.rst", "fusion.rst"} <= names


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("page", with_code(), ids=lambda page: page.stem)
def test_code_runs(page, practice, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    if 'load_cohort("my_cohort"' in page.read_text(encoding="utf-8"):
        shutil.copytree(practice, tmp_path / "my_cohort")
    # What a page defines can be pickled, as in a script or a notebook.
    module = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    request.addfinalizer(lambda: plt.close("all"))
    for number, (options, code) in enumerate(blocks(page, "python")):
        compiled = compile(code, f"{page.name}, block {number}", "exec")
        lacking = "MirpTransformer" in code and find_spec("mirp") is None
        if "not-run" in options or lacking:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            exec(compiled, vars(module))


def test_practice_scans_hold_the_simulated_planes(practice):
    """Integers of 16 bits once overflowed, and the images said nothing."""
    data = load_cohort(practice, label="response").data
    made = make_glioma_cohort(
        24, 40, 24, n_genes=500, image_size=32, image_signal=2.5, gene_signal=2.0,
        random_state=0,
    )  # fmt: skip
    read = np.asarray(data.block("image"))
    edge = (read.shape[-1] - 32) // 2  # of zeros, to the size of BraTS
    inside = slice(edge, edge + 32)
    planes = made.data.block("image")
    np.testing.assert_allclose(read[..., inside, inside], planes, atol=0.5)


def test_practice_folder_is_read(practice):
    done = subprocess.run(
        [sys.executable, "-m", "skmultimodal", "check", str(practice)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "expression.csv: 64 patients, 500 genes" in done.stdout
    assert "48 with t1, t1ce, t2, flair, seg" in done.stdout
    assert done.stdout.splitlines()[-1] == "ready"


def test_commands_of_make_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    used = set()
    for page in PAGES:
        for _, text in blocks(page, "console"):
            used |= set(re.findall(r"^\$ make (\S+)", text, re.M))
    assert {"demo", "docs", "bench"} <= used <= targets


def test_files_that_pages_name_exist():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"``?((?:docs|benchmarks)/[\w/.]+)``?", text):
            built = path.startswith("docs/_build")
            assert built or (ROOT / path).exists(), f"{page.name}: {path}"


def test_modules_that_pages_run_exist():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"python -m (benchmarks[\w.]*)", text):
            place = ROOT / name.replace(".", "/")
            assert place.with_suffix(".py").exists() or place.is_dir(), name


def test_every_extra_is_explained():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = set(settings["project"]["optional-dependencies"])
    page = (DOCS / "dependencies.rst").read_text(encoding="utf-8")
    rows = re.findall(r"^   `([\w]+)` \|", page, flags=re.M)
    assert set(rows) == extras


def test_every_picture_is_described():
    pictures = 0
    for page in PAGES:
        lines = page.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if re.match(r"\s*\.\. (image|figure)::", line):
                pictures += 1
                assert lines[number + 1].strip().startswith(":alt: "), page.name
    assert pictures >= 3
