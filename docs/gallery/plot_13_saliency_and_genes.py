"""
Where did it look, and which genes counted?
===========================================

Integrated gradients give every pixel and every gene a share of a prediction; the shares
add up to the log-odds of the class, less those of a baseline: an image without
contrast, or a patient with average genes. The patients here are simulated, so we know
what the model ought to have found: the bright rim of the tumour in one plane of the
MRI, and ten genes.
"""

import numpy as np
import pandas as pd

from skmultimodal import TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import (
    GeneAttributionsDisplay,
    SaliencyDisplay,
    gene_attributions,
    saliency_map,
)

cohort = make_glioma_cohort(
    n_image_only=100,
    n_gene_only=200,
    n_paired=80,
    n_genes=100,
    n_signal_genes=10,
    image_size=48,
    image_signal=2.5,
    gene_signal=2.0,
    random_state=0,
)
X, y = cohort.data, cohort.target
train, test = X[:-20], X[-20:]  # the last 20 have both modalities
models = [
    TwinTowerClassifier(random_state=seed).fit(train, y[:-20]) for seed in range(2)
]
model = models[0]

# %%
# Where it looked
# ---------------
#
# Red speaks for the response, blue against it; the yellow line is the outline of the
# tumour. Below the map lies the plane "t1ce". The three share one scale of colours: a
# pale map says that this image moved the prediction little. Explain patients that did
# not train the model.

saliency = saliency_map(model, test)
likely = np.argsort(model.predict_proba(test)[:, 1])
shown = test[likely[[0, 10, 19]]]  # least, middling and most likely to respond
channel = cohort.channel_names.index("t1ce")
display = SaliencyDisplay.from_estimator(model, shown, channel=channel)

# %%
# How much of it is where it should be
# ------------------------------------
#
# The rim is a small part of the picture. If the model used it, it holds a much larger
# part of the attributions than of the pixels: of what speaks for the class, since a
# bright rim does, and of the absolute values, to which every edge adds a little.

size = np.abs(saliency.attributions)
by_channel = size.sum(axis=(0, 2, 3)) / size.sum()
print(pd.Series(by_channel, cohort.channel_names, name="share").round(2))
rim = cohort.signal_mask[-20:]
speaking, absolute = np.maximum(saliency.heatmap, 0), np.abs(saliency.heatmap)
print(f"the rim has {rim.mean():.1%} of the pixels,")
print(f"{(speaking * rim).sum() / speaking.sum():.1%} of what speaks for the class,")
print(f"and {(absolute * rim).sum() / absolute.sum():.1%} of the absolute values")

# %%
# The shares add up, but for what the numerical integration misses:

told = saliency.heatmap.sum(axis=(1, 2))
difference = saliency.score - saliency.baseline_score
gap = np.abs(told - difference)
print(f"mean difference {np.abs(difference).mean():.2f}, mean gap {gap.mean():.3f}")

# %%
# Which genes counted
# -------------------
#
# Several models at once, fitted with other seeds, show how far the ranking can be
# relied on: the whisker is the spread between them.

genes = gene_attributions(models, test, n_top=10)
display = GeneAttributionsDisplay(genes.ranking, positive=genes.positive).plot(
    n_genes=15
)

# %%
# Of the ten first genes, how many carry the signal? And how many do two models share?

top = genes.ranking.index[:10]
print(f"{top.isin(cohort.signal_genes).sum()} of the first 10 genes carry the signal")
print(f"rank correlation of two models {genes.stability['rank_correlation']:.2f}")
print(f"their first ten share {genes.stability['top_overlap']:.0%}")

# %%
# On your own data
# ----------------
#
# Look at patients by name, at the sure ones and at those that the model got wrong. Fit
# at least two models with other seeds, or on other folds, and read ``stability`` before
# a gene is named. Towers without gradients, such as a forest, are explained by
# ``saliency_map(..., method="occlusion")`` and by scikit-learn's
# ``permutation_importance``.
#
# **Caveat.** A map says what the model used, not what causes the outcome. Genes that go
# together share what any one of them could tell, each network in its own way; here the
# signal genes were made to be correlated. And a model that has learned the hospital
# shows where in the picture the hospital is.
