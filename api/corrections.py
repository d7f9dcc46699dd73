"""A single figure put right by a person; the value before stays, with who and why (Rule 30)."""

from __future__ import annotations

from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import CommandKind, Wish
from api.figure_scopes import Looked
from api.recording import changing, refuse_too_long, told_in_history
from api.session import Viewer
from models.behind import first_of
from models.changes import Subject
from models.clock import business_now
from models.cycles import CycleDepartment
from models.errors import Refusal
from models.figures import replace_figures
from models.metrics import Aggregation, Figure, FigureLevel, MetricUnit
from models.org import Person, Unit
from models.stages import CycleState, Role, Stage
from models.standing_out import follow_correction
from rules.amounts import Amounts, decimal_in
from rules.completeness import fault_of_value

BEFORE_RESULTS = (Stage.TARGETS, Stage.SUBMISSION)


async def may_correct(session: AsyncSession, viewer: Viewer, looked: Looked) -> bool:
    """Say whether the viewer may correct it: HR and the department's director, until results are worked out."""
    try:
        await refuse_correction(session, viewer, looked)
    except Refusal:
        return False
    return True


async def refuse_correction(session: AsyncSession, viewer: Viewer, looked: Looked) -> None:
    """Raises: Refusal: `figure-unknown` where it is no single figure; `not-yours`; `figure-settled`."""
    of_team = isinstance(looked.owner, Person) and looked.metric.level is FigureLevel.TEAM
    if not looked.is_point or looked.month is None or of_team:  # A team's is corrected on the team's page.
        raise Refusal("figure-unknown")
    department = await session.get(Unit, looked.department_id)
    is_hr = viewer.has(Role.HR_ADMIN)
    if viewer.only_reads or not (is_hr or (department and department.head_id == viewer.id)):
        raise Refusal("not-yours")
    place = await session.get(CycleDepartment, (looked.cycle.id, looked.department_id))
    stages = (*BEFORE_RESULTS, Stage.EVALUATION) if is_hr else BEFORE_RESULTS
    if place is None or place.stage not in stages or looked.cycle.state is not CycleState.RUNNING:
        raise Refusal("figure-settled")


async def correcting(session: AsyncSession, viewer: Viewer, looked: Looked, value: str, reason: str) -> Wish:
    """Return the wish that puts `value` in the place of the figure in force.

    Raises:
        Refusal: those of `refuse_correction`; the codes of
            `rules.amounts.decimal_in` and `rules.completeness.fault_of_value`; `figure-same`; `text-too-long`.
    """
    await refuse_correction(session, viewer, looked)
    is_percent = looked.metric.unit is MetricUnit.PERCENT
    read = decimal_in(value, Amounts(percent="points" if is_percent else "refused"))
    number = read.value
    if number is None:
        raise Refusal(read.fault or "value-missing", given=value, near=read.suggestion, field="value")
    if fault := fault_of_value(looked.metric, number):
        code = "figure-too-large" if fault == "too-large" else fault
        raise Refusal(code, given=value, field="value")
    before = await first_of(session, looked.scope)
    if before is not None and before.value == number:
        raise Refusal("figure-same", field="value")
    now = await business_now(session)
    person = looked.owner if isinstance(looked.owner, Person) else None
    month = looked.scope.months[0]
    key = f"{looked.owner.id}.{looked.metric.id}.{month:%Y-%m}"
    refuse_too_long(reason=reason)
    words = {"value": format(number, "f"), "reason": reason}

    async def write(inside: AsyncSession) -> None:
        present = await first_of(inside, looked.scope)
        corrected = Figure(
            id=f"{key}.{wish.command_id}",
            company_id=viewer.company_id,
            department_id=looked.department_id,
            team_id=present.team_id if present else person.unit_id if person else looked.owner.id,
            person_id=person.id if person else "",
            metric_id=looked.metric.id,
            month=month,
            value=number,
            source="person",
            entered_by=viewer.id,
            reason=words["reason"],
            at=now,
        )
        await replace_figures(inside, [(corrected, present)])
        change = number - (present.value if present else 0)
        await follow_correction(inside, key, change)
        if person and looked.metric.aggregation is Aggregation.SUM:
            await follow_correction(inside, f"{corrected.team_id}.{looked.metric.id}.{month:%Y-%m}", change)

    wish = await changing(
        session,
        viewer,
        CommandKind.FIGURE,
        Subject.FIGURE,
        key,
        {"value": format(before.value, "f")} if before else {},
        words,
        write,
    )
    return told_in_history(
        wish,
        "figure-corrected",
        now,
        cycle_id=looked.cycle.id,
        department_id=looked.department_id,
        reason=words["reason"],
        figures=[
            {
                "person": person.id if person else "",
                "unit": "" if person else looked.owner.id,
                "metric": looked.metric.id,
                "month": f"{month:%Y-%m-%d}",
                "before": format(before.value, "f") if before else "",
                "value": words["value"],
            }
        ],
    )
