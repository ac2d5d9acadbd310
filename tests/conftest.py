"""Makes `tests.support` importable, whichever way pytest is started, and says how deeply Hypothesis looks.

`--hypothesis-profile` chooses the profile. In each of them the examples follow from the test alone, so that a run can
be repeated, and no test fails because a machine is busy.
"""

import gc
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

_ROOT = str(Path(__file__).resolve().parent.parent)
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

_STEADY = settings(
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("fast", _STEADY, max_examples=25, stateful_step_count=20)
settings.register_profile("default", _STEADY, max_examples=60, stateful_step_count=30)
settings.register_profile("deep", _STEADY, max_examples=200, stateful_step_count=50)
settings.load_profile("fast")


def pytest_collection_finish() -> None:
    """Takes what is loaded by now out of the collector's sight.

    Every session of pytest collects garbage five times at its end. Hundreds of them run inside of tests, and walking
    through all modules of this process again and again would take a third of the suite's time.
    """
    gc.collect()
    gc.freeze()
