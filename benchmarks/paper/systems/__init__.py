"""Systems of other papers, rebuilt for Table 2: comparators, not part of the library.

They need the extra ``benchmark``.
"""

from benchmarks.paper.systems._models import (
    fractal_radiomics,
    inception_transformer,
    multiparametric_logistic,
    structural_surrogate,
    texture_forest,
)
from benchmarks.paper.systems._table2 import table2

__all__ = [
    "fractal_radiomics",
    "inception_transformer",
    "multiparametric_logistic",
    "structural_surrogate",
    "table2",
    "texture_forest",
]
