"""Views of scikit-learn's estimators, those of its towers and heads beside them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn.functional import log_softmax

from skmultimodal.utils._torch_views import (
    Batch,
    NoGradientError,
    TorchView,
    as_pair,
    scale,
    tensor_like,
    torch_view,
)

__all__ = []


@torch_view.register
def _(estimator: FrozenEstimator) -> Any:
    return torch_view(estimator.estimator)


@torch_view.register(StandardScaler)
class ScalerView(TorchView):
    """View of a StandardScaler."""

    def features(self, batch: Any) -> torch.Tensor:
        return scale(self.estimator, batch.x)

    def typical_row(self) -> NDArray | None:
        return self.estimator.mean_


@torch_view.register(SimpleImputer)
class ImputerView(TorchView):
    """View of a SimpleImputer for rows without blanks, which it leaves as they are."""

    def features(self, batch: Any) -> torch.Tensor:
        imputer, x = self.estimator, batch.x
        missing = imputer.missing_values
        of_nan = isinstance(missing, float) and np.isnan(missing)
        dropped = np.isnan(imputer.statistics_).any()
        if not of_nan or dropped or x.isnan().any():
            raise NoGradientError(imputer)
        if imputer.indicator_ is None:
            return x
        marks = x.new_zeros(len(x), len(imputer.indicator_.features_))
        return torch.cat([x, marks], dim=1)

    def typical_row(self) -> NDArray | None:
        return self.estimator.statistics_


@torch_view.register(PCA)
class PCAView(TorchView):
    """View of principal components."""

    def features(self, batch: Any) -> torch.Tensor:
        pca = self.estimator
        x = batch.x - tensor_like(pca.mean_, batch.x)
        z = x @ tensor_like(pca.components_, x).T
        if pca.whiten:
            z = z / tensor_like(np.sqrt(pca.explained_variance_), z)
        return z

    def typical_row(self) -> NDArray | None:
        return self.estimator.mean_


@torch_view.register(LogisticRegression)
class LogisticView(TorchView):
    """View of a logistic regression."""

    def log_probabilities(self, batch: Any) -> torch.Tensor:
        x = batch.x
        coef = tensor_like(self.estimator.coef_, x)
        logits = x @ coef.T + tensor_like(self.estimator.intercept_, x)
        if len(self.estimator.classes_) == 2:
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        return log_softmax(logits, dim=1)


@torch_view.register(Ridge)
class RidgeView(TorchView):
    """View of a ridge regression."""

    def log_probabilities(self, batch: Any) -> torch.Tensor:
        return as_pair(self.outputs(batch))

    def outputs(self, batch: Any) -> torch.Tensor:
        coef = tensor_like(np.ravel(self.estimator.coef_), batch.x)
        intercept = tensor_like(self.estimator.intercept_, batch.x)
        return (batch.x @ coef + intercept)[:, None]


@torch_view.register(Pipeline)
class PipelineView(TorchView):
    """View of a pipeline whose steps have views."""

    def features(self, batch: Any) -> torch.Tensor:
        return self._through(self.estimator.steps, batch).x

    def log_probabilities(self, batch: Any) -> torch.Tensor:
        before = self._through(self.estimator.steps[:-1], batch)
        return torch_view(self.estimator[-1]).log_probabilities(before)

    def outputs(self, batch: Any) -> torch.Tensor:
        before = self._through(self.estimator.steps[:-1], batch)
        return torch_view(self.estimator[-1]).outputs(before)

    def typical_row(self) -> NDArray | None:
        return torch_view(self.estimator[0]).typical_row()

    @staticmethod
    def _through(steps: Any, batch: Any) -> Any:
        for _, step in steps:
            if step not in (None, "passthrough"):
                batch = Batch(torch_view(step).features(batch))
        return batch
