"""Two towers in torch by hand, with nothing but an evening: sixty lines."""

import numpy as np
import torch
from torch import nn

EPOCHS, BATCH, WIDTH, DROPPED = 60, 64, 64, 0.3


def encoder(shape):
    """Rows to WIDTH numbers: a perceptron of a table, a small CNN of images."""
    if len(shape) == 1:
        layers = [nn.Linear(shape[0], WIDTH), nn.ReLU(), nn.Dropout(0.5)]
        return nn.Sequential(*layers, nn.Linear(WIDTH, WIDTH))
    layers, channels = [], shape[0]
    for width in (16, 32, 64):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width)]
        layers += [nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)]
        channels = width
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, WIDTH)]
    return nn.Sequential(*layers, *pooled)


class Towers(nn.Module):
    """Mean of the embeddings of the modalities that a patient has, and a head."""

    def __init__(self, shapes):
        super().__init__()
        self.encoders = nn.ModuleList(encoder(shape) for shape in shapes)
        self.head = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU())
        self.out = nn.Linear(WIDTH, 1)

    def forward(self, blocks, known):
        parts = [e(b) for e, b in zip(self.encoders, blocks, strict=True)]
        stacked = torch.stack(parts, dim=1) * known[..., None]
        mean = stacked.sum(dim=1) / known.sum(dim=1, keepdim=True).clamp(min=1)
        return self.out(self.head(mean))[:, 0]


def tensors(blocks, scales):
    """Standardised blocks with 0 where absent, and which are there."""
    known = [~np.isnan(b.reshape(len(b), -1)).all(axis=1) for b in blocks.values()]
    parts = [(blocks[n] - mean) / sd for n, (mean, sd) in scales.items()]
    parts = [torch.as_tensor(np.nan_to_num(p), dtype=torch.float32) for p in parts]
    return parts, torch.as_tensor(np.stack(known, axis=1), dtype=torch.float32)


def towers(train, y, seed):
    torch.manual_seed(seed)
    over = {n: (0,) if b.ndim == 2 else (0, 2, 3) for n, b in train.items()}
    scales = {
        n: (np.nanmean(b, over[n], keepdims=True), np.nanstd(b, over[n], keepdims=True))
        for n, b in train.items()
    }
    scales = {n: (mean, sd + 1e-6) for n, (mean, sd) in scales.items()}
    blocks, known = tensors(train, scales)
    target = torch.as_tensor(y, dtype=torch.float32)
    model = Towers([b.shape[1:] for b in blocks])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(target)).split(BATCH):
            # Modality dropout, of those who have several.
            kept = known[rows] * (torch.rand(len(rows), len(blocks)) > DROPPED)
            kept = torch.where(kept.any(dim=1, keepdim=True), kept, known[rows])
            odds = model([b[rows] for b in blocks], kept)
            loss = nn.functional.binary_cross_entropy_with_logits(odds, target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()

    def predict(test):
        with torch.no_grad():
            return model(*tensors(test, scales)).sigmoid().numpy()

    return predict
