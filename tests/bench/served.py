"""Settings of the web process that is measured: the portal's, with one bare view beside its addresses, and nobody's
rate limited, as one client asks for all."""

from portal.settings import *  # noqa: F403
from portal.settings import number

ROOT_URLCONF = "tests.bench.urls"
API_RATE_PER_CALLER = API_RATE_PER_PARTY = number("BENCH_RATE", 1_000_000_000)
