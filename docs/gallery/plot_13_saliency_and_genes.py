"""
Which pixels and genes a prediction rests on
============================================

Integrated gradients attribute a share of a prediction to every pixel and every gene.
The shares add up to the log-odds of the class, minus those of a baseline: an image
without contrast, or a patient with average genes. The patients here are simulated, with
the signal in the bright rim of the tumour in one sequence of the MRI, and in ten genes.
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
    image_size=40,
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
# Saliency maps
# -------------
#
# Red makes the response likelier, blue less likely; the yellow line is the outline of
# the tumour. Below the map is the sequence "t1ce". The three share one scale of
# colours: in a pale map the image changed the prediction little. Explain patients on
# whom the model was not fitted.

saliency = saliency_map(model, test)
likely = np.argsort(model.predict_proba(test)[:, 1])
shown = test[likely[[0, 10, 19]]]  # least, middling and most likely to respond
channel = cohort.channel_names.index("t1ce")
display = SaliencyDisplay.from_estimator(model, shown, channel=channel)

# %%
# How much of it is where the signal is
# -------------------------------------
#
# The rim is a small part of the image. If the model uses it, its share of the
# attributions is much larger than its share of the pixels: of the positive ones, since
# a bright rim makes the class likelier, and of the absolute values, to which every edge
# adds a little.

size = np.abs(saliency.attributions)
by_channel = size.sum(axis=(0, 2, 3)) / size.sum()
print(pd.Series(by_channel, cohort.channel_names, name="share").round(2))
rim = cohort.signal_mask[-20:]
positive, absolute = np.maximum(saliency.heatmap, 0), np.abs(saliency.heatmap)
print(f"the rim has {rim.mean():.1%} of the pixels,")
print(f"{(positive * rim).sum() / positive.sum():.1%} of the positive attributions,")
print(f"and {(absolute * rim).sum() / absolute.sum():.1%} of the absolute values")

# %%
# The shares add up, but for what the numerical integration misses:

total = saliency.heatmap.sum(axis=(1, 2))
difference = saliency.score - saliency.baseline_score
gap = np.abs(total - difference)
print(f"mean difference {np.abs(difference).mean():.2f}, mean gap {gap.mean():.3f}")

# %%
# Attributions of genes
# ---------------------
#
# Several models at once, fitted with other seeds, measure the stability of the ranking:
# the whisker is the spread between them.

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
# Look at single patients, at confident predictions and at wrong ones. Fit
# at least two models with other seeds, or on other folds, and read ``stability`` before
# a gene is named. Towers without gradients, such as a forest, are explained by
# ``saliency_map(..., method="occlusion")`` and by scikit-learn's
# ``permutation_importance``.
#
# **Caveat.** A map shows what the model used, not what causes the outcome. Attributions
# are divided between correlated genes, differently by each network; here the signal
# genes are correlated. And the map of a model that has learned the hospital shows where
# the hospital is in the image.
