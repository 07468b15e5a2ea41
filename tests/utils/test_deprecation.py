"""Parameters that were renamed."""

import pytest
from sklearn.base import BaseEstimator, clone

from skmultimodal.utils._deprecation import DEPRECATED, read_renamed


class Tower(BaseEstimator):
    def __init__(self, max_epochs=3, epochs=DEPRECATED):
        self.max_epochs = max_epochs
        self.epochs = epochs

    def fit(self):
        self.n_epochs_ = read_renamed(self, "epochs", "max_epochs", ends="0.3")
        return self


def test_the_new_name():
    assert Tower().fit().n_epochs_ == 3
    assert clone(Tower(max_epochs=5)).fit().n_epochs_ == 5


def test_the_former_name_warns_where_it_is_called():
    sentence = (
        "Tower: 'epochs' is called 'max_epochs' now, and ends with version 0.3: set "
        "max_epochs=7."
    )
    with pytest.warns(FutureWarning, match=f"^{sentence}$"):
        tower = clone(Tower(epochs=7)).fit()
    assert tower.n_epochs_ == 7
