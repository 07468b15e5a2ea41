"""The paper's own model, with its own hyperparameters."""

from typing import Any

import numpy as np

from skmultimodal.fusion import FusionHeadClassifier, TwinTowerClassifier
from skmultimodal.towers import GeneAutoencoderTransformer, ImageTowerClassifier

__all__ = ["paper_twin_tower"]

# Table 1 of the paper.
TABLE_1: dict[str, Any] = {"momentum": 0.9, "weight_decay": 0.0, "batch_size": 16}


def paper_twin_tower(
    *,
    fusion: str = "concat",
    memory: Any = None,
    device: Any = None,
    random_state: int | np.random.RandomState | None = None,
) -> TwinTowerClassifier:
    """Make the twin tower with the hyperparameters of the paper's Table 1.

    With these learning rates and epochs the networks hardly train, and each of them
    warns with a ``ConvergenceWarning``; the default ``TwinTowerClassifier()`` trains.

    Parameters
    ----------
    fusion : {"concat", "moe"}, default="concat"
        The proposed head, or the mixture of experts of the ablation.
    memory : str, path or joblib.Memory, default=None
        Caches fitted towers and their features.
    device : str, torch.device or None, default=None
        Of all networks; None is the CPU.
    random_state : int, RandomState instance or None, default=None
        Seeds all networks.

    Returns
    -------
    model : TwinTowerClassifier
        Unfitted.

    Notes
    -----
    Image tower and head: SGD, learning rates 2e-5 and 1e-4. Gene tower: Adam, whose
    "momentum 0.9" is its first beta, and the learning rate 1e-4. The paper does not
    give filters, pooling, normalisation and dropout; flattening the last feature map
    and no dropout are the plainest reading.

    The paper's decay of the learning rate, ``lr / (1 + 2e-7 * step)``, is left out: its
    factor is 0.9999 after the longest training, 20 epochs of 29 steps (gene tower).

    References
    ----------
    Lyu & Costen (2025), Bioinformatics Advances 5(1), vbaf041, Table 1.

    Examples
    --------
    >>> from skmultimodal.baselines import paper_twin_tower
    >>> paper_twin_tower().get_params()["image__lr"]
    2e-05
    """
    image = ImageTowerClassifier(
        global_pool=False,
        intensity="zscore",
        max_size=None,
        linear_penalty=None,
        augment=None,
        optimizer="sgd",
        lr=2e-5,
        max_epochs=20,
        **TABLE_1,
    )
    gene = GeneAutoencoderTransformer(
        label_weight=0,
        n_components=None,
        dropout=0,
        signed_log=False,
        optimizer="adam",
        lr=1e-4,
        max_epochs=20,
        **TABLE_1,
    )
    head = FusionHeadClassifier(
        fusion, optimizer="sgd", lr=1e-4, max_epochs=10, **TABLE_1
    )
    return TwinTowerClassifier(
        [("image", image), ("gene", gene)],
        head,
        tower_rows="unpaired",
        tower_output="features",
        memory=memory,
        device=device,
        random_state=random_state,
    )
