"""
Time to an event
================

The outcome is survival: some patients died, and the others were last seen alive, some after
years and some after weeks. `TwinTowerSurvival` learns from all of them, whatever modalities
they have, and predicts a risk and a survival curve. This page fits it on images, genes and
clinical covariates, and compares its curves with what was observed, and the model with each
modality alone.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    Cohort,
    CoxRidgeSurvival,
    GeneAutoencoderSurvival,
    ImageTowerSurvival,
    TwinTowerSurvival,
    UnimodalSurvival,
    make_survival_target,
)
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import DCalibrationDisplay
from skmultimodal.model_selection import PairedStratifiedKFold, compare_survival

# %%
# Patients
# --------
#
# Images and genes are simulated by the library, and every patient has a clinical table.
# With a column for each covariate that is known at diagnosis, the table is a modality
# like the others.

made = make_glioma_cohort(
    n_image_only=50,
    n_gene_only=100,
    n_paired=100,
    n_genes=60,
    image_size=16,
    image_signal=2.0,
    gene_signal=2.0,
    random_state=0,
)
first, ids = made.data, made.data.index
clinical = pd.DataFrame(
    {"age": first.metadata["age"], "male": first.metadata["sex"] == "male"}, dtype=float
)
X = Cohort(
    {
        "image": (ids[first.has("image")], first.block("image")),
        "gene": (ids[first.has("gene")], first.block("gene")),
        "clinical": clinical,
    },
    index=ids,
)
print(X)

# %%
# The times are simulated here, in months: the hazard of a patient depends on what the
# images and the genes show, and on the age. A patient is censored at the last visit.

rng = np.random.default_rng(0)
hidden = made.latent["image"] + made.latent["gene"]
log_hazard = -0.7 * hidden + 0.04 * (clinical["age"] - 50)
death = 40 * rng.exponential(np.exp(-log_hazard))
last_visit = rng.uniform(6, 72, len(ids))
event, months = death <= last_visit, np.minimum(death, last_visit)
y = make_survival_target(event, months)
print(y[:4])
print(f"{event.sum()} of {len(y)} patients died; the others are censored.")

# %%
# Fit
# ---
#
# The last 60 patients, who have all three modalities, stay aside. Without ``towers`` each
# modality gets the default tower for times; a smaller network of the images, and two
# instead of five fits of each tower, make this page faster.

image = ImageTowerSurvival(filters=(8,))
cox = make_pipeline(StandardScaler(), CoxRidgeSurvival())
model = TwinTowerSurvival(
    [("image", image), ("gene", GeneAutoencoderSurvival()), ("clinical", cox)],
    tower_cv=2,
    random_state=0,
)
train, test, y_train, y_test = X[:-60], X[-60:], y[:-60], y[-60:]
model.fit(train, y_train)
counts = pd.DataFrame(model.class_counts_, index=["censored", "event", "no time"])
print(counts.T)

# %%
# Predict
# -------
#
# ``predict`` is a log-hazard: the higher, the earlier the event; an average training patient
# is near 0. The median is the time by which half of such patients have died, and is infinite
# where the curve stays above one half as long as patients were followed up.

patients = test[:4]
table = pd.DataFrame(
    {
        "log-hazard": model.predict(patients),
        "P(alive at 24)": model.predict_survival_function(patients, times=[24])[:, 0],
        "median": model.predict_median(patients),
    },
    index=patients.index,
)
print(table.round(2))
print(f"concordance on all 60: {model.score(test, y_test):.2f}")

# %%
# Are the curves right?
# ---------------------
#
# Divide the 60 patients into three groups by predicted risk. A dashed line is the mean of
# the predicted curves of a group, a step the Kaplan-Meier estimate of what was observed in
# it. The groups should be apart, which the concordance measures too, and each dashed line
# near its steps, which the concordance does not measure.


def kaplan_meier(y):
    """Times of events, and the share that survives each."""
    times, n_events = np.unique(y["time"][y["event"]], return_counts=True)
    n_at_risk = (y["time"] >= times[:, None]).sum(axis=1)
    return times, np.cumprod(1 - n_events / n_at_risk)


risk = model.predict(test)
group = np.searchsorted(np.quantile(risk, [1 / 3, 2 / 3]), risk)
months_shown = np.linspace(0, 60, 121)
curves = model.predict_survival_function(test, months_shown)
plt.rcParams["font.size"] = 12
figure, ax = plt.subplots(figsize=(7, 5.4), layout="constrained")
for number, (name, colour) in enumerate(
    {"low risk": "C0", "middle": "C2", "high risk": "C3"}.items()
):
    own = group == number
    times, share = kaplan_meier(y_test[own])
    ax.step(
        [0, *times, 60],
        [1, *share, share[-1]],
        where="post",
        color=colour,
        label=f"{name}: {y_test['event'][own].sum()} of {own.sum()} died",
    )
    ax.plot(months_shown, curves[own].mean(axis=0), "--", color=colour)
ax.plot([], [], "--", color="0.4", label="predicted")
ax.set(xlim=(0, 60), ylim=(0, 1.02), xlabel="months", ylabel="share alive")
legend = ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)

# %%
# With 20 patients in a group the steps are uncertain themselves: one death moves them by
# five points of 100 or more. Only a dashed line that is far from its steps, or on one side
# of them in all groups, is evidence of wrong curves.
#
# Is it better than one modality alone?
# -------------------------------------
#
# A Cox regression of what the clinic has at hand belongs in every comparison, and so does
# each tower. `UnimodalSurvival` makes an estimator of the cohort of one that reads a single
# modality.

models = {
    "twin tower": model,
    "clinical Cox": UnimodalSurvival("clinical", cox),
    "image tower": UnimodalSurvival("image", image.set_params(random_state=0)),
    "gene tower": UnimodalSurvival("gene", GeneAutoencoderSurvival(random_state=0)),
}
comparison = compare_survival(
    models, X, y, cv=PairedStratifiedKFold(3, random_state=0), reference="twin tower"
)
print(comparison)

# %%
# Uno's C is the share of pairs of patients that are in the right order, corrected for
# censoring; ``auc`` is the area of who has died by half of the horizon. Both are 0.5 by
# chance. The integrated Brier score is of survival curves; it is negated, so that higher
# is better in each column. `RiskGroupsDisplay` draws such a comparison.
#
# ``differences`` compares each model with the one that was named as reference beforehand.
# One round of three folds leaves the intervals wide: for a result, take ten
# (``n_repeats=10``).

shown = ["model_a", "model_b", "difference", "low", "high", "p"]
print(comparison.differences(metrics=["uno_c"])[shown].round(2).to_string(index=False))

# %%
# `DCalibrationDisplay` tests the curves of all patients of the comparison at once: where on
# their predicted curve they died should be anywhere alike, so that all bars reach the line.

display = DCalibrationDisplay.from_comparison(comparison, "twin tower")
print(f"p = {display.pvalue_:.2f}")

# %%
# Why this risk?
# --------------
#
# The log-hazard is a sum of terms of the modalities. The row that is named log-odds is what
# the tower predicts, whatever the outcome, here a log-hazard. The exponential of a term is
# a hazard ratio: how many times as high the hazard is as without this modality.

highest = [int(risk.argmax())]
terms = model.decision_terms(test[highest]).T
terms["hazard ratio"] = np.exp(terms.iloc[:, 0])
print(terms.round(2))
print("sum of the terms:", terms.iloc[:, 0].sum().round(2), "=", risk.max().round(2))

# %%
# On your own data
# ----------------
#
# A table with the columns ``event`` (true or false) and ``duration``, indexed by patient
# id, is a target as it is, and is joined to the cohort by id. The user guide page
# :doc:`../user_guide/which_outcome` has the other forms, and hospitals as strata.
#
# **Caveat.** Count the time from a day on which everything in the cohort was known. A scan
# that was made three months after the diagnosis belongs to patients who lived for three
# months: with times from the diagnosis, having a scan predicts survival by itself.
