"""Which small changes of the code no test notices, by cosmic-ray.

``python .ci/mutation.py`` takes the modules of the day, so that four weeks of nights go
through all; ``... skmultimodal/fusion/_spans.py`` takes that one. Survivors are
printed as diffs. The tests of a module are those of its name, else of its room.
"""

import datetime
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
NIGHTS = 28
TOOLS = Path(sys.executable).parent


def modules():
    """Modules that are changed, in a fixed order."""
    found = [ROOT / "skmultimodal/cohort.py"]
    for room in ("fusion", "model_selection"):
        found += sorted((ROOT / "skmultimodal" / room).glob("_[a-z]*.py"))
    return [path.relative_to(ROOT) for path in found]


def tests_of(module):
    """The tests that mirror a module."""
    if module.parent.name == "skmultimodal":
        return sorted((ROOT / "tests").glob(f"test_{module.stem}*.py"))
    folder = ROOT / "tests" / module.parent.name
    own = folder / f"test_{module.stem.removeprefix('_')}.py"
    return [own if own.exists() else folder]


def survivors(module, folder):
    """Diffs of the changes of a module that its tests pass, and how many there are."""
    tests = " ".join(str(path) for path in tests_of(module))
    python = f"{sys.executable} -m pytest -x -q -p no:cacheprovider {tests}"
    config = Path(folder, "config.toml")
    session = Path(folder, f"{module.stem}.sqlite")
    config.write_text(
        "[cosmic-ray]\n"
        f'module-path = "{module}"\n'
        "timeout = 300.0\n"
        f'test-command = "{python}"\n'
        '[cosmic-ray.distributor]\nname = "local"\n'
    )
    for command in (["init"], ["--verbosity=ERROR", "exec"]):
        subprocess.run(
            [TOOLS / "cosmic-ray", *command, config, session],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            check=True,
        )
    text = subprocess.run(
        [TOOLS / "cr-report", "--show-diff", "--surviving-only", session],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return text.stdout


def main(names):
    chosen = [Path(name) for name in names]
    if not chosen:
        night = datetime.date.today().toordinal() % NIGHTS
        chosen = modules()[night::NIGHTS]
    with tempfile.TemporaryDirectory() as folder:
        for module in chosen:
            print(f"{module}\n{survivors(module, folder)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
