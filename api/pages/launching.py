"""Launching a cycle: its period and deadlines, everything that is wrong, what will be sent; then one button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.commands import Asked
from api.launch_check import noteworthy_of, of_severity
from api.launching import already_launched, drafted, launch, refuse_known
from api.pages.rendering import Shell, TheShell
from api.pages.tasks import in_words
from api.parts import Parts, TheParts
from api.preview import Planned, Preview, named
from api.problems import Refusals
from api.rights import seen_cycle
from api.session import Database, HrAdmin, Viewer
from api.shapes import NewCycle, TermsGiven
from models.cycles import Cycle
from models.database import writing
from models.errors import Refusal
from models.org import Company
from models.stages import Approver, Channel, CycleState
from models.terms import MonthDue, Policy, Terms
from rules.launch import Severity
from rules.plan import month_after

router = APIRouter()

MOST_PREVIEWED = 80
MONTHS_OF_A_QUARTER = 3


@dataclass(frozen=True)
class Sample:
    """One message as the first department will get it."""

    planned: Planned
    subject: str
    text: str


@dataclass(frozen=True)
class Plan:
    """What a launch would do."""

    departments: int
    messages: int
    by_channel: Mapping[Channel, int]
    sms_cost: Decimal
    department: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class LaunchPage:
    name: str
    starts_on: str
    ends_on: str
    draft_id: str
    terms: Terms | None
    chain: tuple[Approver, ...]
    typed: Mapping[str, str]
    problem: str = ""
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What HR should know; the cycle can be launched all the same."""
    notes: tuple[str, ...] = ()
    """What happens otherwise than HR wrote it."""
    plan: Plan | None = None
    was_checked: bool = False

    def value(self, name: str, otherwise: object) -> str:
        """What was typed into a field, or what we propose for it."""
        return self.typed.get(name) or str(otherwise)


@router.get("/cycles/new")
async def show_launch(around: TheShell, asking: HrAdmin, database: Database, draft: str = "") -> Response:
    known = await _draft(database, asking, draft)
    if known is not None:
        page = _page(around, known.name, known.starts_on, known.ends_on, known.the_terms(), known.id)
        return around.render("cycles/launch.html", page)
    starts_on = _next_quarter(around)
    ends_on = month_after(starts_on, MONTHS_OF_A_QUARTER) - timedelta(days=1)
    name = around.tongue.quarter(starts_on)
    cycle = await drafted(database, asking, NewCycle(name=name, starts_on=starts_on, ends_on=ends_on))
    page = _page(around, name, starts_on, ends_on, cycle.the_terms())
    return around.render("cycles/launch.html", page)


@router.post("/cycles/new")
async def check_or_launch(
    request: Request, around: TheShell, parts: TheParts, asking: HrAdmin, database: Database
) -> Response:
    """Propose deadlines anew for another period; check; or launch what was found right."""
    form = await request.form()
    typed = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    wish = typed.get("do", "check")
    page = LaunchPage(
        name=typed.get("name", ""),
        starts_on=typed.get("starts_on", ""),
        ends_on=typed.get("ends_on", ""),
        draft_id=typed.get("draft_id", ""),
        terms=None,
        chain=Policy().approval_chain,
        typed={} if wish == "period" else typed,
    )
    try:
        cycle = await _asked_for(database, asking, typed, with_terms=wish != "period")
        page = replace(page, terms=cycle.the_terms())
        if wish == "period":
            return around.render("cycles/launch.html", page)
        found = await noteworthy_of(database, cycle, around.now)
        page = replace(
            page,
            warnings=await _worded(around, database, found, Severity.WARNING),
            notes=await _worded(around, database, found, Severity.NOTE),
        )
        if wrong := of_severity(found, Severity.ERROR):
            raise Refusals("launch-problems", wrong, count=len(wrong))
        if wish == "launch":
            if page.draft_id:
                await _keep_changes(database, cycle)
            await launch(database, parts.commands, asking, cycle, Asked())
            return RedirectResponse(f"/cycles/{cycle.id}", 303)
        plan = await _plan(database, around, parts, cycle)
        return around.render("cycles/launch.html", replace(page, plan=plan, was_checked=True))
    except Refusal as refusal:
        await database.rollback()
        said, faults = await in_words(around, database, refusal)
        page = replace(
            page, problem=said.detail, faults=faults, terms=page.terms or await _proposed(database, asking, typed)
        )
        return around.render("cycles/launch.html", page, 422)


async def _worded(
    around: Shell, database: AsyncSession, found: Sequence[Refusal], severity: Severity
) -> tuple[str, ...]:
    _, sentences = await in_words(around, database, Refusals("launch-problems", of_severity(found, severity)))
    return sentences


async def _proposed(database: AsyncSession, asking: Viewer, typed: Mapping[str, str]) -> Terms | None:
    """Propose deadlines for the period typed, so that the fields stay; None where it is no period."""
    try:
        return (await _asked_for(database, asking, typed, with_terms=False)).the_terms()
    except Refusal:
        return None


def _page(
    around: Shell, name: str, starts_on: date, ends_on: date, terms: Terms, draft_id: str = ""
) -> LaunchPage:
    return LaunchPage(
        name=name,
        starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat(),
        draft_id=draft_id,
        terms=terms,
        chain=terms.policy.approval_chain,
        typed={},
    )


async def _draft(database: AsyncSession, asking: Viewer, draft_id: str) -> Cycle | None:
    """Return the draft that was asked for, else the only one there is."""
    if draft_id:
        cycle = await seen_cycle(database, asking, draft_id)
        if cycle.state is not CycleState.DRAFT:
            raise already_launched(cycle)
        return cycle
    found = await database.exec(
        select(Cycle)
        .where(col(Cycle.company_id) == asking.company_id, col(Cycle.state) == CycleState.DRAFT)
        .limit(2)
    )
    drafts = found.all()
    return drafts[0] if len(drafts) == 1 else None


def _next_quarter(around: Shell) -> date:
    today = around.now.astimezone(around.tongue.zone).date()
    return month_after(today, MONTHS_OF_A_QUARTER - (today.month - 1) % MONTHS_OF_A_QUARTER)


async def _asked_for(
    database: AsyncSession, asking: Viewer, typed: Mapping[str, str], *, with_terms: bool
) -> Cycle:
    """Return the cycle that the form describes.

    Raises:
        Refusal: a day that is none, a known cycle, what `drafted` refuses.
    """
    draft_id = typed.get("draft_id", "")
    try:
        given = NewCycle(
            id=draft_id,
            name=typed.get("name", ""),
            starts_on=_day(typed, "starts_on"),
            ends_on=_day(typed, "ends_on"),
            terms=_terms(typed) if with_terms else TermsGiven(),
        )
    except ValidationError as wrong:
        raise Refusal("launch-form-incomplete") from wrong
    known = await _draft(database, asking, draft_id) if draft_id else None
    if known is not None:
        given.hr_owner_id = known.hr_owner_id
    cycle = await drafted(database, asking, given)
    if known is None:
        await refuse_known(database, cycle.id, asking.company_id)
    return cycle


def _terms(typed: Mapping[str, str]) -> TermsGiven:
    """Read the deadlines. A month's submission opens as proposed; only its deadline is asked."""
    months = tuple(
        MonthDue(
            month=date.fromisoformat(name.removeprefix("opens:")),
            opens_on=_day(typed, name),
            due_on=_day(typed, f"due:{name.removeprefix('opens:')}"),
        )
        for name in typed
        if name.startswith("opens:")
    )
    chain = Policy().approval_chain
    return TermsGiven(
        targets_due_on=_day(typed, "targets_due_on"),
        months=months or None,
        approvals_due_on=tuple(_day(typed, f"approval:{approver.value}") for approver in chain),
        feedback_due_on=_day(typed, "feedback_due_on"),
        policy=Policy(
            approve_by_silence=typed.get("approve_by_silence") == "yes",
            always_sign_in=typed.get("always_sign_in") == "yes",
        ),
    )


def _day(typed: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(typed.get(name, ""))
    except ValueError as unreadable:
        raise Refusal("launch-form-incomplete") from unreadable


async def _keep_changes(database: AsyncSession, cycle: Cycle) -> None:
    """Write the draft as it was checked, so that what is launched is what was seen."""
    await database.rollback()
    await writing(database)
    await database.exec(
        update(Cycle)
        .where(col(Cycle.id) == cycle.id, col(Cycle.state) == CycleState.DRAFT)
        .values(
            name=cycle.name,
            starts_on=cycle.starts_on,
            ends_on=cycle.ends_on,
            terms=cycle.terms,
            hr_owner_id=cycle.hr_owner_id,
        )
        .execution_options(synchronize_session=False)
    )
    await database.commit()


async def _plan(database: AsyncSession, around: Shell, parts: Parts, cycle: Cycle) -> Plan:
    """Say what the launch would send, with the first department's messages in full."""
    preview = await Preview.of(database, cycle, around.now)
    company = await database.get_one(Company, cycle.company_id)
    by_channel = preview.by_channel()
    first = list(islice(preview.messages(), min(len(preview.steps), MOST_PREVIEWED)))
    samples = tuple(_sample(parts, company, cycle, around, planned) for planned in first)
    return Plan(
        departments=len(preview.departments),
        messages=preview.count,
        by_channel=by_channel,
        sms_cost=preview.sms_cost(parts.settings.twilio, by_channel),
        department=named(preview.departments[0], around.tongue.language) if preview.departments else "",
        samples=tuple(sorted(samples, key=lambda sample: sample.planned.at)),
    )


def _sample(parts: Parts, company: Company, cycle: Cycle, around: Shell, planned: Planned) -> Sample:
    if planned.person is None:
        return Sample(planned, "", "")
    facts = {
        "company": company.name,
        "zone": cycle.the_terms().time_zone,
        "link": f"{str(parts.settings.base_url).rstrip('/')}/t/…",
        "cycle": cycle.name,
        "department": named(planned.department, around.tongue.language),
        "kind": planned.task.kind,
        "month": planned.task.month,
        "deadline_at": planned.task.deadline_at,
        "moment": planned.at,
        "decides": True,
        "stands_in_for": planned.meant_for.name if planned.meant_for else "",
    }
    written = parts.write(planned.occasion, planned.channel, planned.person, facts)
    return Sample(planned, written.subject, written.text)
