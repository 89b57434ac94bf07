"""Settings of the whole test run."""

from hypothesis import HealthCheck, settings

# The same examples on every machine, and no failure because a machine is slow.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")
