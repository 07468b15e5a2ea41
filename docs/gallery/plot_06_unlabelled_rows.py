"""
Patients without a label
========================

Follow-up is lost, or the response was never assessed: such patients need not be left
out. Give them NaN as label. The gene tower is fitted on their genes as well, since an
autoencoder needs no label; all that needs a label is fitted without them.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from skmultimodal import GeneAutoencoderTransformer, TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort

X, y = make_glioma_cohort(
    n_image_only=80,
    n_gene_only=240,
    n_paired=60,
    n_genes=200,
    image_size=16,
    random_state=0,
    return_X_y=True,
)

# %%
# Hide most labels of the patients with genes only, and some of the others.

rng = np.random.RandomState(0)
y = y.astype(float)
share = np.where(X.patterns == "gene", 0.8, 0.1)
y[rng.uniform(size=len(y)) < share] = np.nan
has_label = np.where(np.isnan(y), "unlabelled", "labelled")
print(pd.crosstab(X.patterns, has_label, rownames=["pattern"], colnames=["label"]))

# %%
# Which part was fitted on which patients
# ---------------------------------------
#
# ``class_counts_`` of a fitted model has the rows of each class, and those without a
# label, that each tower was fitted on, and those with both modalities, whom the head
# fuses. Image tower and head used none without a label.

model = TwinTowerClassifier(random_state=0).fit(X, y)
counts = model.class_counts_
print(pd.DataFrame(counts, index=["class 0", "class 1", "unlabelled"]).T)

# %%
# The gain
# --------
#
# Ten times, the gene tower alone is fitted on 440 new patients of whom 24 have a label,
# and on these 24 alone; 200 others are tested. A grey line joins the two scores of
# one draw of patients.

scores = []
for seed in range(10):
    genes, outcome = make_glioma_cohort(
        0, 640, 0, n_genes=1000, random_state=seed, return_X_y=True
    )
    genes, outcome = genes.block("gene"), outcome.astype(float)
    labels, test = outcome[:440].copy(), slice(440, 640)
    labels[24:] = np.nan
    tower = GeneAutoencoderTransformer(random_state=0)
    auc = []
    for n_rows in (24, 440):
        p = tower.fit(genes[:n_rows], labels[:n_rows]).predict_proba(genes[test])
        auc.append(roc_auc_score(outcome[test], p[:, 1]))
    scores.append(auc)
scores = np.array(scores)

plt.rcParams["font.size"] = 12
figure, ax = plt.subplots(layout="constrained")
ax.plot([0, 1], scores.T, color="#999999", marker="o", markersize=4)
means = scores.mean(axis=0)
ax.plot([0, 1], means, color="#0072B2", marker="s", linewidth=3)
ax.annotate(f"mean {means[0]:.2f}", (-0.05, means[0]), ha="right", va="center")
ax.annotate(f"mean {means[1]:.2f}", (1.05, means[1]), va="center")
ax.set_xticks([0, 1], ["24 labelled", "24 labelled,\n416 unlabelled"])
ax.set(
    xlim=(-0.5, 1.5), xlabel="patients that trained", ylabel="ROC AUC of the gene tower"
)
gains = np.diff(scores).ravel()
print(f"gain {gains.mean():.3f}, from {gains.min():.3f} to {gains.max():.3f}")

# %%
# On your own data
# ----------------
#
# Leave unlabelled patients in, with NaN (or None, among strings). A splitter of this
# library, such as `PairedStratifiedKFold`, has them in training and never tests them;
# those of scikit-learn refuse NaN as a label. If a tower of your own can use such rows,
# give it the attribute ``uses_unlabelled_rows = True``.
#
# **Caveat.** The gain is small, in some draws nothing, and less with more labels. It
# presumes that patients without a label are like the others but for the label. If only
# those who did badly were lost, for example, the remaining labels mislead the model,
# with or without these rows.
