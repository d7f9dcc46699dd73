"""Launching a cycle: its plan, checked as one types, with a preview of all that will be sent; then one button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.commands import Asked
from api.facts import in_language
from api.launch_check import noteworthy_of, of_severity
from api.launching import already_launched, drafted, launch, refuse_known
from api.pages.launch_forms import DOINGS, RungField, day_typed, fields_of, rungs_typed, terms_typed
from api.pages.launch_previews import Plan, holders_page, messages_page, plan_of
from api.pages.rendering import Shell, TheShell
from api.pages.tasks import in_words
from api.parts import TheParts
from api.problems import Refusals
from api.rights import seen_cycle
from api.session import Database, HrAdmin, Viewer
from api.shapes import NewCycle, TermsGiven
from models.cycles import Cycle
from models.database import writing
from models.errors import Refusal
from models.months import month_after
from models.org import Unit
from models.stages import Approver, Channel, CycleState, UnitKind
from models.terms import Policy, Terms
from rules.launch import Severity
from rules.plan import terms_like

router = APIRouter()

MONTHS_OF_A_QUARTER = 3
MOST_TEMPLATES = 12
MOST_FIELDS = 6000
"""Of a form in which departments are left out one by one."""


@dataclass(frozen=True)
class Division:
    """A division with its departments, to choose who takes part."""

    id: str
    name: str
    departments: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Check:
    """What stands in the way of a launch, what HR should know, and what the launch would do."""

    problem: str = ""
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What HR should know; the cycle can be launched all the same."""
    notes: tuple[str, ...] = ()
    """What happens otherwise than HR wrote it."""
    plan: Plan | None = None


SHOWN = frozenset({"csrf", "do", "name", "starts_on", "ends_on", "template", "draft_id", "without"})
"""Fields of the launch that are there whatever the period, and what is not typed."""


@dataclass(frozen=True)
class LaunchPage:
    name: str
    starts_on: str
    ends_on: str
    draft_id: str
    template_id: str
    terms: Terms | None
    typed: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    templates: tuple[Cycle, ...] = ()
    divisions: tuple[Division, ...] = ()
    check: Check | None = None

    def value(self, name: str, otherwise: object) -> str:
        """What was typed into a field, or what we propose for it."""
        return self.typed.get(name) or str(otherwise)

    @property
    def unshown(self) -> dict[str, str]:
        """What was typed into fields that a period which makes no sense leaves no place for."""
        return {name: said for name, said in self.typed.items() if name not in SHOWN} if self.terms is None else {}

    @property
    def chain(self) -> tuple[Approver, ...]:
        return self.terms.policy.approval_chain if self.terms else Policy().approval_chain

    @property
    def rungs(self) -> tuple[RungField, ...]:
        typed = rungs_typed(self.typed)
        return typed or (fields_of(self.terms.ladder) if self.terms else ())

    @property
    def channels(self) -> tuple[Channel, ...]:
        return tuple(Channel)

    @property
    def doings(self) -> dict[str, str]:
        return {name: words for name, (_, _, words) in DOINGS.items()}

    @property
    def departments(self) -> int:
        return sum(len(division.departments) for division in self.divisions)


@dataclass(frozen=True)
class Form:
    """What a browser sent."""

    typed: Mapping[str, str]
    left_out: tuple[str, ...]

    @classmethod
    async def of(cls, request: Request) -> Form:
        form = await request.form(max_fields=MOST_FIELDS)
        typed = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
        return cls(typed, tuple(sorted({str(one) for one in form.getlist("without")})))

    def number(self, name: str) -> int:
        written = self.typed.get(name, "")
        return int(written) if written.isdecimal() and len(written) < 6 else 0


@router.get("/cycles/new")
async def show_launch(around: TheShell, asking: HrAdmin, database: Database, draft: str = "") -> Response:
    known = await _draft(database, asking, draft)
    if known is not None:
        page = _page(known.name, known.starts_on, known.ends_on, known.the_terms(), known.id)
        return await _shown(around, database, asking, page)
    starts_on = await _next_quarter(around, database, asking)
    ends_on = month_after(starts_on, MONTHS_OF_A_QUARTER) - timedelta(days=1)
    name = around.tongue.quarter(starts_on)
    cycle = await drafted(database, asking, NewCycle(name=name, starts_on=starts_on, ends_on=ends_on))
    return await _shown(around, database, asking, _page(name, starts_on, ends_on, cycle.the_terms()))


@router.post("/cycles/new")
async def check_or_launch(
    request: Request, around: TheShell, parts: TheParts, asking: HrAdmin, database: Database
) -> Response:
    """Propose deadlines anew for another period or template; check; or launch what was found right."""
    form = await Form.of(request)
    wish = form.typed.get("do", "check")
    page = LaunchPage(
        name=form.typed.get("name", ""),
        starts_on=form.typed.get("starts_on", ""),
        ends_on=form.typed.get("ends_on", ""),
        draft_id=form.typed.get("draft_id", ""),
        template_id=form.typed.get("template", ""),
        terms=None,
        typed={} if wish == "period" else form.typed,
        left_out=frozenset(form.left_out),
    )
    check = Check()
    try:
        cycle = await _asked_for(database, asking, form, with_terms=wish != "period")
        page = replace(page, terms=cycle.the_terms())
        if wish == "period":
            page = replace(page, left_out=frozenset(form.left_out or cycle.the_terms().left_out))
            return await _shown(around, database, asking, page)
        found = await noteworthy_of(database, cycle, around.now)
        check = Check(
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
        check = replace(check, plan=await plan_of(database, around, parts, cycle))
        return await _shown(around, database, asking, replace(page, check=check))
    except Refusal as refusal:
        await database.rollback()
        said, faults = await in_words(around, database, refusal)
        page = replace(page, typed=form.typed, check=replace(check, problem=said.detail, faults=faults))
        terms = page.terms or await _proposed(database, asking, form)
        return await _shown(around, database, asking, replace(page, terms=terms), 422)


@router.post("/cycles/new/messages")
async def show_messages(
    request: Request, around: TheShell, parts: TheParts, asking: HrAdmin, database: Database
) -> Response:
    """Show one page of a step's messages in full: to whom, through what, with which text."""
    form = await Form.of(request)
    cycle = await _asked_for(database, asking, form, with_terms=True)
    page = await messages_page(
        database, around, parts, cycle, form.number("step"), max(1, form.number("messages_page"))
    )
    return around.render("cycles/launch_messages.html", page)


@router.post("/cycles/new/holders")
async def show_holders(request: Request, around: TheShell, asking: HrAdmin, database: Database) -> Response:
    """Show who will hold which task, one page of the departments at a time."""
    form = await Form.of(request)
    cycle = await _asked_for(database, asking, form, with_terms=True)
    page = await holders_page(database, around, cycle, max(1, form.number("holders_page")))
    return around.render("cycles/launch_holders.html", page)


async def _shown(
    around: Shell, database: AsyncSession, asking: Viewer, page: LaunchPage, status: int = 200
) -> Response:
    """Show the page; where it is checked while somebody types, what the check found alone."""
    if around.wants_part("check"):
        return around.render("cycles/launch_check.html", page, status)
    page = replace(
        page,
        templates=await _templates(database, asking),
        divisions=await _divisions(database, around, asking),
    )
    return around.render("cycles/launch.html", page, status)


async def _templates(database: AsyncSession, asking: Viewer) -> tuple[Cycle, ...]:
    """Return the cycles whose plan can be copied, the newest first."""
    found = await database.exec(
        select(Cycle)
        .where(col(Cycle.company_id) == asking.company_id, col(Cycle.state) != CycleState.DRAFT)
        .order_by(col(Cycle.starts_on).desc(), col(Cycle.id))
        .limit(MOST_TEMPLATES)
    )
    return tuple(found.all())


async def _divisions(database: AsyncSession, around: Shell, asking: Viewer) -> tuple[Division, ...]:
    found = await database.exec(
        select(Unit)
        .where(
            col(Unit.company_id) == asking.company_id,
            col(Unit.kind).in_([UnitKind.DIVISION, UnitKind.DEPARTMENT]),
        )
        .order_by(col(Unit.name), col(Unit.id))
    )
    divisions: dict[str, str] = {}
    departments: dict[str, list[tuple[str, str]]] = {}
    for unit in found.all():
        shown = in_language(unit.name, unit.name_en, around.tongue.language)
        if unit.kind is UnitKind.DIVISION:
            divisions[unit.id] = shown
        else:
            departments.setdefault(unit.parent_id or "", []).append((unit.id, shown))
    known = [Division(one, name, tuple(departments.pop(one, []))) for one, name in divisions.items()]
    rest = [one for others in departments.values() for one in others]
    return tuple(one for one in [*known, Division("", "", tuple(rest))] if one.departments)


async def _worded(
    around: Shell, database: AsyncSession, found: Sequence[Refusal], severity: Severity
) -> tuple[str, ...]:
    _, sentences = await in_words(around, database, Refusals("launch-problems", of_severity(found, severity)))
    return sentences


async def _proposed(database: AsyncSession, asking: Viewer, form: Form) -> Terms | None:
    """Propose deadlines for the period typed, so that the fields stay; None where it is no period."""
    try:
        return (await _asked_for(database, asking, form, with_terms=False)).the_terms()
    except Refusal:
        return None


def _page(name: str, starts_on: date, ends_on: date, terms: Terms, draft_id: str = "") -> LaunchPage:
    return LaunchPage(
        name=name,
        starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat(),
        draft_id=draft_id,
        template_id="",
        terms=terms,
        left_out=frozenset(terms.left_out),
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


async def _next_quarter(around: Shell, database: AsyncSession, asking: Viewer) -> date:
    """Return the first day of the next quarter that has no cycle yet."""
    today = around.now.astimezone(around.tongue.zone).date()
    starts_on = month_after(today, MONTHS_OF_A_QUARTER - (today.month - 1) % MONTHS_OF_A_QUARTER)
    found = await database.exec(
        select(col(Cycle.starts_on)).where(
            col(Cycle.company_id) == asking.company_id,
            col(Cycle.starts_on) >= starts_on,
            col(Cycle.state) != CycleState.CANCELLED,
        )
    )
    taken = set(found.all())
    while starts_on in taken:
        starts_on = month_after(starts_on, MONTHS_OF_A_QUARTER)
    return starts_on


async def _asked_for(database: AsyncSession, asking: Viewer, form: Form, *, with_terms: bool) -> Cycle:
    """Return the cycle that the form describes; without terms, with those proposed for its period.

    Raises:
        Refusal: a day that is none, a known cycle, what `drafted` refuses.
    """
    draft_id = form.typed.get("draft_id", "")
    known = await _draft(database, asking, draft_id) if draft_id else None
    template = await _template(database, asking, form.typed.get("template", ""))
    source = template or known
    base = source.the_terms() if source and source.terms else None
    starts_on = day_typed(form.typed, "starts_on")
    try:
        given = NewCycle(
            id=draft_id,
            name=form.typed.get("name", ""),
            starts_on=starts_on,
            ends_on=day_typed(form.typed, "ends_on"),
            terms=terms_typed(form.typed, form.left_out, base)
            if with_terms
            else TermsGiven(policy=base.policy if base else None),
        )
    except ValidationError as wrong:
        raise Refusal("launch-form-incomplete") from wrong
    if known is not None:
        given.hr_owner_id = known.hr_owner_id
    cycle = await drafted(database, asking, given)
    if source and base and not with_terms:
        cycle.terms = terms_like(base, source.starts_on, cycle.the_terms(), starts_on).model_dump(mode="json")
    if known is None:
        await refuse_known(database, cycle.id, asking.company_id)
    return cycle


async def _template(database: AsyncSession, asking: Viewer, template_id: str) -> Cycle | None:
    return await seen_cycle(database, asking, template_id) if template_id else None


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
