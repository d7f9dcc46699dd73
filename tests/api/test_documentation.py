"""The description of the JSON interface: complete, with examples that hold what they promise."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from api.examples import EXAMPLES
from tests.api.house import House


async def described(house: House) -> dict[str, Any]:
    async with house.caller(house.company.hr_id) as hr:
        document: dict[str, Any] = (await hr.get("/api/openapi.json")).json()
    return document


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def examples_of(content: dict[str, Any], document: dict[str, Any]) -> list[Any]:
    schema = content["content"]["application/json"]["schema"]
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    examples: list[Any] = document["components"]["schemas"].get(name, {}).get("examples", [])
    return examples


async def test_every_operation_that_the_business_needs_is_described(house: House) -> None:
    document = await described(house)
    paths = document["paths"]
    for path in ("preview", "pause", "resume", "cancel", "plan", "publish", "reopen", "launch"):
        assert "post" in paths[f"/api/cycles/{{cycle_id}}/{path}"]
    for path in ("departments", "scores", "messages", "timeline"):
        assert "get" in paths[f"/api/cycles/{{cycle_id}}/{path}"]
    for path in ("decide", "submit", "reassign", "delegate", "extend", "comment", "void"):
        assert "post" in paths[f"/api/tasks/{{task_id}}/{path}"]
    assert document["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_every_body_and_every_answer_is_shown_by_an_example(house: House) -> None:
    document = await described(house)
    without = []
    for name, operation in operations(document).items():
        body = operation.get("requestBody")
        if body and not examples_of(body, document):
            without.append(f"{name}: body")
        without += [
            f"{name}: {status}"
            for status, answer in operation["responses"].items()
            if status.startswith("2") and not examples_of(answer, document)
        ]
    assert without == []


async def test_every_reference_of_the_description_leads_somewhere(house: House) -> None:
    document = await described(house)

    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [found for value in part.values() for found in references(value)]
        return [found for value in part for found in references(value)] if isinstance(part, list) else []

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


@pytest.mark.parametrize("model", EXAMPLES, ids=lambda model: model.__name__)
def test_an_example_is_what_its_schema_says(model: type[BaseModel]) -> None:
    for example in EXAMPLES[model]:
        assert model.model_validate(dict(example)).model_dump(mode="json", exclude_unset=True) == example


async def test_the_page_shows_every_operation_with_its_bodies_and_answers(house: House) -> None:
    document = await described(house)
    async with house.caller(house.company.hr_id) as hr:
        page = (await hr.get("/api/docs")).text
    for operation in operations(document):
        assert operation in page
    assert "<code>Idempotency-Key</code>: the same key" in page
    assert "`" not in page
    assert "成交周期30天" in page
    assert "李敏调任项目组，由赵磊接手" in page
    assert "60% × 80% (400000 / 500000) = 48" in page


async def test_every_post_of_the_interface_takes_an_idempotency_key(house: House) -> None:
    for name, operation in operations(await described(house)).items():
        if name.startswith("POST ") and not name.endswith("/preview"):
            assert "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]], name
