"""
A number as the outcome
=======================

The outcome is a number, such as an age, a score or the concentration of a marker. It needs
no cut into high and low: `TwinTowerRegressor` learns from the number itself. It predicts
every patient, whatever modalities they have, with an interval that is wider for patients of
whom less is known.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    GeneAutoencoderRegressor,
    ImageTowerRegressor,
    TwinTowerRegressor,
    UnimodalRegressor,
)
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.model_selection import PairedStratifiedKFold, compare_regressors

# %%
# Patients
# --------
#
# Images and genes are simulated by the library, and a symptom score here: most of it is in
# the images and in the genes, in equal parts, and the rest in neither.

made = make_glioma_cohort(
    n_image_only=60,
    n_gene_only=120,
    n_paired=280,
    n_genes=60,
    n_signal_genes=15,
    image_size=16,
    random_state=0,
)
X, rng = made.data, np.random.default_rng(0)
score = 50 + 6 * made.latent["image"] + 6 * made.latent["gene"]
score += rng.normal(0, 5, len(X))
print(X)
print(score.describe().round(1))

# %%
# Fit
# ---
#
# Of the last 180 patients, who have both modalities and stay aside, a third loses the image
# and a third the genes: new patients of each pattern. A smaller network, and two instead
# of five fits of each tower, make this page faster. The score is a Series indexed by
# patient id, and is joined to the cohort by it.

image = ImageTowerRegressor(filters=(8,))
gene = GeneAutoencoderRegressor()
model = TwinTowerRegressor(
    [("image", image), ("gene", gene)], tower_cv=2, random_state=0
)
train = X[:-180]
test = X[-180:].hide("image", slice(0, None, 3)).hide("gene", slice(1, None, 3))
model = model.fit(train, score[train.index])

# %%
# Predict, with intervals
# -----------------------
#
# ``predict_interval`` gives a lower and an upper end, between which the numbers of nine in
# ten new patients lie. Half the width is the error that nine in ten out-of-fold predictions
# of training patients with the same modalities did not exceed: a worse model has wider
# intervals. It needs the extra ``conformal``.

low, high = model.predict_interval(test, coverage=0.9).T
table = pd.DataFrame(
    {
        "has": test.patterns,
        "predicted": model.predict(test),
        "low": low,
        "high": high,
        "score": score[test.index],
    },
    index=test.index,
)
print(table.head(3).round(1))

# %%
# A bar is the interval of a patient, and a dot the score that the patient has. The patients
# are in the order of their predictions; a red dot is outside its interval. Patients with
# both modalities have predictions that differ more, and narrower intervals.

plt.rcParams["font.size"] = 12
figure, axes = plt.subplots(1, 3, figsize=(11, 4.4), sharey=True, layout="constrained")
for ax, (pattern, part) in zip(axes, table.groupby("has"), strict=True):
    part = part.sort_values("predicted")
    order = np.arange(len(part))
    outside = (part["score"] < part["low"]) | (part["score"] > part["high"])
    ax.vlines(order, part["low"], part["high"], color="0.8", linewidth=3)
    ax.plot(order, part["predicted"], color="k", label="predicted")
    ax.plot(order[~outside], part["score"][~outside], "o", markersize=4, label="inside")
    ax.plot(order[outside], part["score"][outside], "o", color="C3", label="outside")
    width = (part["high"] - part["low"]).mean()
    ax.set(title=f"{pattern}\n{1 - outside.mean():.0%} inside, width {width:.0f}")
    ax.set(xlabel="patients, by prediction", xticks=[])
axes[0].set_ylabel("symptom score")
legend = axes[0].legend(loc="upper left", fontsize=10)

# %%
# Is it better than one modality alone?
# -------------------------------------
#
# Each tower alone and a ridge regression of the genes belong in the comparison, and so does
# the mean, which needs no data. `UnimodalRegressor` makes a regressor of one modality an
# estimator of the cohort.

models = {
    "twin tower": model,
    "image tower": UnimodalRegressor("image", image.set_params(random_state=0)),
    "gene tower": UnimodalRegressor("gene", gene.set_params(random_state=0)),
    "ridge (genes)": UnimodalRegressor(
        "gene", make_pipeline(StandardScaler(), Ridge(10.0))
    ),
    "mean": UnimodalRegressor("gene", DummyRegressor()),
}
comparison = compare_regressors(
    models,
    train,
    score[train.index],
    cv=PairedStratifiedKFold(3, random_state=0),
    reference="twin tower",
)
print(comparison)

# %%
# ``r2`` is the share of the variance that is predicted: 1 is perfect, and 0 or less no
# better than the mean. ``neg_root_mean_squared_error`` is the typical error, in the unit of
# the score and negated, so that higher is better. ``coverage`` is the share of tested
# patients inside the 90 % interval. Folds are stratified by fifths of the score.

shown = ["model_a", "model_b", "difference", "low", "high", "p"]
print(comparison.differences(metrics=["r2"])[shown].round(2).to_string(index=False))

# %%
# Why this prediction?
# --------------------
#
# The terms of a patient, in the unit of the score, add up to the prediction: the mean of
# all training patients, and what each modality adds. The column that is named log-odds is
# what the tower predicts, whatever the outcome.

print(model.decision_terms(test[[2]]).T.round(1))
print("prediction:", model.predict(test[[2]]).round(1))

# %%
# On your own data
# ----------------
#
# Give the numbers as a Series indexed by patient id, NaN where there is none. Look at their
# distribution first: of a marker that spans decades, take the logarithm.
#
# **Caveat.** The coverage is a mean over patients like those in ``fit``. It holds within a
# pattern of modalities only if at least 30 training patients have it, and of one hospital, or
# of the patients with the highest scores, fewer than nine in ten may be inside.
