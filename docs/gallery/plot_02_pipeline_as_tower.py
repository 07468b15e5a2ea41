"""
A pipeline as a tower
=====================

A tower is the part of the model that reads one modality. Any scikit-learn estimator
with ``transform`` or ``predict_proba`` can be one, so a ``Pipeline`` can. Use your own
when you trust a method for a modality more than a network, or when a network is too
slow: here, principal components and a logistic regression of the genes.
"""

import tempfile

import pandas as pd
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import DifferencesDisplay
from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers

X, y = make_glioma_cohort(
    n_image_only=60,
    n_gene_only=160,
    n_paired=60,
    n_genes=200,
    image_size=16,
    random_state=0,
    return_X_y=True,
)
print(X)

# %%
# A pipeline takes the place of the gene tower
# --------------------------------------------
#
# ``towers`` is a list of pairs of a modality and an estimator. The pipeline gets the
# plain array of the patients that have the modality, shape (patients, genes), and
# nothing else. Scaling and components are inside of it, so they are learned from
# training patients only: never standardise all patients beforehand.

components = make_pipeline(
    StandardScaler(), PCA(10, random_state=0), LogisticRegression(C=0.1)
)
network = GeneAutoencoderTransformer(random_state=0)
image = ImageTowerClassifier(random_state=0)
memory = tempfile.TemporaryDirectory()  # both models share image towers
shared = {"memory": memory.name, "random_state": 0}
models = {
    "network": TwinTowerClassifier([("image", image), ("gene", network)], **shared),
    "components": TwinTowerClassifier(
        [("image", image), ("gene", components)], **shared
    ),
}

# %%
# Which is better?
# ----------------
#
# Both models are tested on the same folds of paired patients. Read the difference and
# its interval, not the two means: where the interval holds 0, the two do not differ
# significantly, and the faster or simpler tower is the better choice.

comparison = compare_classifiers(
    models,
    X,
    y,
    cv=PairedStratifiedKFold(3, random_state=0),
    scoring="roc_auc",
)
print(comparison)
display = DifferencesDisplay.from_comparison(comparison, metric="roc_auc")

# %%
# How the towers were calibrated
# ------------------------------
#
# The default final estimator is fitted on log-odds, so each tower was fitted five
# times, each time without one fifth of its patients. The slope of its out-of-fold
# predictions calibrates it: below 1, the tower was overconfident, above 1
# underconfident. Near 0, it hardly predicts new patients, and its weight is small.

model = models["components"].fit(X, y)
memory.cleanup()
print(pd.Series({name: tower.slope_ for name, tower in model.towers_.items()}).round(2))

# %%
# Every step can be tuned by its name, for example in a ``GridSearchCV``.

model.set_params(gene__pca__n_components=15, gene__logisticregression__C=0.03)

# %%
# On your own data
# ----------------
#
# Put the last step that makes sense for the modality: a classifier, if its patients
# have labels; a transformer such as ``PCA``, if they have none: a strongly shrunk
# logistic regression is then fitted on its output. `check_multimodal_estimator` tests
# whether an estimator of your own can be a tower.
#
# **Caveat.** Expression here is simulated with one factor that carries the label, which
# is what principal components find. On real genes the order may be another one.
