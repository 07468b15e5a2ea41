"""Networks of few steps, for tests in which what they learn does not matter."""

from contextlib import contextmanager

import pytest

from skmultimodal import (
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    ImageTowerSurvival,
)


@contextmanager
def few_steps(n_steps=8):
    """Lower the default of `n_steps`: a default model is fitted, only sooner."""
    # Those of the other outcomes take their parameters from the same functions.
    networks = (
        ImageTowerClassifier,
        ImageTowerSurvival,
        GeneAutoencoderTransformer,
        FusionHeadClassifier,
    )
    with pytest.MonkeyPatch.context() as patch:
        for network in networks:
            patch.setitem(network.__init__.__kwdefaults__, "n_steps", n_steps)
        yield
