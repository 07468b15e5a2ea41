"""The gallery: every script is whole, and costs what it says.

``make docs`` runs all of them, with warnings as errors.
"""

import ast
import re
import runpy
from pathlib import Path

import pytest
from few_steps import few_steps

from skmultimodal import GeneAutoencoderTransformer, ImageTowerClassifier

GALLERY = Path(__file__).parents[1] / "docs" / "gallery"
SCRIPTS = sorted(GALLERY.glob("plot_*.py"))


@pytest.fixture
def figures():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    with pyplot.rc_context():
        yield pyplot
    pyplot.close("all")


def count_calls(monkeypatch, owner, name):
    calls = []
    function = getattr(owner, name)

    def counted(self, *args, **kwargs):
        calls.append(self)
        return function(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, counted)
    return calls


def test_scripts_are_numbered():
    numbers = [int(re.match(r"plot_(\d+)_", script.name)[1]) for script in SCRIPTS]
    assert numbers == list(range(1, 28))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_page_is_whole(script):
    text = script.read_text(encoding="utf-8")
    tree = ast.parse(text)
    compile(tree, script.name, "exec")
    title, line, empty, *intro = ast.get_docstring(tree).splitlines()
    assert set(line) == {"="}
    assert len(line) == len(title)
    assert not empty
    assert intro
    last = text.split("\n# %%\n")[-1]
    assert last.startswith("# On your own data\n# ------")
    assert "# **Caveat.** " in last


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_page_shows_no_address(script):
    """Sphinx prints what a cell ends with, such as a display and where it is."""
    harmless = re.compile(r"print\(|model\.set_params\(|\w+\.cleanup\(\)|['\"]")
    text = script.read_text(encoding="utf-8")
    for cell in re.split(r"^# %%$", text, flags=re.MULTILINE):
        for end in ast.parse(cell).body[-1:]:
            assert not isinstance(end, ast.Expr) or harmless.match(ast.unparse(end))


@pytest.mark.filterwarnings("ignore:.*training did nothing")
def test_a_study_fits_a_tower_once_per_setting(figures, monkeypatch, capsys):
    pytest.importorskip("optuna")
    image = count_calls(monkeypatch, ImageTowerClassifier, "fit")
    gene = count_calls(monkeypatch, GeneAutoencoderTransformer, "fit")
    with few_steps():
        done = runpy.run_path(str(GALLERY / "plot_04_optuna.py"))
    assert len(done["study"].trials) == 12
    settings = {trial.params["label_weight"] for trial in done["study"].trials}
    # Five members a tower; 12 trials on 3 folds would be 180 fits each.
    assert len(image) == 5
    assert len(gene) == 5 * len(settings)
    assert "log loss" in capsys.readouterr().out
