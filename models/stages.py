"""The terms of the field as enums: stages, tasks, choices, channels. Values are stored; never rename one."""

from enum import StrEnum


class Stage(StrEnum):
    """The fixed stages of a department's review (Rule 1)."""

    TARGETS = "targets"  # 目标确认
    SUBMISSION = "submission"  # 数据提交
    EVALUATION = "evaluation"  # 评分
    APPROVAL = "approval"  # 结果审批
    FEEDBACK = "feedback"  # 结果反馈
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self not in (Stage.CLOSED, Stage.CANCELLED)


STAGES_IN_ORDER = (Stage.TARGETS, Stage.SUBMISSION, Stage.EVALUATION, Stage.APPROVAL, Stage.FEEDBACK)


class TaskKind(StrEnum):
    CONFIRM_TARGETS = "confirm-targets"  # 确认目标
    ANSWER_PROPOSAL = "answer-proposal"  # 答复目标调整建议 (Rule 23)
    SUBMIT_DATA = "submit-data"  # 提交数据
    FILL_SCORING_GAP = "fill-scoring-gap"  # 评分缺项 (Rule 42)
    APPROVE_RESULTS = "approve-results"  # 审批结果
    GIVE_FEEDBACK = "give-feedback"  # 结果反馈


class Choice(StrEnum):
    """What a person decided on a task."""

    CONFIRM = "confirm"
    COUNTER_PROPOSE = "counter-propose"
    ACCEPT_PROPOSAL = "accept-proposal"
    KEEP_TARGETS = "keep-targets"
    SUBMIT = "submit"
    FILLED = "filled"
    APPROVE = "approve"
    BACK_TO_SUBMISSION = "back-to-submission"
    BACK_TO_EVALUATION = "back-to-evaluation"
    DONE = "done"


CHOICES: dict[TaskKind, frozenset[Choice]] = {
    TaskKind.CONFIRM_TARGETS: frozenset({Choice.CONFIRM, Choice.COUNTER_PROPOSE}),
    TaskKind.ANSWER_PROPOSAL: frozenset({Choice.ACCEPT_PROPOSAL, Choice.KEEP_TARGETS}),
    TaskKind.SUBMIT_DATA: frozenset({Choice.SUBMIT}),
    TaskKind.FILL_SCORING_GAP: frozenset({Choice.FILLED}),
    TaskKind.APPROVE_RESULTS: frozenset({Choice.APPROVE, Choice.BACK_TO_SUBMISSION, Choice.BACK_TO_EVALUATION}),
    TaskKind.GIVE_FEEDBACK: frozenset({Choice.DONE}),
}
"""What can be decided on each kind of task."""

NEEDS_COMMENT = frozenset({Choice.COUNTER_PROPOSE, Choice.BACK_TO_SUBMISSION, Choice.BACK_TO_EVALUATION})
"""Choices that are refused without a reason in words."""


class TaskState(StrEnum):
    OPEN = "open"
    DECIDED = "decided"
    VOIDED = "voided"


class CycleState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    READY = "ready"  # Every department is closed; waits for HR to publish.
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    SMS = "sms"
    EMAIL = "email"
    SYSTEM = "system"  # 站内通知


class RungAction(StrEnum):
    """What a rung of the ladder does (Rule 3)."""

    REMIND = "remind"
    MOVE = "move"
    ADD = "add"
    NOTIFY = "notify"


class Recipient(StrEnum):
    """To whom a rung speaks, found when it fires."""

    HOLDER = "holder"
    SUPERIOR = "superior"
    HR = "hr"


class Approver(StrEnum):
    """A step of the approval chain (Rule 14)."""

    DIRECTOR = "director"
    SUPERIOR = "superior"
    HR = "hr"


class Language(StrEnum):
    CHINESE = "zh-CN"
    ENGLISH = "en"


class UnitKind(StrEnum):
    COMPANY = "company"
    DIVISION = "division"
    DEPARTMENT = "department"
    TEAM = "team"


class Role(StrEnum):
    """What an account may do beyond the person's own post."""

    HR_ADMIN = "hr-admin"
    EXECUTIVE = "executive"
    AUDITOR = "auditor"


class Occasion(StrEnum):
    """Why a message is written; one template each."""

    TASK_OPENED = "task-opened"
    TASK_REMINDER = "task-reminder"
    TASK_ESCALATED = "task-escalated"  # To the superior who now holds it.
    TASK_MOVED_AWAY = "task-moved-away"  # To the one who held it before.
    TASK_ADDED = "task-added"  # To a second holder, beside the first.
    TASK_OVERDUE = "task-overdue"  # For information, to a superior or HR.
    TASK_AT_TOP = "task-at-top"  # To HR: nobody is left to escalate to (Rule 7).
    TASK_REASSIGNED = "task-reassigned"
    TASK_EXTENDED = "task-extended"
    TASK_VOIDED = "task-voided"
    SENT_BACK = "sent-back"
    SCORING_BLOCKED = "scoring-blocked"
    RESULTS_APPROVED = "results-approved"
    RESULTS_PUBLISHED = "results-published"
    CYCLE_READY = "cycle-ready"
    CYCLE_PAUSED = "cycle-paused"
    CYCLE_RESUMED = "cycle-resumed"
    CYCLE_CANCELLED = "cycle-cancelled"
    DELIVERY_FAILED = "delivery-failed"  # To HR: a message reached nobody.
    NEW_LINK = "new-link"
    ACCOUNT_INVITATION = "account-invitation"
    PASSWORD_LINK = "password-link"  # noqa: S105 - no password.


ASKS_TO_ACT = frozenset(
    {
        Occasion.TASK_OPENED,
        Occasion.TASK_REMINDER,
        Occasion.TASK_ESCALATED,
        Occasion.TASK_ADDED,
        Occasion.TASK_REASSIGNED,
        Occasion.TASK_EXTENDED,
        Occasion.SENT_BACK,
        Occasion.NEW_LINK,
    }
)
"""Occasions that make no sense any more once the task is closed."""


class DeliveryState(StrEnum):
    COLLECTING = "collecting"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class CommandState(StrEnum):
    RECEIVED = "received"
    DONE = "done"
    REFUSED = "refused"
