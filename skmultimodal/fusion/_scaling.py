"""Outputs of the towers, scaled and side by side."""

import numpy as np
from sklearn.preprocessing import StandardScaler

__all__ = ["FEATURES", "LOG_ODDS", "OutputScaler"]

FEATURES, LOG_ODDS = "features", "log_odds"


class OutputScaler:
    """Scalers of each tower, and its columns in the joint matrix.

    Features are standardised. Log-odds are centred only: their scale says how sure
    the tower is.

    Parameters
    ----------
    outputs : dict of str to dict of str to ndarray of shape (n_train, n_outputs)
        For each tower, its ``"features"``, its ``"log_odds"`` or both, for the rows
        that the final estimator learns from.

    Attributes
    ----------
    scalers : dict of str to StandardScaler
        Of the features of each tower, or of its log-odds if it gives no features.
    spans : dict of str to slice
        Columns of each tower.
    odds_spans : dict of str to slice
        Columns among them that are log-odds.
    n_outputs : int
        Number of columns.
    """

    def __init__(self, outputs):
        self._scalers, self._columns = {}, {}
        self.scalers, self.spans, self.odds_spans = {}, {}, {}
        stop = 0
        for name, parts in outputs.items():
            start = stop
            for part, output in parts.items():
                scaler = StandardScaler(with_std=part == FEATURES).fit(output)
                self._scalers.setdefault(name, {})[part] = scaler
                self.scalers.setdefault(name, scaler)
                columns = slice(stop, stop + output.shape[1])
                self._columns.setdefault(name, {})[part] = columns
                stop += output.shape[1]
            self.spans[name] = slice(start, stop)
            if LOG_ODDS in parts:
                self.odds_spans[name] = self._columns[name][LOG_ODDS]
        self.n_outputs = stop

    def join(self, parts, n_rows, fill=np.nan):
        """Put outputs side by side.

        Parameters
        ----------
        parts : iterable of (name, rows, outputs)
            `rows` are the rows, a mask or slice, that `outputs`, a dict as in the
            constructor, are of.
        n_rows : int
        fill : float
            Stands where a row has no output of a tower.

        Returns
        -------
        Z : ndarray of float32, shape (n_rows, n_outputs)
        """
        Z = np.full((n_rows, self.n_outputs), fill, dtype=np.float32)
        for name, rows, outputs in parts:
            for part, output in outputs.items():
                scaled = self._scalers[name][part].transform(output)
                Z[rows, self._columns[name][part]] = scaled
        return Z

    @property
    def shown(self):
        """Columns that stand for the towers: the first part of each."""
        first = {}
        for name, parts in self._columns.items():
            span = next(iter(parts.values()))
            first[name] = np.arange(span.start, span.stop)
        return first

    def names(self):
        """Name of each shown column: the tower's and a number."""
        names = [
            f"{name}{i}" for name, own in self.shown.items() for i in range(len(own))
        ]
        return np.array(names, dtype=object)
