"""What importing the library costs."""

import subprocess
import sys

from benchmarks.speed.measure import Row, in_turn, median_ratio, told

STATEMENTS = [
    "import skmultimodal",
    "from skmultimodal import TwinTowerClassifier",
    "import torch, sklearn",
]


def rows(quick, repeats):
    """Rows of the table."""
    runs = [
        lambda s=s: subprocess.run([sys.executable, "-c", s], check=True)
        for s in STATEMENTS
    ]
    times = in_turn(runs, repeats)
    note = told(times, STATEMENTS)
    yield Row(STATEMENTS[0], median_ratio(times, 0, 2), 1.1, note=note)
    yield Row(STATEMENTS[1], median_ratio(times, 1, 2), 1.1, note=note)
