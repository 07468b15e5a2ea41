"""What is set before each script of the gallery."""

import multiprocessing
import warnings


def prepare(gallery_conf, file, when):
    """Called by sphinx-gallery: a script that warns is not finished.

    Scripts run in processes of joblib. Those that a script starts itself, as Dask does,
    would inherit a way of starting that they do not know.
    """
    warnings.resetwarnings()
    if when == "before":
        warnings.simplefilter("error")
        multiprocessing.set_start_method("spawn", force=True)
