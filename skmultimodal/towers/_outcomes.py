"""What is predicted: how a target is read, learnt from and predicted.

Towers, ensembles, pools and the meta-estimator leave to an outcome what they do with
`y`. There are three: class labels, numbers, and times to an event. `codes` number the
strata of a target, in which rows are dealt into folds, and are -1 for a row without a
label; of class labels they are the classes.
"""

from skmultimodal.towers._class_labels import ClassLabels
from skmultimodal.towers._numbers import Numbers, TimeToEvent

__all__ = ["ClassLabels", "Numbers", "TimeToEvent"]
