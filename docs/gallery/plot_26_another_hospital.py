"""
Another hospital
================

A model was fitted in Leeds. York has patients too, whose outcome is known: how good is the
model there? Nothing is fitted to York's patients. Their laboratory measures a little
differently, in another order of genes, with some that Leeds did not have and without
some that it had; their images have a wider margin.
"""

import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.exceptions import AlignmentWarning
from skmultimodal.model_selection import cohort_drift, evaluate_external
from skmultimodal.preprocessing import IntensityStatisticsTransformer
from skmultimodal.report import external_report

X, y = make_glioma_cohort(
    n_image_only=90,
    n_gene_only=150,
    n_paired=90,
    n_genes=60,
    image_size=16,
    random_state=0,
    return_X_y=True,
)
in_york = np.random.default_rng(0).random(len(X)) < 0.4
leeds, y_leeds = X[~in_york], y[~in_york]
york, y_york = X[in_york], y[in_york]

# %%
# The model. Towers are scikit-learn's here, to keep this page short.

towers = [
    (
        "image",
        make_pipeline(
            IntensityStatisticsTransformer(),
            StandardScaler(),
            LogisticRegression(C=0.01),
        ),
    ),
    ("gene", make_pipeline(StandardScaler(), PCA(10), LogisticRegression(C=0.1))),
]
model = TwinTowerClassifier(towers, random_state=0).fit(leeds, y_leeds)

# %%
# York's data as they come.

genes = york.table("gene")
genes = genes[genes.columns[::-1]].drop(columns=["GENE07", "GENE31"])
genes = (1.1 * genes + 0.3).assign(NEW1=0.0, NEW2=1.0)
images = np.pad(york.block("image"), [(0, 0), (0, 0), (2, 2), (3, 3)])
york = Cohort(
    {"image": (york.index[york.has("image")], images), "gene": genes}, index=york.index
)

# %%
# What has to be done for the model to read them can be seen beforehand. Up to a twentieth
# of the features may be absent: they are filled with their means in Leeds. With more, the
# model refuses, and names them. Images are cropped around their centre, since those of
# Leeds have an empty margin; a head that would be cut off is refused.

print(model.alignment(york).to_string())

# %%
# Predictions are made of data that are so changed, with a warning that has the counts.
# `evaluate_external` refuses patients who trained the model.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    evaluation = evaluate_external(model, york, y_york, reference=leeds)
for warning in caught:
    print(f"{warning.category.__name__}: {warning.message}\n")
print(evaluation)

# %%
# Each pattern of modalities has its own scores: most patients here have one modality.

columns = ["roc_auc", "brier", "calibration_slope"]
print(evaluation.table()[columns].to_string())

# %%
# Would it help to recalibrate, with labels of York? These losses are of patients who were
# left out of the recalibration.

print(evaluation.recalibration.round(3))

# %%
# How far are York's data from those of Leeds? ``location`` is in standard deviations, and
# the area is that of a classifier that tells the patients of the two hospitals apart.

drift = cohort_drift(leeds, york)
columns = ["location", "scale", "outside", "roc_auc", "low", "high"]
print(drift[columns].round(2).to_string())

# %%
# A report for those who were not there, without any id of a patient. On the command line,
# ``skmultimodal evaluate-external model.skops york`` does all of this.

with tempfile.TemporaryDirectory() as folder:
    path = external_report(
        Path(folder) / "york.html",
        evaluation,
        label="response within six months",
        facts={"Data source": "one hospital, retrospective", "Dates": "2019 to 2021"},
    )
    print(f"{path.name}: {path.stat().st_size // 1000} kB")

# %%
# A recalibrated model is one step away, and is a new model: it needs new patients to be
# tested on.

warnings.simplefilter("ignore", AlignmentWarning)  # they were seen above
recalibrated = CalibratedClassifierCV(FrozenEstimator(model), method="sigmoid")
recalibrated = recalibrated.fit(york[:60], y_york[:60])
for name, fitted in {"as it was": model, "recalibrated": recalibrated}.items():
    score = evaluate_external(fitted, york[60:], y_york[60:]).score("brier")
    print(f"{name}: Brier score {score['value']:.3f}")

# %%
# On your own data
# ----------------
#
# Save the model where it was fitted (`save_model`), and take the file to the other
# hospital: `evaluate_external` needs no training patient. Give it the cohort as it is
# there; what the model cannot read, it refuses by name.
#
# **Caveat.** One hospital is one hospital. Intervals are over its patients, and the next
# one may differ more; and 60 patients do not show whether a recalibration helps.
