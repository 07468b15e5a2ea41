"""A script of the gallery that warns is not finished: a warning is an error."""

import warnings


def make_errors(gallery_conf, file, when):
    """Called by sphinx-gallery before and after each script."""
    warnings.resetwarnings()
    if when == "before":
        warnings.simplefilter("error")
