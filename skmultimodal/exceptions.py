"""Warnings of skmultimodal.

Errors are plain ``ValueError``, ``TypeError`` and ``FileNotFoundError``, as everywhere
in scikit-learn: they say which row, file, modality or parameter is at fault.
"""

__all__ = ["MissingModalityWarning", "ReadWarning"]


class MissingModalityWarning(UserWarning):
    """A tower was left out because the data have no row of its modality.

    Examples
    --------
    >>> import warnings
    >>> from skmultimodal.exceptions import MissingModalityWarning
    >>> warnings.simplefilter("error", MissingModalityWarning)  # refuse such data
    """


class ReadWarning(UserWarning):
    """A reader made up for something that a file lacks, and recorded it.

    Examples
    --------
    >>> import warnings
    >>> from skmultimodal.exceptions import ReadWarning
    >>> warnings.simplefilter("error", ReadWarning)  # refuse such files
    """
