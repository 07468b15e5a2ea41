"""
Add a modality to a trained model
=================================

A hospital has a model of images and genes. Now a blood test is measured as well, for
some patients. The trained towers need not be trained again: wrapped in scikit-learn's
``FrozenEstimator`` they are kept as they are, and only the new tower and the head
are fitted.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import RocCurveDisplay
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort

first = make_glioma_cohort(
    n_image_only=80,
    n_gene_only=160,
    n_paired=140,
    n_genes=100,
    image_size=24,
    random_state=0,
)
y = pd.Series(first.target, index=first.data.index)

# %%
# The first model
# ---------------
#
# The last 60 patients stay aside for the test. With ``tower_rows="unpaired"`` the towers
# are fitted on patients with one modality only: the others are new to them, and so show
# the head of the next model how far each tower can be trusted.

train, test = first.data.index[:-60], first.data.index[-60:]
rows = first.data.index.isin(train)
two = TwinTowerClassifier(tower_rows="unpaired", random_state=0)
two = two.fit(first.data[rows], y[rows])

# %%
# A third block
# -------------
#
# Blood tests of 40 new patients, who have nothing else, and of the last 110 above. They
# are joined by patient id. A blood test is simulated as six numbers, three of which are
# related to the label.

rng = np.random.RandomState(0)
newcomers = pd.Index([f"NEW-{i}" for i in range(40)])
y = pd.concat([y, pd.Series(np.arange(40) % 2, index=newcomers)])
tested = first.data.index[-110:].append(newcomers)
blood = pd.DataFrame(
    rng.normal(size=(len(tested), 6)),
    index=tested,
    columns=["crp", "ldh", "albumin", "sodium", "platelets", "ferritin"],
)
blood[["crp", "ldh", "albumin"]] += 0.9 * y[tested].to_numpy()[:, None]
genes = pd.DataFrame(
    first.data.block("gene"),
    index=first.data.index[first.data.has("gene")],
    columns=first.data.feature_names("gene"),
)
X = Cohort(
    {
        "image": (first.data.index[first.data.has("image")], first.data.block("image")),
        "gene": genes,
        "blood": blood,
    }
)
y = y[X.index]
print(X)

# %%
# Freeze, add, fit
# ----------------
#
# The blood tower is fitted on all rows that have blood. The head is fitted anew, and
# needs no patient with all three modalities: those with two of them count as well.

towers = [(name, FrozenEstimator(tower)) for name, tower in two.towers_.items()]
towers.append(("blood", make_pipeline(StandardScaler(), LogisticRegression())))
held_out = X.index.isin(test)
three = TwinTowerClassifier(towers, random_state=0).fit(X[~held_out], y[~held_out])
counts = three.class_counts_
print(pd.DataFrame(counts, index=["class 0", "class 1", "unlabelled"]).T)

# %%
# The frozen towers are in no line of this table, as they were not fitted. Their outputs
# are the same as before, to the last bit:

images = X[held_out].block("image")
before = two.towers_["image"].predict_proba(images)
after = three.towers_["image"].predict_proba(images)
print((before == after).all())

# %%
# What the blood test adds
# ------------------------
#
# Neither model was fitted on the 60 patients kept aside. ``predict_route`` is the part
# that predicts: the head, which needs two modalities, or a tower.

patients = X[held_out]
shown = {
    "first model": (two, patients.without("blood")),
    "second model": (three, patients),
    "second model, no blood test": (three, patients.without("blood")),
    "second model, blood test only": (three, patients[:, ["blood"]]),
}
plt.rcParams["font.size"] = 12
figure, ax = plt.subplots(figsize=(5.5, 5.5), layout="constrained")
lines = ["--", "-", "-.", ":"]
for (name, (model, given)), line in zip(shown.items(), lines, strict=True):
    print(f"{name}: predicted by {model.predict_route(given)[0]}")
    RocCurveDisplay.from_predictions(
        y[held_out],
        model.predict_proba(given)[:, 1],
        name=name,
        ax=ax,
        curve_kwargs={"linestyle": line, "linewidth": 2},
    )
ax.set(xlabel="false positive rate", ylabel="true positive rate")
legend = ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1))

# %%
# On your own data
# ----------------
#
# Save the first model with `save_model`; months later, load it, wrap ``model.towers_``
# as above and pass the new cohort. The patients that trained the towers need not be at
# hand.
#
# **Caveat.** Patients on whom a frozen tower was fitted must not be tested, and no
# splitter has a record of them; nor should they be among those with several modalities
# that fit the new head, who are trusted to be new to the tower. Here the towers of the
# first model were fitted on patients with one modality only.
