"""Units and people out of files: what they are checked against, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.intake.columns import choices_of
from api.intake.kinds import MOST_SHOWN, Shown, Taking, in_cells, shown_change
from api.intake.writing import write_changed, write_new
from api.staffing import UNDER_WAY
from models.changes import Subject
from models.cycles import Cycle
from models.database import table_of
from models.intake import IntakeKind
from models.org import Person, Unit
from rules.intake import Changed, Plan, Reading
from rules.intake_people import KnownPeople, People, PeopleCheck
from rules.intake_units import KnownUnit, KnownUnits, UnitsCheck


async def known_units(session: AsyncSession, company_id: str) -> KnownUnits:
    found = await session.exec(select(Unit).where(col(Unit.company_id) == company_id).order_by(col(Unit.id)))
    return KnownUnits(
        tuple(
            KnownUnit(
                id=unit.id,
                name=unit.name,
                kind=unit.kind,
                parent_id=unit.parent_id,
                name_en=unit.name_en,
                region=unit.region,
                head_id=unit.head_id,
            )
            for unit in found.all()
        )
    )


async def known_people(session: AsyncSession, company_id: str) -> dict[str, dict[str, Any]]:
    """Return everybody by staff number, as the columns of their row."""
    connection = await session.connection()
    columns = table_of(Person).columns
    found = await connection.execute(select(*columns).where(columns.company_id == company_id).order_by(columns.id))
    return {row.staff_no: dict(row._mapping) for row in found}


# --- units --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UnitsKnown:
    units: KnownUnits
    people: Mapping[str, str]
    """Ids by staff number."""

    @classmethod
    async def load(cls, session: AsyncSession, company_id: str) -> UnitsKnown:
        people = await session.exec(select(Person.staff_no, Person.id).where(col(Person.company_id) == company_id))
        return cls(await known_units(session, company_id), dict(people.all()))

    def check(self, reading: Reading) -> UnitsPlanned:
        kinds = choices_of(IntakeKind.UNITS)["kind"]
        return UnitsPlanned(self, UnitsCheck(self.units, self.people, kinds, reading).plan())


@dataclass(frozen=True)
class UnitsPlanned:
    known: UnitsKnown
    plan: Plan

    def shown(self) -> Shown:
        plan = self.plan
        numbers = {person_id: number for number, person_id in self.known.people.items()}

        def cells(new: Mapping[str, Any]) -> dict[str, str]:
            shown = in_cells({name: value for name, value in new.items() if name not in ("parent_row", "name")})
            return shown | {"name": new["line"], "head": numbers.get(new["head_id"] or "", "")}

        return Shown(
            len(plan.new),
            len(plan.changed),
            plan.unchanged,
            plan.fingerprint,
            [cells(new) for new in plan.new[:MOST_SHOWN]],
            [
                shown_change(one, " / ".join(self.known.units.line(self.known.units.by_id[one.id])))
                for one in plan.changed[:MOST_SHOWN]
            ],
        )

    async def write(self, session: AsyncSession, taking: Taking) -> None:
        ids: dict[int, str] = {}
        rows = []
        for new in self.plan.new:  # Each after the one above it.
            ids[new["row"]] = f"{taking.intake.company_id}-{uuid4().hex[:12]}"
            values = {name: value for name, value in new.items() if name not in ("row", "parent_row", "line")}
            values["parent_id"] = ids.get(new["parent_row"]) or new["parent_id"]
            rows.append({**values, "id": ids[new["row"]], "company_id": taking.intake.company_id})
        await write_new(session, Unit, rows)
        await write_changed(session, Unit, self.plan.changed)
        await taking.record(session, Subject.UNIT, self.plan.changed)


def _told(one: Changed) -> Changed:
    """Leave out what follows from the rest: the department, from the unit."""
    before, after = (
        {name: value for name, value in values.items() if name != "department_id"}
        for values in (one.before, one.after)
    )
    return Changed(one.id, one.row, before, after)


# --- people -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PeopleKnown:
    known: KnownPeople

    @classmethod
    async def load(cls, session: AsyncSession, company_id: str) -> PeopleKnown:
        under_way = await session.exec(
            select(Cycle.id).where(col(Cycle.company_id) == company_id, col(Cycle.state).in_(UNDER_WAY)).limit(1)
        )
        return cls(
            KnownPeople(
                await known_people(session, company_id),
                await known_units(session, company_id),
                under_way.first() is not None,
            )
        )

    def check(self, reading: Reading) -> PeoplePlanned:
        return PeoplePlanned(self.known, PeopleCheck(self.known, choices_of(IntakeKind.PEOPLE), reading).check())


@dataclass(frozen=True)
class PeoplePlanned:
    known: KnownPeople
    people: People

    def shown(self) -> Shown:
        plan = self.people.plan
        units = self.known.units
        there = {person["id"]: person for person in self.known.people.values()}

        def cells(new: Mapping[str, Any]) -> dict[str, str]:
            superior = there.get(new["superior_id"] or "", {}).get("staff_no", "")
            shown = in_cells({name: value for name, value in new.items() if not name.endswith("_id")})
            return shown | {
                "unit": " / ".join(units.line(units.by_id[new["unit_id"]])) if "unit_id" in new else "",
                "superior": new.get("superior_no", superior),
            }

        return Shown(
            len(plan.new),
            len(plan.changed),
            plan.unchanged,
            f"{plan.fingerprint}.{Plan(changed=self.people.heads).fingerprint}",
            [cells(new) for new in plan.new[:MOST_SHOWN]],
            [
                shown_change(_told(one), "{name} {staff_no}".format(**there[one.id]))
                for one in plan.changed[:MOST_SHOWN]
            ],
            {"heads": len(self.people.heads)},
        )

    async def write(self, session: AsyncSession, taking: Taking) -> None:
        company_id = taking.intake.company_id
        plan = self.people.plan
        ids = {number: person["id"] for number, person in self.known.people.items()}
        ids |= {new["staff_no"]: f"{company_id}-{new['staff_no']}" for new in plan.new}
        rows = [
            {
                **{name: value for name, value in new.items() if name not in ("row", "superior_no")},
                "superior_id": ids[new["superior_no"]] if "superior_no" in new else new["superior_id"],
                "id": ids[new["staff_no"]],
                "company_id": company_id,
            }
            for new in plan.new
        ]
        changed = [_with_ids(one, ids) for one in plan.changed]
        heads = [_with_ids(one, ids) for one in self.people.heads]
        await write_new(session, Person, rows)
        await write_changed(session, Person, changed)
        await write_changed(session, Unit, heads)
        await taking.record(session, Subject.PERSON, [_told(one) for one in changed])
        await taking.record(session, Subject.UNIT, heads)


def _with_ids(one: Changed, ids: Mapping[str, str]) -> Changed:
    """Put the ids of people who are new in the place of their staff numbers."""
    after = dict(one.after)
    before = {name: value for name, value in one.before.items() if name not in ("superior_no", "head_no")}
    for number, column in (("superior_no", "superior_id"), ("head_no", "head_id")):
        if number in after:
            after[column] = ids[after.pop(number)]
    return Changed(one.id, one.row, before, after)
