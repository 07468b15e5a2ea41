"""Table 2: the twin tower and models of other papers."""

from benchmarks.paper.systems._models import (
    fractal_radiomics,
    inception_transformer,
    multiparametric_logistic,
    structural_surrogate,
    texture_forest,
)
from skmultimodal.baselines import table3

__all__ = ["table2"]


def table2(
    *,
    t1ce=1,
    mask_channel=-1,
    regions=("whole",),
    multiparametric=None,
    inception_weights=None,
    inception_size=149,
    memory=None,
    device=None,
    random_state=None,
):
    """Make the models of the paper's Table 2.

    The paper's numbers for the other models are those of their own papers, on other
    patients; these are the models, to be run on yours.

    Parameters
    ----------
    t1ce : int, default=1
        Channel of the contrast-enhanced T1 image.
    mask_channel : int or None, default=-1
        Channel with the segmentation of the tumour.
    regions : list of str, default=("whole",)
        Parts of the tumour that texture describes; masks with the labels 1, 2 and 4
        have ``"core"``, ``"enhancing"`` and ``"oedema"`` as well.
    multiparametric : list of str, default=None
        Columns of the metadata with diffusion and perfusion parameters: MD, FA, CL,
        CP, CS and rCBVmax in the original. None: a surrogate on the structural
        images, and the name says so.
    inception_weights : str or Path, default=None
        File of InceptionResNetV2 weights without the top layer. None: random weights,
        and the name says so.
    inception_size : int, default=149
        Pixels a side that the network sees.
    memory : str or joblib.Memory, default=None
        Keeps fitted towers and the features of each image.
    device : str, torch.device or None, default=None
        Of the networks.
    random_state : int or None, default=None
        Seeds every model.

    Returns
    -------
    models : dict of str to estimator
        Unfitted: ``"twin tower"``, ``"InceptionResNet [6]"``, ``"MRF [17]"``, ``"mpMRI
        [5]"`` and ``"RF [20]"``, the numbers being the paper's references.

    Raises
    ------
    ImportError
        If CatBoost or imbalanced-learn is not installed.

    Notes
    -----
    The function that makes a model describes what is known of the original.

    References
    ----------
    Lyu & Costen (2025), Bioinformatics Advances 5(1), vbaf041, Table 2.
    """
    seeded = {"memory": memory, "random_state": random_state}
    images = {"mask_channel": mask_channel, **seeded}
    inception = inception_transformer(
        weights=inception_weights, image_size=inception_size, device=device, **images
    )
    random = ", random weights" if inception_weights is None else ""
    if multiparametric is None:
        logistic = structural_surrogate(mask_channel=mask_channel)
    else:
        logistic = multiparametric_logistic(multiparametric)
    surrogate = ", structural surrogate" if multiparametric is None else ""
    return {
        "twin tower": table3(device=device, **seeded)["twin tower"],
        f"InceptionResNet [6]{random}": inception,
        "MRF [17]": fractal_radiomics(regions=regions, **images),
        f"mpMRI [5]{surrogate}": logistic,
        "RF [20]": texture_forest(t1ce=t1ce, regions=regions, **images),
    }
