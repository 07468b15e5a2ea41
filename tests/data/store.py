"""Save the model that later versions must load. Not to be run again for 0.1."""

from pathlib import Path

import numpy as np
from fusion_tools import make_pictures

from skmultimodal import (
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.persistence import save_model

X, y = make_pictures({"image": 21, "gene": 25, "image+gene": 30})
towers = [
    ("image", ImageTowerClassifier((4, 4, 4), (6, 5), max_epochs=9)),
    ("gene", GeneAutoencoderTransformer((6, 4), (6,), max_epochs=9)),
]
model = TwinTowerClassifier(towers, tower_cv=2, random_state=0).fit(X, y)
path = Path(__file__).with_name("twin_tower-0.1.skops")
save_model(model, path)
np.save(path.with_suffix(".npy"), model.predict_proba(X))
