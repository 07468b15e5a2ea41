"""
From MuData and back
====================

`MuData <https://mudata.readthedocs.io>`_ is the container of the omics community: one
table per modality, with annotations of observations and variables, in one ``.h5mu``
file. A cohort can be made of it, and becomes one again, so that steps of other tools
and of this library can follow each other.
"""

import warnings

import mudata
import pandas as pd

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import AvailabilityDisplay
from skmultimodal.report import predictions_to_obs

# mudata 0.3 and anndata 0.12 use what pandas 3 has deprecated.
warnings.filterwarnings("ignore", module="mudata|anndata")

X, y = make_glioma_cohort(
    n_image_only=60,
    n_gene_only=120,
    n_paired=60,
    n_genes=200,
    image_size=24,
    random_state=0,
    return_X_y=True,
)

# %%
# Out
# ---
#
# Patients are the observations, metadata become ``obs``, and a label can travel there
# as well. Images are no table of variables: they are kept in ``obsm["rows"]``. MuData
# orders patients by modality.

labels = pd.Series(y, index=X.index)
mdata = X.to_mudata()
mdata.obs["response"] = labels[mdata.obs_names]
print(mdata.mod["gene"].shape, mdata.mod["image"].obsm["rows"].shape)
print(mdata.obs.head())

# %%
# A step of another tool
# ----------------------
#
# Here the 100 genes with the largest variance are kept, and patients from the age of
# 30. A function of scanpy would be passed ``mdata.mod["gene"]`` in the same way. Genes
# may be selected on all patients if no label is used; a selection by the label must be
# a step of the gene tower's pipeline, so that test patients have no part in it.

gene, image = mdata.mod["gene"], mdata.mod["image"]
variable = gene.X.var(axis=0).argsort()[-100:]
smaller = mudata.MuData({"gene": gene[:, variable].copy(), "image": image})
smaller.obs[mdata.obs.columns] = mdata.obs
smaller = smaller[smaller.obs["age"] >= 30].copy()

# %%
# In
# --
#
# A patient lacks a modality where MuData has no observation for it. With `label`, the
# labels are returned as well, and do not become metadata, where `audit_shortcuts` would
# find the label by itself.

back, response = Cohort.from_mudata(smaller, label="response")
display = AvailabilityDisplay.from_cohort(back, response)
print(back.metadata.columns.tolist(), back.feature_names("gene")[:3])

# %%
# The rest is as ever. Predictions, and what each modality contributes, go back into
# ``obs`` by patient id.

model = TwinTowerClassifier(random_state=0).fit(back, response)
predictions_to_obs(smaller, model, back)
columns = ["response", "route", "proba_1", "contribution_image", "contribution_gene"]
print(smaller.obs[columns].head().round(2).to_string())

# %%
# On your own data
# ----------------
#
# ``Cohort.from_mudata("cohort.h5mu", label="response")`` is all it takes: tables stay on
# disk, sparse ones sparse, and rows are read batch by batch. Normalise in the tool that
# you prefer, and choose the layer with ``layers={"rna": "log1p"}``; an embedding is a
# modality too, as ``obsm={"scgpt": ("rna", "X_scGPT")}``.
#
# **Caveat.** MuData holds a patient once, so a bootstrap sample cannot go there. Its
# order of patients is its own: take labels from ``obs``, or align them by id, never by
# position. To write a file, call ``X.to_mudata().write(...)`` under
# ``pd.option_context("future.infer_string", False)`` as long as anndata cannot write
# the strings of pandas 3.
