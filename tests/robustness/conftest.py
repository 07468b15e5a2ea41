"""Says at the end what was tried."""

import os

import pytest
from robustness_tools import COUNTS


@pytest.fixture(scope="session", autouse=True)
def counts():
    yield
    if "FUZZ_EXAMPLES" in os.environ:
        print("\n" + "\n".join(f"{count:6d} {what}" for what, count in COUNTS.items()))
