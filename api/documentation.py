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
from markupsafe import Markup, escape
from pydantic.json_schema import models_json_schema
from starlette.responses import HTMLResponse, Response

from api.examples import EXAMPLES
from api.pages.assets import asset_address
from api.task_shapes import FiguresGiven

router = APIRouter(include_in_schema=False)

REFERENCE: Final = "#/components/schemas/{model}"

TAGS: Final = [
    {"name": "cycles", "description": "Performance cycles: launch, preview, orders, and what happens in them"},
    {"name": "tasks", "description": "Who holds what, and what people do about it"},
    {"name": "scores", "description": "Results, with their calculation line by line"},
    {"name": "people", "description": "Deputies; joiners, leavers and transfers while a cycle runs"},
    {"name": "figures", "description": "What is behind figures: what is missing, why a target was missed"},
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
class Answer:
    status: str
    meaning: str
    example: str
    """As JSON."""


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    bodies: tuple[str, ...]
    """Examples, as JSON."""
    answers: tuple[Answer, ...]


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
            schemas = components.setdefault("schemas", {})
            schemas.update(models_json_schema([(FiguresGiven, "validation")], ref_template=REFERENCE)[1]["$defs"])
            _show_examples(schemas)
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
    made.filters["coded"] = coded
    return made


def coded(text: str) -> Markup:
    """Show what stands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def _sections(document: Mapping[str, Any]) -> Iterator[Section]:
    for tag in document["tags"]:
        operations = tuple(
            _operation(method, path, operation, document)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if tag["name"] in operation.get("tags", [])
        )
        yield Section(tag["name"], tag["description"], operations)


def _show_examples(schemas: dict[str, Any]) -> None:
    """Give every schema its examples; a page of a list is shown with the example of its items."""
    for model, examples in EXAMPLES.items():
        if model.__name__ in schemas:
            schemas[model.__name__]["examples"] = [dict(example) for example in examples]
    for name, schema in schemas.items():
        if name.startswith("Page_"):
            item = schemas[_named(schema["properties"]["items"]["items"])]
            schema["examples"] = [{"items": item["examples"][:1], "next": ""}]


def _operation(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> Operation:
    return Operation(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        parameters=tuple(
            Parameter(one["name"], one["in"], one.get("description", ""))
            for one in operation.get("parameters", [])
        ),
        bodies=tuple(_examples(operation.get("requestBody", {}), document)),
        answers=tuple(
            Answer(status, answer["description"], example)
            for status, answer in sorted(operation["responses"].items())
            if status.startswith("2")
            for example in _answers(status, answer, document)
        ),
    )


def _answers(status: str, answer: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """Return the example of an answer. Commands have two: what was only received is answered with 202."""
    examples = list(_examples(answer, document))
    return examples[-1:] if status == "202" else examples[:1]


def _examples(content: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    schema = content.get("content", {}).get("application/json", {}).get("schema", {})
    for example in document["components"]["schemas"].get(_named(schema), {}).get("examples", []):
        yield json.dumps(example, ensure_ascii=False, indent=2)


def _named(schema: Mapping[str, Any]) -> str:
    """Return the name of the component that a schema refers to."""
    return str(schema.get("$ref", "")).rsplit("/", 1)[-1]
