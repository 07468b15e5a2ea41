"""
Slides as bags of patches
=========================

A slide of pathology is cut into hundreds to thousands of patches, and a foundation model
turns each into a vector. A patient then is a *bag*: a set of vectors, of which there are as many
as the slide has tissue. Here slides are one modality, gene expression is the other.
"""

import tempfile
from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score

from skmultimodal import BagTowerClassifier, Cohort, TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.io import read_bags

# %%
# Slides
# ------
#
# Genes are simulated by the library; the slides are planted here. Every slide is a mixture of
# four tissues. In patients of class 1, one patch in twenty is of a fifth one: no slide's mean
# shows that clearly. Each slide is a file with the datasets ``features`` and ``coords``,
# as TRIDENT and CLAM write them, in half precision.

N_FEATURES = 24
rng = np.random.default_rng(0)
tissues = rng.normal(size=(5, N_FEATURES))
genes, y = make_glioma_cohort(
    0,
    180,
    60,
    n_genes=40,
    image_size=16,
    gene_signal=0.7,
    random_state=0,
    return_X_y=True,
)
y = (y == np.unique(y)[1]).astype(int)
folder = Path(tempfile.mkdtemp())
for patient, label in list(zip(genes.index, y, strict=True))[60:]:
    n_patches = rng.integers(60, 200)
    tissue = rng.choice(4, n_patches, p=rng.dirichlet(np.ones(4)))
    if label:
        tissue[rng.choice(n_patches, n_patches // 20, replace=False)] = 4
    features = tissues[tissue] + 0.7 * rng.normal(size=(n_patches, N_FEATURES))
    cells = np.stack(np.divmod(np.arange(n_patches), 15), axis=1)[:, ::-1]
    with h5py.File(folder / f"{patient}.h5", "w") as file:
        file["features"] = features.astype(np.float16)
        file["coords"] = cells * 256

# %%
# A cohort
# --------
#
# ``read_bags`` gives the patients' ids and a lazy block, which reads one file at a time when
# rows are asked for. Patients without a slide, or without genes, are part of the cohort.

expression = (genes.index[genes.has("gene")], genes.block("gene"))
ids, slides = read_bags(folder)
X = Cohort({"slides": (ids, slides), "gene": expression}, index=genes.index)
print(slides)
print(X)

# %%
# Train and test
# --------------
#
# The last 60 patients, who have both modalities, are not used for training. A modality of bags
# gets a `BagTowerClassifier` by default; it is named here to show where its parameters go.
# Beside it, the same tower takes the plain mean of the patches.

train, test = X[:-60], X[-60:]
y_train, y_test = y[:-60], y[-60:]
has = train.has("slides")
for pooling in ("mean", "attention"):
    tower = BagTowerClassifier(pooling=pooling, random_state=0)
    tower.fit(train[has].block("slides"), y_train[has])
    p = tower.predict_proba(test.block("slides"))[:, 1]
    print(f"slides alone, {pooling}: AUC {roc_auc_score(y_test, p):.2f}")

model = TwinTowerClassifier(random_state=0, tower_cv=3).fit(train, y_train)
p = model.predict_proba(test)[:, 1]
print(f"slides and genes: AUC {roc_auc_score(y_test, p):.2f}")

# %%
# Where it looks
# --------------
#
# ``attention`` returns the weight of each patch, and ``coords`` where the patch lies. The patches
# of the fifth tissue should stand out.

row = int(np.flatnonzero(y_test == 1)[0])
patient = test.index[row]
weights = tower.attention(test[[row]].block("slides"))[0]
where = slides.coords(patient)
figure, axes = plt.subplots(figsize=(5, 3))
drawn = axes.scatter(*where.T, c=weights, marker="s", s=90, cmap="viridis")
axes.set(title=f"Attention in the slide of patient {patient}", aspect="equal")
axes.invert_yaxis()
colours = figure.colorbar(drawn, label="weight")

# %%
# On your own data
# ----------------
#
# Point ``read_bags`` to the folder of ``.h5`` (``.npy``, ``.zarr``) files of your extractor.
# ``patient_of=lambda slide: slide[:12]`` makes one bag of all slides of a TCGA patient. While
# training, 1,024 patches of a slide are drawn in each epoch (``max_instances``); predictions
# read all of them.
#
# **Caveat.** Weights show what the pooling counted, not why; a slide whose weights are flat was
# judged by its mean.
