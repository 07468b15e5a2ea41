"""Images and statistics that the members of an ensemble share."""

import numpy as np
import pytest
import torch
from cohort_tools import RecordingBlock
from sklearn.base import clone
from tower_tools import image_tower, make_images

from skmultimodal import CrossFittedEnsembleClassifier
from skmultimodal.nn import ImageStatistics
from skmultimodal.towers._prepared import PreparedRows

pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")


def make_case(n_rows):
    y = np.arange(n_rows) % 2
    return make_images(y), y


@pytest.fixture
def measured(monkeypatch):
    """Numbers of images whose statistics were computed, call by call."""
    counts = []
    forward = ImageStatistics.forward

    def counted(self, x):
        counts.append(len(x))
        return forward(self, x)

    monkeypatch.setattr(ImageStatistics, "forward", counted)
    return counts


@pytest.mark.parametrize("lazy", [False, True])
def test_each_image_is_measured_once_for_all_members(measured, lazy):
    X, y = make_case(70)
    ensemble = CrossFittedEnsembleClassifier(image_tower(), cv=3, random_state=0)
    ensemble.fit(RecordingBlock(X) if lazy else X, y)
    # A network also measures one image, to count the statistics.
    assert sum(n for n in measured if n > 1) == 70
    measured.clear()
    ensemble.predict_proba(X)
    assert sum(measured) == 70


def test_shared_statistics_are_those_of_the_images():
    X, y = make_case(70)
    ensemble = CrossFittedEnsembleClassifier(
        image_tower(), cv=3, calibrate=False, random_state=0
    ).fit(X, y)
    p = np.stack([member.predict_proba(X) for member in ensemble.estimators_])
    assert np.ptp(p[..., 0]) > 0.2
    log_odds = np.diff(np.log(p), axis=2).mean(axis=0)[:, 0]
    np.testing.assert_allclose(
        ensemble.predict_proba(X)[:, 1], 1 / (1 + np.exp(-log_odds)), atol=1e-6
    )


def test_rows_of_another_preparation_are_prepared_again():
    X, y = make_case(40)
    tower = image_tower(intensity="minmax").fit(X, y)
    expected = tower.predict_proba(X)
    other = clone(tower).set_params(intensity="none")._prepare_rows(X)
    assert isinstance(other, PreparedRows)
    np.testing.assert_array_equal(tower.predict_proba(other), expected)


def test_statistics_of_rows_in_another_order():
    X, y = make_case(40)
    tower = image_tower().fit(X, y)
    rows = tower._prepare_rows(X).view(np.arange(40)[::-1])
    found = rows.read_statistics(torch.tensor([3, 0]), torch.device("cpu"))
    expected = rows.read_statistics(torch.arange(40), torch.device("cpu"))[[3, 0]]
    torch.testing.assert_close(found, expected)
    np.testing.assert_allclose(
        tower.predict_proba(rows), tower.predict_proba(X)[::-1], atol=1e-6
    )
