"""
A 3-D network
=============

A scan is a volume. Where a plane of it loses what matters, the image tower reads the whole: its
convolutions get a third axis when images are volumes, and any 3-D network of your own can take
their place. Here a sign in the depth of the scan is planted, beside genes.
"""

import numpy as np
from sklearn.metrics import roc_auc_score
from torch import nn

from skmultimodal import (
    Cohort,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.datasets import make_glioma_cohort

# %%
# Volumes
# -------
#
# Genes are simulated by the library. A volume is an array (channels, depth, height, width). In each
# there are two bright spots, one above the other in class 1, and in the same plane otherwise:
# no single plane shows which. A block of volumes may be a memmap or an HDF5 dataset, from
# which batches are read.

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
rng = np.random.default_rng(0)
volumes = rng.normal(size=(180, 1, 10, 14, 12)).astype(np.float32)
for volume, label in zip(volumes[:, 0], y[60:], strict=True):
    z, row, column = (rng.integers(0, side - 5) for side in volume.shape)
    volume[z : z + 2, row : row + 2, column : column + 2] += 6
    if label:
        z += 3
    else:
        row += 3
    volume[z : z + 2, row : row + 2, column : column + 2] += 6

expression = (genes.index[genes.has("gene")], genes.block("gene"))
X = Cohort(
    {"image": (genes.index[60:], volumes), "gene": expression}, index=genes.index
)
train, test = X[:-60], X[-60:]
y_train, y_test = y[:-60], y[-60:]
print(X)

# %%
# The paper's network with a third axis
# -------------------------------------
#
# It is chosen by the shape of the rows. ``max_size`` averages blocks of voxels until no side is
# longer: a network of 3-D convolutions takes many times as long as one of planes, so begin
# with 32.

has = train.has("image")
image = ImageTowerClassifier(filters=(8, 16), max_size=32, n_steps=150, random_state=0)
image.fit(train[has].block("image"), y_train[has])
p = image.predict_proba(test.block("image"))[:, 1]
print(f"volumes, own network: AUC {roc_auc_score(y_test, p):.2f}")

# %%
# A network of your own
# ---------------------
#
# ``encoder`` is called with the number of channels and returns a torch module that maps volumes
# (B, C, D, H, W) to feature maps or vectors: a ResNet of MONAI with ``spatial_dims=3``, with weights
# that were trained elsewhere, or some layers as here.


def small_encoder(in_channels):
    """Feature maps by two convolutions with a large kernel."""
    return nn.Sequential(
        nn.Conv3d(in_channels, 8, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool3d(2),
        nn.Conv3d(8, 16, kernel_size=3, padding=1),
        nn.ReLU(),
    )


other = ImageTowerClassifier(encoder=small_encoder, random_state=0)
other.fit(train[has].block("image"), y_train[has])
p = other.predict_proba(test.block("image"))[:, 1]
print(f"volumes, encoder: AUC {roc_auc_score(y_test, p):.2f}")

# %%
# With genes
# ----------

model = TwinTowerClassifier(
    [("image", image), ("gene", GeneAutoencoderTransformer())],
    tower_cv=2,
    random_state=0,
).fit(train, y_train)
p = model.predict_proba(test)[:, 1]
print(f"volumes and genes: AUC {roc_auc_score(y_test, p):.2f}")

# %%
# On your own data
# ----------------
#
# Bring all volumes to one grid first (spacing, orientation and size: ``scipy.ndimage`` or MONAI's
# transforms), and give them as ``{"image": (ids, volumes), ...}``.
#
# **Caveat.** With some dozens of scans a 3-D network has more to overfit with than a plane.
# Compare it on your folds with the plane of the largest tumour area, which `load_cohort` reads.
