"""Outputs of the towers, standardised and side by side."""

import numpy as np
from sklearn.preprocessing import StandardScaler

__all__ = ["OutputScaler"]


class OutputScaler:
    """One StandardScaler per tower, and the columns of each in the joint matrix.

    Parameters
    ----------
    outputs : dict of str to ndarray of shape (n_train, n_outputs)
        Outputs of each tower for the rows that the final estimator learns from.
    """

    def __init__(self, outputs):
        self.scalers = {n: StandardScaler().fit(out) for n, out in outputs.items()}
        self.spans = {}
        start = 0
        for name, out in outputs.items():
            self.spans[name] = slice(start, start + out.shape[1])
            start += out.shape[1]
        self.n_outputs = start

    def join(self, parts, n_rows, fill=np.nan):
        """Put outputs side by side.

        Parameters
        ----------
        parts : iterable of (name, rows, output)
            `rows` are the rows, a mask or slice, that `output` is of.
        n_rows : int
        fill : float
            Stands where a row has no output of a tower.

        Returns
        -------
        Z : ndarray of float32, shape (n_rows, n_outputs)
        """
        Z = np.full((n_rows, self.n_outputs), fill, dtype=np.float32)
        for name, rows, output in parts:
            Z[rows, self.spans[name]] = self.scalers[name].transform(output)
        return Z

    def names(self):
        """Name of each column: the tower's and a number."""
        names = [
            f"{name}{i}"
            for name, span in self.spans.items()
            for i in range(span.stop - span.start)
        ]
        return np.array(names, dtype=object)
