"""Branch coverage of each room by its own tests, beside its floor in pyproject.toml.

``python .ci/coverage_rooms.py`` measures all rooms, ``... io report`` those.
"""

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Where tests are not in the folder of the room's name.
TESTS = {
    "cohort": ["test_cohort.py", "test_cohort_bags.py"],
    "report": ["report", "test_main.py"],
    "testing": ["test_testing.py"],
}


def measure(room, folder):
    """Percent of the lines and branches of a room that its own tests run."""
    source = ROOT / "skmultimodal" / room
    files = f"{source}/*" if source.is_dir() else f"{source}.py"
    data = Path(folder, room)
    tests = [str(ROOT / "tests" / name) for name in TESTS.get(room, [room])]
    coverage = [sys.executable, "-m", "coverage"]
    environment = os.environ | {"COVERAGE_FILE": str(data), "OMP_NUM_THREADS": "1"}
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    subprocess.run(
        [*coverage, "run", "--branch", f"--include={files}", *pytest],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    report = data.with_suffix(".json")
    subprocess.run(
        [*coverage, "json", "-q", "-o", str(report)],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    return json.loads(report.read_text())["totals"]["percent_covered"]


def main(rooms):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    floors = project["tool"]["skmultimodal"]["coverage"]
    low = []
    with tempfile.TemporaryDirectory() as folder:
        for room in rooms or floors:
            percent = measure(room, folder)
            print(f"{room}: {percent:.1f} %, floor {floors[room]} %", flush=True)
            if percent < floors[room]:
                low.append(room)
    if low:
        sys.exit(f"below their floors: {', '.join(low)}")


if __name__ == "__main__":
    main(sys.argv[1:])
