"""Columns of several modalities, as a pool reads them."""

import numpy as np

# Of each modality: number of features, and whether it has log-odds.
WIDTHS = {"image": (4, True), "gene": (0, True), "stain": (5, False)}


def make_columns(n_classes=2, widths=None, n_rows=53, seed=0):
    """Columns, labels, and spans of the modalities and of their log-odds."""
    rng = np.random.default_rng(seed)
    y = np.r_[np.arange(n_classes), rng.integers(0, n_classes, n_rows - n_classes)]
    truth = np.eye(n_classes)[y] - 1 / n_classes
    parts, spans, odds, stop = [], {}, {}, 0
    for name, (n_features, has_odds) in (widths or WIDTHS).items():
        start = stop
        if n_features:
            features = rng.normal(size=(n_rows, n_features))
            features[:, 0] += y
            parts.append(features)
            stop += n_features
        if has_odds:
            ratios = 1.5 * truth + rng.normal(size=truth.shape)
            ratios -= ratios.mean(axis=1, keepdims=True)
            own = ratios[:, 1:] - ratios[:, :1] if n_classes == 2 else ratios
            parts.append(own)
            odds[name] = slice(stop, stop + own.shape[1])
            stop += own.shape[1]
        spans[name] = slice(start, stop)
    return np.hstack(parts), y, {"modalities": spans, "log_odds": odds}


def without(Z, spans, rows, name):
    """A copy in which some rows lack a modality."""
    Z = Z.copy()
    Z[rows, spans["modalities"][name]] = np.nan
    return Z
