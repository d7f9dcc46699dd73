"""The vocabulary of messages in each language: names of tasks, moments as people write them, labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, get_timezone_name

from models.stages import Approver, Channel, Language, TaskKind
from notifications.outcomes import Reason


@dataclass(frozen=True)
class Words:
    """What the templates of one language share."""

    language: Language
    locale: Locale
    moment_pattern: str
    month_pattern: str
    list_separator: str
    colon: str
    kinds: Mapping[TaskKind, str]
    """What is asked, as the words after "please"."""
    approvers: Mapping[Approver, str]
    channels: Mapping[Channel, str]
    reasons: Mapping[Reason, str]
    labels: Mapping[str, str]
    beijing: str

    def asked(self, kind: TaskKind | None, month: date | None = None) -> str:
        """Say what a task asks: 提交10月数据."""
        if kind is None:
            return ""
        said = self.kinds[kind]
        return said.format(month=format_datetime(month, self.month_pattern, locale=self.locale) if month else "")

    def when(self, moment: datetime, zone: str) -> str:
        """Say a moment in `zone`, without the zone's name: 10月23日（周五）18:00."""
        local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        return format_datetime(local, self.moment_pattern, locale=self.locale)

    def when_and_where(self, moment: datetime, zone: str) -> str:
        """Say a moment and the zone it is in: 10月23日（周五）18:00 北京时间."""
        return self.labels["moment_in_zone"].format(
            moment=self.when(moment, zone), zone=self.zone_name(moment, zone)
        )

    def zone_name(self, moment: datetime, zone: str) -> str:
        if zone == "Asia/Shanghai":
            return self.beijing
        return get_timezone_name(moment.astimezone(ZoneInfo(zone)), locale=self.locale)

    def listed(self, names: list[str], most: int) -> str:
        """List the first `most` names, and say that there are more."""
        said = self.list_separator.join(names[:most])
        return said + self.labels["and_more"] if len(names) > most else said


CHINESE = Words(
    language=Language.CHINESE,
    locale=Locale.parse("zh_CN"),
    moment_pattern="M月d日（EEE）HH:mm",
    month_pattern="M月",
    list_separator="、",
    colon="：",
    kinds={
        TaskKind.CONFIRM_TARGETS: "确认目标",
        TaskKind.ANSWER_PROPOSAL: "答复目标调整建议",
        TaskKind.SUBMIT_DATA: "提交{month}数据",
        TaskKind.FILL_SCORING_GAP: "补齐评分缺项",
        TaskKind.APPROVE_RESULTS: "审批绩效结果",
        TaskKind.GIVE_FEEDBACK: "完成结果反馈",
    },
    approvers={Approver.DIRECTOR: "部门总监", Approver.SUPERIOR: "分管领导", Approver.HR: "HR"},
    channels={Channel.SMS: "短信", Channel.EMAIL: "邮件", Channel.SYSTEM: "站内通知"},
    reasons={
        Reason.NO_ADDRESS: "没有登记邮箱",
        Reason.BAD_ADDRESS: "邮箱地址有误",
        Reason.NO_PHONE: "没有登记手机号",
        Reason.BAD_NUMBER: "手机号无效",
        Reason.OPTED_OUT: "对方已退订短信",
        Reason.COUNTRY_NOT_ALLOWED: "不允许向该国家或地区发送短信",
        Reason.OUT_OF_HOURS: "不在短信发送时段",
        Reason.TASK_LIMIT: "该事项已发过短信",
        Reason.DAY_LIMIT: "该员工当天短信已达上限",
        Reason.MONTH_LIMIT: "公司本月短信已达上限",
        Reason.SMS_IS_OFF: "短信未开通",
        Reason.REFUSED: "对方服务器拒收",
        Reason.BUSY: "对方服务器繁忙",
        Reason.UNREACHABLE: "无法连接服务器",
        Reason.ANSWER_LOST: "发送后连接中断，不知是否送达",
        Reason.INTERRUPTED: "发送时程序中断，不知是否送达",
        Reason.GAVE_UP: "多次尝试均未成功",
        Reason.NO_LONGER_NEEDED: "事项已办结，无需再发",
    },
    labels={
        "moment_in_zone": "{moment} {zone}",
        "and_more": "等",
        "department": "部门",
        "cycle": "周期",
        "task": "事项",
        "deadline": "截止时间",
        "holder": "当前处理人",
        "before": "原处理人",
        "by": "操作人",
        "reason": "说明",
        "silence": "逾期后",
        "open": "办理",
        "link": "链接",
        "missing": "缺少",
        "missing_count": "{count} 项",
        "channel": "方式",
        "recipient": "收件人",
        "cause": "原因",
    },
    beijing="北京时间",
)

ENGLISH = Words(
    language=Language.ENGLISH,
    locale=Locale.parse("en_GB"),
    moment_pattern="EEE d MMM, HH:mm",
    month_pattern="MMMM",
    list_separator=", ",
    colon=": ",
    kinds={
        TaskKind.CONFIRM_TARGETS: "confirm the targets",
        TaskKind.ANSWER_PROPOSAL: "answer the proposal for other targets",
        TaskKind.SUBMIT_DATA: "submit the data of {month}",
        TaskKind.FILL_SCORING_GAP: "fill the gaps in the scoring",
        TaskKind.APPROVE_RESULTS: "approve the results",
        TaskKind.GIVE_FEEDBACK: "give feedback on the results",
    },
    approvers={Approver.DIRECTOR: "director", Approver.SUPERIOR: "superior", Approver.HR: "HR"},
    channels={Channel.SMS: "SMS", Channel.EMAIL: "e-mail", Channel.SYSTEM: "notice"},
    reasons={
        Reason.NO_ADDRESS: "no e-mail address is on record",
        Reason.BAD_ADDRESS: "the e-mail address is wrong",
        Reason.NO_PHONE: "no phone number is on record",
        Reason.BAD_NUMBER: "the phone number is not valid",
        Reason.OPTED_OUT: "the recipient has opted out of SMS",
        Reason.COUNTRY_NOT_ALLOWED: "SMS to that country are not allowed",
        Reason.OUT_OF_HOURS: "it was outside the hours for SMS",
        Reason.TASK_LIMIT: "an SMS about this task was sent before",
        Reason.DAY_LIMIT: "the person had their limit of SMS that day",
        Reason.MONTH_LIMIT: "the company reached its limit of SMS this month",
        Reason.SMS_IS_OFF: "SMS are not switched on",
        Reason.REFUSED: "the mail server refused it",
        Reason.BUSY: "the server was busy",
        Reason.UNREACHABLE: "the server could not be reached",
        Reason.ANSWER_LOST: "the connection was lost after sending; it may or may not have arrived",
        Reason.INTERRUPTED: "the program was interrupted while sending; it may or may not have arrived",
        Reason.GAVE_UP: "many attempts failed",
        Reason.NO_LONGER_NEEDED: "the task was closed before it could be sent",
    },
    labels={
        "moment_in_zone": "{moment} ({zone})",
        "and_more": " and others",
        "department": "Department",
        "cycle": "Cycle",
        "task": "Task",
        "deadline": "Due",
        "holder": "Now with",
        "before": "Before with",
        "by": "By",
        "reason": "Reason",
        "silence": "If not done",
        "open": "Open",
        "link": "Link",
        "missing": "Missing",
        "missing_count": "{count} items",
        "channel": "Sent by",
        "recipient": "Recipient",
        "cause": "Cause",
    },
    beijing="China time",
)

WORDS = {Language.CHINESE: CHINESE, Language.ENGLISH: ENGLISH}
