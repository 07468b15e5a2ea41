"""A folder of patients, as *Start here* writes it."""

import runpy
from pathlib import Path

import pytest
from few_steps import few_steps

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def soon():
    """Code that is shown runs as it stands, on networks of few steps."""
    with few_steps():
        yield


@pytest.fixture(scope="session")
def practice(tmp_path_factory):
    """The folder of simulated patients that *Start here* writes, smaller."""
    folder = tmp_path_factory.mktemp("practice") / "my_cohort"
    write = runpy.run_path(str(DOCS / "practice_cohort.py"))["write_cohort"]
    write(folder, n_image_only=24, n_gene_only=40, n_paired=24, image_size=32)
    return folder
