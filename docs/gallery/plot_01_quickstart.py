"""
Quickstart
==========

Most patients of a cohort have one modality: images or gene expression. A twin tower
is fitted on all of them: one tower on the images, one on the genes, and a small head,
which fuses the outputs of the towers; how these go together is seen in the few patients
with both. This page makes such a model, tests it and predicts with it.
"""

import tempfile

import pandas as pd
from sklearn.model_selection import cross_val_score

from skmultimodal import TwinTowerClassifier
from skmultimodal.baselines import table3
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import AvailabilityDisplay, RocBandsDisplay
from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers

# %%
# Patients
# --------
#
# A `Cohort` has patients in rows and modalities in columns; a patient may lack a
# modality. These patients are simulated: an MRI of a tumour (four sequences and the
# outline), and the expression of 100 genes. The label is whether the patient responded
# to therapy. For a folder of your own patients there is `load_cohort`; for arrays and
# tables in memory, `Cohort` itself.

X, y = make_glioma_cohort(
    n_image_only=60,
    n_gene_only=120,
    n_paired=60,
    n_genes=100,
    image_size=16,
    image_signal=2.0,
    gene_signal=2.0,
    random_state=0,
    return_X_y=True,
)
print(X)

# %%
# Each column of the figure is a group of patients who have the same modalities, marked
# by the dots below.

display = AvailabilityDisplay.from_cohort(
    X, y, class_names={0: "no response", 1: "response"}
)

# %%
# Fit and test
# ------------
#
# The model is an ordinary scikit-learn classifier. It is tested by cross-validation on
# the patients with both modalities, 20 at a time; all others train in every fold, which
# is what `PairedStratifiedKFold` is for. The score is the area under the ROC curve: 0.5
# is a coin toss, 1 is perfect.

memory = tempfile.TemporaryDirectory()  # keeps fitted towers: none is fitted twice
model = TwinTowerClassifier(memory=memory.name, random_state=0)
cv = PairedStratifiedKFold(3, random_state=0)
scores = cross_val_score(model, X, y, cv=cv, scoring="roc_auc")
print(f"AUC {scores.mean():.2f}, by fold {scores.round(2)}")

# %%
# Predict
# -------
#
# Every patient is predicted, whatever their modalities; the route is the part of the
# model that predicts: the head, or a single tower.

model.fit(X, y)
new = X[[0, 100, 200]]  # as if they were new
predictions = {
    "has": new.patterns,
    "route": model.predict_route(new),
    "P(response)": model.predict_proba(new)[:, 1].round(2),
}
print(pd.DataFrame(predictions, index=new.index))

# %%
# Is it better than one modality alone?
# -------------------------------------
#
# Compare before using two. `compare_classifiers` tests all models on the same folds. The
# band is the spread over the folds; the interval in the legend is that of the mean. With
# 60 patients such intervals are wide, and those of the three models overlap; folds that
# are drawn several times (``n_repeats=10``) make them narrower.

models = table3(memory=memory.name, random_state=0)
comparison = compare_classifiers(
    {name: models[name] for name in ("twin tower", "image only", "gene only")},
    X,
    y,
    cv=cv,
    scoring="roc_auc",
)
memory.cleanup()
display = RocBandsDisplay.from_comparison(comparison, bands=["twin tower"])

# %%
# On your own data
# ----------------
#
# Replace `make_glioma_cohort` by ``load_cohort("folder", label="response")`` and leave
# the rest as it is. Then run `audit_shortcuts`, before you believe a score.
#
# **Caveat.** The simulated modalities are complementary. In your patients one of them
# may hold all the information of the other: then the simpler model is the better one.
