"""Whose targets and figures a file can be about: everybody, every unit and every metric of the company."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.intake.metrics import known_metrics
from api.intake.org import known_units
from models.database import table_of
from models.org import Person
from models.stages import UnitKind
from rules.intake_owners import KnownOwners, KnownSeller
from rules.intake_units import KnownUnits


async def known_owners(session: AsyncSession, company_id: str) -> KnownOwners:
    units = await known_units(session, company_id)
    columns = table_of(Person).columns
    connection = await session.connection()
    wanted: Select[Any] = select(
        *(columns.id, columns.staff_no, columns.name, columns.unit_id, columns.department_id),
        *(columns.joined_on, columns.left_on, columns.is_scored),
    )
    found = await connection.execute(wanted.where(columns.company_id == company_id).order_by(columns.id))
    people = {
        row.staff_no: KnownSeller(
            row.id,
            row.staff_no,
            row.name,
            row.unit_id,
            row.department_id or "",
            row.joined_on,
            row.left_on,
            row.is_scored,
        )
        for row in found
    }
    return KnownOwners(people, units, departments_of(units), await known_metrics(session, company_id))


def departments_of(units: KnownUnits) -> dict[str, str]:
    """Return the department that each unit lies in, or is; units above departments lie in none."""
    found: dict[str, str] = {}
    for unit in units.units:
        at, seen = unit, {unit.id}
        while at.kind is not UnitKind.DEPARTMENT:
            above = units.by_id.get(at.parent_id or "")
            if above is None or above.id in seen:
                break
            seen.add(above.id)
            at = above
        if at.kind is UnitKind.DEPARTMENT:
            found[unit.id] = at.id
    return found
