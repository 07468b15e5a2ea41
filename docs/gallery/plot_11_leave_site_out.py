"""
Shortcuts, and other hospitals than those in training
=====================================================

A model can be right for the wrong reason. If one hospital treats the patients who do
well, and its scanner or laboratory leaves a mark, the model may learn the mark. Two
checks find that out: the shortcut audit, which predicts the label without any modality,
and folds that leave whole hospitals out.
"""

import tempfile
import warnings

import matplotlib.pyplot as plt
import pandas as pd

from skmultimodal import TwinTowerClassifier
from skmultimodal.baselines import MetadataClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.exceptions import FewPatientsWarning, NoSignalWarning
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_classifiers,
)

# %%
# A cohort with a trap
# --------------------
#
# Six hospitals, each with a slight shift of its own in every gene. With
# ``site_effect=4`` the label depends on the hospital, and weakly on the patient.

cohort = make_glioma_cohort(
    n_image_only=80,
    n_gene_only=200,
    n_paired=90,
    n_genes=200,
    image_size=16,
    image_signal=0.8,
    gene_signal=0.8,
    site_effect=4.0,
    random_state=0,
)
X, y = cohort.data, cohort.target
site = X.metadata["site"].to_numpy()
print(pd.crosstab(site, y, rownames=["site"], colnames=["label"]).T)

# %%
# The audit
# ---------
#
# How well is the label predicted from which modalities a patient has, and from each
# column of the metadata? The lines below are the model itself; the model beside the
# hospital; the model among patients of one hospital; and how well each modality shows
# the hospital.

memory = tempfile.TemporaryDirectory()
model = TwinTowerClassifier(memory=memory.name, random_state=0)
audit = audit_shortcuts(
    X,
    y,
    cv=PairedStratifiedKFold(3, random_state=0),
    estimator=model,
    site="site",
    random_state=0,
)
print(audit[["source", "roc_auc", "low", "high", "difference"]].round(2))

# %%
# The hospital alone is as good as the model of the patient's data, the model adds little
# to it, and an image shows which hospital it is from. So the score of the model is no
# evidence that it uses anything of the patient in an image or a gene.
#
# Leave hospitals out
# -------------------
#
# With ``groups``, no hospital is in both training and test set: its patients with one
# modality are left out of training too. This is the score to expect in another
# hospital.

# "Site only" has .5 in each fold of whole hospitals, and an interval without width.
warnings.simplefilter("ignore", FewPatientsWarning)
# Of a tower whose predictions do not hold in the hospitals left out to calibrate it.
warnings.simplefilter("ignore", NoSignalWarning)
models = {"twin tower": model, "site only": MetadataClassifier(["site"])}
folds = {"patients at random": None, "whole hospitals": site}
scores = []
for name, groups in folds.items():
    comparison = compare_classifiers(
        models,
        X,
        y,
        cv=PairedStratifiedKFold(3, random_state=0),
        scoring="roc_auc",
        groups=groups,
    )
    scores.append(comparison.scores().assign(folds=name))
memory.cleanup()
scores = pd.concat(scores)
print(scores.pivot_table("score", "folds", "model", sort=False).round(2))

# %%
# A dot is a fold, a line their mean.

plt.rcParams["font.size"] = 12
figure, ax = plt.subplots(layout="constrained")
styles = {"twin tower": ("#0072B2", "o", -0.15), "site only": ("#D55E00", "s", 0.15)}
for model_name, (colour, marker, shift) in styles.items():
    for place, name in enumerate(folds):
        chosen = (scores["model"] == model_name) & (scores["folds"] == name)
        values, at = scores.loc[chosen, "score"], place + shift
        label = model_name if place == 0 else None
        ax.plot([at] * 3, values, marker, color=colour, markersize=9, label=label)
        ax.hlines(values.mean(), at - 0.1, at + 0.1, color=colour, linewidth=3)
ax.axhline(0.5, color="#767676", linestyle="--", label="coin toss")
ax.set_xticks(range(len(folds)), [f"{name}\ntested" for name in folds])
ax.set(xlim=(-0.5, 1.5), ylim=(0.35, 1), ylabel="ROC AUC of a fold")
legend = ax.legend()

# %%
# On your own data
# ----------------
#
# Run `audit_shortcuts` before anything else; put into ``metadata`` whatever comes from
# the organisation rather than from the disease: hospital, scanner, year, batch. If a
# column comes near your model, report the score on folds that leave its groups out. In
# training, ``fit(X, y, groups=site)`` holds out whole hospitals when a tower is
# calibrated.
#
# **Caveat.** With six hospitals, a fold is two of them, and its score depends on which.
# Leaving hospitals out shows that a shortcut was used; it does not remove it. And an
# audit finds shortcuts only among the columns that are in the metadata.
