"""M3Care of iMML on flat tables, which its Lightning trainer fits."""

import warnings

import numpy as np
import pandas as pd
import torch
from imml.classify import M3Care
from imml.load import M3CareDataset
from lightning import Trainer, seed_everything
from torch.utils.data import DataLoader

EPOCHS, BATCH = 20, 64
warnings.simplefilter("ignore")


def loader(blocks, scales, y, shuffle):
    """Batches of standardised tables, since its embeddings are linear ones."""
    tables = [pd.DataFrame((blocks[n] - m) / s) for n, (m, s) in scales.items()]
    data = M3CareDataset(tables, pd.Series(y, dtype=np.float32))
    return DataLoader(data, BATCH, shuffle=shuffle)


def m3care(train, y, seed):
    seed_everything(seed)
    scales = {n: (np.nanmean(b, 0), np.nanstd(b, 0) + 1e-6) for n, b in train.items()}
    widths = [len(mean) for mean, _ in scales.values()]
    # A list, though no modality is text: without one it asks on the terminal.
    model = M3Care(widths, modalities=["tabular"] * len(widths), vocab=[None, 1, 1])
    trainer = Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    trainer.fit(model, loader(train, scales, y, shuffle=True))

    def predict(test):
        rows = loader(test, scales, np.zeros(len(next(iter(test.values())))), False)
        return torch.cat(trainer.predict(model, rows)).numpy().ravel()

    return predict
