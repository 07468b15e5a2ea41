"""
A clinical table as it is
=========================

Clinical tables have words, dates, categories and blank cells. They need no encoding
beforehand: a ``DataFrame`` becomes a modality as it is, and the default tower of such a
table imputes, encodes and scales it inside the model, from training patients only.
"""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skmultimodal import Cohort, TwinTowerClassifier, make_table_tower
from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers

rng = np.random.default_rng(0)
ids = pd.Index([f"P{i:03}" for i in range(220)])
y = pd.Series(rng.integers(0, 2, len(ids)), index=ids)

# %%
# The table
# ---------
#
# Age, grade and the date of the first symptom are related to the simulated label, the
# hospital is not. One cell in ten is blank.

clinical = pd.DataFrame(
    {
        "age": rng.normal(58, 9, len(ids)).round() + 6 * y,
        "smoker": rng.random(len(ids)) < 0.4,
        "grade": np.where(rng.random(len(ids)) < 0.35, 1 - y, y),
        "hospital": pd.Categorical(rng.choice(["Leeds", "York", "Hull"], len(ids))),
        "first_symptom": pd.Timestamp("2021-06-01")
        - pd.to_timedelta(rng.integers(0, 500, len(ids)) + 150 * y, unit="D"),
    },
    index=ids,
)
clinical["grade"] = clinical["grade"].map({0: "low", 1: "high"})
clinical = clinical.mask(rng.random(clinical.shape) < 0.1)
print(clinical.head())

# %%
# Proteins are the other modality: 12 columns of numbers. The first 140 patients have the
# table, the last 160 have proteins, so that 80 have both.

proteins = pd.DataFrame(rng.normal(size=(len(ids), 12)), ids).add_prefix("protein_")
proteins.iloc[:, :3] += 0.7 * y.to_numpy()[:, None]
X = Cohort({"clinical": clinical[:140], "proteins": proteins[60:]})
print(X)
print(X.table("clinical").dtypes)

# %%
# Which tower reads it
# --------------------
#
# Without ``towers``, each modality gets a tower by what its rows are. Here both are
# tables, and one has words and dates. ``towers_`` holds what was chosen, as ensembles of
# five that are fitted on folds of the patients; in a notebook, the model shows it.

model = TwinTowerClassifier(random_state=0).fit(X, y[X.index])
for name, tower in model.towers_.items():
    print(name, tower.estimator, sep="\n")

# %%
# The columns that the logistic regression reads are named after those of the table:
# medians stand in blank cells, which a column of their own marks; a date is a number of
# days; each category is a column, and so is a blank.

first = model.towers_["clinical"].estimators_[0]
print(first[:-1].get_feature_names_out())

# %%
# A new patient may have a category that nobody had, and blank cells. A column that is
# lacking is refused with its name.

new = pd.DataFrame(
    {
        "age": [71.0],
        "smoker": [None],
        "grade": ["high"],
        "hospital": ["Bath"],
        "first_symptom": [pd.Timestamp("2020-04-01")],
    },
    index=["N001"],
)
print(model.predict_proba(Cohort({"clinical": new})).round(2))
try:
    model.predict_proba(Cohort({"clinical": new.drop(columns="grade")}))
except ValueError as error:
    print(error)

# %%
# Another encoding
# ----------------
#
# `make_table_tower` makes the default tower, to be changed and to stand beside others.
# A ``ColumnTransformer`` of your own works by column name as well.

table = X.table("clinical")
stronger = make_table_tower(table).set_params(logistic__C=0.01)
chosen = make_pipeline(
    make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["grade"]), (SimpleImputer(), ["age"])
    ),
    LogisticRegression(),
)
other = ("proteins", LogisticRegression())
models = {
    "default": TwinTowerClassifier(random_state=0),
    "stronger penalty": TwinTowerClassifier(
        [("clinical", stronger), other], random_state=0
    ),
    "age and grade": TwinTowerClassifier([("clinical", chosen), other], random_state=0),
}
cv = PairedStratifiedKFold(4, random_state=0)
print(compare_classifiers(models, X, y[X.index], cv=cv, scoring="roc_auc"))

# %%
# On your own data
# ----------------
#
# Index the table by patient id, and give columns their types: dates by
# ``pandas.to_datetime`` and codes of hospitals or stages by ``astype("category")``, or
# they are read as words and as numbers. A warning names columns that look like either.
#
# **Caveat.** What is in the table decides what may be concluded from it. A hospital, a
# date of treatment or a treatment can predict the label without any biology: test that
# with `audit_shortcuts`, and leave out what is known only after the label.
