"""
Are the probabilities calibrated?
=================================

Of the patients to whom a model gives a probability of 0.8, eight in ten should respond.
That may hold for patients with both modalities and fail for those with one, whom other
parts predict: so look at each pattern of modalities by itself. Where a probability is
not enough, prediction sets name all classes that cannot be excluded, with a stated
coverage.
"""

import matplotlib.pyplot as plt
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from skmultimodal import FusionHeadClassifier, TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import (
    PatternCalibrationDisplay,
    PredictionSetsDisplay,
    prediction_sets,
)

X, y = make_glioma_cohort(
    n_image_only=80,
    n_gene_only=160,
    n_paired=660,
    n_genes=100,
    image_size=24,
    image_signal=2.0,
    gene_signal=2.0,
    random_state=0,
    return_X_y=True,
)

# %%
# Three parts
# -----------
#
# The first 300 patients train the model. The other 600 have both modalities; a third of
# them lose the image and a third the genes, so that there are enough of each pattern.
# Half of them calibrate, half test.

train, rest = X[:300], X[300:]
rest = rest.hide("image", slice(0, None, 3)).hide("gene", slice(1, None, 3))
other, test = rest[:300], rest[300:]
y_train, y_other, y_test = y[:300], y[300:600], y[600:]
print(test)

# %%
# Reliability by pattern
# ----------------------
#
# A point is a group of patients to whom about the same probability was given; its
# height is the share of them that responded, with an interval. On the straight line,
# probabilities are calibrated; above it they are too low, below it too high.
#
# On the left is the twin tower, calibrated by out-of-fold predictions of its towers. On
# the right is the paper's model, in which nothing is calibrated.

models = {
    "default": TwinTowerClassifier(random_state=1),
    "paper's": TwinTowerClassifier(
        final_estimator=FusionHeadClassifier(), random_state=1
    ),
}
figure, axes = plt.subplots(1, 2, figsize=(12, 5.4), layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    model.fit(train, y_train)
    shown = PatternCalibrationDisplay.from_estimator(
        model, test, y_test, min_bin_rows=25, ax=ax
    )
    ax.text(0.98, 0.03, name, transform=ax.transAxes, ha="right", size=14)
    print(name)
    print(shown.summary.round(3))

# %%
# Calibrate with other patients
# -----------------------------
#
# scikit-learn's ``CalibratedClassifierCV`` works with cohorts. It fits one correction
# for all patterns, on patients on whom the model was not fitted. The Brier score is the
# mean squared error of the probabilities: lower is better.

corrected = CalibratedClassifierCV(FrozenEstimator(models["paper's"]), method="sigmoid")
corrected.fit(other, y_other)
shown = PatternCalibrationDisplay.from_estimator(
    corrected, test, y_test, min_bin_rows=25
)
print(shown.summary.round(3))

# %%
# Sets instead of probabilities
# -----------------------------
#
# With a coverage of 0.9, the set of a new patient holds the true class with a
# probability of 90 %, in each pattern, whatever the model: a worse model has larger
# sets. A set with both classes excludes neither.

result = prediction_sets(
    models["default"], test, X_calibration=other, y_calibration=y_other, coverage=0.9
)
print(result.sets.head())
display = PredictionSetsDisplay.from_sets(result, y_test)

# %%
# On your own data
# ----------------
#
# Keep some patients of each pattern aside: at least nine for a coverage of 0.9, and
# some dozens for a useful one. Without them,
# ``CalibratedClassifierCV(model, cv=PatternStratifiedKFold(3))`` calibrates by
# cross-fitting, and ``PatternCalibrationDisplay.from_comparison`` draws what
# `compare_classifiers` predicted out of fold.
#
# **Caveat.** All of this holds for patients like those used in the calibration. Here
# modalities were hidden at random; patients who were never scanned, or another
# hospital, need a separate calibration. The coverage is a mean over the patients of a
# pattern, and not guaranteed for one of them.
