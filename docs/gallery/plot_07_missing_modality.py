"""
A modality is missing at prediction
===================================

The next patient had no MRI. A twin tower predicts all the same, and records how. The
parameter ``missing`` sets how a row that lacks a modality is predicted:

- ``"tower"`` (default): by the towers of the modalities it has.
- ``"impute"``: by the head, to which an absent modality adds nothing.
- ``"error"``: not at all.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import RocCurveDisplay, brier_score_loss, roc_auc_score

from skmultimodal import TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort

X, y = make_glioma_cohort(
    n_image_only=80,
    n_gene_only=160,
    n_paired=160,
    n_genes=100,
    image_size=24,
    image_signal=2.0,
    gene_signal=2.0,
    random_state=0,
    return_X_y=True,
)
train, test = X[:-100], X[-100:]  # the last 100 have both modalities
y_train, y_test = y[:-100], y[-100:]
model = TwinTowerClassifier(random_state=0).fit(train, y_train)

# %%
# Every row is predicted
# ----------------------
#
# Of the first five patients of the test, one shall lack the genes, and two the image.
# ``predict_route`` is the part that predicts: the head, or a tower.

five = test[:5].hide("gene", [1]).hide("image", [2, 3])
predictions = {
    "has": five.patterns,
    "route": model.predict_route(five),
    "P(response)": model.predict_proba(five)[:, 1].round(2),
}
print(pd.DataFrame(predictions, index=five.index))

# %%
# The term of each modality
# -------------------------
#
# ``decision_terms`` are the terms of the head: those of a row add up to its log-odds.
# An absent modality adds 0. A positive term makes the response likelier.

print(model.decision_terms(five).round(2))

# %%
# The terms of a paired row add up to its ``predict_proba``. Those of a row that lacks a
# modality add up to the prediction with ``missing="impute"``.

impute = TwinTowerClassifier(missing="impute", random_state=0).fit(train, y_train)
log_odds = impute.decision_terms(five).sum(axis=1)
p = 1 / (1 + np.exp(-log_odds))
print(pd.DataFrame({"terms": p, "impute": impute.predict_proba(five)[:, 1]}).round(3))

# %%
# What an absent modality costs
# -----------------------------
#
# The same 100 patients with both modalities, without the image and without the genes.
# The Brier score is the mean squared error of the probabilities: lower is better.

plt.rcParams["font.size"] = 12
figure, ax = plt.subplots(figsize=(5.5, 5.5), layout="constrained")
given = {
    "image and genes": test,
    "genes only": test.without("image"),
    "image only": test.without("gene"),
}
scores = {}
for (name, patients), line in zip(given.items(), ["-", "--", ":"], strict=True):
    p = model.predict_proba(patients)[:, 1]
    scores[name] = {
        "AUC, tower": roc_auc_score(y_test, p),
        "Brier, tower": brier_score_loss(y_test, p),
        "Brier, impute": brier_score_loss(y_test, impute.predict_proba(patients)[:, 1]),
    }
    RocCurveDisplay.from_predictions(
        y_test, p, name=name, ax=ax, curve_kwargs={"linestyle": line, "linewidth": 2}
    )
ax.set(xlabel="false positive rate", ylabel="true positive rate")
print(pd.DataFrame(scores).T.round(2))

# %%
# On your own data
# ----------------
#
# Show the route beside each probability, and test every route that you will use: hide
# modalities of paired patients, as above. To refuse what you have not tested, set
# ``missing="error"``.
#
# **Caveat.** Here the modalities of the test were hidden at random. In a hospital there
# is a reason why a scan was not made, and patients without one differ: the scores of
# paired patients whose scan was hidden need not be those of patients without a scan.
