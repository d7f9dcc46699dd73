"""A refusal's facts for people: names beside the ids, moments and dates as such."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.cycles import Cycle
from models.metrics import Metric
from models.org import Person, Unit
from models.stages import Language

PEOPLE = frozenset({"by_id", "holder_id", "person_id", "to_id", "for_id", "deputy_id", "superior_id"})
UNITS = frozenset({"department_id", "unit_id", "team_id"})


async def with_names(
    session: AsyncSession, all_facts: Sequence[Mapping[str, Any]], language: Language
) -> list[dict[str, Any]]:
    """Return the facts with a name beside each id: `by_id` brings `by`, `team_id` brings `team`."""
    people = await names_of_people(session, _ids(all_facts, PEOPLE))
    units = await names_of_units(session, _ids(all_facts, UNITS), language)
    metrics = await names_of_metrics(session, _ids(all_facts, {"metric_id"}), language)
    cycles = await names_of_cycles(session, _ids(all_facts, {"cycle_id"}))
    names = {
        **dict.fromkeys(PEOPLE, people),
        **dict.fromkeys(UNITS, units),
        "metric_id": metrics,
        "cycle_id": cycles,
    }
    return [_named(facts, names) for facts in all_facts]


def _named(facts: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for key, value in facts.items():
        named[key] = value
        if key == "at" and isinstance(value, str):
            named[key] = datetime.fromisoformat(value)
        if key == "due_on" and isinstance(value, str):
            named[key] = date.fromisoformat(value)
        if key in names and key.removesuffix("_id") not in facts:
            named[key.removesuffix("_id")] = names[key].get(str(value), str(value))
    return named


def _ids(all_facts: Sequence[Mapping[str, Any]], keys: frozenset[str] | set[str]) -> set[str]:
    return {str(facts[key]) for facts in all_facts for key in keys if facts.get(key)}


async def names_of_people(session: AsyncSession, ids: Collection[str]) -> dict[str, str]:
    if not ids:
        return {}
    found = await session.exec(select(Person.id, Person.name).where(col(Person.id).in_(ids)))
    return {row[0]: row[1] for row in found.all()}


async def names_of_units(session: AsyncSession, ids: Collection[str], language: Language) -> dict[str, str]:
    if not ids:
        return {}
    found = await session.exec(select(Unit.id, Unit.name, Unit.name_en).where(col(Unit.id).in_(ids)))
    return {row[0]: in_language(row[1], row[2], language) for row in found.all()}


async def names_of_metrics(session: AsyncSession, ids: Collection[str], language: Language) -> dict[str, str]:
    if not ids:
        return {}
    found = await session.exec(select(Metric.id, Metric.name, Metric.name_en).where(col(Metric.id).in_(ids)))
    return {row[0]: in_language(row[1], row[2], language) for row in found.all()}


async def names_of_cycles(session: AsyncSession, ids: Collection[str]) -> dict[str, str]:
    if not ids:
        return {}
    found = await session.exec(select(Cycle.id, Cycle.name).where(col(Cycle.id).in_(ids)))
    return {row[0]: row[1] for row in found.all()}


def in_language(name: str, name_en: str, language: Language) -> str:
    return name_en if language is Language.ENGLISH and name_en else name
