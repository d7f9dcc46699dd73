"""The terms of the field as words: each enum member's name in the reader's language.

Messages are marked here and translated where they are shown.
"""

from __future__ import annotations

from enum import StrEnum

from api.completeness import WaitsFor
from api.i18n import later as _
from models.behind import Kind
from models.delivery import Reason
from models.evidence import Cause, Explanation
from models.metrics import Aggregation, FigureLevel, MetricCategory, MetricKind, MetricUnit
from models.records import WorkKind
from models.sources import FetchMode, FetchState, RecordKind, SourceKind
from models.stages import (
    Approver,
    Channel,
    Choice,
    CycleState,
    DeliveryState,
    Language,
    Occasion,
    Role,
    Stage,
    TaskKind,
    TaskState,
    UnitKind,
)
from rules.decomposition import Factor
from rules.standing import Course

TERMS: dict[type[StrEnum], dict[str, str]] = {
    Stage: {
        Stage.TARGETS: _("Target confirmation"),
        Stage.SUBMISSION: _("Data submission"),
        Stage.EVALUATION: _("Evaluation"),
        Stage.APPROVAL: _("Result approval"),
        Stage.FEEDBACK: _("Result feedback"),
        Stage.CLOSED: _("Finished"),
        Stage.CANCELLED: _("Cancelled"),
    },
    Cause: {
        Cause.TARGET: _("Unreasonable target"),
        Cause.EXTERNAL: _("External factors"),
        Cause.EXECUTION: _("Execution"),
    },
    Factor: {
        Factor.GROWTH_ASKED: _("Growth asked for"),
        Factor.VISITS: _("Number of visits"),
        Factor.NEW_CONVERSION: _("Conversion of new customers"),
        Factor.NEW_DEAL_SIZE: _("Deal size, new customers"),
        Factor.CUSTOMER_BASE: _("Customers of the last twelve months"),
        Factor.REPURCHASE: _("Customers who bought again"),
        Factor.DEALS_A_CUSTOMER: _("Deals a returning customer"),
        Factor.DEAL_SIZE: _("Deal size, returning customers"),
        Factor.BEYOND_RECORDS: _("Without records behind it"),
    },
    TaskKind: {
        TaskKind.CONFIRM_TARGETS: _("Confirm targets"),
        TaskKind.ANSWER_PROPOSAL: _("Answer a proposal"),
        TaskKind.SUBMIT_DATA: _("Submit data"),
        TaskKind.FILL_SCORING_GAP: _("Fill scoring gaps"),
        TaskKind.APPROVE_RESULTS: _("Approve results"),
        TaskKind.GIVE_FEEDBACK: _("Give feedback"),
    },
    Choice: {
        Choice.CONFIRM: _("confirmed the targets"),
        Choice.COUNTER_PROPOSE: _("proposed other targets"),
        Choice.ACCEPT_PROPOSAL: _("accepted the proposal"),
        Choice.KEEP_TARGETS: _("kept the targets as they were"),
        Choice.SUBMIT: _("submitted the data"),
        Choice.FILLED: _("filled the gaps"),
        Choice.APPROVE: _("approved the results"),
        Choice.BACK_TO_SUBMISSION: _("sent it back to data submission"),
        Choice.BACK_TO_EVALUATION: _("sent it back to evaluation"),
        Choice.DONE: _("gave the feedback"),
    },
    TaskState: {
        TaskState.OPEN: _("Open"),
        TaskState.DECIDED: _("Done"),
        TaskState.VOIDED: _("Voided"),
    },
    CycleState: {
        CycleState.DRAFT: _("Draft"),
        CycleState.RUNNING: _("Running"),
        CycleState.PAUSED: _("Paused"),
        CycleState.READY: _("Ready to publish"),
        CycleState.PUBLISHED: _("Published"),
        CycleState.CANCELLED: _("Cancelled"),
    },
    Channel: {
        Channel.SMS: _("SMS"),
        Channel.EMAIL: _("E-mail"),
        Channel.SYSTEM: _("Notice in the system"),
    },
    Approver: {
        Approver.DIRECTOR: _("Director"),
        Approver.SUPERIOR: _("Superior"),
        Approver.HR: _("HR"),
    },
    Language: {Language.CHINESE: "中文", Language.ENGLISH: "English"},
    UnitKind: {
        UnitKind.COMPANY: _("Company"),
        UnitKind.DIVISION: _("Division"),
        UnitKind.DEPARTMENT: _("Department"),
        UnitKind.TEAM: _("Team"),
    },
    MetricUnit: {
        MetricUnit.MONEY: _("Money"),
        MetricUnit.PERCENT: _("Per cent"),
        MetricUnit.COUNT: _("Count"),
        MetricUnit.POINTS: _("Points"),
    },
    MetricKind: {
        MetricKind.GROWTH: _("Growth (so much more)"),
        MetricKind.LEVEL: _("Level (to be reached)"),
        MetricKind.THRESHOLD: _("Threshold (at least so much)"),
    },
    MetricCategory: {
        MetricCategory.SALES: _("About sales"),
        MetricCategory.CUSTOMER: _("About customers"),
        MetricCategory.TEAM: _("About the team"),
        MetricCategory.OTHER: _("Other"),
    },
    Aggregation: {
        Aggregation.SUM: _("Adding up"),
        Aggregation.MEAN: _("Their mean"),
    },
    FigureLevel: {
        FigureLevel.PERSON: _("Each person's own"),
        FigureLevel.TEAM: _("The team's, for each in it"),
    },
    Role: {
        Role.HR_ADMIN: _("HR administrator"),
        Role.EXECUTIVE: _("Executive"),
        Role.AUDITOR: _("Auditor"),
    },
    Course: {
        Course.MET: _("met"),
        Course.ON_COURSE: _("on course"),
        Course.BEHIND: _("behind"),
        Course.UNKNOWN: _("no figures yet"),
    },
    Kind: {
        Kind.DEALS: _("Deals"),
        Kind.PAYMENTS: _("Payments"),
        Kind.VISITS: _("Visits"),
    },
    WorkKind: {
        WorkKind.SELLING: _("Selling"),
        WorkKind.TRAVEL: _("Travel"),
        WorkKind.INTERNAL: _("Meetings and training"),
        WorkKind.OFFICE: _("Office work"),
    },
    WaitsFor: {
        WaitsFor.MONTH_END: _("comes by itself after the month's end"),
        WaitsFor.SOURCE: _("comes with the next fetch"),
        WaitsFor.PERSON: _("somebody hands it in"),
    },
    Explanation: {
        Explanation.TRUE: _("true, as it is"),
        Explanation.ONE_OFF: _("a one-off"),
        Explanation.DATA_ERROR: _("the data is wrong"),
    },
    SourceKind: {
        SourceKind.SALESFORCE: _("Salesforce"),
        SourceKind.DINGTALK: _("DingTalk"),
        SourceKind.DATABASE: _("Database (SAP, Yonyou, Kingdee and others)"),
        SourceKind.FILES: _("Folder of files"),
    },
    RecordKind: {
        RecordKind.DEAL: _("Deals"),
        RecordKind.PAYMENT: _("Payments"),
        RecordKind.VISIT: _("Visits"),
        RecordKind.HOURS: _("Hours worked"),
        RecordKind.RATE: _("Exchange rates"),
    },
    FetchMode: {
        FetchMode.TEST: _("Test of the connection"),
        FetchMode.DRY_RUN: _("Dry run"),
        FetchMode.TAKE_OVER: _("Fetch"),
    },
    FetchState: {
        FetchState.RUNNING: _("under way"),
        FetchState.DONE: _("succeeded"),
        FetchState.REFUSED: _("refused"),
        FetchState.FAILED: _("did not succeed"),
    },
    DeliveryState: {
        DeliveryState.COLLECTING: _("being gathered"),
        DeliveryState.CLAIMED: _("being sent"),
        DeliveryState.SENT: _("sent"),
        DeliveryState.FAILED: _("failed"),
        DeliveryState.UNKNOWN: _("outcome unknown"),
    },
    Reason: {
        Reason.NO_ADDRESS: _("no e-mail address is on record"),
        Reason.BAD_ADDRESS: _("the e-mail address is wrong"),
        Reason.NO_PHONE: _("no phone number is on record"),
        Reason.BAD_NUMBER: _("the phone number is not valid"),
        Reason.OPTED_OUT: _("the recipient has opted out of SMS"),
        Reason.COUNTRY_NOT_ALLOWED: _("SMS to that country are not allowed"),
        Reason.OUT_OF_HOURS: _("it is outside the hours for SMS"),
        Reason.TASK_LIMIT: _("an SMS about this task was sent before"),
        Reason.DAY_LIMIT: _("the person has had their limit of SMS for the day"),
        Reason.MONTH_LIMIT: _("the company has reached its limit of SMS for the month"),
        Reason.SMS_IS_OFF: _("SMS are not switched on"),
        Reason.REFUSED: _("the recipient's server refused it"),
        Reason.BUSY: _("the recipient's server was busy"),
        Reason.UNREACHABLE: _("the server could not be reached"),
        Reason.ANSWER_LOST: _("the connection was lost after sending; it may or may not have arrived"),
        Reason.INTERRUPTED: _("the program was interrupted while sending; it may or may not have arrived"),
        Reason.GAVE_UP: _("many attempts failed"),
        Reason.NO_LONGER_NEEDED: _("the task was closed before it could be sent"),
    },
    Occasion: {
        Occasion.TASK_OPENED: _("New task"),
        Occasion.TASK_REMINDER: _("Reminder"),
        Occasion.TASK_ESCALATED: _("Task moved to you"),
        Occasion.TASK_MOVED_AWAY: _("Task moved to your superior"),
        Occasion.TASK_ADDED: _("You can decide too"),
        Occasion.TASK_OVERDUE: _("Overdue, for your information"),
        Occasion.TASK_AT_TOP: _("Overdue with nobody left above"),
        Occasion.TASK_REASSIGNED: _("Task reassigned"),
        Occasion.TASK_EXTENDED: _("Deadline changed"),
        Occasion.TASK_VOIDED: _("Task voided"),
        Occasion.SENT_BACK: _("Sent back"),
        Occasion.SCORING_BLOCKED: _("Scoring is waiting for data"),
        Occasion.RESULTS_APPROVED: _("Results approved"),
        Occasion.RESULTS_PUBLISHED: _("Results published"),
        Occasion.CYCLE_READY: _("Cycle ready to publish"),
        Occasion.CYCLE_PAUSED: _("Cycle paused"),
        Occasion.CYCLE_RESUMED: _("Cycle resumed"),
        Occasion.CYCLE_CANCELLED: _("Cycle cancelled"),
        Occasion.DELIVERY_FAILED: _("Message reached nobody"),
        Occasion.NEW_LINK: _("New link"),
        Occasion.ACCOUNT_INVITATION: _("Invitation"),
        Occasion.PASSWORD_LINK: _("Link for a new password"),
    },
}


def message_of(member: StrEnum) -> str:
    """Return the message id that names an enum's member."""
    return TERMS[type(member)][member]
