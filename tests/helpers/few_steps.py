"""Networks and explanations of few steps, where what they learn does not matter."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from skmultimodal import (
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    ImageTowerSurvival,
)
from skmultimodal.inspection import gene_attributions, saliency_map

# Python runs it when it starts, before the command. The context must stay referred to:
# it would end with its last reference.
AT_START = """import sys
sys.path.append({helpers!r})
import few_steps
soon = few_steps.few_steps()
soon.__enter__()
{more}"""


@contextmanager
def few_steps(n_steps=8):
    """Lower the default of `n_steps`: the same is fitted and explained, only sooner."""
    # Those of the other outcomes take their parameters from the same functions.
    networks = (
        ImageTowerClassifier,
        ImageTowerSurvival,
        GeneAutoencoderTransformer,
        FusionHeadClassifier,
    )
    functions = [network.__init__ for network in networks]
    with pytest.MonkeyPatch.context() as patch:
        for function in [*functions, saliency_map, gene_attributions]:
            patch.setitem(function.__kwdefaults__, "n_steps", n_steps)
        yield


@contextmanager
def small_scans(image_size):
    """Lower the default of `image_size`: scans are read as they are, only cropped."""
    from skmultimodal.datasets import load_cohort

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(load_cohort.__kwdefaults__, "image_size", image_size)
        yield


def few_steps_at_start(folder, more=""):
    """The environment of a process whose networks have few steps.

    `more` is Python that runs at its start too.
    """
    text = AT_START.format(helpers=str(Path(__file__).parent), more=more)
    (folder / "sitecustomize.py").write_text(text, encoding="utf-8")
    path = [str(folder), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}
