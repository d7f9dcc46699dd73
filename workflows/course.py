"""The course of a review: which stage it stands at, which tasks that asks for, what a decision leads to.

Plain state without the engine, so that every turn can be tested by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from models.errors import Refusal
from models.messages import DepartmentCarried, DepartmentPlan, DepartmentStart, TaskPlan
from models.stages import Choice, Stage, TaskKind

TARGETS = "targets"
ANSWER = "answer"
RESUBMIT = "resubmit"
FILL_GAP = "fill-gap"

EXTRA_KINDS = {
    ANSWER: TaskKind.ANSWER_PROPOSAL,
    RESUBMIT: TaskKind.SUBMIT_DATA,
    FILL_GAP: TaskKind.FILL_SCORING_GAP,
}
"""Tasks that no plan foresees: a counter-proposal, a send-back or a gap makes them necessary."""

KINDS_OF_STAGE = {
    Stage.TARGETS: TaskKind.CONFIRM_TARGETS,
    Stage.SUBMISSION: TaskKind.SUBMIT_DATA,
    Stage.APPROVAL: TaskKind.APPROVE_RESULTS,
    Stage.FEEDBACK: TaskKind.GIVE_FEEDBACK,
}


@dataclass
class Course:
    """`done` holds the slots decided in this round; `extra` the slot of an unforeseen task in the way."""

    plan: DepartmentPlan
    stage: Stage
    round: int
    done: set[str] = field(default_factory=set)
    extra: str = ""
    proposals: int = 0
    gaps: int = 0
    cause_id: str = ""
    shifted_by: timedelta = timedelta(0)
    due_at: datetime | None = None
    """When HR wants the figures by for which it reopened the department."""

    @classmethod
    def of(cls, start: DepartmentStart) -> Course:
        course = cls(start.plan, start.stage, start.round)
        if carried := start.carried:
            course.done = set(carried.done_slots)
            course.extra = carried.extra_slot
            course.proposals = carried.proposals
            course.gaps = carried.gaps
            course.cause_id = carried.cause_id
            course.shifted_by = carried.shift
            course.due_at = carried.due_at
        elif start.stage is Stage.SUBMISSION and start.round > 1:
            course.extra = RESUBMIT  # Reopened for its figures: one task for all months (Rule 13).
            course.due_at = start.due_at
        return course

    def carried(self) -> DepartmentCarried:
        return DepartmentCarried(
            done_slots=tuple(sorted(self.done)),
            extra_slot=self.extra,
            proposals=self.proposals,
            gaps=self.gaps,
            cause_id=self.cause_id,
            shift=self.shifted_by,
            due_at=self.due_at,
        )

    # --- what it asks for ---------------------------------------------------------------------

    @staticmethod
    def base(slot: str) -> str:
        """Return the slot of the plan that `slot` repeats: `targets-2` is the second `targets`."""
        return TARGETS if slot.startswith(f"{TARGETS}-") else slot

    def wanted(self, open_slots: set[str]) -> dict[str, TaskPlan]:
        """Return the tasks that may be opened in this stage, by slot, now or when their time comes."""
        if self.extra:
            return {} if self.extra in open_slots else {self.extra: self.unforeseen(self.extra)}
        kind = KINDS_OF_STAGE.get(self.stage)
        plans = [plan for plan in self.plan.tasks if plan.kind is kind and plan.slot not in self.done]
        if self.stage is Stage.APPROVAL:
            plans = plans[:1]  # The chain goes one step at a time (Rule 14).
        named = {self.slot_now(plan): self.shifted(plan) for plan in plans}
        return {slot: plan for slot, plan in named.items() if slot not in open_slots}

    def slot_now(self, plan: TaskPlan) -> str:
        if plan.slot == TARGETS and self.proposals:
            return f"{TARGETS}-{self.proposals + 1}"
        return plan.slot

    def shifted(self, plan: TaskPlan) -> TaskPlan:
        """Return the plan as it is now: under its slot's name, and later by what was paused."""
        slot = self.slot_now(plan)
        if not self.shifted_by or plan.deadline_at is None:
            return plan.model_copy(update={"slot": slot})
        later = plan.deadline_at + self.shifted_by
        return plan.model_copy(update={"slot": slot, "deadline_at": later, "rungs": ()})

    def unforeseen(self, slot: str) -> TaskPlan:
        """Return a plan without dates: opening it gives it the days that the policy grants.

        Only the figures for which HR reopened the department may have a day that HR set.
        """
        kind = EXTRA_KINDS[slot.rsplit("-", 1)[0] if slot[-1].isdigit() else slot]
        due_at = self.due_at if slot == RESUBMIT else None
        return TaskPlan(slot=slot, kind=kind, deadline_at=due_at, rungs=())

    def next_to_open(self, open_slots: set[str], now: datetime) -> TaskPlan | None:
        for plan in self.wanted(open_slots).values():
            if plan.opens_at is None or plan.opens_at <= now:
                return plan
        return None

    def openings(self, open_slots: set[str]) -> list[datetime]:
        """When the tasks that wait for their time will open."""
        return [plan.opens_at for plan in self.wanted(open_slots).values() if plan.opens_at]

    @property
    def must_score(self) -> bool:
        return self.stage is Stage.EVALUATION and not self.extra

    def stage_after(self, slot: str, choice: Choice) -> tuple[Stage, int]:
        """Return the stage and round to which a decision would lead."""
        after = replace(self, done=set(self.done))
        after.decided(slot, choice, "")
        return after.stage, after.round

    # --- what leads on -------------------------------------------------------------------------

    def decided(self, slot: str, choice: Choice, command_id: str) -> bool:
        """Take a decision; return whether it was the last approval of the chain."""
        if choice is Choice.COUNTER_PROPOSE:
            self.proposals += 1
            self.ask_for(f"{ANSWER}-{self.proposals}", command_id)
        elif choice in (Choice.BACK_TO_SUBMISSION, Choice.BACK_TO_EVALUATION):
            self.send_back(choice, command_id)
        elif choice is Choice.KEEP_TARGETS:
            self.extra, self.cause_id = "", command_id
        elif choice is Choice.FILLED:
            self.extra = ""
        else:
            return self.finish(TARGETS if choice is Choice.ACCEPT_PROPOSAL else self.base(slot))
        return False

    def finish(self, slot: str) -> bool:
        """Mark a slot done, and pass the gate if it was the stage's last (Rule 1)."""
        self.extra, self.due_at = "", None
        self.done.add(slot)
        if slot == RESUBMIT:
            self.done |= {plan.slot for plan in self.plan.tasks if plan.kind is TaskKind.SUBMIT_DATA}
        kind = KINDS_OF_STAGE[self.stage]
        if any(plan.kind is kind and plan.slot not in self.done for plan in self.plan.tasks):
            return False
        self.cause_id = ""
        approved = self.stage is Stage.APPROVAL
        self.stage = {
            Stage.TARGETS: Stage.SUBMISSION,
            Stage.SUBMISSION: Stage.EVALUATION,
            Stage.APPROVAL: Stage.FEEDBACK,
            Stage.FEEDBACK: Stage.CLOSED,
        }[self.stage]
        return approved

    def scored(self, missing: int) -> None:
        """Go on to the approvals, or ask HR for what is missing."""
        if missing:
            self.gaps += 1
            self.ask_for(f"{FILL_GAP}-{self.gaps}", self.cause_id)
        else:
            self.stage = Stage.APPROVAL

    def send_back(self, choice: Choice, command_id: str) -> None:
        """Begin another round: approvals are asked for again (Rule 14)."""
        self.round += 1
        self.done -= {plan.slot for plan in self.plan.tasks if plan.kind is TaskKind.APPROVE_RESULTS}
        self.cause_id = command_id
        if choice is Choice.BACK_TO_SUBMISSION:
            self.stage = Stage.SUBMISSION
            self.done.discard(RESUBMIT)
            self.extra = RESUBMIT
        else:
            self.stage = Stage.EVALUATION

    def ask_for(self, slot: str, command_id: str) -> None:
        self.extra, self.cause_id = slot, command_id

    # --- what orders change ----------------------------------------------------------------------

    def refuse_unless_voidable(self, slot: str) -> None:
        """Only a task that no plan foresees can be voided: a required stage is never skipped (Rule 1)."""
        if slot != self.extra:
            raise Refusal("stage-required", slot=slot)

    def voided(self, slot: str) -> None:
        """Go on as if an unforeseen task had not been needed."""
        if slot == RESUBMIT:
            self.finish(RESUBMIT)
        else:
            self.extra = ""

    def shift(self, by: timedelta) -> None:
        self.shifted_by += by
        if self.due_at:
            self.due_at += by

    def take_plan(self, plan: DepartmentPlan) -> list[tuple[str, datetime]]:
        """Take a new plan; return the slots whose deadline it moves, with the new deadline.

        HR set the new dates knowing of the pauses so far, so they stand as they are.
        """
        before = {old.slot: old.deadline_at for old in self.plan.tasks}
        self.plan = plan
        self.shifted_by = timedelta(0)
        return [
            (new.slot, new.deadline_at)
            for new in plan.tasks
            if new.deadline_at and before.get(new.slot) != new.deadline_at
        ]
