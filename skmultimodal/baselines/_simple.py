"""Beyond the paper: what a model must beat to be worth its name."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skmultimodal.baselines._ablation import make_single_towers, make_towers
from skmultimodal.baselines._genes import expression_scaler
from skmultimodal.baselines._late import LateFusionClassifier
from skmultimodal.baselines._metadata import MetadataClassifier
from skmultimodal.fusion import TwinTowerClassifier, UnimodalClassifier
from skmultimodal.preprocessing._intensity import normalize_channels

__all__ = ["flat_images", "reference_baselines"]

# Pixels a side that the components of early fusion see.
SIDE = 32


def reference_baselines(
    *,
    clinical: Sequence[str] = ("age", "sex"),
    project: str = "project",
    site: str = "site",
    n_components: int = 15,
    memory: Any = None,
    device: Any = None,
    random_state: int | None = None,
) -> dict[str, Any]:
    """Make the comparators that the paper does not have.

    Parameters
    ----------
    clinical : list of str, default=("age", "sex")
        Clinical covariates, columns of ``X.metadata``.
    project : str, default="project"
        Column with the disease type, such as LGG and GBM.
    site : str, default="site"
        Column with the hospital. What it predicts is no biology.
    n_components : int, default=15
        Principal components of each modality in the early fusion.
    memory : str or joblib.Memory, default=None
        See `skmultimodal.TwinTowerClassifier`; the towers are those of `table3`.
    device : str, torch.device or None, default=None
        Of the towers.
    random_state : int or None, default=None
        Seeds every model.

    Returns
    -------
    models : dict of str to estimator
        Unfitted: ``"majority class"``, ``"clinical covariates"``, ``"project only"``,
        ``"site only"``, ``"early fusion (PCA + logistic)"``, ``"mean of tower
        probabilities"`` and ``"stacking of tower log-odds"``.

    Notes
    -----
    The covariates' models learn from all labelled training rows, the fusions' heads
    from the paired ones. The components of the early fusion need no labels, and are
    those of all labelled training rows that have the modality.

    Examples
    --------
    >>> from skmultimodal.baselines import reference_baselines
    >>> len(reference_baselines(clinical=["age"]))
    7
    """
    towers = make_towers(device, random_state)
    shared = {"memory": memory, "random_state": random_state}
    single = make_single_towers(towers, memory)
    return {
        "majority class": UnimodalClassifier("gene", DummyClassifier()),
        "clinical covariates": MetadataClassifier(list(clinical)),
        "project only": MetadataClassifier([project], categories=[project]),
        "site only": MetadataClassifier([site], categories=[site]),
        "early fusion (PCA + logistic)": early_fusion(n_components, random_state),
        "mean of tower probabilities": LateFusionClassifier(list(single.items())),
        "stacking of tower log-odds": TwinTowerClassifier(
            towers,
            LogisticRegression(),
            tower_output="log_odds",
            tower_cv=None,
            **shared,
        ),
    }


def early_fusion(
    n_components: int = 15, random_state: int | np.random.RandomState | None = None
) -> TwinTowerClassifier:
    """Principal components of each modality, and a logistic regression of them."""

    def components(scaler: Any) -> Pipeline:
        return make_pipeline(scaler, PCA(n_components, random_state=random_state))

    pixels = make_pipeline(FunctionTransformer(flat_images), StandardScaler())
    towers = [
        ("image", components(pixels)),
        ("gene", components(expression_scaler())),
    ]
    return TwinTowerClassifier(
        towers, LogisticRegression(C=0.1), tower_rows="all", random_state=random_state
    )


def flat_images(images: NDArray, side: Any = SIDE) -> NDArray:
    """Z-scored images, averaged over blocks to about `side` pixels a side: (n, p)."""
    images = np.asarray(images)
    if images.ndim == 2:
        return images
    planes = normalize_channels(images, "zscore")
    n, channels, height, width = planes.shape
    h, w = max(height // side, 1), max(width // side, 1)
    whole = planes[:, :, : height // h * h, : width // w * w]
    blocks = whole.reshape(n, channels, height // h, h, width // w, w)
    return blocks.mean(axis=(3, 5)).reshape(n, -1)
