"""Every message with example data, for HR to look at before a launch (Rule 54)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from models.stages import ASKS_TO_ACT, Channel, Language, Occasion, TaskKind
from notifications.outcomes import Reason
from notifications.texts import (
    About,
    Contact,
    FailedMessage,
    IfSilent,
    Silence,
    Written,
    write,
    write_together,
)

DEADLINE = datetime(2026, 10, 23, 10, tzinfo=UTC)
EXAMPLE_LINK = "https://perf.example.cn/t/" + "x" * 43

OVERDUE = frozenset(
    {Occasion.TASK_ESCALATED, Occasion.TASK_MOVED_AWAY, Occasion.TASK_OVERDUE, Occasion.TASK_AT_TOP}
)
"""Occasions that come when the deadline is over."""

OF_THE_CYCLE = frozenset(
    {Occasion.RESULTS_PUBLISHED, Occasion.CYCLE_READY, Occasion.CYCLE_PAUSED, Occasion.DELIVERY_FAILED}
)
"""Occasions that belong to no task."""

OF_AN_ACCOUNT = frozenset({Occasion.ACCOUNT_INVITATION, Occasion.PASSWORD_LINK})
"""Occasions about somebody's sign-in: no cycle, but a link."""

NAMES = {
    Language.CHINESE: (
        "王芳",
        "李强",
        "陈伟",
        "赵敏",
        "华东科技",
        "2026年第四季度绩效",
        "销售一部",
        "本季度重点客户名单有变，请核对。",
    ),
    Language.ENGLISH: (
        "Wang Fang",
        "Li Qiang",
        "Chen Wei",
        "Zhao Min",
        "Huadong Technology",
        "Q4 2026 performance",
        "Sales One",
        "The list of key accounts has changed; please check.",
    ),
}


def example(occasion: Occasion, language: Language) -> About:
    """Return example data for an occasion."""
    director, superior, boss, hr, company, cycle, department, words = NAMES[language]
    late = occasion in OVERDUE
    about = About(
        occasion=occasion,
        person=superior if occasion is Occasion.TASK_ESCALATED else director,
        company=company,
        zone="Asia/Shanghai",
        link=EXAMPLE_LINK if occasion in ASKS_TO_ACT else "https://perf.example.cn/",
        owner=Contact(hr, "zhao.min@example.cn"),
        cycle=cycle,
        decides=occasion in ASKS_TO_ACT,
        moment=DEADLINE + timedelta(minutes=1) if late else DEADLINE - timedelta(days=1),
    )
    if occasion is Occasion.DELIVERY_FAILED:
        return replace(about, person=hr, failed=FailedMessage(director, Channel.EMAIL, Reason.REFUSED))
    if occasion in OF_AN_ACCOUNT:
        until = DEADLINE + timedelta(days=3)
        return replace(about, link=EXAMPLE_LINK, cycle="", decides=True, by=hr, until=until, user_name="wangfang")
    if occasion in OF_THE_CYCLE:
        return about
    silence = IfSilent(Silence.MOVES, boss, 2) if late else IfSilent(Silence.MOVES, superior)
    return replace(
        about,
        department=department,
        task_id="example",
        kind=TaskKind.CONFIRM_TARGETS if occasion is not Occasion.SENT_BACK else TaskKind.SUBMIT_DATA,
        month=date(2026, 10, 1),
        deadline_at=DEADLINE,
        holder=superior,
        before=director if occasion is Occasion.TASK_ESCALATED else "",
        by=hr if occasion in (Occasion.TASK_REASSIGNED, Occasion.SENT_BACK, Occasion.TASK_EXTENDED) else "",
        reason=words if occasion in (Occasion.SENT_BACK, Occasion.TASK_EXTENDED) else "",
        if_silent=silence if about.decides else None,
        missing=3 if occasion is Occasion.SCORING_BLOCKED else 0,
    )


def preview(occasion: Occasion, channel: Channel, language: Language) -> Written:
    """Word a message with example data."""
    return write(occasion, channel, language, example(occasion, language))


def preview_digest(channel: Channel, language: Language, size: int = 3) -> Written:
    """Word a digest with example data, as a superior gets it."""
    about = example(Occasion.TASK_ESCALATED, language)
    department = "销售{}部" if language is Language.CHINESE else "Sales {}"
    items = tuple(replace(about, department=department.format(number)) for number in range(1, size + 1))
    return write_together(channel, language, items)
