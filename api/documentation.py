"""The page that documents the JSON interface, made from its OpenAPI description: `/api/docs`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from api.pages.assets import asset_address

router = APIRouter(include_in_schema=False)

TAGS: Final = [
    {"name": "cycles", "description": "Performance cycles: launch, preview, orders, and what happens in them"},
    {"name": "tasks", "description": "Who holds what, and what people do about it"},
    {"name": "scores", "description": "Results, with their calculation line by line"},
    {"name": "people", "description": "Deputies; joiners, leavers and transfers while a cycle runs"},
    {"name": "sources", "description": "Where figures come from: connected, fetched, how old they are"},
    {"name": "commands", "description": "What became of a command that was only received"},
    {"name": "health", "description": "Whether this server can do its work"},
]


@dataclass(frozen=True)
class Parameter:
    name: str
    place: str
    meaning: str


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    examples: tuple[str, ...]
    """Bodies, as JSON."""


@dataclass(frozen=True)
class Section:
    name: str
    description: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class DocumentationPage:
    title: str
    description: str
    address: str
    sections: tuple[Section, ...]


def describe(app: FastAPI) -> None:
    """Let the app describe itself with its tags, and with bearer tokens as the way in."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=[dict(tag) for tag in TAGS],
            )
            components = document.setdefault("components", {})
            components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
            document["security"] = [{"bearer": []}]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # The way FastAPI offers.


@router.get("/docs")
async def show_documentation(request: Request) -> Response:
    app: FastAPI = request.app
    document = app.openapi()
    page = DocumentationPage(
        title=app.title,
        description=app.description,
        address=str(request.base_url).rstrip("/"),
        sections=tuple(_sections(document)),
    )
    return HTMLResponse(_template().get_template("documentation.html").render(page=page))


@cache
def _template() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
    )
    made.globals["asset"] = asset_address
    return made


def _sections(document: Mapping[str, Any]) -> Iterator[Section]:
    for tag in document["tags"]:
        operations = tuple(
            _operation(method, path, operation, document)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if tag["name"] in operation.get("tags", [])
        )
        yield Section(tag["name"], tag["description"], operations)


def _operation(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> Operation:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = _resolved(body.get("schema", {}), document).get("examples", [])
    return Operation(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        parameters=tuple(
            Parameter(one["name"], one["in"], one.get("description", ""))
            for one in operation.get("parameters", [])
        ),
        examples=tuple(json.dumps(example, ensure_ascii=False, indent=2) for example in examples),
    )


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference into the document's components."""
    reference = schema.get("$ref", "")
    if not reference:
        return schema
    resolved: Mapping[str, Any] = document["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    return resolved
