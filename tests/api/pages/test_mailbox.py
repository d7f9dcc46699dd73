from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from models.org import Person
from models.settings import Settings
from quarterdeck.smscatcher import SmsFolder
from tests.api.pages.place import Browser, Place

MAIL = "20261123T090000.123456-0a1b2c3d.eml"


@pytest.fixture
async def director(place: Place, settings: Settings, tmp_path: Path) -> Person:
    """Somebody who got an e-mail and an SMS."""
    settings.demo = True
    settings.demo_folder = tmp_path
    async with place.sessions() as session:
        person = await session.get_one(Person, place.company.departments[0].director_id)
    mail = EmailMessage()
    mail["Subject"], mail["To"], mail["Date"] = "请确认目标", person.email, "Mon, 23 Nov 2026 09:00:00 +0800"
    mail.set_content("Open: http://127.0.0.1:8000/t/abc")
    mail.add_alternative("<p>您好</p><script>alert(1)</script>", subtype="html")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="deadline.ics")
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / MAIL).write_bytes(f"X-Envelope-To: {person.email}\r\n".encode() + mail.as_bytes())
    SmsFolder(tmp_path / "sms").keep(
        "AC", {"To": person.phone, "From": "+1", "Body": "任务将到期 http://127.0.0.1/t/abc"}
    )
    return person


@pytest.fixture
def browser(place: Place) -> Browser:
    return place.browser("zh")


async def test_mails_and_texts_are_listed_with_the_name_of_who_got_them(
    director: Person, browser: Browser
) -> None:
    await browser.open("/mailbox")
    assert browser.page.count(director.name) >= 2
    assert "请确认目标" in browser.page
    assert "任务将到期" in browser.page


async def test_one_person_alone_can_be_looked_at(director: Person, browser: Browser, place: Place) -> None:
    await browser.open(f"/mailbox?who={place.company.hr_id}")
    assert "请确认目标" not in browser.page
    await browser.open(f"/mailbox?who={director.id}")
    assert "请确认目标" in browser.page


async def test_a_mail_is_shown_where_it_can_do_no_harm(director: Person, browser: Browser) -> None:
    await browser.open(f"/mailbox?show={MAIL}")
    assert "sandbox=" in browser.page
    assert director.staff_no[-4:] in browser.page
    letter = await browser.http.get(f"/mailbox/{MAIL}/html")
    policy = letter.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert letter.headers["x-frame-options"] == "SAMEORIGIN"


async def test_the_deadline_can_be_taken_into_a_calendar(director: Person, browser: Browser) -> None:
    answer = await browser.http.get(f"/mailbox/{MAIL}/attachment/0")
    assert answer.content.startswith(b"BEGIN:VCALENDAR")
    assert (await browser.http.get(f"/mailbox/{MAIL}/attachment/7")).status_code == 404


@pytest.mark.parametrize("name", ["..%2f..%2fsecret.eml", "nothing.eml", "20261123T090000.123456-ffffffff.eml"])
async def test_no_other_file_can_be_read(director: Person, browser: Browser, name: str) -> None:
    assert (await browser.http.get(f"/mailbox/{name}/html")).status_code == 404
    assert (await browser.http.get(f"/mailbox?show={name}")).status_code == 404


async def test_there_is_no_mailbox_outside_a_demonstration(place: Place) -> None:
    assert (await place.browser().open("/mailbox")).status_code == 404


async def test_an_empty_mailbox_says_what_to_do(
    place: Place, settings: Settings, tmp_path: Path, browser: Browser
) -> None:
    settings.demo, settings.demo_folder = True, tmp_path
    await browser.open("/mailbox")
    assert "还没有消息" in browser.page
