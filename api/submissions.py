"""Figures handed in: checked as a whole before anything is kept (Rule 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import uuid4

from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from api import moves
from api.commands import Wish
from api.problems import Refusals
from api.scoring_gaps import GivenTarget, TargetCheck, facts_to_fill
from models.clock import business_now
from models.database import writing
from models.errors import Refusal
from models.stages import Choice, TaskKind
from models.tasks import RefusedFile, Submission, SubmissionRow, Task
from rules.completeness import CheckedRow, Gap, GivenRow, RowFault, check_submission

CHOICE_OF = {TaskKind.SUBMIT_DATA: Choice.SUBMIT, TaskKind.FILL_SCORING_GAP: Choice.FILLED}
"""The tasks that take figures, and what handing them in decides."""


async def handed_in(
    session: AsyncSession,
    task: Task,
    by_id: str,
    for_id: str,
    given: Sequence[GivenRow],
    *,
    file_name: str = "",
    comment: str = "",
    targets: Sequence[GivenTarget] = (),
) -> Wish:
    """Return the wish that decides the task with these figures and, where scoring waits for them, targets.

    No rows at all are fine where everything needed is there already, from the CRM.

    Raises:
        Refusal: `choice-not-allowed` where the task takes none; `submission-incomplete` with every
            fault by row and every gap.
    """
    choice = CHOICE_OF.get(task.kind)
    if choice is None or (targets and choice is not Choice.FILLED):
        raise Refusal("choice-not-allowed", choice=Choice.SUBMIT.value, kind=task.kind.value)
    facts, gap = await facts_to_fill(session, task)
    check = check_submission(facts, given)
    aims = gap.check(targets) if gap else TargetCheck((), (), ())
    errors = [_fault(fault) for fault in check.faults] + [_gap(one) for one in check.gaps] + aims.errors
    if errors:
        raise Refusals("submission-incomplete", errors, count=len(errors))
    submission = Submission(
        id=uuid4().hex,
        task_id=task.id,
        by_id=by_id,
        file_name=file_name[:200],
        received_at=await business_now(session),
    )
    rows = [_row(submission.id, row) for row in check.rows]
    wish = moves.decision(
        task,
        by_id,
        for_id,
        choice,
        comment=comment,
        submission_id=submission.id,
        rows=[submission, *rows],
        targets=[target.as_words() for target in aims.targets],
    )
    return replace(wish, alongside=partial(forget_refused, task_id=task.id))


async def keep_refused(session: AsyncSession, task_id: str, by_id: str, name: str, content: bytes) -> None:
    """Keep a file that was refused, in the place of the one before; let go of those that nobody came for."""
    await writing(session)
    now = await business_now(session)
    await session.exec(delete(RefusedFile).where(col(RefusedFile.received_at) < now - RefusedFile.KEPT_FOR))
    await session.merge(
        RefusedFile(task_id=task_id, by_id=by_id, name=name[:200], content=content, received_at=now)
    )
    await session.commit()


async def forget_refused(session: AsyncSession, *, task_id: str) -> None:
    """Let go of the task's refused files."""
    await session.exec(delete(RefusedFile).where(col(RefusedFile.task_id) == task_id))


def _row(submission_id: str, row: CheckedRow) -> SubmissionRow:
    return SubmissionRow(
        submission_id=submission_id,
        row=row.row,
        team_id=row.team_id,
        person_id=row.person_id,
        metric_id=row.metric_id,
        month=row.month,
        value=format(row.value, "f"),
        reason=row.reason,
    )


def _fault(fault: RowFault) -> Refusal:
    return Refusal(fault.code, row=fault.row, column=fault.column, **fault.facts)


def _gap(gap: Gap) -> Refusal:
    facts = {"team_id": gap.team_id, "metric_id": gap.metric_id, "month": f"{gap.month:%Y-%m}"}
    if gap.person_id:
        facts |= {"person_id": gap.person_id, "staff_no": gap.staff_no}
    if gap.fault:
        return Refusal("figure-invalid", fault=gap.fault, **facts)
    return Refusal("figure-missing", from_crm=gap.from_crm, **facts)
