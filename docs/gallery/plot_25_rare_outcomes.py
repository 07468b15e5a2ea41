"""
Rare outcomes and thresholds
============================

Of a hundred patients, eight relapse. A model that predicts "no relapse" for everyone is right
for 92 of them and of no use. This page leaves the probabilities as they are, and chooses
from which probability on one acts: by what a missed relapse and a needless treatment
cost, and by how many needless treatments can be borne.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import TwinTowerClassifier, UnimodalClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import DecisionCurveDisplay
from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers
from skmultimodal.preprocessing import IntensityStatisticsTransformer

X, y = make_glioma_cohort(
    n_image_only=80,
    n_gene_only=120,
    n_paired=350,
    n_genes=40,
    image_size=16,
    image_signal=2.0,
    gene_signal=2.0,
    positive_fraction=0.08,
    random_state=0,
    return_X_y=True,
)
y = np.where(y == 1, "relapse", "none")
print(pd.Series(y).groupby(X.patterns).value_counts().unstack())

# %%
# Probabilities first
# -------------------
#
# Three models: linear towers; the same with ``class_weight="balanced"``, by which a relapse
# counts as much as the eleven others beside it; and one such tower by itself. Linear towers
# make the page fast; any other will do.


def make_towers(class_weight=None):
    logistic = LogisticRegression(class_weight=class_weight)
    image = make_pipeline(IntensityStatisticsTransformer(), StandardScaler(), logistic)
    return [
        ("image", image),
        ("gene", make_pipeline(StandardScaler(), PCA(10), logistic)),
    ]


twin = TwinTowerClassifier(make_towers(), tower_cv=3, random_state=0)
models = {
    "twin tower": twin,
    "balanced twin tower": TwinTowerClassifier(
        make_towers("balanced"), tower_cv=3, random_state=0
    ),
    "balanced gene tower": UnimodalClassifier("gene", make_towers("balanced")[1][1]),
}
cv = PairedStratifiedKFold(3, random_state=0)
comparison = compare_classifiers(
    models,
    X,
    y,
    cv=cv,
    scoring=["roc_auc", "neg_brier_score", "accuracy", "recall"],
    positive="relapse",
)
print(comparison)

# %%
# Balanced by itself, the gene tower finds more relapses. It has learnt nothing more for
# that: it gives every patient a higher probability, which is then no probability any more,
# as its Brier score and the mean below show. A twin tower calibrates each tower by
# patients whom it has not seen, which undoes the weights: both twin towers predict nearly
# the same.

for name in models:
    print(f"{name}: mean probability {comparison.proba(name, 'relapse').mean():.3f}")
print(f"relapses among the tested: {np.mean(y[X.paired] == 'relapse'):.3f}")

# %%
# A threshold from costs
# ----------------------
#
# If a missed relapse is as bad as nine needless treatments, act from a probability of
# 1 / (1 + 9) = 0.1 on. That needs no tuning, as long as the probabilities are calibrated.
# The net benefit is counted in relapses treated per patient, less the needless
# treatments, nine of which cost one.

fixed = FixedThresholdClassifier(twin, threshold=0.1, pos_label="relapse")
fixed.fit(X, y)
print(
    "treated:", pd.Series(fixed.predict(X[:10])).eq("relapse").sum(), "of the first 10"
)
table = comparison.at_threshold(0.1, models=["twin tower"]).set_index("metric")
print(table[["score", "low", "high", "n_right", "n_patients"]].round(2))

# %%
# Between costs that several physicians would name, the curve of a model should lie above
# that of treating everyone and above 0. The probabilities of the tower that is balanced by
# itself are too high: acting on them treats too many.

display = DecisionCurveDisplay.from_comparison(comparison, np.linspace(0.02, 0.4, 20))

# %%
# A threshold that is tuned
# -------------------------
#
# Where the probabilities of a model are not calibrated, or what counts is no cost of single
# patients, scikit-learn's ``TunedThresholdClassifierCV`` looks for the threshold on held-out
# training patients. It takes a cohort. Here it maximises the same net benefit.


def benefit(y_true, y_pred):
    called = y_pred == "relapse"
    return (
        np.mean(called & (y_true == "relapse"))
        - np.mean(called & (y_true != "relapse")) / 9
    )


tuned = TunedThresholdClassifierCV(twin, scoring=make_scorer(benefit), cv=cv).fit(X, y)
print(f"tuned threshold: {tuned.best_threshold_:.2f}")

# %%
# How many are found if one other in ten may be treated?
# ------------------------------------------------------
#
# ``sensitivity_at`` reads this from the out-of-fold probabilities, with an interval over
# patients. It is wide: there are few relapses. The last columns are for thresholds that
# were chosen on other patients than those that they are counted on.

rates = comparison.sensitivity_at(specificity=0.9)
print(rates.set_index("model").round(2).T)

figure, ax = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
place = np.arange(len(rates))
ax.hlines(place, rates["low"], rates["high"], color="0.6", linewidth=4)
ax.plot(rates["sensitivity"], place, "o", color="k", label="threshold of the tested")
ax.plot(rates["held_out_sensitivity"], place, "x", color="C3", label="of the others")
ax.set(yticks=place, yticklabels=rates["model"], xlim=(0, 1), ylim=(2.5, -0.5))
ax.set_xlabel("Share of relapses found, 90 % of the others spared")
legend = ax.legend(loc="lower left", fontsize=8)

# %%
# On your own data
# ----------------
#
# Name the costs, or the specificity, before you look at scores. Do not copy the rare
# patients, nor leave others out: :doc:`/user_guide/rare_outcomes` has the reasons, and how
# many patients of the class a sensitivity takes.
#
# **Caveat.** A threshold on a probability holds where the class is as frequent as here.
# In another hospital, where relapses are twice as frequent, the probabilities are too low.
