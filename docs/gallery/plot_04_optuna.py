"""
Search with Optuna
==================

A grid has to list its values; `Optuna <https://optuna.org>`_ proposes them, and looks
closer where it went well. With ``memory``, a trial that changes the fusion only costs
no tower. With ``tower_rows="unpaired"`` a fold costs none either: towers then learn
from patients with one modality, who are in every training set.
"""

import tempfile

import matplotlib.pyplot as plt
import optuna
from sklearn.model_selection import cross_val_score

from skmultimodal import TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.model_selection import PairedStratifiedKFold

X, y = make_glioma_cohort(
    n_image_only=40,
    n_gene_only=80,
    n_paired=36,
    n_genes=60,
    image_size=16,
    random_state=0,
    return_X_y=True,
)
cv = PairedStratifiedKFold(3, random_state=0)

# %%
# The objective
# -------------
#
# One trial: a setting in, a score out. Give a tower's parameter a few values, which
# many trials share; the head's may be any number, for a head costs milliseconds.


def objective(trial, memory):
    """Mean negative log loss over the folds of paired patients."""
    model = TwinTowerClassifier(
        tower_rows="unpaired", memory=memory, random_state=0
    ).set_params(
        gene__label_weight=trial.suggest_categorical("label_weight", [0.1, 0.3]),
        final_estimator__weight_penalty=trial.suggest_float(
            "weight_penalty", 1.0, 100.0, log=True
        ),
        final_estimator__feature_penalty=trial.suggest_float(
            "feature_penalty", 0.3, 30.0, log=True
        ),
    )
    return cross_val_score(model, X, y, cv=cv, scoring="neg_log_loss").mean()


# %%
# The study
# ---------
#
# A seed makes the proposals the same each time.

optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    direction="maximize", sampler=optuna.samplers.TPESampler(seed=0)
)
with tempfile.TemporaryDirectory() as memory:
    study.optimize(lambda trial: objective(trial, memory), n_trials=12)
print(f"log loss {-study.best_value:.3f} with {study.best_params}")

# %%
# A dot is a trial: lower is better, and a coin toss has 0.69. Look for a slope or a
# valley; in a cloud without a form, the parameter hardly matters.

trials = study.trials_dataframe()
plt.rcParams["font.size"] = 12
figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
looks = {0.1: ("#0072B2", "o"), 0.3: ("#D55E00", "s")}
for ax, name in zip(axes, ["feature_penalty", "weight_penalty"], strict=True):
    for weight, (colour, marker) in looks.items():
        part = trials[trials["params_label_weight"] == weight]
        ax.plot(
            part[f"params_{name}"],
            -part["value"],
            marker,
            color=colour,
            label=f"label_weight={weight}",
        )
    ax.set(xscale="log", xlabel=name)
axes[1].legend()
label = axes[0].set_ylabel("log loss, mean of 3 folds")

# %%
# On your own data
# ----------------
#
# Search the head first. ``study.optimize(..., timeout=600)`` stops after ten minutes,
# and a study with ``storage="sqlite:///study.db"`` can be continued or shared by
# several processes, which then share the folder of ``memory`` too.
#
# **Caveat.** The best trial was chosen on these folds, so its score is optimistic. Put
# the study inside of an outer cross-validation before you report a number. With 36
# paired patients, expect the default to be as good.
