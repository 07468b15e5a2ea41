"""Saliency maps: attributions of a prediction to the pixels of an image."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skmultimodal.cohort import Cohort
from skmultimodal.inspection._explained import explain_rows
from skmultimodal.preprocessing._intensity import find_mask_channel
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._torch_views import NoGradientError, torch_view

__all__ = ["saliency_map"]

METHODS = ["auto", "integrated_gradients", "grad_cam", "occlusion"]
# Squares along a side; each costs a prediction of the whole model.
N_SQUARES = 8


def saliency_map(
    estimator: Any,
    X: Any,
    *,
    modality: str = "image",
    positive: Any = None,
    method: str = "auto",
    n_steps: int = 64,
    vary_segmentation: bool = False,
) -> Bunch:
    """Attribute predictions to the pixels of the images of some patients.

    The log-odds of a class against all others are explained: for paired patients
    through the final estimator, with their other modalities held fixed, for others
    through the tower.

    Parameters
    ----------
    estimator : estimator
        Fitted: a `TwinTowerClassifier`, a `UnimodalClassifier`, a search over them, or
        an image tower by itself.
    X : Cohort or other input of `estimator`
        Patients who all have the modality; for a tower, images of shape (n_rows,
        n_channels, height, width).
    modality : str, default="image"
        Modality or tower to explain.
    positive : class label, default=None
        Class that is explained. None as in `modality_contributions`.
    method : {"auto", "integrated_gradients", "grad_cam", "occlusion"}, default="auto"
        "integrated_gradients" gives each pixel a signed share of the log-odds, and
        the shares add up to the difference from the baseline. "grad_cam" shows which
        regions of the last feature map make the class likelier, by the network alone,
        without the linear model of statistics beside it. "occlusion" covers
        squares, and needs no gradients. "auto" is "integrated_gradients", or
        "occlusion" for a model without gradients.
    n_steps : int, default=64
        Of the integration. With too few, the shares do not add up to ``score -
        baseline_score``.
    vary_segmentation : bool, default=False
        The baseline is an image of mean intensity everywhere, with the segmentation
        channel of the patient, if there is one, so that intensities are explained. True
        removes the segmentation from the baseline as well.

    Returns
    -------
    saliency : Bunch
        - ``attributions``: ndarray (n_rows, n_channels, height, width), in log-odds
          per pixel; one channel only for "grad_cam".
        - ``heatmap``: ndarray (n_rows, height, width), their sum over the channels.
        - ``images``: ndarray (n_rows, n_channels, height, width), as given.
        - ``segmentation``: ndarray (n_rows, height, width), or None.
        - ``axes``: where the axes of the images lie in the body, as `Cohort` has them,
          or None.
        - ``ids``: Index of the patients.
        - ``positive``: the class; ``method``: str.
        - ``score``, ``baseline_score``: ndarray (n_rows,), log-odds of the class for
          the image and for the baseline; None for other methods than
          "integrated_gradients".

    Raises
    ------
    ValueError
        If a patient lacks the modality, or a parameter has no such value.
    NotExplainableError
        If `method` needs gradients and the model has none.
    ImportError
        If captum is absent (``skmultimodal[explain]``).

    See Also
    --------
    SaliencyDisplay : Draws it.
    gene_attributions : The same for vectors.

    Notes
    -----
    A net that averages blocks of pixels has one share per block, which is spread evenly
    over its pixels. A map shows what the model used, not what causes the outcome.

    References
    ----------
    Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks, ICML.
    Selvaraju et al. (2017), Grad-CAM, ICCV.

    Examples
    --------
    >>> from skmultimodal import ImageTowerClassifier
    >>> from skmultimodal.datasets import make_glioma_cohort
    >>> from skmultimodal.inspection import saliency_map
    >>> X, y = make_glioma_cohort(
    ...     24, 0, 0, n_genes=5, image_size=16, random_state=0, return_X_y=True
    ... )
    >>> tower = ImageTowerClassifier(random_state=0).fit(X.block("image"), y)
    >>> saliency_map(tower, X.block("image")[:3]).heatmap.shape
    (3, 16, 16)
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}.")
    explained = explain_rows(estimator, X, modality, positive)
    if explained.view.raw.ndim != 4:
        raise ValueError(
            f"a saliency map is of images (rows, channels, height, width), got rows of "
            f"shape {explained.view.raw.shape[1:]}; gene_attributions explains vectors."
        )
    found: Any = None
    if method in ("auto", "integrated_gradients"):
        try:
            found = _integrate(explained, n_steps, vary_segmentation)
        except NoGradientError:
            if method != "auto":
                raise
        method = "integrated_gradients" if found else "occlusion"
    if method == "grad_cam":
        found = _grad_cam(explained)
    elif method == "occlusion":
        found = _occlude(explained, vary_segmentation)
    attributions, score, baseline_score = found
    mask = _mask_channel(explained)
    return Bunch(
        attributions=attributions,
        heatmap=attributions.sum(axis=1),
        images=explained.view.raw,
        segmentation=None if mask is None else explained.view.raw[:, mask],
        axes=X.axes.get(modality) if isinstance(X, Cohort) else None,
        ids=explained.view.ids,
        positive=explained.view.classes.tolist()[explained.positive],
        method=method,
        score=score,
        baseline_score=baseline_score,
    )


def _mask_channel(explained: Any) -> int | None:
    views = torch_view(explained.view.estimator).image_views()
    if views:
        return views[0].mask_channel
    return find_mask_channel(explained.view.raw)


def _integrate(
    explained: Any, n_steps: int, vary_segmentation: bool
) -> tuple[Any, Any, Any]:
    views = torch_view(explained.view.estimator).image_views()
    if not views:
        raise NoGradientError(explained.view.estimator)
    kept = None if vary_segmentation else views[0].mask_channel

    def make_baseline(x: Any) -> torch.Tensor:
        baseline = torch.zeros_like(x)
        if kept is not None:
            baseline[:, kept] = x[:, kept]
        return baseline

    shares, score, baseline_score = explained.integrate_gradients(
        make_baseline, n_steps
    )
    size = explained.view.raw.shape[2:]
    return _spread(shares, views[0].block_side, size), score, baseline_score


def _spread(shares: Any, factor: Any, size: Any) -> NDArray:
    """Spread the share of each block evenly over its pixels."""
    for axis, length in zip((2, 3), size, strict=True):
        block = np.arange(length) // factor
        counts = np.bincount(block)
        shape = [1] * 4
        shape[axis] = length
        shares = shares.take(block, axis=axis) / counts[block].reshape(shape)
    return shares


def _grad_cam(explained: Any) -> tuple[Any, Any, Any]:
    captum = import_optional("captum.attr", "explain")
    views = torch_view(explained.view.estimator).image_views()
    if not views:
        raise NoGradientError(explained.view.estimator)
    size = explained.view.raw.shape[2:]

    def method(function: Any, x: Any, rest: Any, rows: Any) -> tuple[torch.Tensor]:
        total: Any = 0
        for view in views:
            layer = view.encoder
            with torch.no_grad():
                if layer(x[:1]).ndim != 4:
                    raise ValueError(
                        "method='grad_cam' needs feature maps, and the encoder returns "
                        "vectors: use method='integrated_gradients'."
                    )
            cam = captum.LayerGradCam(function, layer)
            total = total + cam.attribute(x, additional_forward_args=rest)
        total = torch.nn.functional.interpolate(
            total, size=size, mode="bilinear", align_corners=False
        )
        return (total.relu(),)

    (maps,) = explained.attribute(method)
    return maps, None, None


def _occlude(explained: Any, vary_segmentation: bool) -> tuple[Any, Any, Any]:
    captum = import_optional("captum.attr", "explain")
    images = torch.as_tensor(explained.view.raw.astype(np.float32))
    inside = images != 0
    counts = inside.sum(dim=(2, 3), keepdim=True).clamp(min=1)
    means = images.sum(dim=(2, 3), keepdim=True) / counts
    baseline = torch.where(inside, means, images)
    mask = None if vary_segmentation else _mask_channel(explained)
    if mask is not None:
        baseline[:, mask] = images[:, mask]

    def score(covered: Any) -> torch.Tensor:
        p = torch.as_tensor(explained.view.predict_proba(covered.numpy())).double()
        return explained.score(p.clamp(min=1e-6).log())

    sides = [max(side // N_SQUARES, 1) for side in images.shape[2:]]
    attributions = captum.Occlusion(score).attribute(
        images,
        sliding_window_shapes=(images.shape[1], *sides),
        strides=(images.shape[1], *sides),
        baselines=baseline,
    )
    return attributions.numpy(), None, None
