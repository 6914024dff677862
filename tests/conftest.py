"""What every suite shares: how Hypothesis behaves."""

from __future__ import annotations

import os

from hypothesis import settings

# The same examples every time, so that a change and nothing else makes a test fail; and no deadline, because a
# machine that does other work too is slow now and then. HYPOTHESIS_PROFILE=explore looks further.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=2_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
