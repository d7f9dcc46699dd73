"""A human task inside a department's review: who holds it, and its ladder (Rules 2, 3, 7, 8, 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from models.errors import Refusal
from models.messages import Decide, RungAt, RungOutcome, TaskCarried, TaskChanged, TaskOpened, TaskPlan
from models.stages import CHOICES, TaskKind
from rules.ladder import next_rung

BETWEEN_REMINDERS = timedelta(hours=1)


@dataclass
class HumanTask:
    """One open task. Closed ones are no longer kept here."""

    task_id: str
    slot: str
    kind: TaskKind
    holder_id: str
    deadline_at: datetime
    rungs: tuple[RungAt, ...]
    added_ids: tuple[str, ...] = ()
    fired: set[str] = field(default_factory=set)
    level: int = 0
    epoch: int = 1
    reminded_at: datetime | None = None
    """When HR last reminded by hand whoever holds it now."""

    @classmethod
    def opened(cls, task_id: str, plan: TaskPlan, opened: TaskOpened) -> HumanTask:
        return cls(task_id, plan.slot, plan.kind, opened.holder_id, opened.deadline_at, opened.rungs)

    @classmethod
    def carried_on(cls, carried: TaskCarried) -> HumanTask:
        return cls(
            task_id=carried.task_id,
            slot=carried.slot,
            kind=carried.kind,
            holder_id=carried.holder_id,
            deadline_at=carried.deadline_at,
            rungs=carried.rungs,
            added_ids=carried.added_ids,
            fired=set(carried.fired),
            level=carried.level,
            epoch=carried.epoch,
            reminded_at=carried.reminded_at,
        )

    def carried(self) -> TaskCarried:
        return TaskCarried(
            task_id=self.task_id,
            slot=self.slot,
            kind=self.kind,
            holder_id=self.holder_id,
            deadline_at=self.deadline_at,
            rungs=self.rungs,
            added_ids=self.added_ids,
            fired=tuple(sorted(self.fired)),
            level=self.level,
            epoch=self.epoch,
            reminded_at=self.reminded_at,
        )

    def waiting(self) -> list[RungAt]:
        return [rung for rung in self.rungs if rung.name not in self.fired]

    def next_rung(self, now: datetime) -> RungAt | None:
        """Return the rung to wait for, or to fire at once where its instant has come."""
        return next_rung(self.rungs, self.fired, now)

    def climb(self, rung: RungAt, outcome: RungOutcome) -> None:
        """Take what a rung came to. After a move the new holder's rungs replace the rest (Rule 7)."""
        self.fired.add(rung.name)
        if outcome.added_id:
            self.added_ids = (*self.added_ids, outcome.added_id)
        if outcome.moved:
            self.hand_to(outcome.holder_id)
            self.level += 1
            self.rungs = outcome.next_rungs

    def hand_to(self, holder_id: str) -> None:
        """Change hands: every link to the task is dead from now on."""
        self.holder_id = holder_id
        self.added_ids = ()
        self.epoch += 1
        self.reminded_at = None

    def change(self, changed: TaskChanged) -> None:
        """Take a new holder, deadline and ladder.

        What has fired does not fire again for the same holder (Rule 10); a new one begins the
        ladder at its foot.
        """
        if changed.holder_id != self.holder_id:
            self.hand_to(changed.holder_id)
            self.fired = set()
            self.level = 0
        self.deadline_at = changed.deadline_at
        self.rungs = changed.rungs

    def refuse_if_just_reminded(self, now: datetime) -> None:
        """Refuse a second reminder by hand within the hour: two of HR, or one twice, press the button."""
        if self.reminded_at is not None and now - self.reminded_at < BETWEEN_REMINDERS:
            raise Refusal("reminded-already", at=self.reminded_at.isoformat(), holder_id=self.holder_id)

    def refuse_unless_decidable(self, decide: Decide) -> None:
        """Refuse a decision by someone who does not hold the task, or one it does not know."""
        if decide.for_id != self.holder_id and decide.for_id not in self.added_ids:
            raise Refusal("task-moved", holder_id=self.holder_id)
        if decide.choice not in CHOICES[self.kind]:
            raise Refusal("choice-not-allowed", choice=decide.choice, kind=self.kind)
