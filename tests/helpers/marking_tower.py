"""A tower that leaves a mark in a folder for each fit, and takes its time."""

import os
import time
import uuid
from pathlib import Path

from sklearn.linear_model import LogisticRegression


class MarkingTower(LogisticRegression):
    """A logistic regression by which a test finds out that a search is under way."""

    def __init__(self, folder=None, C=1.0):
        super().__init__(C=C)
        self.folder = folder

    def fit(self, X, y):
        if self.folder is not None:
            mark = Path(self.folder) / f"{os.getpid()}-{uuid.uuid4().hex}"
            mark.touch()
            time.sleep(0.01)
        return super().fit(X, y)
