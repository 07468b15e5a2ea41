"""
How many paired patients are needed?
====================================

Measuring both modalities in one patient is the expensive part. The learning curve shows
how the score grows with the number of paired patients that train, and so whether ten
more would be worth it. Patients with one modality train the towers at each point alike.
"""

import tempfile

from skmultimodal import FusionHeadClassifier, TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import PairedLearningCurveDisplay
from skmultimodal.model_selection import PairedStratifiedKFold, paired_learning_curve

X, y = make_glioma_cohort(
    n_image_only=50,
    n_gene_only=120,
    n_paired=120,
    n_genes=100,
    image_size=16,
    random_state=0,
    return_X_y=True,
)

# %%
# Two heads
# ---------
#
# The default adds up the log-odds of the towers; paired patients show how far these
# repeat each other, and train the towers as well. The paper's, a network on the towers'
# features, is fitted on nothing else. Both are tested on the same folds.

memory = tempfile.TemporaryDirectory()
models = {
    "opinion pool (default)": TwinTowerClassifier(memory=memory.name, random_state=0),
    "concatenation (paper)": TwinTowerClassifier(
        final_estimator=FusionHeadClassifier(), memory=memory.name, random_state=0
    ),
}
ax = None
for name, model in models.items():
    curve = paired_learning_curve(
        model,
        X,
        y,
        cv=PairedStratifiedKFold(3, n_repeats=2, random_state=0),
        n_pairs=[10, 70],
        scoring="roc_auc",
        random_state=0,
    )
    print(name)
    print(
        curve.summary[["n_pairs", "mean", "low", "high"]]
        .round(2)
        .to_string(index=False)
    )
    ax = PairedLearningCurveDisplay.from_curve(curve, name=name, ax=ax).ax_
memory.cleanup()

# %%
# Read the slope at the right end. If the curve still climbs there, more pairs would
# help; if it is flat, they would not, and better towers or another modality might. The
# bands are 95 % intervals of each point. That they overlap does not make the heads
# equal, since both are tested on the same patients: `compare_classifiers` compares
# them.

# %%
# On your own data
# ----------------
#
# Take the model that you would use, numbers up to the pairs that a fold has for
# training, and enough repeats for the curve to be smooth. `unpaired_gain` measures
# instead how much the patients with one modality improve the score.
#
# `recruitment_curve` has a curve for each kind of patient, with pairs or one modality,
# and extends it with an interval.
#
# **Caveat.** Beyond its right end a curve is a guess, and it is for these patients:
# others, above all of other hospitals, may be harder to predict.
