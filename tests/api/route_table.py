"""Every route that the application answers, however it was added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

OF_THE_FRAMEWORK = frozenset({("GET", "/api/openapi.json")})
"""What FastAPI adds itself: the description of the interface."""


def route_table(app: FastAPI) -> set[tuple[str, str]]:
    """Return method and path pattern of every route; HEAD only where nothing else is answered."""
    return {
        (method, path) for path, methods in _below(app.routes, "") for method in (methods - {"HEAD"} or methods)
    } - OF_THE_FRAMEWORK


def _below(routes: Iterable[Any], prefix: str) -> Iterator[tuple[str, set[str]]]:
    for route in routes:
        if hasattr(route, "original_router"):
            yield from _below(route.original_router.routes, prefix + route.include_context.prefix)
        elif hasattr(route, "routes") and not hasattr(route, "methods"):
            yield from _below(route.routes or (), prefix + route.path)
        else:
            yield prefix + route.path, set(route.methods or {"*"})
