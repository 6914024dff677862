"""Opens the playground in the person's browser once the server answers; `make run` starts it beside the server."""

from __future__ import annotations

import sys
import time
import urllib.request
import webbrowser

PATIENCE_SECONDS = 30


def main(url: str) -> int:
    """Waits for the server at `url`, then opens it; returns 1 if it does not answer in time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=1):
                break
        except OSError:
            time.sleep(0.1)
    else:
        return 1
    webbrowser.open(url)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
