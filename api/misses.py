"""Why a target was missed: the gap taken apart, and what people say it comes from (Rule 32)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import CommandKind, Wish, new_command_id
from api.figure_scopes import Looked
from api.recording import changing, refuse_too_long, told_in_history
from api.rights import line_of
from api.session import Viewer
from models.accounts import acted_by
from models.behind import Scope, made_of
from models.changes import Subject
from models.clock import business_now
from models.errors import Refusal
from models.evidence import Cause, MissCause
from models.figures import last_day, months_of
from models.metrics import Target
from models.misses import (
    Facts,
    Peers,
    classed,
    held_in,
    held_now,
    months_with_figures_of,
    peers_of,
    sold_by_company,
)
from models.months import month_after
from models.org import Person
from models.stages import Role
from models.standings import lines_of_person, targets_of_units
from rules.decomposition import CENT, CHAINS, Decomposition, decomposed


@dataclass(frozen=True)
class Compared:
    """The period that a figure is compared with, and what both hold."""

    months: tuple[date, ...]
    is_year_before: bool
    """The same months a year before; otherwise the months just before."""
    before: Facts
    now: Facts
    company_before: Decimal
    """What the whole company sold then, and now."""
    company_now: Decimal


@dataclass(frozen=True)
class Why:
    """A figure against its target, so far as there are months with figures, and what the gap is made of."""

    months: tuple[date, ...]
    """The months with figures; none where there is nothing yet."""
    is_whole: bool
    """Every month of the period has figures."""
    target: Decimal | None = None
    """The part of the target that these months make, by days; to the cent."""
    actual: Decimal | None = None
    compared: Compared | None = None
    """None where no earlier period has records."""
    parts: Decomposition | None = None
    peers: Peers | None = None

    @property
    def gap(self) -> Decimal | None:
        """Actual less target: below zero where it was missed."""
        return None if self.actual is None or self.target is None else self.actual - self.target

    @property
    def is_missed(self) -> bool:
        return self.gap is not None and self.gap < 0


@dataclass(frozen=True)
class Held:
    """A figure held against its target, before the gap is taken apart."""

    why: Why
    part: Decimal
    """The share of the target that the months with figures make, 0 to 1."""
    actual: Decimal
    """To every digit."""


async def why(session: AsyncSession, looked: Looked) -> Why:
    """Hold a figure against its target and take the gap apart; some fifteen statements, whatever its size.

    Raises:
        Refusal: `gap-not-explained` for a metric that is no chain of counts.
    """
    held = await held_against_target(session, looked)
    months, target = held.why.months, held.why.target
    if target is None:
        return held.why
    compared = await _compared(session, looked, replace(looked.scope, months=months))
    parts = None
    if compared:
        chains = CHAINS[looked.metric.code](compared.before, compared.now)
        parts = decomposed(target, held.actual, chains)
    peers = await peers_of(session, looked.cycle, looked.metric.id, months, held.part)
    return replace(held.why, compared=compared, parts=parts, peers=peers)


async def held_against_target(session: AsyncSession, looked: Looked) -> Held:
    """Hold what is reached so far against the part of the target that its months make.

    Raises:
        Refusal: `gap-not-explained`.
    """
    if looked.metric.code not in CHAINS or looked.month is not None:
        raise Refusal("gap-not-explained")
    months = await months_with_figures_of(session, looked.scope)
    made = await made_of(session, looked.scope)
    whole = await _target(session, looked)
    if not months or made is None or whole is None:
        return Held(Why(months, False, actual=made.total if made else None), Decimal(0), Decimal(0))
    part = _part(looked, months)
    is_whole = set(months) >= set(months_of(looked.cycle))
    target, actual = (whole * part).quantize(CENT), made.total.quantize(CENT)
    return Held(Why(months, is_whole, target, actual), part, made.total)


async def _target(session: AsyncSession, looked: Looked) -> Decimal | None:
    if isinstance(looked.owner, Person):
        lines = await lines_of_person(session, looked.cycle, looked.owner)
        return next((line.target for line in lines if line.metric_id == looked.metric.id and line.applies), None)
    targets = await targets_of_units(session, looked.cycle, col(Target.unit_id) == looked.owner.id)
    return targets.get((looked.owner.id, looked.metric.id))


def _part(looked: Looked, months: Sequence[date]) -> Decimal:
    """Return the share of the period's days that these months make."""
    cycle = looked.cycle
    days = sum(
        (min(last_day(month), cycle.ends_on) - max(month, cycle.starts_on)).days + 1
        for month in months_of(cycle)
        if month <= months[-1]
    )
    return Decimal(days) / ((cycle.ends_on - cycle.starts_on).days + 1)


async def _compared(session: AsyncSession, looked: Looked, here: Scope) -> Compared | None:
    """Compare with the same months a year before, where the same people sold anything; else the months before."""
    count = len(here.months)
    for back in (12, count):
        months = tuple(month_after(month, -back) for month in here.months)
        before = await held_in(session, here, months)
        if not before.is_empty:
            return Compared(
                months,
                back == 12,
                before,
                await held_now(session, here),
                await sold_by_company(session, here.company_id, months),
                await sold_by_company(session, here.company_id, here.months),
            )
    return None


async def may_class(session: AsyncSession, viewer: Viewer, looked: Looked) -> bool:
    """Say whether the viewer may say what a miss comes from: HR, and whoever stands above whose miss it is."""
    if viewer.only_reads:
        return False
    whose = looked.owner.id if isinstance(looked.owner, Person) else looked.owner.head_id
    if viewer.has(Role.HR_ADMIN):
        return viewer.id != whose
    if whose is None or whose == viewer.id:
        return False
    below = await session.exec(
        select(Person.id).where(col(Person.id) == whose, col(Person.id).in_(line_of(viewer.id)))
    )
    return below.first() is not None


async def classing(session: AsyncSession, viewer: Viewer, looked: Looked, cause: str, reason: str) -> Wish:
    """Return the wish that says what a miss comes from; what was said before stays on record.

    Raises:
        Refusal: `not-yours`; `miss-none` where the target is met so far; `cause-needed`; `why-needed`;
            `text-too-long`.
    """
    if not await may_class(session, viewer, looked):
        raise Refusal("not-yours")
    if not (await held_against_target(session, looked)).why.is_missed:
        raise Refusal("miss-none")
    if cause not in set(Cause):
        raise Refusal("cause-needed", field="cause")
    if not reason:
        raise Refusal("why-needed", field="reason")
    refuse_too_long(reason=reason)
    earlier = await classed(session, looked.cycle.id, looked.owner.id, looked.metric.id)
    before = {"cause": earlier[0].miss.cause.value} if earlier else {}
    words = {"cause": cause, "reason": reason}
    miss_id, now = new_command_id(), await business_now(session)

    async def write(inside: AsyncSession) -> None:
        inside.add(
            MissCause(
                id=miss_id,
                company_id=viewer.company_id,
                cycle_id=looked.cycle.id,
                owner_id=looked.owner.id,
                metric_id=looked.metric.id,
                cause=Cause(cause),
                reason=words["reason"],
                by_id=viewer.id,
                acted_by=acted_by(inside),
                at=now,
            )
        )

    key = f"{looked.cycle.id}.{looked.owner.id}.{looked.metric.id}"
    wish = await changing(session, viewer, CommandKind.CAUSE, Subject.MISS, key, before, words, write)
    return told_in_history(
        wish,
        "miss-classed",
        now,
        cycle_id=looked.cycle.id,
        department_id=looked.department_id,
        reason=words["reason"],
        cause=cause,
    )
