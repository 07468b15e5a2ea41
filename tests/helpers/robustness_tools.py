"""How much is tried: 100 cohorts and 20 mutations here, more by ``make fuzz``."""

import os
import traceback
import warnings
from collections import Counter

from hypothesis import HealthCheck, settings

# The same examples in CI, new ones each night.
DERANDOMIZED = "FUZZ_EXAMPLES" not in os.environ
N_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
N_MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "20"))

settings.register_profile(
    "fuzz",
    deadline=None,
    database=None,
    max_examples=N_EXAMPLES,
    derandomize=DERANDOMIZED,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FUZZ = settings.get_profile("fuzz")
COUNTS = Counter()


def is_clear(error):
    """Raised by checks of ours or of scikit-learn, with a sentence."""
    where = traceback.extract_tb(error.__traceback__)[-1].filename
    ours = "skmultimodal" in where or "sklearn" in where
    told = str(error)
    # "np.int64(3)" is no name of a patient.
    plain = len(told) > 15 and "np." not in told
    return isinstance(error, ValueError | TypeError) and ours and plain


def recorded(function, *args, **kwargs):
    """The result of a call and the warnings, or a clear error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            # A comparison names the model and fold that failed.
            named = isinstance(error, RuntimeError) and error.__cause__
            if not is_clear(named or error):
                raise
            return None, str(error)
    return result, [str(warning.message) for warning in caught]


def names_one_of(marks, texts):
    return any(mark in text for mark in marks for text in texts)
