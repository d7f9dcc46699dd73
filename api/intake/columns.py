"""What the columns of each kind of file are called, in both languages, and what is to be written there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from api.i18n import Tongue
from api.i18n import later as _
from api.terms import message_of
from models.intake import IntakeKind
from models.metrics import Aggregation, FigureLevel, MetricCategory, MetricKind, MetricUnit
from models.stages import Language, UnitKind
from rules.cells import plain
from rules.intake_metrics import Better


@dataclass(frozen=True)
class Column:
    """One column: its heading is a message id; people may also call it by one of `aliases`."""

    name: str
    heading: str
    help: str
    examples: tuple[str, str]
    """In Chinese and in English."""
    is_needed: bool = False
    aliases: tuple[str, ...] = ()
    is_offered: bool = True
    """Whether the template has it; others are understood where a file has them."""


YES_OR_NO: Final = _("Yes or no; yes where it is empty.")
ONE_OF_UNITS: Final = _("Its name, or with those above it: “Division 1 / Sales 1”.")

WHOSE: Final = (
    Column(
        "staff_no",
        _("Staff number"),
        _("Whose it is, as text with its leading zeros. Empty where it is the unit's own."),
        ("000123", "000123"),
        True,
        ("员工编号", "员工号", "人员编号", "编号", "employee id", "employee number"),
    ),
    Column(
        "name",
        _("Full name"),
        _("May be left out. Where it is there, it must be the name that belongs to the staff number."),
        ("张三", "Zhang San"),
        aliases=("员工姓名", "name"),
    ),
    Column(
        "unit",
        _("Unit"),
        _("The unit whose own it is: “Division 1 / Sales 1”. Beside a staff number it must be theirs."),
        ("", ""),
        aliases=("所属单位", "所属部门", "部门", "团队", "所属团队", "组织", "单位名称", "department", "team"),
    ),
)
METRIC: Final = Column(
    "metric",
    _("Metric"),
    _("Its name or its code."),
    ("销售额", "Sales"),
    True,
    ("指标名称", "指标代码", "考核指标", "metric code"),
)

COLUMNS: Final[Mapping[IntakeKind, tuple[Column, ...]]] = {
    IntakeKind.UNITS: (
        Column(
            "name",
            _("Unit"),
            _("The unit's own name. With the units above it, it tells which unit is meant."),
            ("销售1部", "Sales 1"),
            True,
            ("单位名称", "部门名称", "组织名称", "名称", "部门", "组织"),
        ),
        Column(
            "kind",
            _("Kind of unit"),
            _("Company, division, department or team. Teams lie below departments."),
            ("部门", "Department"),
            True,
            ("类型", "单位类型", "组织类型", "层级", "kind"),
        ),
        Column(
            "parent",
            _("Unit above"),
            _("The name of the unit it lies below; it may stand in the same file. Empty: the company itself."),
            ("大区1", "Division 1"),
            True,
            ("上级单位", "上级部门", "上级组织", "所属上级", "父级"),
        ),
        Column("name_en", _("English name"), _("Shown in English."), ("Sales 1", "Sales 1")),
        Column("region", _("Region"), _("Where it sells."), ("华东", "East"), aliases=("地区",)),
        Column(
            "head",
            _("Head's staff number"),
            _("Somebody who is known already; people who are not yet can be marked as heads in their own file."),
            ("", ""),
            aliases=("负责人工号", "负责人", "主管工号", "head"),
        ),
    ),
    IntakeKind.PEOPLE: (
        Column(
            "staff_no",
            _("Staff number"),
            _("As text, with its leading zeros: it tells who is meant."),
            ("000123", "000123"),
            True,
            ("员工编号", "员工号", "人员编号", "编号", "employee id", "employee number"),
        ),
        Column(
            "name", _("Full name"), _("As others know them."), ("张三", "Zhang San"), True, ("员工姓名", "name")
        ),
        Column(
            "unit",
            _("Unit"),
            ONE_OF_UNITS,
            ("大区1 / 销售1部", "Division 1 / Sales 1"),
            True,
            ("所属单位", "所属部门", "部门", "团队", "所属团队", "组织", "department", "team"),
        ),
        Column(
            "superior",
            _("Superior's staff number"),
            _("Somebody who is known, or who stands in the same file. “none” for nobody."),
            ("000100", "000100"),
            aliases=("上级工号", "直接上级工号", "直接上级", "上级", "汇报对象", "superior", "manager"),
        ),
        Column(
            "is_head",
            _("Heads the unit"),
            _("Yes where they head the unit they belong to."),
            ("是", "yes"),
            aliases=("负责人", "单位负责人", "部门负责人", "head"),
        ),
        Column(
            "post",
            _("Post"),
            _("Scorecards are found by it."),
            ("销售代表", "Sales rep"),
            aliases=("职位", "职务"),
        ),
        Column("grade", _("Grade"), _("Of the pay scale."), ("P5", "P5"), aliases=("级别", "职等")),
        Column("region", _("Region"), _("Where they sell."), ("华东", "East"), aliases=("地区",)),
        Column(
            "email",
            _("E-mail address"),
            _("Reminders go there."),
            ("zhangsan@example.com", "zhang.san@example.com"),
            aliases=("电子邮箱", "邮件", "email", "e-mail", "mail"),
        ),
        Column(
            "phone",
            _("Mobile number"),
            _("Reminders by SMS go there; one without a country is a mainland number."),
            ("13800138000", "+86 138 0013 8000"),
            aliases=("手机", "手机号", "电话", "mobile", "phone"),
        ),
        Column(
            "language",
            _("Language of messages"),
            _("中文 or English; 中文 where it is empty."),
            ("中文", "English"),
            aliases=("语言", "language"),
        ),
        Column(
            "joined_on",
            _("Joined on"),
            _("A day like 2026-01-31."),
            ("2024-03-01", "2024-03-01"),
            aliases=("入职时间", "入司日期", "到岗日期"),
        ),
        Column(
            "left_on",
            _("First day away"),
            _("Of those who have left."),
            ("", ""),
            aliases=("离职时间", "left on"),
        ),
        Column("is_scored", _("Has targets and results"), YES_OR_NO, ("是", "yes"), aliases=("是否考核",)),
    ),
    IntakeKind.METRICS: (
        Column(
            "code",
            _("Code"),
            _("Small letters, digits and _; it never changes."),
            ("sales", "sales"),
            True,
            ("编码", "指标代码", "指标编码"),
        ),
        Column(
            "name",
            _("Name of the metric"),
            _("As it is shown."),
            ("销售额", "销售额"),
            True,
            ("指标", "名称", "name"),
        ),
        Column("name_en", _("English name"), _("Shown in English."), ("Sales", "Sales")),
        Column("category", _("Category"), _("What it is about."), ("销售类", "About sales"), aliases=("分类",)),
        Column(
            "unit", _("Unit of measure"), _("What it is counted in."), ("金额", "Money"), aliases=("单位", "unit")
        ),
        Column(
            "kind",
            _("Kind of target"),
            _("What a target of it says."),
            ("水平型（达到多少）", "Level (to be reached)"),
            aliases=("kind",),
        ),
        Column(
            "better",
            _("Better is"),
            _("Whether more or less of it is better."),
            ("越高越好", "higher"),
            aliases=("better",),
        ),
        Column(
            "aggregation",
            _("Months make the period by"),
            _("Adding up, or their mean."),
            ("累加", "Adding up"),
            aliases=("汇总方式", "aggregation"),
        ),
        Column("level", _("Whose figure"), _("Each person's, or the team's."), ("个人数据", "Each person's own")),
        Column(
            "is_required", _("Required before scoring"), YES_OR_NO, ("是", "yes"), aliases=("是否必填", "必填")
        ),
    ),
    IntakeKind.TARGETS: (
        *WHOSE,
        METRIC,
        Column(
            "value",
            _("Target of the cycle"),
            _("Of the whole period: 500000, 50万, 90%. “none” where the metric does not concern the person."),
            ("50万", "500,000"),
            True,
            ("目标", "目标值", "指标值", "年度目标", "季度目标", "target", "value"),
        ),
        Column(
            "initiative",
            _("Initiative"),
            _("What is done to reach it."),
            ("重点跟进 20 家大客户", "Follow up 20 key accounts"),
            aliases=("举措", "措施", "行动计划"),
        ),
        Column(
            "cycle",
            _("Cycle"),
            _("May be left out. Where it is there, it must name the cycle chosen on the page."),
            ("", ""),
            aliases=("周期", "考核周期", "绩效周期", "period"),
        ),
    ),
    IntakeKind.HISTORY: (
        *WHOSE,
        METRIC,
        Column(
            "month",
            _("Month"),
            _("Of files with a row for each month: 2025-01, 2025年1月."),
            ("2025-01", "2025-01"),
            aliases=("月份", "年月", "期间"),
            is_offered=False,
        ),
        Column(
            "value",
            _("Figure"),
            _("Of files with a row for each month."),
            ("12.5万", "125,000"),
            aliases=("实际值", "数值", "金额", "完成值", "value", "actual"),
            is_offered=False,
        ),
    ),
}

TOGETHER: Final[Mapping[IntakeKind, Mapping[str, type[StrEnum]]]] = {
    IntakeKind.UNITS: {"kind": UnitKind},
    IntakeKind.PEOPLE: {"language": Language},
    IntakeKind.METRICS: {
        "unit": MetricUnit,
        "kind": MetricKind,
        "category": MetricCategory,
        "aggregation": Aggregation,
        "level": FigureLevel,
        "better": Better,
    },
}
"""Which columns choose one of some words."""

OTHER_WORDS: Final[Mapping[StrEnum, tuple[str, ...]]] = {
    UnitKind.COMPANY: ("集团", "总部"),
    UnitKind.DIVISION: ("事业部", "分公司", "区域"),
    UnitKind.DEPARTMENT: ("销售部",),
    UnitKind.TEAM: ("小组", "组", "班组"),
    Language.CHINESE: ("zh", "chinese", "简体中文"),
    Language.ENGLISH: ("en", "英文", "英语"),
    MetricUnit.MONEY: ("元", "万元"),
    MetricUnit.PERCENT: ("%", "百分比"),
    MetricUnit.COUNT: ("个", "数量"),
    MetricUnit.POINTS: ("分", "分数"),
    Better.HIGHER: ("高", "越大越好", "more"),
    Better.LOWER: ("低", "越小越好", "less"),
    Aggregation.SUM: ("求和", "合计", "sum"),
    Aggregation.MEAN: ("平均", "mean"),
    FigureLevel.PERSON: ("个人", "person"),
    FigureLevel.TEAM: ("团队", "team"),
    MetricKind.GROWTH: ("增长", "增长型"),
    MetricKind.LEVEL: ("水平", "水平型"),
    MetricKind.THRESHOLD: ("门槛", "门槛型"),
}
"""What else people write for a choice."""
BETTER_WORDS: Final = {Better.HIGHER: _("higher"), Better.LOWER: _("lower")}

KIND_WORDS: Final[Mapping[IntakeKind, str]] = {
    IntakeKind.UNITS: _("Units"),
    IntakeKind.PEOPLE: _("People"),
    IntakeKind.METRICS: _("Metrics"),
    IntakeKind.TARGETS: _("Targets"),
    IntakeKind.HISTORY: _("Past figures"),
}
"""What each kind of file is called."""

TONGUES: Final = (Tongue(Language.CHINESE), Tongue(Language.ENGLISH))


@cache
def names_by_heading(kind: IntakeKind) -> Mapping[str, str]:
    """Return each column's stable name by all that its heading may say."""
    names: dict[str, str] = {}
    for column in COLUMNS[kind]:
        for tongue in TONGUES:
            names[plain(tongue.gettext(column.heading))] = column.name
    for column in COLUMNS[kind]:
        for alias in (column.name, *column.aliases):
            names.setdefault(plain(alias), column.name)
    return names


@cache
def choices_of(kind: IntakeKind) -> Mapping[str, Mapping[str, StrEnum]]:
    """Return, by column, what can be chosen there, by all words for it; the Chinese ones first."""
    return {name: _words_of(enum) for name, enum in TOGETHER.get(kind, {}).items()}


def name_of_choice(member: StrEnum, tongue: Tongue) -> str:
    """Name what can be chosen in the reader's language."""
    return tongue.gettext(BETTER_WORDS[member] if isinstance(member, Better) else message_of(member))


def _words_of(enum: type[StrEnum]) -> Mapping[str, StrEnum]:
    words: dict[str, StrEnum] = {}
    for member in enum:
        names = (name_of_choice(member, tongue) for tongue in TONGUES)
        for word in (*names, member.value, *OTHER_WORDS.get(member, ())):
            words.setdefault(plain(word), member)
    return words
