"""The mail as it goes over the wire."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from icalendar import Calendar
from pydantic import SecretStr

from models.errors import WrongSettings
from models.settings import SmtpSettings
from models.stages import Channel, Language, Occasion
from notifications.calendar_file import deadlines
from notifications.email import EmailChannel
from notifications.outcomes import DeliveryFailed, Reason, Trouble
from notifications.parcels import CannotTell, Parcel
from notifications.samples import DEADLINE, EXAMPLE_LINK, example, preview
from notifications.texts import Contact
from tests.standins.broken import at_once
from tests.standins.smtp import MailServer, html_of, text_of

SENDER = "绩效系统 <perf@example.cn>"
WRITTEN = preview(Occasion.TASK_OPENED, Channel.EMAIL, Language.CHINESE)
ICS = deadlines([example(Occasion.TASK_OPENED, Language.CHINESE)], Language.CHINESE, "https://perf.example.cn")


def parcel(**changes: object) -> Parcel:
    ready = Parcel(
        delivery_id="0123abcd",
        channel=Channel.EMAIL,
        to=Contact("王芳", "wang@example.cn"),
        address="wang@example.cn",
        written=WRITTEN,
        moment=datetime(2026, 10, 20, 1, tzinfo=UTC),
        reply_to=Contact("赵敏", "zhao@example.cn"),
        calendar=ICS,
    )
    return replace(ready, **changes)  # type: ignore[arg-type]  # Each test knows the fields it changes.


def channel(mail: MailServer, **settings: object) -> EmailChannel:
    return EmailChannel(SmtpSettings.model_validate({"port": mail.port, "sender": SENDER, **settings}))


async def test_a_mail_carries_text_html_and_the_deadline_for_the_calendar(mail: MailServer) -> None:
    await channel(mail).send(parcel(), at_once)
    (got,) = mail.mails
    assert text_of(got) == WRITTEN.text
    assert html_of(got).strip() == WRITTEN.html.strip()
    assert [part.get_content_type() for part in got.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]


async def test_a_mail_says_from_whom_to_whom_and_that_no_person_wrote_it(mail: MailServer) -> None:
    taken = await channel(mail).send(parcel(), at_once)
    (got,) = mail.mails
    assert str(got["From"]) == SENDER
    assert str(got["To"]) == "王芳 <wang@example.cn>"
    assert str(got["Reply-To"]) == "赵敏 <zhao@example.cn>"
    assert str(got["Subject"]) == "请于10月23日（周五）18:00前确认目标：销售一部"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["X-Quarterdeck-Moment"] == "2026-10-20T01:00:00+00:00"
    assert abs(parsedate_to_datetime(str(got["Date"])) - datetime.now(UTC)).total_seconds() < 60
    assert taken.provider_id == got["Message-ID"] == "<0123abcd@example.cn>"


async def test_the_same_delivery_has_the_same_message_id(mail: MailServer) -> None:
    """DESIGN 9: an e-mail has a deterministic Message-ID."""
    for _ in range(2):
        await channel(mail).send(parcel(), at_once)
    assert len({str(got["Message-ID"]) for got in mail.mails}) == 1


async def test_no_line_of_a_mail_is_longer_than_mail_allows(mail: MailServer) -> None:
    raw = channel(mail).written(parcel()).as_bytes()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()


async def test_a_name_cannot_add_a_header(mail: MailServer) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        await channel(mail).send(parcel(to=Contact("王芳\r\nBcc: all@example.cn", "wang@example.cn")), at_once)
    assert (failed.value.reason, failed.value.trouble) == (Reason.BAD_ADDRESS, Trouble.FINAL)
    assert mail.mails == []


def test_the_calendar_entry_ends_at_the_deadline_and_belongs_to_the_task() -> None:
    calendar = Calendar.from_ical(ICS)
    assert calendar["METHOD"] == "PUBLISH"
    (event,) = calendar.events
    assert event["UID"] == "example@perf.example.cn"
    assert event.decoded("DTEND") == DEADLINE
    assert str(event["SUMMARY"]) == "确认目标：销售一部"
    assert EXAMPLE_LINK.encode() not in ICS  # A calendar is seen by others.


def test_a_later_message_moves_the_calendar_entry() -> None:
    """Rule 10: a deadline changed mid-cycle."""
    about = example(Occasion.TASK_EXTENDED, Language.ENGLISH)
    assert about.moment is not None
    later = replace(about, moment=about.moment.replace(minute=30), deadline_at=DEADLINE.replace(day=30))
    (before,), (after,) = (
        Calendar.from_ical(deadlines([each], Language.ENGLISH, "https://perf.example.cn")).events
        for each in (about, later)
    )
    assert before["UID"] == after["UID"]
    assert after.decoded("SEQUENCE") > before.decoded("SEQUENCE")
    assert str(after["SUMMARY"]) == "Confirm the targets: Sales One"


@pytest.mark.parametrize("occasion", [Occasion.TASK_MOVED_AWAY, Occasion.TASK_ESCALATED, Occasion.CYCLE_PAUSED])
def test_no_calendar_entry_where_nothing_is_asked_or_the_deadline_is_over(occasion: Occasion) -> None:
    assert deadlines([example(occasion, Language.CHINESE)], Language.CHINESE, "https://perf.example.cn") == b""


async def test_smtp_cannot_tell_what_was_sent(mail: MailServer) -> None:
    with pytest.raises(CannotTell):
        await channel(mail).find("wang@example.cn", "", datetime.now(UTC))


@pytest.mark.parametrize(
    ("code", "reason", "trouble"),
    [
        (421, Reason.BUSY, Trouble.TEMPORARY),
        (450, Reason.BUSY, Trouble.TEMPORARY),
        (550, Reason.REFUSED, Trouble.FINAL),
        (553, Reason.REFUSED, Trouble.FINAL),
    ],
)
async def test_a_refusal_says_whether_trying_again_can_help(
    mail: MailServer, code: int, reason: Reason, trouble: Trouble
) -> None:
    mail.refusals["wang@example.cn"] = code
    with pytest.raises(DeliveryFailed) as failed:
        await channel(mail).send(parcel(), at_once)
    assert (failed.value.reason, failed.value.trouble, failed.value.detail) == (reason, trouble, str(code))


async def test_a_server_that_wants_tls_and_has_none_is_our_own_trouble(mail: MailServer) -> None:
    for settings in ({"start_tls": True}, {"tls": True}):
        with pytest.raises(DeliveryFailed) as failed:
            await channel(mail, **settings).send(parcel(), at_once)
        assert (failed.value.reason, failed.value.trouble) == (Reason.UNREACHABLE, Trouble.TEMPORARY)
    assert mail.mails == []


@pytest.mark.parametrize("kind", ["start_tls", "tls"])
async def test_a_mail_goes_over_tls_with_a_sign_in(
    mail: MailServer, own_certificate: ssl.SSLContext, kind: str
) -> None:
    """User and password are told to the server over an encrypted line only."""
    known: list[tuple[bytes, bytes]] = []

    def sign_in(server: object, session: object, envelope: object, mechanism: str, data: object) -> AuthResult:
        known.append((data.login, data.password))  # type: ignore[attr-defined]  # aiosmtpd's LoginPassword
        return AuthResult(success=True)

    options: dict[str, Any] = {"authenticator": sign_in, "auth_required": True}
    if kind == "tls":
        controller = Controller(
            mail, hostname="127.0.0.1", port=0, ssl_context=own_certificate, auth_require_tls=False, **options
        )
    else:
        controller = Controller(
            mail, hostname="127.0.0.1", port=0, tls_context=own_certificate, require_starttls=True, **options
        )
    controller.port = MailServer().port
    controller.start()
    try:
        settings = SmtpSettings(
            host="localhost",
            port=controller.port,
            user="quarterdeck",
            password=SecretStr("secret"),
            sender=SENDER,
            start_tls=kind == "start_tls",
            tls=kind == "tls",
        )
        await EmailChannel(settings).send(parcel(), at_once)
    finally:
        controller.stop()
    assert known == [(b"quarterdeck", b"secret")]
    assert len(mail.mails) == 1


@pytest.mark.parametrize("sender", ["", "Quarterdeck", "绩效@例子.cn", "a@"])
def test_a_sender_that_is_no_address_stops_the_start(sender: str) -> None:
    with pytest.raises(WrongSettings, match="QUARTERDECK_SMTP__SENDER"):
        EmailChannel(SmtpSettings(sender=sender))
