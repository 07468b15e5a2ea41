"""scikit-learn for cohorts in which most patients have only one modality."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "BagTowerClassifier": "skmultimodal.towers",
    "Cohort": "skmultimodal.cohort",
    "CrossFittedEnsembleClassifier": "skmultimodal.towers",
    "FusionHeadClassifier": "skmultimodal.fusion",
    "GeneAutoencoderTransformer": "skmultimodal.towers",
    "ImageTowerClassifier": "skmultimodal.towers",
    "LogOpinionPoolClassifier": "skmultimodal.fusion",
    "TwinTowerClassifier": "skmultimodal.fusion",
    "UnimodalClassifier": "skmultimodal.fusion",
    "make_table_tower": "skmultimodal.towers",
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    # torch takes seconds to import: it is loaded with the first name that needs it.
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
