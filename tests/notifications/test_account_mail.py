"""Mails with a one-time link, over a real SMTP server: to the person alone, and logged without the link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from models.database import SessionMaker
from models.delivery import Delivery
from models.org import Person
from models.settings import SmtpSettings
from models.stages import DeliveryState, Language, Occasion
from notifications.account_mail import AccountMail
from notifications.email import EmailChannel
from quarterdeck.demo.small import make_small_company
from tests.standins.smtp import MailServer, text_of

TOKEN = "x" * 43


@dataclass(frozen=True)
class Office:
    mail: AccountMail
    person: Person
    hr: Person
    sessions: SessionMaker

    async def send(self, occasion: Occasion = Occasion.ACCOUNT_INVITATION) -> bool:
        until = datetime.now(UTC) + timedelta(days=3)
        return await self.mail.send(occasion, self.person, "wangfang", f"/welcome/{TOKEN}", until, self.hr)

    async def log(self) -> list[Delivery]:
        async with self.sessions() as session:
            return list((await session.exec(select(Delivery).order_by(Delivery.part))).all())  # type: ignore[arg-type]  # A column.


@pytest.fixture
async def office(sessions: SessionMaker, mail: MailServer) -> Office:
    company = await make_small_company(sessions, 1, 2)
    async with sessions() as session:
        person = await session.get_one(Person, company.departments[0].director_id)
        hr = await session.get_one(Person, company.hr_id)
        session.expunge_all()
    person.email, hr.email = "wang@example.cn", "zhao@example.cn"
    channel = EmailChannel(SmtpSettings(port=mail.port))
    return Office(AccountMail(sessions, channel, "https://perf.example.cn/"), person, hr, sessions)


async def test_the_mail_carries_the_link_and_the_log_does_not(office: Office, mail: MailServer) -> None:
    assert await office.send()
    (got,) = mail.to("wang@example.cn")
    assert f"https://perf.example.cn/welcome/{TOKEN}" in text_of(got)
    assert "wangfang" in text_of(got)
    assert "zhao@example.cn" in str(got["Reply-To"])
    (row,) = await office.log()
    assert row.state is DeliveryState.SENT
    assert row.sent_at
    assert TOKEN not in str(row.model_dump())
    assert "/welcome/…" in row.body


async def test_two_in_one_minute_are_two_messages(office: Office, mail: MailServer) -> None:
    assert await office.send()
    assert await office.send(Occasion.PASSWORD_LINK)
    ids = {str(got["Message-ID"]) for got in mail.to("wang@example.cn")}
    assert len(ids) == len(await office.log()) == 2


async def test_a_refused_address_is_told_and_logged(office: Office, mail: MailServer) -> None:
    mail.refusals["wang@example.cn"] = 550
    assert not await office.send()
    (row,) = await office.log()
    assert (row.state, row.error) == (DeliveryState.FAILED, "refused (550)")


async def test_a_lost_answer_is_told_as_unknown(office: Office, mail: MailServer) -> None:
    mail.loses_answer = True
    assert not await office.send()
    (row,) = await office.log()
    assert row.state is DeliveryState.UNKNOWN


async def test_it_is_written_in_the_person_s_language(office: Office, mail: MailServer) -> None:
    office.person.language = Language.ENGLISH
    await office.send(Occasion.PASSWORD_LINK)
    (got,) = mail.to("wang@example.cn")
    assert "Set a new password" in text_of(got)
