"""Both languages are complete, and every refusal has its words."""

from __future__ import annotations

import ast
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import models.stages
from api.i18n import CATALOGUES, Tongue
from api.pages.history import SENTENCES as EVENTS
from api.problems import STATUS
from api.sentences import TITLES
from api.terms import TERMS
from api.words import ALL_SENTENCES, say
from models.metrics import MetricUnit
from models.stages import Choice, Language, Stage

ROOT = Path(__file__).resolve().parents[3]
CHINESE, ENGLISH = Tongue(Language.CHINESE), Tongue(Language.ENGLISH)
HOLE = re.compile(r"%\((\w+)\)s")
CODE = re.compile(r"""(?:Refusals?|Problem)\(\s*"([a-z]+(?:-[a-z]+)+)\"""")


def messages_in_code() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(
        ROOT / "api",
        method_map=[("**.py", "python"), ("templates/**.html", "jinja2")],
        options_map={"templates/**.html": {"silent": "false", "trimmed": "true"}},
    )
    return {message for _, _, message, _, _ in found if message}


def catalogue() -> Catalog:
    file = CATALOGUES / "zh_CN" / "LC_MESSAGES" / "messages.po"
    return read_po(BytesIO(file.read_bytes()), locale="zh_CN")


def test_the_chinese_catalogue_has_every_message_and_no_other() -> None:
    known = {
        message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogue() if message.id
    }
    assert messages_in_code() - known == set(), "run pybabel as babel.cfg says"
    assert known - messages_in_code() == set()


def test_a_message_inside_an_f_string_where_extraction_does_not_look_is_known_too() -> None:
    known = {message.id for message in catalogue()}
    for file in (ROOT / "api").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match call:
                case ast.Call(func=ast.Attribute(attr="gettext"), args=[ast.Constant(said), *_]):
                    assert said in known, file


def test_nothing_is_left_untranslated_or_unsure() -> None:
    for message in catalogue():
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.id:
            assert all(strings), message.id
            assert not message.fuzzy, message.id


def test_a_translation_has_the_holes_of_its_message() -> None:
    for message in catalogue():
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.id:
            wanted = {hole for one in ids for hole in HOLE.findall(one)}
            assert {hole for one in strings for hole in HOLE.findall(str(one))} == wanted, message.id


def test_chinese_says_everything_in_chinese() -> None:
    in_latin = {"CRM", "HR", "%(name)s%(did)s", "%(actor)s%(choice)s"}
    for message in catalogue():
        for string in message.string if isinstance(message.string, tuple | list) else (message.string,):
            if message.id and string not in in_latin:
                assert re.search(r"[\u3000-\u9fff\uff00-\uffef]", str(string)), message.id


def test_every_member_of_every_term_has_a_name() -> None:
    for enum, names in TERMS.items():
        assert set(names) == set(enum)
    spoken = {models.stages.Stage, models.stages.TaskKind, models.stages.Choice, models.stages.Occasion}
    assert spoken <= set(TERMS)


def refusals_in_code() -> set[str]:
    rooms = ("api", "activities", "connectors", "models", "rules", "workflows", "quarterdeck")
    files = [file for room in rooms for file in (ROOT / room).rglob("*.py")]
    return {code for file in files for code in CODE.findall(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("code", sorted(refusals_in_code() | set(STATUS) | set(TITLES)))
def test_every_refusal_has_words(code: str) -> None:
    assert code in ALL_SENTENCES


@pytest.mark.parametrize("code", sorted(ALL_SENTENCES))
@pytest.mark.parametrize("tongue", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_a_refusal_is_said_without_holes_whatever_facts_there_are(code: str, tongue: Tongue) -> None:
    last = ALL_SENTENCES[code][-1]
    now = datetime.now(UTC)
    facts = {hole: now if hole in ("at", "until") else "X" for hole in HOLE.findall(last)}
    said = say(code, facts, tongue)
    assert said.title
    assert "%(" not in said.detail
    assert f"({code})" not in said.detail


def test_a_closed_task_is_told_with_who_what_and_when() -> None:
    facts = {"by": "李四", "by_id": "p1", "choice": "confirm", "at": "2026-10-13T02:00:00+00:00"}
    said = say("task-closed", facts, Language.CHINESE)
    assert said.detail == "此任务已处理：李四于2026年10月13日 周二 10:00 北京时间确认了目标，无需再处理。"
    said = say("task-closed", facts, Language.ENGLISH)
    assert said.detail.startswith(
        "This task is already decided: 李四 confirmed the targets on Tue 13 Oct 2026, 10:00"
    )


def test_an_unknown_code_still_makes_a_sentence() -> None:
    assert "something-new" in say("something-new", {}, Language.CHINESE).detail


def test_every_kind_of_event_has_a_sentence() -> None:
    activities = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "activities").glob("*.py"))
    kinds = set(re.findall(r'kind, outcome = "([a-z-]+)"', activities))
    kinds |= set(re.findall(r'write_change\([^"]*"([a-z-]+)"', activities))
    assert kinds
    assert kinds <= set(EVENTS)


@pytest.mark.parametrize(
    ("value", "unit", "chinese", "english"),
    [
        (Decimal(500_000), MetricUnit.MONEY, "50万元", "¥500,000"),
        (Decimal(100_000_000), MetricUnit.MONEY, "1亿元", "¥100,000,000"),
        (Decimal("1234567.89"), MetricUnit.MONEY, "123.46万元", "¥1,234,567.89"),
        (Decimal("-20000"), MetricUnit.MONEY, "−2万元", "−¥20,000"),
        (Decimal("9999"), MetricUnit.MONEY, "9,999元", "¥9,999"),
        (Decimal("85.5"), MetricUnit.PERCENT, "85.5%", "85.5%"),
        (Decimal(12_000), MetricUnit.COUNT, "1.2万", "12,000"),
        (None, MetricUnit.COUNT, "–", "–"),
    ],
)
def test_figures_are_written_as_people_write_them(
    value: Decimal | None, unit: MetricUnit, chinese: str, english: str
) -> None:
    assert (CHINESE.figure(value, unit), ENGLISH.figure(value, unit)) == (chinese, english)


def test_a_figure_that_is_rounded_on_screen_can_be_read_exactly() -> None:
    assert CHINESE.exact(Decimal("1234567.8912")) == "1,234,567.8912"


def test_moments_name_their_zone() -> None:
    at = datetime(2026, 10, 13, 10, tzinfo=UTC)
    assert CHINESE.moment(at) == "2026年10月13日 周二 18:00 北京时间"
    assert ENGLISH.moment(at) == "Tue 13 Oct 2026, 18:00 Beijing time"
    assert "纽约" in CHINESE.within("America/New_York").moment(at) or "东部" in CHINESE.within(
        "America/New_York"
    ).moment(at)


def test_distances_use_the_unit_that_people_would() -> None:
    now = datetime(2026, 10, 13, tzinfo=UTC)
    assert ENGLISH.from_now(now + timedelta(days=3), now) == "in 3 days"
    assert ENGLISH.from_now(now + timedelta(hours=1), now) == "in 1 hour"
    assert CHINESE.from_now(now - timedelta(minutes=5), now) == "5分钟前"
    assert CHINESE.late_by(now - timedelta(hours=30), now) == "逾期30小时"


def test_terms_and_quarters_are_named_in_both_languages() -> None:
    assert CHINESE.gettext(TERMS[Stage][Stage.SUBMISSION]) == "数据提交"
    assert CHINESE.gettext(TERMS[Choice][Choice.APPROVE]) == "批准了结果"
    assert (CHINESE.quarter(date(2027, 1, 1)), ENGLISH.quarter(date(2027, 1, 1))) == ("2027年第一季度", "Q1 2027")
