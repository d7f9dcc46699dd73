"""Style sheets, scripts and images: served from here alone, packed where the browser takes it."""

from __future__ import annotations

import gzip
from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

FOLDER = Path(__file__).parent.parent / "static"
FOREVER = "public, max-age=31536000, immutable"
"""An asset's address carries a trace of its content, so a browser need never ask again."""

PACKED = (".css", ".js", ".svg")

router = APIRouter(include_in_schema=False)


@cache
def asset_address(name: str) -> str:
    """Return the address of an asset; it changes with the content."""
    trace = sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={trace}"


@cache
def _assets() -> dict[str, Path]:
    return {file.relative_to(FOLDER).as_posix(): file for file in FOLDER.rglob("*") if file.is_file()}


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(_assets()[name].read_bytes(), mtime=0)


@router.get("/static/{name:path}", name="asset")
async def send_asset(request: Request, name: str) -> Response:
    """Send one asset. Only names that were there at the start are known, so none leads elsewhere."""
    file = _assets().get(name)
    if file is None:
        return Response(status_code=404)
    headers = {"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff"}
    content_type = guess_type(file.name)[0] or "application/octet-stream"
    if file.suffix in PACKED:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(_packed(name), media_type=content_type, headers=headers)
    return Response(file.read_bytes(), media_type=content_type, headers=headers)
