"""What was measured on; nothing that names the machine itself."""

from __future__ import annotations

import platform
import re
from pathlib import Path


def processor() -> str:
    """Its model."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    models = re.findall(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return models[0] if models else platform.machine()
