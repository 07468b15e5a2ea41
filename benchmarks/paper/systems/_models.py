"""The image models of Table 2, rebuilt from the descriptions in their papers."""

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks.paper.systems._fractal import FractalTextureTransformer
from benchmarks.paper.systems._inception import (
    N_FEATURES,
    InceptionPlaneTransformer,
    PlaneTransformerClassifier,
)
from benchmarks.paper.systems._row_cache import RowCacheTransformer
from benchmarks.paper.systems._selection import SignificantFeatureSelector
from skmultimodal.baselines import MetadataClassifier
from skmultimodal.fusion import UnimodalClassifier
from skmultimodal.preprocessing import TumorTextureTransformer
from skmultimodal.preprocessing._intensity import normalize_channels
from skmultimodal.utils._optional import import_optional

__all__ = [
    "MULTIPARAMETRIC",
    "fractal_radiomics",
    "inception_transformer",
    "multiparametric_logistic",
    "structural_surrogate",
    "texture_forest",
    "tumor_statistics",
]

# Wang et al. (2016), AJNR 37, 28-36: diffusion (mean diffusivity, anisotropies) and
# perfusion parameters of the enhancing tumour.
MULTIPARAMETRIC = ("MD", "FA", "CL", "CP", "CS", "rCBVmax")


def fractal_radiomics(
    *, mask_channel=-1, regions=("whole",), memory=None, random_state=None
):
    """Fractal and texture features, significance selection, balanced CatBoost [17].

    Parameters
    ----------
    mask_channel : int or None, default=-1
        Channel with the segmentation.
    regions : list of str, default=("whole",)
        See `skmultimodal.preprocessing.TumorTextureTransformer`.
    memory : str or joblib.Memory, default=None
        Keeps the features of each image, which do not depend on the fold.
    random_state : int or None, default=None
        Seeds subsamples and trees.

    Returns
    -------
    model : UnimodalClassifier
        Unfitted.

    Raises
    ------
    ImportError
        If CatBoost or imbalanced-learn is not installed.

    Notes
    -----
    Sadique et al. (2023), arXiv:2306.03270, abstract: multiresolution radiomic
    features, selection by a test at p < 0.05, repeated random subsampling to balance
    the classes, here by imbalanced-learn: each of twenty classifiers is fitted on all
    rows of the scarcest class and as many of every other, drawn without replacement.
    CatBoost is named by the twin tower's paper. The numbers of subsamples and trees
    (100) are decisions made here.
    """
    layout = {"mask_channel": mask_channel, "regions": tuple(regions)}
    features = FeatureUnion(
        [
            ("fractal", FractalTextureTransformer(**layout)),
            ("texture", TumorTextureTransformer(**layout)),
        ]
    )
    pipeline = make_pipeline(
        RowCacheTransformer(features, memory=memory),
        SignificantFeatureSelector(0.05),
        _balanced_catboost(random_state),
    )
    return UnimodalClassifier("image", pipeline)


def _balanced_catboost(random_state):
    """CatBoost on twenty subsamples that are balanced by undersampling."""
    ensembles = import_optional("imblearn.ensemble", "benchmark")
    catboost = import_optional("catboost", "benchmark")
    boosted = catboost.CatBoostClassifier(
        iterations=100,
        depth=4,
        learning_rate=0.1,
        # Named so that the ensemble gives each classifier a seed of its own.
        random_state=0,
        verbose=False,
        allow_writing_files=False,
        thread_count=1,
    )
    # Without the bootstrap each subsample is drawn from all rows.
    return ensembles.BalancedBaggingClassifier(
        boosted, n_estimators=20, bootstrap=False, random_state=random_state
    )


def texture_forest(
    *, t1ce=1, mask_channel=-1, regions=("whole",), memory=None, random_state=None
):
    """T1ce texture, selection in two steps and a random forest [20].

    Parameters
    ----------
    t1ce : int, default=1
        Channel of the contrast-enhanced T1 image.
    mask_channel : int or None, default=-1
        Channel with the segmentation.
    regions : list of str, default=("whole",)
        See `skmultimodal.preprocessing.TumorTextureTransformer`.
    memory : str or joblib.Memory, default=None
        Keeps the features of each image.
    random_state : int or None, default=None
        Seeds both forests.

    Returns
    -------
    model : UnimodalClassifier
        Unfitted. Its ``fit`` needs the extra ``texture``.

    Notes
    -----
    Sun et al. (2021), doi 10.1186/s12880-020-00545-5: 9,675 texture features of the
    enhancing tumour on T1ce, two-step selection, random forest. The steps and the
    number of trees are not in the readable part: an F test at p < 0.05, then the ten
    most important features of a forest, then 500 trees. Here the features are some
    30 rather than thousands.
    """
    texture = TumorTextureTransformer(
        [t1ce], mask_channel=mask_channel, regions=tuple(regions)
    )
    important = RandomForestClassifier(200, random_state=random_state)
    pipeline = make_pipeline(
        RowCacheTransformer(texture, memory=memory),
        SignificantFeatureSelector(0.05),
        SelectFromModel(important, max_features=_at_most_ten, threshold=-np.inf),
        RandomForestClassifier(500, class_weight="balanced", random_state=random_state),
    )
    return UnimodalClassifier("image", pipeline)


def _at_most_ten(X):
    return min(10, X.shape[1])


def multiparametric_logistic(columns=MULTIPARAMETRIC):
    """Logistic regression of diffusion and perfusion parameters [5].

    Parameters
    ----------
    columns : list of str, default=("MD", "FA", "CL", "CP", "CS", "rCBVmax")
        Columns of the metadata.

    Returns
    -------
    model : MetadataClassifier
        Unfitted.

    Notes
    -----
    de Godoy et al. (2023), doi 10.1186/s12967-023-03941-x, after Wang et al. (2016):
    multivariate logistic regression on these six. The coefficients are not published
    in the readable part, so they are fitted, hardly shrunk.
    """
    return MetadataClassifier(
        list(columns), estimator=LogisticRegression(C=10.0, max_iter=1000)
    )


def structural_surrogate(*, mask_channel=-1):
    """Logistic regression of the tumour's brightness, where no perfusion was taken.

    Structural MRI holds none of the parameters of `multiparametric_logistic`: this
    keeps the form of the model (a handful of means in the tumour, a logistic
    regression) and is another model.

    Parameters
    ----------
    mask_channel : int or None, default=-1
        Channel with the segmentation.

    Returns
    -------
    model : UnimodalClassifier
        Unfitted.
    """
    statistics = FunctionTransformer(
        tumor_statistics, kw_args={"mask_channel": mask_channel}
    )
    pipeline = make_pipeline(
        statistics, StandardScaler(), LogisticRegression(C=10.0, max_iter=1000)
    )
    return UnimodalClassifier("image", pipeline)


def tumor_statistics(images, mask_channel=-1):
    """Mean and standard deviation of each z-scored sequence in the tumour.

    Parameters
    ----------
    images : ndarray of shape (n, C, H, W)
        An image with an empty mask counts as a whole.
    mask_channel : int or None, default=-1

    Returns
    -------
    statistics : ndarray of float64, shape (n, 2 * n_sequences)
    """
    images = np.asarray(images)
    n_channels = images.shape[1]
    mask = None if mask_channel is None else mask_channel % n_channels
    sequences = [c for c in range(n_channels) if c != mask]
    planes = normalize_channels(images[:, sequences], "zscore")
    inside = np.ones_like(images[:, 0], dtype=bool)
    if mask is not None:
        inside = images[:, mask] > 0
        inside |= ~inside.any(axis=(1, 2), keepdims=True)
    values = [p[:, where] for p, where in zip(planes, inside, strict=True)]
    return np.array([[*v.mean(axis=1), *v.std(axis=1)] for v in values], dtype=float)


def inception_transformer(
    *,
    weights=None,
    image_size=149,
    mask_channel=-1,
    memory=None,
    device=None,
    random_state=None,
):
    """InceptionResNetV2 features of each plane and a transformer over planes [6].

    Parameters
    ----------
    weights : str or Path, default=None
        File of weights without the top layer. None: random weights.
    image_size : int, default=149
        Pixels a side that the network sees.
    mask_channel : int or None, default=-1
        Channel with the segmentation, which is no plane.
    memory : str or joblib.Memory, default=None
        Keeps the features of each image.
    device : str, torch.device or None, default=None
        Of the transformer; None is the CPU.
    random_state : int, RandomState instance or None, default=None
        Seeds the transformer.

    Returns
    -------
    model : UnimodalClassifier
        Unfitted. Its ``fit`` needs Keras (the extra ``benchmark``).

    Notes
    -----
    Jalalifar et al. (2022) as described by the twin tower's paper: features of each
    slice of T1 and FLAIR, a transformer across slices. Here the planes are whatever
    channels the images have: slices, or sequences of one slice.
    """
    planes = InceptionPlaneTransformer(
        mask_channel=mask_channel, weights=weights, image_size=image_size
    )
    pipeline = make_pipeline(
        RowCacheTransformer(planes, memory=memory),
        StandardScaler(),
        PlaneTransformerClassifier(
            N_FEATURES, device=device, random_state=random_state
        ),
    )
    return UnimodalClassifier("image", pipeline)
