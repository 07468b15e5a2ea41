"""
Search with Optuna
==================

Optuna proposes what a grid would have to list. With ``memory``, a trial that changes
the fusion only costs no tower: towers learn from unpaired patients, so neither the
fold nor the head is in the key of a cached one.
"""

import tempfile

import optuna
from sklearn.model_selection import cross_val_score

from skmultimodal import TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.model_selection import PairedStratifiedKFold

# %%
# Patients of whom most have one modality, and folds of the paired ones.

X, y = make_glioma_cohort(
    n_image_only=40,
    n_gene_only=80,
    n_paired=36,
    n_genes=60,
    image_size=24,
    random_state=0,
    return_X_y=True,
)
cv = PairedStratifiedKFold(3, random_state=0)

# %%
# The few values of a tower's parameter are shared by many trials; the head's are free.


def objective(trial, memory):
    model = TwinTowerClassifier(memory=memory, random_state=0).set_params(
        gene__label_weight=trial.suggest_categorical("label_weight", [0.1, 0.3]),
        final_estimator__weight_penalty=trial.suggest_float(
            "weight_penalty", 1.0, 100.0, log=True
        ),
        final_estimator__feature_penalty=trial.suggest_float(
            "feature_penalty", 0.3, 30.0, log=True
        ),
    )
    return cross_val_score(model, X, y, cv=cv, scoring="neg_log_loss").mean()


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    direction="maximize", sampler=optuna.samplers.TPESampler(seed=0)
)
with tempfile.TemporaryDirectory() as memory:
    study.optimize(lambda trial: objective(trial, memory), n_trials=12)

print(f"log loss {-study.best_value:.3f} with {study.best_params}")

# %%
# The study's best trial was chosen on these folds. What it is worth, other patients
# tell: nest the study in an outer cross-validation before a number is reported.
