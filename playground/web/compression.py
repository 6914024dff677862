"""Gzip for text that is worth it, and long caching for files whose name is their hash."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request

_TEXT = ("text/", "application/json", "application/javascript", "image/svg+xml")
_WORTH = 1_000
_FOR_EVER = "public, max-age=31536000, immutable"


def compress(app: Flask) -> None:
    """Compress what the browser takes compressed. Files of the build are compressed once and kept."""
    folder = Path(app.static_folder or "")

    @app.after_request
    def gzipped(response: Response) -> Response:
        static = request.endpoint == "static" and response.status_code == 200
        name = str((request.view_args or {}).get("filename", ""))
        if static and name.startswith("assets/"):
            response.headers["Cache-Control"] = _FOR_EVER
        if not (response.mimetype or "").startswith(_TEXT):
            return response
        response.vary.add("Accept-Encoding")
        if (
            response.status_code != 200
            or not request.accept_encodings.quality("gzip")
            or request.range is not None
        ):
            return response
        if static:
            path = folder / name
            response.direct_passthrough = False
            response.close()  # the file that was opened to be sent as it is
            response.set_data(_compressed_file(path, path.stat().st_mtime_ns))
        elif (body := response.get_data()) and len(body) >= _WORTH:
            response.set_data(gzip.compress(body, compresslevel=1, mtime=0))
        else:
            return response
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("ETag", None)
        return response


@lru_cache(maxsize=256)
def _compressed_file(path: Path, _changed_ns: int) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)
