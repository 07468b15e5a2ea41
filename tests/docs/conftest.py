"""A folder of patients, as *Start here* writes it."""

import runpy
from pathlib import Path

import pytest
from few_steps import few_steps, small_scans

DOCS = Path(__file__).parents[2] / "docs"
PIXELS = 32  # along the side of a scan of the practice folder


@pytest.fixture
def soon():
    """Code that is shown runs as it stands: few steps of networks, small scans."""
    with few_steps(), small_scans(PIXELS):
        yield


@pytest.fixture(scope="session")
def practice(tmp_path_factory):
    """The folder of simulated patients that *Start here* writes, smaller."""
    folder = tmp_path_factory.mktemp("practice") / "my_cohort"
    write = runpy.run_path(str(DOCS / "practice_cohort.py"))["write_cohort"]
    write(folder, n_image_only=24, n_gene_only=40, n_paired=24, image_size=PIXELS)
    return folder
