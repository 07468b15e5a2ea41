"""The models of a first comparison."""

from sklearn.dummy import DummyClassifier

from skmultimodal.baselines._late import LateFusionClassifier
from skmultimodal.fusion import (
    FusionHeadClassifier,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.towers import GeneAutoencoderTransformer, ImageTowerClassifier

__all__ = ["comparison_models"]


def comparison_models(*, memory=None, device=None, random_state=None):
    """Models to compare on a new cohort of modalities "image" and "gene".

    Parameters
    ----------
    memory : str, path, joblib.Memory or None, default=None
        Where fitted towers are kept for the folds to come.
    device : str, torch.device or None, default=None
        Where the networks compute.
    random_state : int or None, default=None
        Seeds the networks.

    Returns
    -------
    models : dict of str to estimator
        Unfitted: ``"majority class"``; ``"image only"`` and ``"gene only"``, each
        tower on all rows that have its modality; ``"mean of towers"``, the mean of
        their probabilities; ``"concat (paper)"``, the paper's head on the same towers;
        and ``"twin tower"``, the default of `TwinTowerClassifier`.

    See Also
    --------
    reference_baselines : What else a model should beat: the hospital, the age.
    skmultimodal.report.evaluate_cohort : Compares these models.

    Examples
    --------
    >>> from skmultimodal.baselines import comparison_models
    >>> list(comparison_models(random_state=0))[-2:]
    ['concat (paper)', 'twin tower']
    """
    shared = {"device": device, "random_state": random_state}
    towers = [
        ("image", ImageTowerClassifier(**shared)),
        ("gene", GeneAutoencoderTransformer(**shared)),
    ]
    single = {
        name: UnimodalClassifier(name, tower, memory=memory) for name, tower in towers
    }

    def twin_tower(final_estimator):
        return TwinTowerClassifier(towers, final_estimator, memory=memory, **shared)

    return {
        "majority class": UnimodalClassifier("gene", DummyClassifier()),
        "image only": single["image"],
        "gene only": single["gene"],
        "mean of towers": LateFusionClassifier(list(single.items())),
        "concat (paper)": twin_tower(FusionHeadClassifier()),
        "twin tower": twin_tower(None),
    }
