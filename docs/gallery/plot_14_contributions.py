"""
What did each modality contribute?
==================================

A patient has an image and genes, and the model says 0.8. Which of the two said so? The
contributions of the modalities are Shapley values: the model is asked what it says with
each subset of what the patient has, and absent is really absent. They add up to the
prediction less the frequency of the class.
"""

from skmultimodal import TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import (
    MissingModalityDisplay,
    ModalityContributionsDisplay,
    modality_contributions,
    value_of_missing_modality,
)

X, y = make_glioma_cohort(
    n_image_only=100,
    n_gene_only=200,
    n_paired=180,
    n_genes=100,
    image_size=32,
    image_signal=2.5,
    random_state=0,
    return_X_y=True,
)
train = X[:-120]  # the last 120 have both modalities
test, y_test = X[-120:], y[-120:]
model = TwinTowerClassifier(random_state=1).fit(train, y[:-120])

# %%
# In the mean
# -----------
#
# Of the 120 patients, 20 lose their image and 20 their genes, so that each pattern is
# there. A bar is how far a modality moves a prediction, up or down, in the mean of the
# patients.

some = test.hide("image", range(20)).hide("gene", range(20, 40))
result = modality_contributions(model, some, y_test)
print(result.summary.round(2))
display = ModalityContributionsDisplay.from_contributions(result)

# %%
# The columns by class say in which direction: a useful modality is negative for
# patients of class 0 and positive for those of class 1.
#
# Patient by patient
# ------------------
#
# Start at the dashed line, which is the frequency of the class, and go along the bars:
# the end is the prediction. The five are chosen from the least to the most likely to
# respond.

display = ModalityContributionsDisplay.from_contributions(result, kind="patients")

# %%
# What the head added up
# ----------------------
#
# ``decision_terms`` is another question: it shows the terms of the final estimator, in
# log-odds, for a patient whom it answers. The contributions explain the whole model,
# with whoever answers where a modality lacks.

patients = result.prediction[40:].sort_values().index[[0, -1]]
rows = test.index.get_indexer(patients)
print(model.decision_terms(test[rows]).round(2))

# %%
# Whom would a scan tell more?
# ----------------------------
#
# A patient has genes only: how far would the prediction be expected to move if the
# image were made? Reference patients who have both, and were predicted alike by their
# genes, tell. Here the first half of the test plays the patients without an image, the
# other half the reference.

asked, reference = test[:60].without("image"), test[60:]
values = value_of_missing_modality(model, asked, reference, modality="image")
print(values[["prediction", "expected_movement", "class_changes"]].head(3).round(2))
display = MissingModalityDisplay(values, modality="image", positive=1).plot()

# %%
# On your own data
# ----------------
#
# Pass patients that did not train the model, with their labels where they are known: of
# those that trained it, it is too sure. That goes for the reference patients too, who
# should also be like the patients asked about. With ``scale="log_odds"``, contributions
# to predictions near 0 and 1 are not squeezed.
#
# **Caveat.** A modality that contributes much has influence; whether it is right,
# scores with and without it say. And a prediction that would move is not yet a better
# one.
