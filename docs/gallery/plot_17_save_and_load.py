"""
Save a model, and load it elsewhere
===================================

A pickle runs code when it is opened, so nobody should open one that came by mail.
`save_model` writes one file with arrays and parameters only, and `load_model` runs
nothing from it. Types that are not on the list of harmless ones are refused by name.
"""

import tempfile
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from skmultimodal import ImageTowerClassifier, TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.model_selection import PairedStratifiedKFold
from skmultimodal.persistence import load_model, read_environment, save_model
from skmultimodal.report import model_card

X, y = make_glioma_cohort(
    n_image_only=60,
    n_gene_only=120,
    n_paired=50,
    n_genes=100,
    image_size=16,
    random_state=0,
    return_X_y=True,
)
model = TwinTowerClassifier(random_state=0).fit(X, y)

# %%
# There and back
# --------------
#
# On the same kind of machine, the loaded model gives the same bits.

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "response.skops"
save_model(model, path)
loaded = load_model(path)
print(np.array_equal(loaded.predict_proba(X), model.predict_proba(X)))
print(f"{path.stat().st_size / 1e6:.1f} MB")

# %%
# The file holds the versions with which it was made. `load_model` warns if those here
# differ: then compare some predictions before you rely on it.

print(sorted(read_environment(path)))

# %%
# What is refused
# ---------------
#
# A forest's trees are compiled code that follows the arrays of the file unchecked, so
# whoever loads them must state that they trust the file. The message names the type.

forest = RandomForestClassifier(20, random_state=0)
towers = [("image", ImageTowerClassifier()), ("gene", forest)]
save_model(TwinTowerClassifier(towers, random_state=0).fit(X, y), path)
try:
    load_model(path)
except ValueError as error:
    print(str(error).replace(folder.name, "my_folder"))
loaded = load_model(path, trusted=["sklearn.tree._tree.Tree"])
print(type(loaded.towers_["gene"].estimators_[0]).__name__)
folder.cleanup()

# %%
# Send a model card along
# -----------------------
#
# A model without a description is of little use to others: `model_card` lists the
# patients it was fitted on, its scores, or that there are none, and its limits, in
# Markdown.

unfitted = TwinTowerClassifier(random_state=0)
cv = PairedStratifiedKFold(3, random_state=0)
scores = cross_val_score(unfitted, X, y, cv=cv, scoring="roc_auc")
card = model_card(
    model,
    title="Response to therapy in glioma (simulated)",
    label="response: simulated, see make_glioma_cohort",
    class_names={0: "no response", 1: "response"},
    scores={"ROC AUC, mean of 3 folds of 50 paired patients": scores.mean()},
)
print(card[: card.index("## Parameters")])

# %%
# On your own data
# ----------------
#
# Pipelines, searches and your own towers are saved in the same way; who loads them
# names the types of yours. A ``joblib.Memory`` or a lambda cannot be saved: give
# ``memory`` as a path, and the function a name in a module.
#
# **Caveat.** A file that runs no code may still hold a bad model. And it may reveal
# data of patients: networks memorise training data, and a nearest-neighbour tower
# contains them. Share a model under the rules under which you may share the data.
