"""Parts of fitted models."""

__all__ = ["ModelPart"]


class ModelPart:
    """A part of a fitted model that is no estimator; a saved model may hold it."""
