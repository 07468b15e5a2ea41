"""
Your images are already a table
===============================

Many hospitals have no images to train on but what another program made of them: a table
of radiomics, or the embeddings that a foundation model computed of slides or scans. Such
a table is a modality like any other. No image tower is needed, and a fit takes seconds.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import TwinTowerClassifier, UnimodalClassifier
from skmultimodal.datasets import check_folder, load_cohort
from skmultimodal.inspection import RocBandsDisplay
from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers
from skmultimodal.report import model_card

# %%
# A folder
# --------
#
# 160 simulated patients: 120 have embeddings of 32 numbers, 110 a panel of 40 genes, 70
# both. Each modality shows the label through its first columns, with noise of its own.
# Ids are text: ``007`` keeps its zeros.

rng = np.random.RandomState(0)
ids = np.array([f"{i:03d}" for i in range(160)])
response = rng.randint(2, size=160)


def simulate(n_columns, n_signal, strength):
    values = rng.normal(size=(160, n_columns))
    values[:, :n_signal] += strength * response[:, None]
    return values


embeddings, genes = simulate(32, 6, 0.6), simulate(40, 8, 0.55)
folder = Path(tempfile.mkdtemp())
clinical = pd.DataFrame({"patient": ids, "response": response})
clinical.to_csv(folder / "clinical.csv", index=False)
panel = pd.DataFrame(genes, index=ids, columns=[f"GENE{i}" for i in range(40)])
panel[50:].rename_axis("patient").to_csv(folder / "expression.csv")
features = folder / "features"
features.mkdir()
slides = features / "slides.npy"

# %%
# The embeddings are an array, with the ids beside it, one a line. A parquet file, a CSV,
# an HDF5 or an AnnData file would do as well. The file's name is the modality's. What
# computed them stands in a JSON file of the same name: months later nobody will know it.

np.save(slides, embeddings[:120].astype("float32"))
(features / "slides.ids.txt").write_text("\n".join(ids[:120]))
facts = {"encoder": "an encoder of slides", "version": "1.0", "licence": "CC-BY-NC-4.0"}
(features / "slides.json").write_text(json.dumps(facts))

print(check_folder(folder))

# %%
# One line reads it.

bunch = load_cohort(folder, label="response")
X, y = bunch.data, bunch.target
print(X)

# %%
# A tower for a table
# -------------------
#
# The encoder has done the work of a network. What is left for the tower is a logistic
# regression of standardised columns, whose penalty is the only number to choose. The same
# serves for a small panel of genes.


def tower():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1))


models = {
    "slides only": UnimodalClassifier("slides", tower()),
    "gene only": UnimodalClassifier("gene", tower()),
    "twin tower": TwinTowerClassifier(
        [("slides", tower()), ("gene", tower())], random_state=0
    ),
}
cv = PairedStratifiedKFold(3, 3, random_state=0)
comparison = compare_classifiers(models, X, y, cv=cv, scoring=["roc_auc"])
print(comparison.table().to_string())

# %%

display = RocBandsDisplay.from_comparison(comparison, bands=["twin tower", "gene only"])

# %%
# How to read it: patients with both are tested, and each tower learned from everybody
# who has its modality. The intervals of 70 patients are wide; the means are near each
# other, and a claim that one model is better needs ``comparison.differences()``.

print(comparison.differences().round(3).to_string())

# %%
# What it was made of
# -------------------
#
# The model card lists the encoder: whoever uses the model needs the same version of it,
# and has to keep to its licence.

model = models["twin tower"].fit(X, y)
card = model_card(model, scores=comparison, provenance=bunch.provenance)
print(card[card.index("## Computed features") : card.index("## Fusion")])

# %%
# On your own data
# ----------------
#
# Put the table into ``features/`` and run ``skmultimodal check`` and ``skmultimodal
# evaluate``. Average the vectors of several slides of a patient before: one row per
# patient.
#
# **Caveat.** An encoder that was trained on public cohorts may have seen patients of
# yours, if yours are public as well, and a score on them flatters it.
