"""A company's own wordings: what is refused, what is sent, and when the standard one is sent instead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.errors import Refusal
from models.org import Company
from models.stages import Channel, Language, Occasion
from models.wordings import Part, Wording
from notifications import samples
from notifications.texts import write
from notifications.wordings import (
    PLACEHOLDER,
    SIGNATURE,
    checked,
    distinguishes,
    filled,
    pattern,
    placeholders,
    preview_own,
    values_of,
)
from notifications.words import WORDS
from rules.sms_length import segments
from tests.standins.office import COMPANY, DIRECTOR, HR, NINE, Office
from tests.standins.smtp import text_of

OCCASIONS = [one for one in Occasion if one not in (Occasion.ACCOUNT_INVITATION, Occasion.PASSWORD_LINK)]
CHINESE = Language.CHINESE
REMINDER = (Occasion.TASK_REMINDER, CHINESE)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("occasion", OCCASIONS)
def test_the_standard_wording_with_its_placeholders_filled_is_what_is_sent(
    occasion: Occasion, language: Language
) -> None:
    """So that whoever edits it begins with exactly what people get."""
    about = samples.example(occasion, language)
    standard = {part: pattern(occasion, language, part, about.is_overdue) for part in Part}
    values = values_of(about, WORDS[language])
    signature = SIGNATURE[language].format(company=about.company)
    mail = write(occasion, Channel.EMAIL, language, about)
    sms = write(occasion, Channel.SMS, language, about)
    assert str(filled(standard[Part.SUBJECT], values)).casefold() == mail.subject.casefold()
    assert str(filled(standard[Part.LEAD], values)) in mail.text
    assert signature + str(filled(standard[Part.SMS], values)) == sms.text
    for part, text in standard.items():
        assert checked(text, occasion, language, part) == " ".join(text.split())
        assert set(PLACEHOLDER.findall(text)) <= set(placeholders(occasion, language))


def test_a_reminder_is_worded_otherwise_when_the_deadline_is_over() -> None:
    assert distinguishes(*REMINDER, Part.SMS)
    assert "逾期转{superior}" in pattern(*REMINDER, Part.SMS)
    assert "已逾期" in pattern(*REMINDER, Part.SMS, True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "wording-empty"),
        ("  \n ", "wording-empty"),
        ("请办理{部门}：{link}", "placeholder-unknown"),
        ("请办理{salary}：{link}", "placeholder-unknown"),
        ("请办理{ department}：{link}", "placeholder-broken"),
        ("请办理}：{link}", "placeholder-broken"),
        ("请办理{department}", "placeholder-needed"),
        ("请{link}" + "快" * 300, "wording-too-long"),
    ],
)
def test_a_wording_that_could_not_be_sent_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        checked(text, *REMINDER, Part.SMS)
    assert refused.value.code == code


def test_a_subject_stays_on_one_line() -> None:
    assert (
        checked("请办理\r\nBcc: x@y.cn {department}", *REMINDER, Part.SUBJECT) == "请办理 Bcc: x@y.cn {department}"
    )


def test_own_words_stand_in_the_mail_and_are_escaped_there() -> None:
    own = {(*REMINDER, Part.LEAD, False): "<b>{department}</b>请{task}"}
    written = preview_own(*(REMINDER[0], Channel.EMAIL, CHINESE), False, own)
    assert "<b>销售一部</b>请确认目标" in written.text
    assert "&lt;b&gt;销售一部" in written.html


def test_an_own_sms_keeps_the_signature() -> None:
    own = {(*REMINDER, Part.SMS, False): "快办：{link}"}
    written = preview_own(REMINDER[0], Channel.SMS, CHINESE, False, own)
    assert written.text.startswith("【华东科技】快办：https://")
    late = preview_own(REMINDER[0], Channel.SMS, CHINESE, True, own)
    assert "已逾期" in late.text


async def say(office: Office, text: str, part: Part = Part.SUBJECT, *, overdue: bool = False) -> None:
    async with office.sessions() as session:
        session.add(
            Wording(
                company_id=COMPANY,
                occasion=Occasion.TASK_REMINDER,
                language=CHINESE,
                part=part,
                is_overdue=overdue,
                text=text,
                by_id=HR,
                at=NINE,
            )
        )
        await session.commit()


async def test_what_is_sent_is_in_the_companys_words(office: Office) -> None:
    await say(office, "{person}，{department}等您{task}")
    await office.task()
    await office.notice()
    await office.dispatch()
    (mail,) = office.mail.mails
    assert str(mail["Subject"]) == "王芳，销售一部等您确认目标"
    assert "截止时间" in text_of(mail)


async def test_a_sentence_that_would_have_a_hole_is_said_in_the_standard_words(office: Office) -> None:
    """Nobody gets "moves to ." because the one at the top has no superior."""
    await say(office, "{reason}：{department}")
    await office.task()
    await office.notice()
    await office.dispatch()
    (mail,) = office.mail.mails
    assert str(mail["Subject"]).startswith("提醒：请于")


async def test_questions_and_replies_go_to_the_mailbox_of_hr(office: Office) -> None:
    await office.change(Company, COMPANY, hr_mailbox="hr@example.cn")
    await office.task()
    await office.notice()
    await office.dispatch()
    (mail,) = office.mail.mails
    assert "hr@example.cn" in str(mail["Reply-To"])
    assert "请联系 HR 负责人赵敏 <hr@example.cn>" in text_of(mail)


async def test_an_overdue_message_uses_the_words_for_overdue(office: Office) -> None:
    await say(office, "还早：{department}")
    await say(office, "晚了：{department}", overdue=True)
    await office.task(deadline_at=NINE - timedelta(days=1))
    await office.notice()
    await office.dispatch()
    assert [str(mail["Subject"]) for mail in office.mail.to(f"{DIRECTOR}@example.cn")] == ["晚了：销售一部"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("快" * 70, 1),
        ("快" * 71, 2),
        ("快" * 135, 3),
        ("a" * 70 + "快", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_an_sms_is_charged_by_its_segments(text: str, count: int) -> None:
    assert segments(text) == count
