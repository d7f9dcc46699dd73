"""The demonstration's mailbox: what was sent to whom, as they would see it. Reads the catchers' folders."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.pages.rendering import TheShell
from api.parts import Parts, TheParts
from api.session import Database
from models.errors import Refusal
from models.org import Person

router = APIRouter()

MOST_SHOWN = 100
MAIL_NAME = re.compile(r"[0-9T.]{10,30}-[0-9a-f]{8}\.eml")
SMS_NAME = re.compile(r"[0-9T.]{10,30}-SM[0-9a-f]{32}\.json")

LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""A mail's own HTML: no script, no request, no access to our pages; its links open beside it."""


@dataclass(frozen=True)
class Envelope:
    """One caught message in the list."""

    name: str
    is_sms: bool
    to: str
    subject: str
    at: datetime


@dataclass(frozen=True)
class Letter:
    """One caught message in full."""

    envelope: Envelope
    text: str
    has_html: bool
    attachments: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class MailboxPage:
    rows: tuple[Envelope, ...]
    total: int
    people: tuple[tuple[str, str], ...]
    """Address and name of everybody who got something."""
    names: dict[str, str]
    digits: dict[str, str]
    who: str
    letter: Letter | None


@router.get("/mailbox")
async def show_mailbox(
    around: TheShell, parts: TheParts, database: Database, who: str = "", show: str = ""
) -> Response:
    """The newest messages of all, or of one person; one of them opened."""
    folder = _folder(parts)
    envelopes = await run_in_threadpool(_envelopes, folder)
    people = await _people(database, {one.to for one in envelopes})
    mine = {address for address, person in people.items() if person.id == who} if who else set()
    rows = [one for one in envelopes if not who or one.to in mine]
    names = {address: person.name for address, person in people.items()}
    known = sorted({(person.id, person.name) for person in people.values()}, key=lambda one: one[1])
    page = MailboxPage(
        rows=tuple(rows[:MOST_SHOWN]),
        total=len(rows),
        people=tuple(known),
        names=names,
        digits={address: person.staff_no[-4:] for address, person in people.items()},
        who=who,
        letter=await run_in_threadpool(_letter, folder, show) if show else None,
    )
    return around.render("mailbox/mailbox.html", page)


@router.get("/mailbox/{name}/html")
async def show_letter(name: str, parts: TheParts) -> Response:
    mail = await run_in_threadpool(_mail, _folder(parts), name)
    part = mail.get_body(("html",))
    html = '<base target="_blank">' + (str(part.get_content()) if part else "")
    headers = {
        "Content-Security-Policy": LETTER_POLICY,
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "no-store",
    }
    return Response(html, media_type="text/html", headers=headers)


@router.get("/mailbox/{name}/attachment/{number}")
async def send_attachment(name: str, number: int, parts: TheParts) -> Response:
    mail = await run_in_threadpool(_mail, _folder(parts), name)
    attachments = list(mail.iter_attachments())
    if not 0 <= number < len(attachments):
        raise Refusal("not-found")
    content = attachments[number].get_content()
    body = content if isinstance(content, bytes) else str(content).encode()
    headers = {"Content-Disposition": f'attachment; filename="{_file_name(attachments[number], number)}"'}
    return Response(body, media_type=attachments[number].get_content_type(), headers=headers)


def _folder(parts: Parts) -> Path:
    if not parts.settings.demo:
        raise Refusal("not-found")
    return parts.settings.demo_folder.resolve()


def _envelopes(folder: Path) -> list[Envelope]:
    """Return all messages, the newest first."""
    mails = [file for file in (folder / "mail").glob("*.eml") if MAIL_NAME.fullmatch(file.name)]
    texts = [file for file in (folder / "sms").glob("*.json") if SMS_NAME.fullmatch(file.name)]
    newest = sorted([*mails, *texts], key=lambda file: file.name, reverse=True)
    return [_envelope(file) for file in newest]


@lru_cache(maxsize=20_000)
def _envelope(file: Path) -> Envelope:
    """Read what the list shows of a message. A caught message never changes."""
    if file.suffix == ".json":
        sms = _sms(file)
        return Envelope(file.name, True, str(sms["to"]), str(sms["body"]), _moment(str(sms["date_created"]), file))
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    to = getaddresses([str(mail["X-Envelope-To"] or mail["To"] or "")])
    return Envelope(
        file.name, False, to[0][1] if to else "", str(mail["Subject"] or ""), _moment(str(mail["Date"]), file)
    )


def _moment(written: str, file: Path) -> datetime:
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sms(file: Path) -> dict[str, Any]:
    sms: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return sms


def _mail(folder: Path, name: str) -> EmailMessage:
    file = folder / "mail" / name
    if not MAIL_NAME.fullmatch(name) or not file.is_file():
        raise Refusal("not-found")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)  # noqa: S101 - what the default policy makes.
    return mail


def _letter(folder: Path, name: str) -> Letter:
    if SMS_NAME.fullmatch(name) and (folder / "sms" / name).is_file():
        file = folder / "sms" / name
        return Letter(_envelope(file), str(_sms(file)["body"]), has_html=False, attachments=())
    mail = _mail(folder, name)
    text = mail.get_body(("plain",))
    attachments = enumerate(mail.iter_attachments())
    return Letter(
        envelope=_envelope(folder / "mail" / name),
        text=str(text.get_content()) if text else "",
        has_html=mail.get_body(("html",)) is not None,
        attachments=tuple((number, _file_name(part, number)) for number, part in attachments),
    )


def _file_name(part: EmailMessage, number: int) -> str:
    return re.sub(r"[^\w.-]", "_", part.get_filename() or f"attachment-{number + 1}", flags=re.ASCII)


async def _people(database: AsyncSession, addresses: set[str]) -> dict[str, Person]:
    """Return who is behind each mail address and phone number."""
    found = await database.exec(
        select(Person).where(or_(col(Person.email).in_(addresses), col(Person.phone).in_(addresses)))
    )
    people = {}
    for person in found.all():
        for address in (person.email, person.phone):
            if address in addresses:
                people[address] = person
    return people
