"""How much is tried: 200 cohorts and 20 mutations here, more by ``make fuzz``."""

import os
from collections import Counter

from hypothesis import HealthCheck, settings

N_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
N_MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "20"))

settings.register_profile(
    "fuzz",
    deadline=None,
    database=None,
    max_examples=N_EXAMPLES,
    # The same examples in CI, new ones each night.
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FUZZ = settings.get_profile("fuzz")
COUNTS = Counter()
