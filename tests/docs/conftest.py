"""A folder of patients, as *Start here* writes it."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="session")
def practice(tmp_path_factory):
    """The folder of simulated patients that *Start here* writes, smaller."""
    folder = tmp_path_factory.mktemp("practice") / "my_cohort"
    write = runpy.run_path(str(DOCS / "practice_cohort.py"))["write_cohort"]
    write(folder, n_image_only=24, n_gene_only=40, n_paired=24, image_size=32)
    return folder
