"""Changes of people as wishes: deputies, joiners, leavers, transfers, a person's own data (Rules 11, 12).

JSON and pages ask here; what cannot be is refused before anything is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api import moves
from api.commands import CommandKind, Wish
from api.recording import changing
from api.rights import may_order, today
from api.session import Viewer
from api.task_shapes import DeputyGiven, Joiner, Leaving, PersonGiven, TargetGiven, Transfer, UnitGiven
from models.changes import Subject
from models.clock import business_now
from models.cycles import Cycle
from models.errors import Refusal
from models.metrics import Metric
from models.org import Deputy, Person, Unit, circle_through
from models.stages import CycleState
from rules.contacts import mail_in, phone_in

OF_THE_CHANGE = {"unit_id", "effective_on", "reason", "cycle_id", "targets"}
"""What of a joiner's data is about the joining; the rest is about the person."""

UNDER_WAY = (CycleState.RUNNING, CycleState.PAUSED, CycleState.READY)


async def person_of_company(session: AsyncSession, viewer: Viewer, person_id: str) -> Person:
    person = await session.get(Person, person_id)
    if person is None or person.company_id != viewer.company_id:
        raise Refusal("person-unknown", person_id=person_id)
    return person


async def unit_of_company(session: AsyncSession, viewer: Viewer, unit_id: str) -> Unit:
    unit = await session.get(Unit, unit_id)
    if unit is None or unit.company_id != viewer.company_id:
        raise Refusal("unit-unknown", unit_id=unit_id)
    return unit


async def cycles_under_way(session: AsyncSession, company_id: str) -> list[Cycle]:
    found = await session.exec(
        select(Cycle)
        .where(col(Cycle.company_id) == company_id, col(Cycle.state).in_(UNDER_WAY))
        .order_by(col(Cycle.starts_on))
    )
    return list(found.all())


async def cycle_under_way(session: AsyncSession, viewer: Viewer, cycle_id: str) -> Cycle:
    """Return the cycle that the change belongs to: the one named, else the only one under way.

    Raises:
        Refusal: none is under way, or several are and none is named.
    """
    cycles = await cycles_under_way(session, viewer.company_id)
    if cycle_id:
        cycles = [cycle for cycle in cycles if cycle.id == cycle_id]
    if not cycles:
        raise Refusal("cycle-not-running")
    if len(cycles) > 1:
        raise Refusal("cycle-needed", count=len(cycles))
    return cycles[0]


# --- deputies -----------------------------------------------------------------------------------


async def naming_deputy(session: AsyncSession, viewer: Viewer, given: DeputyGiven) -> Wish:
    """Name a deputy for a period: of oneself, or of anybody where HR does it (Rule 11).

    Raises:
        Refusal: `not-yours`, `period-invalid`, `deputy-is-self`, `person-unknown`, `person-left`.
    """
    person_id = given.person_id or viewer.id
    if person_id != viewer.id and not may_order(viewer):
        raise Refusal("not-yours")
    if given.until_on < given.from_on:
        raise Refusal("period-invalid", field="until_on")
    if given.deputy_id == person_id:
        raise Refusal("deputy-is-self", field="deputy")
    await person_of_company(session, viewer, person_id)
    stands_in = await person_of_company(session, viewer, given.deputy_id)
    if stands_in.left_on is not None and stands_in.left_on <= given.from_on:
        raise Refusal("person-left", person_id=stands_in.id, field="deputy")
    now = await business_now(session)
    deputy = Deputy(
        id=uuid4().hex,
        person_id=person_id,
        deputy_id=given.deputy_id,
        from_on=given.from_on,
        until_on=given.until_on,
        reason=given.reason,
        named_by=viewer.id,
        named_at=now,
    )
    words = given.model_dump(mode="json")
    return moves.note(CommandKind.DEPUTY, viewer.company_id, viewer.id, words, [deputy])


async def ending_deputy(session: AsyncSession, viewer: Viewer, deputy_id: str) -> Wish:
    """End a deputy's period with yesterday; one that has not begun never does.

    Raises:
        Refusal: `deputy-unknown`, `deputy-over`, `not-yours`.
    """
    deputy = await session.get(Deputy, deputy_id)
    person = await session.get(Person, deputy.person_id) if deputy else None
    if deputy is None or person is None or person.company_id != viewer.company_id:
        raise Refusal("deputy-unknown")
    if person.id != viewer.id and not may_order(viewer):
        raise Refusal("not-yours")
    on = await today(session, viewer.company_id)
    if deputy.until_on < on:
        raise Refusal("deputy-over", until_on=deputy.until_on)
    until_on = max(deputy.from_on, on) - timedelta(days=1)
    before = {"deputy_id": deputy.deputy_id, "from_on": str(deputy.from_on), "until_on": str(deputy.until_on)}
    after = {**before, "until_on": str(until_on)}

    async def end(writing: AsyncSession) -> None:
        (await writing.get_one(Deputy, deputy_id)).until_on = until_on

    return await changing(session, viewer, CommandKind.DEPUTY, Subject.PERSON, person.id, before, after, end)


# --- joiners, leavers, transfers ----------------------------------------------------------------


async def joining(session: AsyncSession, viewer: Viewer, given: Joiner) -> Wish:
    """Take in a new person.

    Raises:
        Refusal: `cycle-not-running`, `cycle-needed`, `unit-unknown`, `person-known`, `person-unknown`,
            `mail-unreadable`, `phone-unreadable`.
    """
    cycle = await cycle_under_way(session, viewer, given.cycle_id)
    await unit_of_company(session, viewer, given.unit_id)
    if given.superior_id:
        await person_of_company(session, viewer, given.superior_id)
    await refuse_taken_number(session, viewer, given.staff_no)
    refuse_unreadable_mail(given.email)
    given = given.model_copy(update={"phone": dialled(given.phone)})
    words = {
        "kind": "join",
        "person_id": f"{viewer.company_id}-{given.staff_no}",
        "effective_on": given.effective_on.isoformat(),
        "to_unit_id": given.unit_id,
        "reason": given.reason,
        "targets": await targets_of(session, viewer, given.targets),
        "person": given.model_dump(mode="json", exclude=OF_THE_CHANGE),
    }
    return moves.cycle_order(CommandKind.STAFF, cycle, viewer.id, words)


async def refuse_taken_number(session: AsyncSession, viewer: Viewer, staff_no: str) -> None:
    found = await session.exec(
        select(Person.id).where(col(Person.company_id) == viewer.company_id, col(Person.staff_no) == staff_no)
    )
    if found.first() is not None:
        raise Refusal("person-known", staff_no=staff_no, field="staff_no")


async def leaving(session: AsyncSession, viewer: Viewer, person_id: str, given: Leaving) -> Wish:
    """Their open tasks follow the post; targets are pro-rated by days in post."""
    cycle = await cycle_under_way(session, viewer, given.cycle_id)
    await person_of_company(session, viewer, person_id)
    if given.successor_id:
        await person_of_company(session, viewer, given.successor_id)
    words = {"kind": "leave", "person_id": person_id, **given.model_dump(mode="json", exclude={"cycle_id"})}
    return moves.cycle_order(CommandKind.STAFF, cycle, viewer.id, words)


async def transferring(session: AsyncSession, viewer: Viewer, person_id: str, given: Transfer) -> Wish:
    cycle = await cycle_under_way(session, viewer, given.cycle_id)
    await person_of_company(session, viewer, person_id)
    await unit_of_company(session, viewer, given.to_unit_id)
    if given.successor_id:
        await person_of_company(session, viewer, given.successor_id)
    words = {
        "kind": "transfer",
        "person_id": person_id,
        **given.model_dump(mode="json", exclude={"cycle_id", "targets"}),
        "targets": await targets_of(session, viewer, given.targets),
    }
    return moves.cycle_order(CommandKind.STAFF, cycle, viewer.id, words)


async def targets_of(session: AsyncSession, viewer: Viewer, given: Sequence[TargetGiven]) -> list[dict[str, str]]:
    """Return targets with their metrics' ids.

    Raises:
        Refusal: `metric-unknown`.
    """
    found = await session.exec(select(Metric).where(col(Metric.company_id) == viewer.company_id))
    ids = {name: metric.id for metric in found.all() for name in (metric.id, metric.code)}
    for target in given:
        if target.metric not in ids:
            raise Refusal("metric-unknown", metric=target.metric)
    return [{"metric_id": ids[target.metric], "value": format(target.value, "f")} for target in given]


# --- a person's own data ------------------------------------------------------------------------


async def editing(session: AsyncSession, viewer: Viewer, person: Person, given: PersonGiven) -> Wish:
    """Change name, contact data, post, grade or superior; the record keeps what stood there before.

    Raises:
        Refusal: `nothing-changed`, `mail-unreadable`, `phone-unreadable`, `person-unknown`,
            `line-circular`.
    """
    asked = given.model_dump(exclude={"superior_id"}) | {
        "phone": dialled(given.phone),
        "superior_id": given.superior_id or None,
    }
    refuse_unreadable_mail(given.email)
    if given.superior_id:
        await person_of_company(session, viewer, given.superior_id)
    before = {name: getattr(person, name) for name in asked}
    differing = [name for name, value in asked.items() if value != before[name]]
    if not differing:
        raise Refusal("nothing-changed")
    if "superior_id" in differing:
        await refuse_circle_by(session, person, asked["superior_id"])

    async def write(writing: AsyncSession) -> None:
        row = await writing.get_one(Person, person.id, populate_existing=True)
        for name in differing:
            setattr(row, name, asked[name])
        await writing.flush()
        if await circle_through(writing, row):  # Somebody else was quicker at another end of the line.
            raise Refusal("line-circular", person_id=row.id, superior_id=row.superior_id, field="superior")

    return await changing(
        session,
        viewer,
        CommandKind.PERSON,
        Subject.PERSON,
        person.id,
        {name: before[name] for name in differing},
        {name: asked[name] for name in differing},
        write,
    )


async def refuse_circle_by(session: AsyncSession, person: Person, superior_id: str | None) -> None:
    """Refuse a superior who is the person, or reports to them through however many others."""
    proposed = Person.model_validate({**person.model_dump(), "superior_id": superior_id})
    if await circle_through(session, proposed):
        raise Refusal("line-circular", person_id=person.id, superior_id=superior_id, field="superior")


def refuse_unreadable_mail(mail: str) -> None:
    read = mail_in(mail)
    if mail and read.value != mail:
        raise Refusal("mail-unreadable", given=mail, field="email")


def dialled(phone: str) -> str:
    """Return a mobile number as it is dialled from anywhere: +8613800138000.

    Raises:
        Refusal: `phone-unreadable`, if it is none; a number without a country is a mainland one.
    """
    if not phone:
        return ""
    read = phone_in(phone)
    if read.value is None:
        raise Refusal(read.fault, given=phone, field="phone")
    return read.value


# --- units --------------------------------------------------------------------------------------


async def editing_unit(session: AsyncSession, viewer: Viewer, unit: Unit, given: UnitGiven) -> Wish:
    """Change a unit's name, region or head; open tasks stay with whoever holds them.

    Raises:
        Refusal: `nothing-changed`, `person-unknown`, `person-left`.
    """
    asked = given.model_dump(exclude={"head_id"}) | {"head_id": given.head_id or None}
    before = {name: getattr(unit, name) for name in asked}
    differing = [name for name, value in asked.items() if value != before[name]]
    if not differing:
        raise Refusal("nothing-changed")
    if "head_id" in differing and given.head_id:
        head = await person_of_company(session, viewer, given.head_id)
        if head.left_on is not None and head.left_on <= await today(session, viewer.company_id):
            raise Refusal("person-left", person_id=head.id, field="head")

    async def write(writing: AsyncSession) -> None:
        row = await writing.get_one(Unit, unit.id, populate_existing=True)
        for name in differing:
            setattr(row, name, asked[name])

    return await changing(
        session,
        viewer,
        CommandKind.UNIT,
        Subject.UNIT,
        unit.id,
        {name: before[name] for name in differing},
        {name: asked[name] for name in differing},
        write,
    )
