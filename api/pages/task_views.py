"""What the page of a task shows, whatever its kind: read from the database, never from a workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from api.i18n import Tongue
from api.pages.handing_in import Handed
from api.pages.result_views import ResultsView, results_view
from api.pages.submission_views import SubmissionView, submission_view
from api.pages.target_views import ProposalView, TargetsView, proposal_view, targets_view
from models.cycles import Cycle
from models.org import Person, Unit
from models.stages import Choice, Language, TaskKind, TaskState
from models.tasks import Decision, Task, TaskComment

Subject: TypeAlias = TargetsView | ProposalView | SubmissionView | ResultsView

TEMPLATES: Mapping[TaskKind, str] = {
    TaskKind.CONFIRM_TARGETS: "tasks/confirm_targets.html",
    TaskKind.ANSWER_PROPOSAL: "tasks/answer_proposal.html",
    TaskKind.SUBMIT_DATA: "tasks/submit_data.html",
    TaskKind.FILL_SCORING_GAP: "tasks/submit_data.html",
    TaskKind.APPROVE_RESULTS: "tasks/approve_results.html",
    TaskKind.GIVE_FEEDBACK: "tasks/approve_results.html",
}


@dataclass(frozen=True)
class Remark:
    """A comment on a task, or the words of the decision that made it necessary."""

    by: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Verdict:
    """How a task ended."""

    choice: Choice | None
    by: str
    on_behalf_of: str
    acted_by: str
    by_policy: bool
    comment: str
    at: datetime | None


@dataclass(frozen=True)
class TaskView:
    task: Task
    cycle: Cycle
    department: str
    holder: str
    first_holder: str
    cause: Remark | None
    remarks: tuple[Remark, ...]
    verdict: Verdict | None

    @property
    def is_open(self) -> bool:
        return self.task.state is TaskState.OPEN

    @property
    def has_moved(self) -> bool:
        return self.task.holder_id != self.task.first_holder_id


async def task_view(database: AsyncSession, task: Task, language: Language) -> TaskView:
    """Read what stands around a task: names, comments, how it came about and how it ended."""
    cycle = await database.get_one(Cycle, task.cycle_id)
    unit = await database.get(Unit, task.department_id)
    decision = await database.get(Decision, task.id)
    cause = await _decision_of(database, task.cause_id)
    comments = (
        await database.exec(
            select(TaskComment).where(col(TaskComment.task_id) == task.id).order_by(col(TaskComment.at))
        )
    ).all()
    people = {task.holder_id, task.first_holder_id, *(comment.by_id for comment in comments)}
    for made in (decision, cause):
        people |= {made.by_id, made.on_behalf_of, made.acted_by} if made else set()
    names = await names_of(database, people)
    return TaskView(
        task=task,
        cycle=cycle,
        department=in_language(unit.name, unit.name_en, language) if unit else task.department_id,
        holder=names.get(task.holder_id, task.holder_id),
        first_holder=names.get(task.first_holder_id, task.first_holder_id),
        cause=Remark(names.get(cause.by_id, ""), cause.comment, cause.decided_at) if cause else None,
        remarks=tuple(Remark(names.get(one.by_id, ""), one.text, one.at) for one in comments),
        verdict=_verdict(task, decision, names),
    )


async def subject_of(database: AsyncSession, task: Task, tongue: Tongue, handed: Handed | None = None) -> Subject:
    """Read what is to be decided; with the figures that were just handed in and refused."""
    match task.kind:
        case TaskKind.CONFIRM_TARGETS:
            return await targets_view(database, task, tongue.language)
        case TaskKind.ANSWER_PROPOSAL:
            return await proposal_view(database, task, tongue.language)
        case TaskKind.SUBMIT_DATA | TaskKind.FILL_SCORING_GAP:
            return await submission_view(database, task, tongue, handed)
        case TaskKind.APPROVE_RESULTS | TaskKind.GIVE_FEEDBACK:
            return await results_view(database, task, tongue.language)


async def names_of(database: AsyncSession, ids: Sequence[str] | set[str]) -> dict[str, str]:
    found = await database.exec(
        select(Person.id, Person.name).where(col(Person.id).in_([one for one in ids if one]))
    )
    return {row[0]: row[1] for row in found.all()}


async def _decision_of(database: AsyncSession, command_id: str) -> Decision | None:
    if not command_id:
        return None
    return (await database.exec(select(Decision).where(col(Decision.command_id) == command_id))).first()


def _verdict(task: Task, decision: Decision | None, names: Mapping[str, str]) -> Verdict | None:
    if task.state is TaskState.OPEN:
        return None
    if decision is None:
        return Verdict(None, "", "", "", by_policy=False, comment="", at=task.closed_at)
    return Verdict(
        choice=decision.choice,
        by=names.get(decision.by_id, ""),
        on_behalf_of=names.get(decision.on_behalf_of, ""),
        acted_by=names.get(decision.acted_by, ""),
        by_policy=decision.by_policy,
        comment=decision.comment,
        at=decision.decided_at,
    )
