"""From HR's request to a running cycle: terms filled in, everything checked, then launched once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlmodel import SQLModel, col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api import moves
from api.commands import Asked, CommandKind, Commands, Outcome, Wish
from api.problems import Refusals
from api.session import Viewer
from api.shapes import NewCycle, TermsGiven
from models.clock import business_now
from models.cycles import Cycle, CycleDepartment, CycleEvent, PlanRevision
from models.errors import Refusal
from models.metrics import (
    LaunchedMetric,
    LaunchedScorecard,
    LaunchedScorecardLine,
    Metric,
    Scorecard,
    ScorecardLine,
    ScoringScheme,
)
from models.org import Company, Unit, calendar_overrides, takes_part
from models.stages import CycleState
from models.terms import BandLimit, Policy, Terms
from rules.calendar import WorkCalendar
from rules.launch import misfits_in
from rules.plan import default_terms

QUARTERS = {(1, 3): 1, (4, 6): 2, (7, 9): 3, (10, 12): 4}


async def drafted(session: AsyncSession, viewer: Viewer, given: NewCycle) -> Cycle:
    """Return the cycle that HR asks for, with its terms complete; nothing is written.

    Raises:
        Refusal: `period-invalid`, `person-unknown` for the HR owner, `terms-invalid`.
    """
    if given.ends_on < given.starts_on:
        raise Refusal("period-invalid")
    company = await session.get_one(Company, viewer.company_id)
    terms = in_scheme(
        await proposed_terms(session, company, given), given.terms.policy, await scheme_of(session, company.id)
    )
    return Cycle(
        id=given.id or _business_key(company.id, given),
        company_id=company.id,
        name=given.name,
        starts_on=given.starts_on,
        ends_on=given.ends_on,
        hr_owner_id=given.hr_owner_id or viewer.id,
        terms=terms.model_dump(mode="json"),
        created_by=viewer.id,
    )


def in_scheme(terms: Terms, said: Policy | None, scheme: ScoringScheme | None) -> Terms:
    """Return terms with the company's cap and bands, where the launch does not say others."""
    if scheme is None:
        return terms
    given = said.model_fields_set if said else frozenset[str]()
    ours = {"score_cap": scheme.score_cap, "bands": tuple(BandLimit.model_validate(band) for band in scheme.bands)}
    policy = terms.policy.model_copy(update={name: value for name, value in ours.items() if name not in given})
    return terms.model_copy(update={"policy": policy})


async def scheme_of(session: AsyncSession, company_id: str) -> ScoringScheme | None:
    """Return the company's cap and bands; None where it keeps the default ones."""
    return await session.get(ScoringScheme, company_id)


def _business_key(company_id: str, given: NewCycle) -> str:
    quarter = QUARTERS.get((given.starts_on.month, given.ends_on.month))
    if quarter and given.starts_on.year == given.ends_on.year:
        return f"{company_id}-{given.starts_on.year}q{quarter}"
    return f"{company_id}-{given.starts_on:%Y%m%d}-{given.ends_on:%Y%m%d}"


async def proposed_terms(session: AsyncSession, company: Company, given: NewCycle) -> Terms:
    """Fill in what HR left open from period, working calendar and the days of the launch."""
    said = given.terms
    calendar = WorkCalendar(
        time_zone=_known_zone(said.time_zone or company.time_zone),
        overrides=await calendar_overrides(session, company.id),
        first_hour=company.first_sending_hour if said.first_sending_hour is None else said.first_sending_hour,
        last_hour=company.last_sending_hour if said.last_sending_hour is None else said.last_sending_hour,
    )
    launch_on = calendar.day_of(await business_now(session))
    policy = said.policy or Policy()
    proposed = default_terms(given.starts_on, given.ends_on, launch_on, calendar, policy=policy)
    return changed(proposed.model_copy(update={"ladder": company.the_ladder()}), said)


def changed(terms: Terms, said: TermsGiven) -> Terms:
    """Return terms with what HR said in place of what stood there.

    Raises:
        Refusals: `terms-invalid`, with each field.
    """
    try:
        new = Terms.model_validate({**terms.model_dump(), **said.model_dump(exclude_none=True)})
    except ValidationError as wrong:
        errors = [
            Refusal("field-invalid", field=".".join(map(str, error["loc"])), fault=error["msg"])
            for error in wrong.errors()
        ]
        raise Refusals("terms-invalid", errors, count=len(errors)) from wrong
    misfits = [Refusal(misfit.code, **misfit.facts) for misfit in misfits_in(new)]
    if misfits:
        raise Refusals("terms-invalid", misfits, count=len(misfits))
    return new


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError) as unknown:
        raise Refusal("time-zone-unknown", time_zone=name) from unknown
    return name


async def keep_draft(
    session: AsyncSession, commands: Commands, viewer: Viewer, cycle: Cycle, asked: Asked
) -> Outcome:
    """Keep a cycle that is not launched yet."""
    wish = moves.note(CommandKind.DRAFT, cycle.company_id, viewer.id, {"cycle_id": cycle.id}, [cycle])
    return await commands.note(session, wish, asked)


async def refuse_known(session: AsyncSession, cycle_id: str, company_id: str) -> None:
    """Refuse a second cycle under the same business key, and a second launch.

    Raises:
        Refusal: `cycle-already-launched` with its state and moment; `cycle-exists` for a draft.
    """
    known = await session.get(Cycle, cycle_id)
    if known is None:
        return
    if known.company_id != company_id or known.state is CycleState.DRAFT:
        raise Refusal("cycle-exists", cycle_id=cycle_id)
    raise already_launched(known)


def already_launched(cycle: Cycle) -> Refusal:
    launched_at = cycle.launched_at.isoformat() if cycle.launched_at else ""
    return Refusal("cycle-already-launched", cycle_id=cycle.id, state=cycle.state.value, at=launched_at)


async def launch(session: AsyncSession, commands: Commands, viewer: Viewer, cycle: Cycle, asked: Asked) -> Outcome:
    """Launch a cycle that was found right: its rows first, then its workflow.

    Of two launches at once one is refused, as the command's id is made from the cycle's.
    """
    begin_at = await business_now(session)
    department_ids = (
        await session.exec(
            select(Unit.id).where(col(Unit.company_id) == cycle.company_id, takes_part(cycle.the_terms().left_out))
        )
    ).all()
    running = Cycle(**cycle.model_dump())
    running.state, running.launched_at = CycleState.RUNNING, begin_at
    wish = moves.launch(running, viewer.id, begin_at)
    departments = [
        CycleDepartment(cycle_id=cycle.id, department_id=department_id, company_id=cycle.company_id)
        for department_id in department_ids
    ]
    rows = [
        *departments,
        *await metrics_as_they_stand(session, cycle),
        *await scorecards_as_they_stand(session, cycle),
    ]
    return await commands.ask(session, _with_rows(wish, running, rows, viewer.id, begin_at), asked)


async def metrics_as_they_stand(session: AsyncSession, cycle: Cycle) -> list[LaunchedMetric]:
    found = await session.exec(select(Metric).where(col(Metric.company_id) == cycle.company_id))
    return [
        LaunchedMetric(
            cycle_id=cycle.id,
            metric_id=metric.id,
            higher_is_better=metric.higher_is_better,
            is_required=metric.is_required,
        )
        for metric in found.all()
    ]


async def scorecards_as_they_stand(
    session: AsyncSession, cycle: Cycle
) -> list[LaunchedScorecard | LaunchedScorecardLine]:
    """Return the company's scorecards as the cycle will keep them, whatever becomes of them later."""
    found = await session.exec(
        select(Scorecard, ScorecardLine, Metric)
        .join(ScorecardLine, col(ScorecardLine.scorecard_id) == col(Scorecard.id))
        .join(Metric, col(Metric.id) == col(ScorecardLine.metric_id))
        .where(col(Scorecard.company_id) == cycle.company_id)
    )
    cards: dict[str, LaunchedScorecard] = {}
    lines = []
    for card, line, metric in found.all():
        cards[card.id] = LaunchedScorecard(
            cycle_id=cycle.id, scorecard_id=card.id, name=card.name, post=card.post, grade=card.grade
        )
        lines.append(
            LaunchedScorecardLine(
                cycle_id=cycle.id,
                scorecard_id=card.id,
                metric_id=metric.id,
                weight=line.weight,
                level=metric.level,
                aggregation=metric.aggregation,
                higher_is_better=metric.higher_is_better,
                is_required=metric.is_required,
            )
        )
    return [*cards.values(), *lines]


def _with_rows(wish: Wish, cycle: Cycle, others: Sequence[SQLModel], by_id: str, begin_at: datetime) -> Wish:
    first_plan = PlanRevision(
        cycle_id=cycle.id,
        revision=cycle.revision,
        terms=cycle.terms,
        by_id=by_id,
        command_id=wish.command_id,
        at=begin_at,
    )
    event = CycleEvent(
        id=f"{cycle.id}/{wish.command_id}",
        company_id=cycle.company_id,
        cycle_id=cycle.id,
        kind="launched",
        actor_id=by_id,
        detail={"departments": sum(isinstance(row, CycleDepartment) for row in others)},
        at=begin_at,
    )

    async def out_of_draft(session: AsyncSession) -> None:
        await session.exec(
            update(Cycle)
            .where(col(Cycle.id) == cycle.id, col(Cycle.state) == CycleState.DRAFT)
            .values(state=CycleState.RUNNING, launched_at=begin_at)
            .execution_options(synchronize_session=False)
        )

    rows = (cycle, *others, first_plan, event)
    return replace(wish, rows=rows, alongside=out_of_draft)
