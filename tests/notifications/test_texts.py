"""Every wording, in full and in both languages: what people will read.

The full texts stand beside this file, one file a language, for whoever reads them without code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from models.stages import Channel, Language, Occasion, TaskKind
from notifications.outcomes import Reason
from notifications.samples import EXAMPLE_LINK, example, preview, preview_digest
from notifications.texts import About, Contact, FailedMessage, IfSilent, Silence, write, write_together
from notifications.words import CHINESE, ENGLISH, WORDS

EVERY = [(occasion, language) for occasion in Occasion for language in Language]


def wordings() -> Iterator[tuple[Language, str, str, str]]:
    """Read the texts that stand beside this file: language, occasion, part, text."""
    for language in Language:
        text = Path(__file__).with_name(f"wordings.{language.value}.txt").read_text(encoding="utf-8")
        for section in text.split("=== ")[1:]:
            title, _, body = section.partition("\n")
            occasion, _, part = title.partition(": ")
            yield language, occasion, part, body.rstrip("\n").replace("{link}", EXAMPLE_LINK)


WORDINGS = list(wordings())


def said(language: Language, occasion: str, part: str) -> str:
    """Write one part of a message with the example data."""
    channel = {"sms": Channel.SMS, "notice": Channel.SYSTEM}.get(part, Channel.EMAIL)
    if occasion == "digest":
        written = preview_digest(channel, language, 5)
    else:
        written = preview(Occasion(occasion), channel, language)
    return written.subject if part == "subject" else written.text.rstrip("\n")


@pytest.mark.parametrize(
    ("language", "occasion", "part", "text"), WORDINGS, ids=["-".join(each[:3]) for each in WORDINGS]
)
def test_each_message_says_what_stands_in_the_wordings(
    language: Language, occasion: str, part: str, text: str
) -> None:
    assert said(language, occasion, part) == text


def test_no_occasion_lacks_its_wording() -> None:
    complete = {(o.value, part) for o in Occasion for part in ("subject", "mail", "sms", "notice")}
    complete |= {("digest", part) for part in ("subject", "mail", "sms")}
    for language in Language:
        assert {(each[1], each[2]) for each in WORDINGS if each[0] is language} == complete


@pytest.mark.parametrize("language", Language)
def test_a_digest_has_a_link_for_each_department(language: Language) -> None:
    """DESIGN 10: one digest, not 40 messages."""
    mail = preview_digest(Channel.EMAIL, language, 7)
    assert mail.html.count(f'href="{EXAMPLE_LINK}"') == mail.text.count(EXAMPLE_LINK) == 7


@pytest.mark.parametrize("occasion", Occasion)
def test_a_chinese_sms_fits_into_two_segments(occasion: Occasion) -> None:
    """Two UCS-2 segments hold 134 characters."""
    assert len(preview(occasion, Channel.SMS, Language.CHINESE).text) <= 134


@pytest.mark.parametrize(("occasion", "language"), EVERY)
def test_html_and_text_of_a_mail_say_the_same(occasion: Occasion, language: Language) -> None:
    mail = preview(occasion, Channel.EMAIL, language)
    shown = re.sub(r"\s+", "", "".join(Words.of(mail.html)))
    for line in mail.text.splitlines()[:-1]:  # The last line signs; in HTML the company stands on top.
        for sentence in re.split(r"[：<>]|: |:$", line):
            known = re.sub(r"\s+", "", sentence)
            assert known in shown or known == re.sub(r"\s+", "", EXAMPLE_LINK), line


class Words(HTMLParser):
    """The words of a page, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    @classmethod
    def of(cls, html: str) -> list[str]:
        reader = cls()
        reader.feed(html)
        return reader.words

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words.extend(value or "" for name, value in attrs if name == "href")


@pytest.mark.parametrize(("occasion", "language"), EVERY)
def test_a_mail_loads_nothing_from_elsewhere(occasion: Occasion, language: Language) -> None:
    html = preview(occasion, Channel.EMAIL, language).html
    assert not re.search(r"<(img|link|script|iframe|object)\b|url\(|@import|src=", html)
    assert html.count("<a ") <= 2  # One button, and whom to ask.


def test_a_name_cannot_bring_markup_into_a_mail() -> None:
    about = replace(example(Occasion.TASK_OPENED, Language.ENGLISH), department="<b>Sales & Co</b>", person="<i>")
    mail = write(Occasion.TASK_OPENED, Channel.EMAIL, Language.ENGLISH, about)
    assert "<b>" not in mail.html
    assert "&lt;b&gt;Sales &amp; Co&lt;/b&gt;" in mail.html
    assert "<b>Sales & Co</b>" in mail.text


@pytest.mark.parametrize(
    ("silence", "chinese", "english"),
    [
        (
            IfSilent(Silence.MOVES, "李强"),
            "逾期未办，将转由李强处理，您手中的链接随之失效。",
            "If it is not done by then, it passes to 李强 and your link stops working.",
        ),
        (
            IfSilent(Silence.ADDS, "李强"),
            "逾期未办，将由李强与您共同处理。",
            "If it is not done by then, 李强 will be asked as well.",
        ),
        (
            IfSilent(Silence.TELLS, "李强"),
            "逾期未办，将告知李强。",
            "If it is not done by then, 李强 will be told.",
        ),
        (
            IfSilent(Silence.MOVES, "陈伟", 1),
            "若 1 个工作日内仍未办理，将转由陈伟处理，您手中的链接随之失效。",
            "If it is not done within 1 working day, it passes to 陈伟 and your link stops working.",
        ),
        (
            IfSilent(Silence.STAYS, "赵敏", 2),
            "若 2 个工作日内仍未办理，事项仍由您处理，并告知 HR 负责人赵敏；不会自动视为同意。",
            "If it is not done within 2 working days, it stays with you and 赵敏 of HR is told."
            " Nothing is approved by silence.",
        ),
        (
            IfSilent(Silence.PASSES),
            "逾期未办，将按公司制度视为同意，并在记录中注明“按制度”。",
            "If it is not done by then, the company's policy counts it as approved,"
            ' and the record will say "by policy".',
        ),
    ],
)
def test_a_mail_says_what_happens_if_nobody_answers(silence: IfSilent, chinese: str, english: str) -> None:
    """Rules 3 and 7."""
    for language, sentence in ((Language.CHINESE, chinese), (Language.ENGLISH, english)):
        about = replace(example(Occasion.TASK_OPENED, language), if_silent=silence)
        assert sentence in write(Occasion.TASK_OPENED, Channel.EMAIL, language, about).text


def test_a_deputy_is_told_for_whom_they_act() -> None:
    """Rule 11."""
    about = replace(example(Occasion.TASK_OPENED, Language.CHINESE), stands_in_for="李雷")
    text = write(Occasion.TASK_OPENED, Channel.EMAIL, Language.CHINESE, about).text
    assert "您是李雷的代理人，本事项由您代为处理；记录中会同时注明两人。" in text
    informed = replace(example(Occasion.RESULTS_PUBLISHED, Language.CHINESE), stands_in_for="李雷")
    text = write(Occasion.RESULTS_PUBLISHED, Channel.EMAIL, Language.CHINESE, informed).text
    assert "您是李雷的代理人，因此收到本通知。" in text


@pytest.mark.parametrize(
    ("occasion", "chinese", "english"),
    [
        (Occasion.TASK_REMINDER, "已于10月23日（周五）18:00逾期，请尽快办理", "It was due on Fri 23 Oct, 18:00"),
        (Occasion.TASK_REASSIGNED, "已于10月23日（周五）18:00逾期，请尽快办理", "It was due on Fri 23 Oct, 18:00"),
        (Occasion.NEW_LINK, "已于10月23日（周五）18:00逾期，请尽快办理", "overdue since Fri 23 Oct, 18:00"),
        (Occasion.TASK_MOVED_AWAY, "已到期未办（10月23日（周五）18:00）", "was not done by Fri 23 Oct, 18:00"),
    ],
)
def test_a_deadline_that_is_over_is_said_to_be_over(occasion: Occasion, chinese: str, english: str) -> None:
    for language, sentence in ((Language.CHINESE, chinese), (Language.ENGLISH, english)):
        about = example(occasion, language)
        late = replace(about, moment=about.deadline_at)
        assert sentence in write(occasion, Channel.EMAIL, language, late).text


def test_a_task_taken_away_before_its_deadline_is_not_called_late() -> None:
    """HR can reassign any open task."""
    about = example(Occasion.TASK_MOVED_AWAY, Language.CHINESE)
    early = replace(about, moment=datetime(2026, 10, 20, tzinfo=UTC), by="赵敏")
    text = write(Occasion.TASK_MOVED_AWAY, Channel.EMAIL, Language.CHINESE, early).text
    assert "销售一部“确认目标”已由赵敏改派，现转由李强处理。" in text


def test_the_most_urgent_comes_first_in_a_digest_and_what_asks_nothing_last() -> None:
    about = example(Occasion.TASK_OPENED, Language.CHINESE)
    late = replace(about, department="乙部", deadline_at=datetime(2026, 10, 30, 10, tzinfo=UTC))
    told = replace(example(Occasion.TASK_OVERDUE, Language.CHINESE), department="丙部")
    mail = write_together(Channel.EMAIL, Language.CHINESE, (told, late, replace(about, department="甲部")))
    assert re.findall(r"^\d\. (..)", mail.text, re.M) == ["甲部", "乙部", "丙部"]
    assert "以下 2 项事项待您处理" in mail.text
    assert "另有 1 项知会。" in mail.text


def test_a_digest_that_asks_for_nothing_says_so() -> None:
    told = example(Occasion.CYCLE_PAUSED, Language.CHINESE)
    mail = write_together(Channel.EMAIL, Language.CHINESE, (told, told))
    assert "以下 2 项供您知悉，无需操作。" in mail.text


def test_hr_is_not_told_to_ask_themselves() -> None:
    assert "如有疑问" not in preview(Occasion.DELIVERY_FAILED, Channel.EMAIL, Language.CHINESE).text


@pytest.mark.parametrize(
    ("zone", "chinese", "english"),
    [
        ("Asia/Shanghai", "10月23日（周五）18:00 北京时间", "Fri 23 Oct, 18:00 (China time)"),
        ("Asia/Tokyo", "10月23日（周五）19:00 日本标准时间", "Fri 23 Oct, 19:00 (Japan Standard Time)"),
        (
            "Europe/Berlin",
            "10月23日（周五）12:00 中欧夏令时间",
            "Fri 23 Oct, 12:00 (Central European Summer Time)",
        ),
    ],
)
def test_a_moment_is_said_in_the_cycles_zone_which_is_named(zone: str, chinese: str, english: str) -> None:
    """Rule 9: the cycle has a time zone."""
    moment = datetime(2026, 10, 23, 10, tzinfo=UTC)
    assert CHINESE.when_and_where(moment, zone) == chinese
    assert ENGLISH.when_and_where(moment, zone) == english


@pytest.mark.parametrize("language", Language)
def test_every_term_has_its_words_in_each_language(language: Language) -> None:
    words = WORDS[language]
    assert set(words.kinds) == set(TaskKind)
    assert set(words.reasons) == set(Reason)
    assert set(words.channels) == set(Channel)
    assert set(words.labels) == set(CHINESE.labels)


@pytest.mark.parametrize(("occasion", "language"), EVERY)
@pytest.mark.parametrize("channel", Channel)
def test_every_message_can_be_written_of_the_least_that_is_known(
    occasion: Occasion, language: Language, channel: Channel
) -> None:
    """A preview before the launch knows no names yet."""
    about = About(
        occasion=occasion,
        person="王芳",
        company="华东科技",
        zone="Asia/Shanghai",
        link="https://perf.example.cn/",
        kind=TaskKind.SUBMIT_DATA,
        month=date(2026, 10, 1),
        deadline_at=datetime(2026, 10, 23, 10, tzinfo=UTC),
        owner=Contact("赵敏"),
        failed=FailedMessage("王芳", Channel.EMAIL, Reason.NO_ADDRESS),
    )
    written = write(occasion, channel, language, about)
    assert written.subject
    assert "None" not in written.text
    assert "{" not in written.text
