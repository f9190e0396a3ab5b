"""The tests mirror the package, module by module; ``tests.acceptance`` starts real processes.

Examples are the same in every run, so that a run tells something about the change it is for. Others
are looked for with ``HYPOTHESIS_PROFILE=explore``.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "same",
    derandomize=True,
    # no test fails because the machine was busy with something else for a moment
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", parent=settings.get_profile("same"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
