"""Mails with a one-time link for a password: sent at once, as somebody waits, and logged like all others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.clock import business_now
from models.database import SessionMaker, writing
from models.delivery import Delivery
from models.org import Company, Person
from models.stages import Channel, DeliveryState, Language, Occasion
from notifications.links import without_tokens
from notifications.outbox import minute_of, next_part
from notifications.outcomes import DeliveryFailed, Trouble
from notifications.parcels import Parcel, Sender
from notifications.texts import About, Contact, write

IN_HAND = timedelta(minutes=2)


class AccountMail:
    """Writes and sends one such mail. The log holds it without the link's token."""

    def __init__(self, sessions: SessionMaker, sender: Sender, base_url: str) -> None:
        self.sessions = sessions
        self.sender = sender
        self.base_url = base_url.rstrip("/")

    async def send(
        self, occasion: Occasion, person: Person, user_name: str, path: str, until: datetime, by: Person
    ) -> bool:
        """Send it to the person's own address; return whether the mail server took it."""
        delivery, about = await self._logged(occasion, person)
        company = about.name_en if person.language is Language.ENGLISH and about.name_en else about.name
        written = write(
            occasion,
            Channel.EMAIL,
            person.language,
            About(
                occasion=occasion,
                person=person.name,
                company=company,
                zone=about.time_zone,
                link=f"{self.base_url}{path}",
                owner=Contact(by.name, by.email),
                decides=True,
                by=by.name,
                until=until,
                user_name=user_name,
            ),
        )
        parcel = Parcel(
            delivery_id=delivery.id,
            channel=Channel.EMAIL,
            to=Contact(person.name, person.email),
            address=person.email,
            written=written,
            moment=delivery.moment,
            reply_to=Contact(by.name, by.email),
        )
        try:
            taken = await self.sender.send(parcel, _nothing)
        except DeliveryFailed as failed:
            state = DeliveryState.UNKNOWN if failed.trouble is Trouble.UNKNOWN else DeliveryState.FAILED
            await self._settle(delivery, parcel, state, error=str(failed))
            return False
        await self._settle(delivery, parcel, DeliveryState.SENT, provider_id=taken.provider_id)
        return True

    async def _logged(self, occasion: Occasion, person: Person) -> tuple[Delivery, Company]:
        async with self.sessions() as session:
            await writing(session)
            now = await business_now(session)
            like = Delivery(
                id="",
                company_id=person.company_id,
                person_id=person.id,
                channel=Channel.EMAIL,
                moment=minute_of(now),
                held_until=datetime.now(UTC) + IN_HAND,
            )
            delivery = await next_part(session, like, Channel.EMAIL)
            delivery.occasion, delivery.notices = occasion.value, 1
            # Nobody else takes it over: only here is the link known.
            delivery.held_until = None
            session.add(delivery)
            company = await session.get_one(Company, person.company_id)
            await session.commit()
            return delivery, company

    async def _settle(
        self, delivery: Delivery, parcel: Parcel, state: DeliveryState, *, provider_id: str = "", error: str = ""
    ) -> None:
        async with self.sessions() as session:
            await writing(session)
            row = await session.get_one(Delivery, delivery.id)
            row.state, row.address, row.subject = state, parcel.address, parcel.written.subject
            row.body = without_tokens(parcel.written.text)
            row.provider_id, row.error, row.tries = provider_id, error, 1
            row.handed_over_at = datetime.now(UTC)
            row.sent_at = row.handed_over_at if state is DeliveryState.SENT else None
            session.add(row)
            await session.commit()


async def _nothing() -> None:
    """Its outcome is recorded at once; there is nothing to look up later."""
