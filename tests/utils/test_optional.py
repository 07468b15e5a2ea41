"""Optional imports name the extra, and hide no other failure."""

import math
import sys

import pytest

from skmultimodal.utils._optional import import_optional


def test_installed_module_is_returned():
    assert import_optional("math", "plot") is math
    assert import_optional("xml.dom", "plot") is sys.modules["xml.dom"]


@pytest.mark.parametrize("module", ["absent_package", "absent_package.part"])
def test_absent_package_names_the_extra(module):
    with pytest.raises(ImportError, match=rf"{module} .*skmultimodal\[plot\]"):
        import_optional(module, "plot")


def test_missing_dependency_of_an_installed_package(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import absent_package")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="absent_package") as caught:
        import_optional("half_installed", "plot")
    assert "skmultimodal[" not in str(caught.value)
