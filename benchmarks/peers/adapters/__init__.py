"""One function per peer, as short as its documentation allows.

``fit(train, y, seed)`` gets training blocks, a dict of modality to float array with
NaN rows where a patient lacks it, and labels 0 and 1. It returns a function of tested
blocks that gives the probability of class 1. For survival `y` is a structured array
with the fields ``event`` and ``time``, and the returned function, of blocks and times,
gives risks and survival probabilities of shape (patients, times).

A module imports its peer at its top, so that imports are not timed, and is run by the
Python of its peer's environment, which may lack everything else.
"""
