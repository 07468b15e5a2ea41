"""Blocks as one table."""

import numpy as np


def side_by_side(blocks):
    """Table of shape (patients, features of all modalities), NaN where absent."""
    return np.hstack(list(blocks.values()))
