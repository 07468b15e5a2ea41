"""What users paste into a report of a bug."""

import platform
from importlib.metadata import PackageNotFoundError, version

import numpy as np

import skmultimodal
from skmultimodal.utils import _show_versions


def test_all_dependencies_are_listed(capsys):
    skmultimodal.show_versions()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"skmultimodal: {skmultimodal.__version__}"
    assert f"numpy: {np.__version__}" in lines
    for name in ("torch", "scikit-learn", "captum"):  # of the core, and of an extra
        assert f"{name}: {version(name)}" in lines
    assert any(line.startswith("CUDA: ") for line in lines)
    # Of scikit-learn.
    assert {"System:", "Python dependencies:", "threadpoolctl info:"} <= set(lines)
    assert f"   machine: {platform.platform()}" in lines


def test_a_package_that_is_not_installed(capsys, monkeypatch):
    def lacking(name):
        if name == "captum":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(_show_versions, "version", lacking)
    skmultimodal.show_versions()
    assert "captum: not installed" in capsys.readouterr().out.splitlines()
