"""What people see of themselves: targets, where they stand, results once published (Rules 14, 50)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from api.facts import in_language
from api.i18n import Tongue
from api.pages.charts import Chart, bar_of, bars
from api.pages.department_views import held_against, in_words, known_until
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.pages.result_views import ResultLine
from api.session import Database, SignedIn, Viewer
from models.cycles import Cycle
from models.errors import Refusal
from models.metrics import Metric, Score, Target
from models.scores import score_with_lines
from models.stages import CycleState
from models.standings import cycles_with, lines_of_person, metrics_of_company, months_with_figures
from rules.standing import Standing, TimeGone, time_gone, together

router = APIRouter()


@dataclass(frozen=True)
class OwnTarget:
    metric: Metric
    name: str
    initiative: str
    weight: Decimal
    applies: bool
    standing: Standing
    is_confirmed: bool


@dataclass(frozen=True)
class OwnResult:
    score: Score
    lines: tuple[ResultLine, ...]


@dataclass(frozen=True)
class MyResultsPage:
    """One cycle of the reader's own; none where they take part in no cycle yet."""

    cycle: Cycle | None = None
    cycles: tuple[Cycle, ...] = ()
    targets: tuple[OwnTarget, ...] = ()
    gone: TimeGone | None = None
    overall: Decimal | None = None
    result: OwnResult | None = None
    chart: Chart | None = None

    @property
    def has_figures(self) -> bool:
        return any(one.standing.actual is not None for one in self.targets)


@router.get("/me/results", name="show_my_results")
async def show_my_results(around: TheShell, asking: SignedIn, database: Database, cycle: str = "") -> Response:
    """The latest cycle that the reader takes part in, or the one asked for."""
    cycles = await _own_cycles(database, asking)
    if not cycles and not cycle:
        return around.render("standing/mine.html", MyResultsPage())
    here = next((one for one in cycles if one.id == cycle or not cycle), None)
    if here is None:
        raise Refusal("cycle-unknown")
    around.tongue = around.tongue.within(zone_of_terms(here.terms))
    return around.render("standing/mine.html", await _page(database, around, asking, here, cycles))


async def _own_cycles(database: AsyncSession, asking: Viewer) -> tuple[Cycle, ...]:
    """Return the cycles in which the reader has targets, or a published result."""
    with_targets = select(Target.cycle_id).where(col(Target.person_id) == asking.id)
    with_result = select(Score.cycle_id).where(col(Score.person_id) == asking.id)
    seen = (
        (col(Cycle.company_id) == asking.company_id)
        & col(Cycle.state).not_in([CycleState.DRAFT, CycleState.CANCELLED])
        & or_(
            col(Cycle.id).in_(with_targets),
            col(Cycle.id).in_(with_result) & (col(Cycle.state) == CycleState.PUBLISHED),
        )
    )
    return tuple(await cycles_with(database, seen))


async def _page(
    database: AsyncSession, around: Shell, asking: Viewer, cycle: Cycle, cycles: tuple[Cycle, ...]
) -> MyResultsPage:
    tongue = around.tongue
    today = around.now.astimezone(ZoneInfo(zone_of_terms(cycle.terms))).date()
    months = await months_with_figures(database, cycle, asking.person)
    gone = time_gone(cycle.starts_on, cycle.ends_on, today, known_until(months))
    targets = await _targets(database, tongue, asking, cycle, gone)
    known = [one for one in targets if one.applies]
    return MyResultsPage(
        cycle=cycle,
        cycles=cycles,
        targets=targets,
        gone=gone,
        overall=together([(one.weight, one.standing.attainment) for one in known]),
        result=await _result(database, tongue, asking, cycle),
        chart=bars(
            [bar_of(one.name, one.standing, in_words(one.standing, one.metric, tongue)) for one in known],
            tongue,
            expected=gone.covered_percent,
        ),
    )


async def _targets(
    database: AsyncSession, tongue: Tongue, asking: Viewer, cycle: Cycle, gone: TimeGone
) -> tuple[OwnTarget, ...]:
    lines = {line.metric_id: line for line in await lines_of_person(database, cycle, asking.person)}
    found = await database.exec(
        select(Target).where(col(Target.cycle_id) == cycle.id, col(Target.person_id) == asking.id)
    )
    own = {target.metric_id: target for target in found.all()}
    rows = []
    for metric in await metrics_of_company(database, cycle.company_id):
        line, target = lines.get(metric.id), own.get(metric.id)
        if line is None:
            continue
        rows.append(
            OwnTarget(
                metric=metric,
                name=in_language(metric.name, metric.name_en, tongue.language),
                initiative=target.initiative if target else "",
                weight=line.weight,
                applies=line.applies,
                standing=held_against(metric, gone, line.target, line.actual),
                is_confirmed=target is not None and target.confirmed_at is not None,
            )
        )
    return tuple(rows)


async def _result(database: AsyncSession, tongue: Tongue, asking: Viewer, cycle: Cycle) -> OwnResult | None:
    """Return the reader's result; nobody hears of theirs before the cycle is published (Rule 14)."""
    if cycle.state is not CycleState.PUBLISHED:
        return None
    found = await score_with_lines(database, cycle.id, asking.id)
    if found is None:
        return None
    return OwnResult(
        found.score,
        tuple(
            ResultLine(
                in_language(one.metric.name, one.metric.name_en, tongue.language), one.metric.unit, one.line
            )
            for one in found.lines
        ),
    )
