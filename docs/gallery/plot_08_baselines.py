"""
Compare with baselines
======================

Read a score only beside that of a simpler model on the same patients.
`skmultimodal.baselines` has every comparator of the twin tower's paper as an unfitted
estimator. Here are some gene classifiers of its Table 4, and what the paper lacks: the
majority class and early fusion.
"""

import tempfile

from skmultimodal import TwinTowerClassifier
from skmultimodal.baselines import reference_baselines, table4
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import DifferencesDisplay, MetricIntervalsDisplay
from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers

X, y = make_glioma_cohort(
    n_image_only=80,
    n_gene_only=160,
    n_paired=60,
    n_genes=200,
    image_size=16,
    image_signal=2.0,
    gene_signal=2.0,
    random_state=0,
    return_X_y=True,
)

# %%
# The models
# ----------
#
# ``table4()`` and ``reference_baselines()`` are dicts of a name and an estimator. A
# folder for ``memory`` lets models that share a tower fit it once.

memory = tempfile.TemporaryDirectory()
genes = table4(memory=memory.name, random_state=0)
reference = reference_baselines(memory=memory.name, random_state=0)
models = {
    "twin tower": TwinTowerClassifier(memory=memory.name, random_state=0),
    "early fusion": reference["early fusion (PCA + logistic)"],
    "AE (genes)": genes["AE"],
    "PCA+SVM (genes)": genes["PCA+SVM"],
    "kNN (genes)": genes["kNN"],
    "majority class": reference["majority class"],
}

# %%
# The same folds for all
# ----------------------
#
# Test folds are paired patients. The gene classifiers learn from all training patients
# with genes, as the gene tower does. Of the three metrics ``roc_auc`` measures
# the ranking of patients, ``neg_brier_score`` their probabilities, ``accuracy`` the
# more probable class. More is better in each.

comparison = compare_classifiers(
    models,
    X,
    y,
    cv=PairedStratifiedKFold(3, random_state=0),
    scoring=["roc_auc", "neg_brier_score", "accuracy"],
)
memory.cleanup()
display = MetricIntervalsDisplay.from_comparison(comparison, kind="point")

# %%
# Intervals of two models may overlap, and still one is better on nearly every fold:
# look at the differences. Where an interval holds 0, the two do not differ
# significantly. The p values at the right are adjusted (Holm) for the number of
# comparisons.

display = DifferencesDisplay.from_comparison(
    comparison, metric="roc_auc", reference="twin tower"
)

# %%
# On your own data
# ----------------
#
# Always include the majority class and the best single modality. Choose the metric and
# the comparison that count beforehand, and report all models that you tried.
#
# **Caveat.** The paper's numbers for other models are those of other papers, on other
# patients; a comparison is fair only on the same folds, as here. With 60 patients the
# intervals are wide, and models without a significant difference may still differ.
