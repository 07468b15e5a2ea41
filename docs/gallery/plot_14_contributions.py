"""
The contribution of each modality
=================================

A patient has an image and genes, and the model predicts 0.8. By which of the two? The
contributions of the modalities are Shapley values: the patient is predicted with each
subset of the modalities, the others removed, not imputed. They add up to the prediction
minus the frequency of the class.
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
    image_size=24,
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
# The columns by class have the direction: a useful modality is negative for patients of
# class 0 and positive for those of class 1.
#
# Patient by patient
# ------------------
#
# Start at the dashed line, which is the frequency of the class, and go along the bars:
# the end is the prediction. The five are chosen from the least to the most likely to
# respond.

display = ModalityContributionsDisplay.from_contributions(result, kind="patients")

# %%
# The terms of the head
# ---------------------
#
# ``decision_terms`` are the terms of the final estimator, in log-odds, for a patient
# whom it predicts. The contributions explain the whole model, also the towers that
# predict where a modality is missing.

patients = result.prediction[40:].sort_values().index[[0, -1]]
rows = test.index.get_indexer(patients)
print(model.decision_terms(test[rows]).round(2))

# %%
# For whom would a scan change the prediction?
# --------------------------------------------
#
# A patient has genes only: how far would the prediction be expected to move if the
# image were made? It is estimated from reference patients who have both, and similar
# predictions by their genes. Here the first half of the test are the patients without
# an image, the other half the reference.

without_image, reference = test[:60].without("image"), test[60:]
values = value_of_missing_modality(model, without_image, reference, modality="image")
print(values[["prediction", "expected_movement", "class_changes"]].head(3).round(2))
display = MissingModalityDisplay(values, modality="image", positive=1).plot()

# %%
# On your own data
# ----------------
#
# Pass patients on whom the model was not fitted, with their labels if they have one: on
# the others it is overconfident. That holds for the reference patients too, who should
# also be like the patients without the modality. With ``scale="log_odds"``,
# contributions to predictions near 0 and 1 are not compressed.
#
# **Caveat.** A modality that contributes much has influence; whether it improves the
# prediction is measured by scores with and without it. And a prediction that would move
# is not yet a better one.
