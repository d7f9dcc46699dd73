"""Keeping a file that was checked, and taking it over: all of it in one transaction, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api import moves
from api.commands import CommandKind, Wish
from api.intake.checking import KINDS, MOST_BYTES, Checked, check, digest
from api.intake.kinds import Taking
from api.parts import TableOpener
from models.accounts import acted_by
from models.changes import Change, Subject
from models.clock import business_now
from models.database import writing
from models.errors import Refusal
from models.intake import Intake, IntakeKind, IntakeState
from models.org import Company


@dataclass(frozen=True)
class Sent:
    """A file as somebody sent it."""

    kind: IntakeKind
    file_name: str
    content: bytes
    cycle_id: str = ""
    totals: str = ""


async def keep_checked(
    session: AsyncSession, opener: TableOpener, company_id: str, by_id: str, sent: Sent
) -> tuple[Intake, Checked]:
    """Check a file and keep it with what was found; let go of those that nobody came for.

    Raises:
        Refusal: `file-empty`, `file-too-large`; what `check` refuses: nothing is kept then.
    """
    if not sent.content:
        raise Refusal("file-empty", file=sent.file_name)
    if len(sent.content) > MOST_BYTES:
        raise Refusal("file-too-large", limit=MOST_BYTES // 1024 // 1024)
    now = await business_now(session)
    intake = Intake(
        id=uuid4().hex,
        company_id=company_id,
        kind=sent.kind,
        state=IntakeState.FAULTY,
        file_name=sent.file_name[:200],
        sha256=digest(sent.content),
        content=sent.content,
        cycle_id=sent.cycle_id,
        totals=sent.totals,
        by_id=by_id,
        acted_by=acted_by(session),
        received_at=now,
    )
    checked = await check(session, opener, intake)
    await session.commit()  # Ends what was read.
    _note(intake, checked)
    await writing(session)
    await session.exec(
        delete(Intake).where(
            col(Intake.company_id) == company_id,
            col(Intake.received_at) < now - Intake.KEPT_FOR,
            col(Intake.state).in_((IntakeState.FAULTY, IntakeState.CHECKED, IntakeState.DROPPED)),
        )
    )
    session.add(intake)
    await session.commit()
    return intake, checked


def _note(intake: Intake, checked: Checked) -> None:
    intake.state, intake.outcome, intake.fingerprint = checked.state, checked.outcome, checked.fingerprint


async def intake_of_company(session: AsyncSession, company_id: str, intake_id: str) -> Intake:
    intake = await session.get(Intake, intake_id)
    if intake is None or intake.company_id != company_id:
        raise Refusal("not-found")
    return intake


async def check_again(
    session: AsyncSession, opener: TableOpener, intake: Intake, totals: str | None = None
) -> Checked:
    """Check a kept file anew, with other totals where they are given, and keep what is found now.

    Raises:
        Refusal: `intake-over`.
    """
    if intake.state not in (IntakeState.FAULTY, IntakeState.CHECKED):
        raise Refusal("intake-over")
    if totals is not None:
        intake.totals = totals
    checked = await check(session, opener, intake)
    await session.commit()  # Ends what was read.
    await writing(session)
    row = await session.get_one(Intake, intake.id, populate_existing=True)
    _note(row, checked)
    row.totals = row.totals if totals is None else totals
    session.add(row)
    await session.commit()
    return checked


async def taking_over(session: AsyncSession, opener: TableOpener, intake: Intake, by_id: str) -> Wish:
    """Return the wish that takes a file over as it was shown.

    It is checked once more. Where something has changed since it was shown, what is found now is
    kept, to be looked at again.

    Raises:
        Refusal: `intake-faulty`, `intake-over`, `intake-stale`.
    """
    if intake.state is IntakeState.FAULTY:
        raise Refusal("intake-faulty")
    if intake.state is not IntakeState.CHECKED:
        raise Refusal("intake-over")
    before = intake.fingerprint
    checked = await check(session, opener, intake)
    if checked.fingerprint != before or checked.faults.count:
        await check_again(session, opener, intake)
        raise Refusal("intake-stale")
    wish = moves.note(
        CommandKind.INTAKE, intake.company_id, by_id, {"intake": intake.id, "sha256": intake.sha256}, ()
    )
    change = Change(
        id=wish.command_id,
        company_id=intake.company_id,
        subject=Subject.INTAKE,
        subject_id=intake.id,
        by_id=by_id,
        after=_told(intake, checked),
        at=await business_now(session),
    )

    async def write(writing: AsyncSession) -> None:
        await take(writing, intake, checked, Taking(intake, wish.command_id, change.at, by_id))

    return replace(wish, rows=(change,), alongside=write)


def _told(intake: Intake, checked: Checked) -> dict[str, Any]:
    counts = {name: checked.outcome[name] for name in ("new", "changed", "unchanged")}
    told = {"file": intake.file_name, "sha256": intake.sha256, "what": intake.kind.value, **counts}
    return {**told, "totals": intake.totals} if intake.totals else told


async def take(session: AsyncSession, intake: Intake, checked: Checked, taking: Taking) -> None:
    """Write a checked file within the session's transaction.

    Raises:
        Refusal: `intake-over`, somebody took it already; `intake-stale`, what it was checked against is
            not so any more.
    """
    # Of two that take something over at once, the second waits and then sees what the first has written.
    await session.exec(select(Company.id).where(col(Company.id) == intake.company_id).with_for_update())
    taken = await session.exec(
        update(Intake)
        .where(col(Intake.id) == intake.id, col(Intake.state) == IntakeState.CHECKED)
        .values(state=IntakeState.TAKEN, taken_at=taking.at, content=b"")
    )
    if taken.rowcount != 1:
        raise Refusal("intake-over")
    if await KINDS[intake.kind](session, intake) != checked.known:
        raise Refusal("intake-stale")
    await checked.planned.write(session, taking)


def dropping(intake: Intake, by_id: str) -> Wish:
    """Return the wish that lets go of a file."""
    if intake.state is IntakeState.TAKEN:
        raise Refusal("intake-over")

    async def write(writing: AsyncSession) -> None:
        await writing.exec(
            update(Intake)
            .where(col(Intake.id) == intake.id, col(Intake.state) != IntakeState.TAKEN)
            .values(state=IntakeState.DROPPED, content=b"")
        )

    wish = moves.note(CommandKind.INTAKE, intake.company_id, by_id, {"dropped": intake.id}, ())
    return replace(wish, alongside=write)
