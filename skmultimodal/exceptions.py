"""Warnings of skmultimodal, and an error that callers may want to catch.

Other errors are plain ``ValueError``, ``TypeError`` and ``FileNotFoundError``, as
everywhere in scikit-learn: they name the row, file, modality or parameter at fault.
"""

__all__ = [
    "AlignmentWarning",
    "FewPatientsWarning",
    "MissingModalityWarning",
    "NoSignalWarning",
    "NotExplainableError",
    "ReadWarning",
]


class AlignmentWarning(UserWarning):
    """Features were left out or filled, or images resized, to be as those of ``fit``.

    ``model.alignment(X)`` has the counts.

    Examples
    --------
    >>> import warnings
    >>> from skmultimodal.exceptions import AlignmentWarning
    >>> warnings.simplefilter("error", AlignmentWarning)  # refuse such data
    """


class FewPatientsWarning(UserWarning):
    """Scores rest on so few patients that they, or their intervals, mean little.

    Examples
    --------
    >>> import warnings
    >>> from skmultimodal.exceptions import FewPatientsWarning
    >>> warnings.simplefilter("ignore", FewPatientsWarning)  # of a first try
    """


class MissingModalityWarning(UserWarning):
    """A tower has no row of its modality, or a modality no tower: it is left out.

    Examples
    --------
    >>> import warnings
    >>> from skmultimodal.exceptions import MissingModalityWarning
    >>> warnings.simplefilter("error", MissingModalityWarning)  # refuse such data
    """


class NoSignalWarning(UserWarning):
    """A tower's predictions for held-out rows do not follow their labels.

    It predicts the class frequencies, and adds nothing to what other towers show.

    Examples
    --------
    >>> import warnings
    >>> from skmultimodal.exceptions import NoSignalWarning
    >>> warnings.simplefilter("ignore", NoSignalWarning)  # of permuted labels
    """


class NotExplainableError(ValueError, TypeError):
    """The model allows no such explanation, whatever the rows are.

    Raised by `skmultimodal.inspection`, such as for gradients of a forest.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmultimodal.exceptions import NotExplainableError
    >>> from skmultimodal.inspection import gene_attributions
    >>> X = np.random.default_rng(0).normal(size=(30, 4))
    >>> forest = RandomForestClassifier(5, random_state=0).fit(X, X[:, 0] > 0)
    >>> try:
    ...     gene_attributions(forest, X)
    ... except NotExplainableError as error:
    ...     print(str(error)[:55])
    RandomForestClassifier has no gradients that can be fol
    """


class ReadWarning(UserWarning):
    """A reader worked around something that a file lacks, and recorded it.

    Examples
    --------
    >>> import warnings
    >>> from skmultimodal.exceptions import ReadWarning
    >>> warnings.simplefilter("error", ReadWarning)  # refuse such files
    """
