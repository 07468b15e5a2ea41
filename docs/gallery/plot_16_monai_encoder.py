"""
A network of MONAI as image encoder
===================================

`MONAI <https://monai.io>`_ has many networks for medical images. Any of them can be the
convolutional part of the image tower; normalisation, dense layers, training, prediction
and saving stay those of `ImageTowerClassifier`. Here it is a small DenseNet.
"""

import pandas as pd
from monai.networks.nets import DenseNet
from sklearn.metrics import roc_auc_score

from skmultimodal import (
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import TrainingHistoryDisplay

X, y = make_glioma_cohort(
    n_image_only=100,
    n_gene_only=160,
    n_paired=140,
    n_genes=100,
    image_size=32,
    image_signal=2.0,
    random_state=0,
    return_X_y=True,
)
train, test = X[:-100], X[-100:]  # the last 100 have both modalities
y_train, y_test = y[:-100], y[-100:]

# %%
# The encoder
# -----------
#
# ``encoder`` is called with the number of channels and returns a torch module, which
# maps images to feature maps (or to vectors). Give it a name at the top level of a
# module: a lambda cannot be saved. Of the DenseNet we take the part before its own
# classifier.


def small_densenet(in_channels):
    """Feature maps of a DenseNet with six layers in three blocks."""
    net = DenseNet(
        spatial_dims=2,
        in_channels=in_channels,
        out_channels=1,  # of the classifier, which is not used
        init_features=16,
        growth_rate=8,
        block_config=(2, 2, 2),
    )
    return net.features


# %%
# Train and test
# --------------
#
# The image tower by itself first, on the images of patients without genes, then in a
# twin tower. The tower with the library's own convolutions is trained beside it. Scores
# are areas under the ROC curve.

towers = {
    "own": ImageTowerClassifier(random_state=0),
    "MONAI": ImageTowerClassifier(encoder=small_densenet, random_state=0),
}
images = ~train.has("gene")
scores = {}
for name, tower in towers.items():
    gene = GeneAutoencoderTransformer(random_state=0)
    model = TwinTowerClassifier([("image", tower), ("gene", gene)], random_state=0)
    tower.fit(train[images].block("image"), y_train[images])
    model.fit(train, y_train)
    scores[name] = {
        "image tower": roc_auc_score(
            y_test, tower.predict_proba(test.block("image"))[:, 1]
        ),
        "twin tower": roc_auc_score(y_test, model.predict_proba(test)[:, 1]),
    }
print(pd.DataFrame(scores).round(2).to_string())

# %%
# Did it train?
# -------------
#
# Training loss of the twin tower with the DenseNet: a thin line for each of the five
# members that a tower becomes. For the image tower, 0.69 is a coin toss; the loss of
# the gene tower is another one, reconstruction and label together. If a curve still
# falls steeply at its end, set a higher ``n_steps``; if it stays flat, another learning
# rate. A loss near 0 with a modest score on new patients, as here, is overfitting:
# fewer steps may be as good. The twin tower uses the average of five such networks,
# calibrated by their out-of-fold predictions.

display = TrainingHistoryDisplay.from_estimator(model)

# %%
# On your own data
# ----------------
#
# Put the function into a module of yours, so that a saved model finds it again. Who
# loads the model names it, as in
# ``load_model(path, trusted=["my_package.encoders.small_densenet"])``. Weights that
# were trained elsewhere can be loaded inside of the function. Start with
# ``max_size=None`` if your network should see every pixel.
#
# **Caveat.** With a hundred images, differences between architectures are noise, and a
# network that is famous for other images need not be good for yours: compare it on your
# folds with the default encoder before you keep it.
