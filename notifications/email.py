"""E-mail by SMTP: HTML and plain text, with the deadline for the reader's calendar."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import aiosmtplib

from models.errors import WrongSettings
from models.settings import SmtpSettings
from notifications.outcomes import DeliveryFailed, Reason, Taken, Trouble
from notifications.parcels import CannotTell, HandOver, Parcel
from notifications.texts import Contact

OUR_OWN_TROUBLE = (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPHeloError, aiosmtplib.SMTPNotSupported)
"""Answers about our set-up, not about the mail: they go away when somebody mends it."""


class EmailChannel:
    """Hands mails to the SMTP server of the settings, one connection each."""

    def __init__(self, smtp: SmtpSettings) -> None:
        """Raises `WrongSettings` where the sender is no address."""
        self.smtp = smtp
        try:
            self.sender = _address(Contact(*parseaddr(smtp.sender)))
        except DeliveryFailed as wrong:
            raise WrongSettings(
                f"QUARTERDECK_SMTP__SENDER: {smtp.sender!r} is no mail address. See .env.example."
            ) from wrong

    async def send(self, parcel: Parcel, hand_over: HandOver) -> Taken:
        """Hand a mail over; see `Sender`."""
        mail = self.written(parcel)
        server = self._connection()
        try:
            await self._introduce(server, parcel.address)
            await hand_over()
            await self._deliver(server, mail)
        except BaseException:
            server.close()
            raise
        await server.__aexit__(None, None, None)  # Says QUIT; what comes of that changes nothing.
        return Taken(mail["Message-ID"])

    async def _introduce(self, server: aiosmtplib.SMTP, address: str) -> None:
        """Connect and say from whom to whom: until here nothing is sent."""
        try:
            async with asyncio.timeout(self.smtp.timeout_seconds):
                await server.connect()
                await server.mail(self.sender.addr_spec)
                await server.rcpt(address)
        except (*OUR_OWN_TROUBLE, aiosmtplib.SMTPConnectError) as trouble:
            raise DeliveryFailed(Reason.UNREACHABLE, Trouble.TEMPORARY, type(trouble).__name__) from trouble
        except aiosmtplib.SMTPResponseException as refusal:
            raise _refused(refusal) from refusal
        except (aiosmtplib.SMTPException, OSError) as trouble:
            raise DeliveryFailed(Reason.UNREACHABLE, Trouble.TEMPORARY, type(trouble).__name__) from trouble

    async def _deliver(self, server: aiosmtplib.SMTP, mail: EmailMessage) -> None:
        """Hand over the mail itself: where the answer is missing, the server may have it."""
        try:
            async with asyncio.timeout(self.smtp.timeout_seconds):
                await server.data(mail.as_bytes(policy=policy.SMTP))
        except aiosmtplib.SMTPResponseException as refusal:
            raise _refused(refusal) from refusal
        except (aiosmtplib.SMTPException, OSError) as trouble:
            raise DeliveryFailed(Reason.ANSWER_LOST, Trouble.UNKNOWN, type(trouble).__name__) from trouble

    async def find(self, address: str, body: str, since: datetime) -> Taken | None:
        raise CannotTell("SMTP keeps no list of what was sent")

    def written(self, parcel: Parcel) -> EmailMessage:
        """Return the mail as it goes over the wire."""
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = self.sender
        mail["To"] = _address(Contact(parcel.to.name, parcel.address))
        if parcel.reply_to.email:
            mail["Reply-To"] = _address(parcel.reply_to)
        mail["Subject"] = parcel.written.subject
        mail["Date"] = format_datetime(datetime.now(UTC))
        # The same delivery has the same id, so that a receiver can tell a copy.
        mail["Message-ID"] = f"<{parcel.delivery_id}@{self.sender.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail["X-Quarterdeck-Moment"] = parcel.moment.isoformat()
        mail.set_content(parcel.written.text, cte="base64")
        mail.add_alternative(parcel.written.html, subtype="html", cte="base64")
        if parcel.calendar:
            mail.add_attachment(
                parcel.calendar.decode(),
                subtype="calendar",
                params={"method": "PUBLISH"},
                filename="deadline.ics",
                cte="base64",
            )
        return mail

    def _connection(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self.smtp.host,
            port=self.smtp.port,
            username=self.smtp.user or None,
            password=self.smtp.password.get_secret_value() or None,
            use_tls=self.smtp.tls,
            start_tls=self.smtp.start_tls,
            timeout=self.smtp.timeout_seconds,
        )


def _address(contact: Contact) -> Address:
    try:
        address = Address(contact.name, addr_spec=contact.email)
    except (HeaderParseError, ValueError, IndexError) as wrong:
        raise DeliveryFailed(Reason.BAD_ADDRESS, Trouble.FINAL) from wrong
    if not address.addr_spec.isascii() or not address.domain:
        raise DeliveryFailed(Reason.BAD_ADDRESS, Trouble.FINAL)
    return address


def _refused(refusal: aiosmtplib.SMTPResponseException) -> DeliveryFailed:
    if refusal.code >= 500:
        return DeliveryFailed(Reason.REFUSED, Trouble.FINAL, str(refusal.code))
    return DeliveryFailed(Reason.BUSY, Trouble.TEMPORARY, str(refusal.code))  # 4xx: come back later.
