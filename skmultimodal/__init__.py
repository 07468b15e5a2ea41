"""scikit-learn for cohorts in which most patients have only one modality."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "BagTowerClassifier": "skmultimodal.towers",
    "Cohort": "skmultimodal.cohort",
    "CoxRidgeSurvival": "skmultimodal.towers",
    "CrossFittedEnsembleClassifier": "skmultimodal.towers",
    "CrossFittedEnsembleRegressor": "skmultimodal.towers",
    "CrossFittedEnsembleSurvival": "skmultimodal.towers",
    "FusionHeadClassifier": "skmultimodal.fusion",
    "GaussianPoolRegressor": "skmultimodal.fusion",
    "GeneAutoencoderRegressor": "skmultimodal.towers",
    "GeneAutoencoderSurvival": "skmultimodal.towers",
    "GeneAutoencoderTransformer": "skmultimodal.towers",
    "HazardPoolSurvival": "skmultimodal.fusion",
    "ImageTowerClassifier": "skmultimodal.towers",
    "ImageTowerRegressor": "skmultimodal.towers",
    "ImageTowerSurvival": "skmultimodal.towers",
    "LogOpinionPoolClassifier": "skmultimodal.fusion",
    "TwinTowerClassifier": "skmultimodal.fusion",
    "TwinTowerRegressor": "skmultimodal.fusion",
    "TwinTowerSurvival": "skmultimodal.fusion",
    "UnimodalClassifier": "skmultimodal.fusion",
    "UnimodalRegressor": "skmultimodal.fusion",
    "UnimodalSurvival": "skmultimodal.fusion",
    "make_survival_target": "skmultimodal.utils._survival_target",
    "make_table_tower": "skmultimodal.towers",
    "show_versions": "skmultimodal.utils._show_versions",
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    # torch takes seconds to import: it is loaded with the first name that needs it.
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
