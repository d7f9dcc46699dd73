"""Sending a message again that reached nobody: new notices under a key of their own (DESIGN 9)."""

from __future__ import annotations

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from activities.cases import case_of, refusals
from models import effects
from models.database import SessionMaker, insert_once, writing
from models.delivery import Delivery, Notice, Reason, Resend
from models.errors import Refusal
from models.messages import MessageResend
from models.org import Person
from models.resends import Candidate, candidate_of
from models.settings import TwilioSettings
from models.stages import Channel
from models.tasks import Command, Task
from models.terms import Terms
from notifications import limits
from rules.resending import refuse_to_resend


class ResendActivities:
    def __init__(self, sessions: SessionMaker, sms: TwilioSettings) -> None:
        self.sessions = sessions
        self.sms = sms

    @activity.defn(name=effects.RESEND_MESSAGE.name)
    async def resend_message(self, asked: MessageResend) -> None:
        """Put what a failed delivery carried into the outbox again, once.

        Raises:
            ApplicationError: the refusal, where that is not safe, or an SMS cannot go now.
        """
        order = asked.resend
        async with self.sessions() as session:
            await writing(session)
            delivery = await _locked(session, order.delivery_id, asked.cycle_id)
            known = await session.get(Resend, order.delivery_id)
            if known is not None and known.command_id == order.command_id:
                return
            with refusals():
                if delivery is None:
                    raise Refusal("message-unknown")
                case = await case_of(session, asked.cycle_id, asked.now)
                candidate = await candidate_of(session, delivery, case.today)
                command = await session.get(Command, order.command_id)
                refuse_to_resend(candidate, confirmed=bool(command and command.words.get("confirmed")))
                await self._refuse_a_late_sms(session, delivery, case.terms, asked)
            session.add(
                Resend(delivery_id=delivery.id, command_id=order.command_id, by_id=order.by_id, at=asked.now)
            )
            await insert_once(session, await _notices_anew(session, delivery, candidate, asked))
            await session.commit()

    async def _refuse_a_late_sms(
        self, session: AsyncSession, delivery: Delivery, terms: Terms, asked: MessageResend
    ) -> None:
        """Refuse an SMS that would go by e-mail anyhow: that e-mail may have gone before."""
        if delivery.channel is not Channel.SMS:
            return
        person = await session.get_one(Person, delivery.person_id)
        now = delivery.model_copy(update={"id": "", "moment": asked.now})
        reason = await limits.refused(session, self.sms, now, person, terms)
        if reason is Reason.BAD_NUMBER:
            raise Refusal("address-unchanged", address=person.phone)
        if reason is not None:
            raise Refusal("sms-not-now", reason=reason.value)


async def _locked(session: AsyncSession, delivery_id: str, cycle_id: str) -> Delivery | None:
    """Return the delivery, locked, so that of two orders at once one finds the other's."""
    found = await session.exec(
        select(Delivery)
        .where(col(Delivery.id) == delivery_id, col(Delivery.cycle_id) == cycle_id)
        .with_for_update()
    )
    return found.first()


async def _notices_anew(
    session: AsyncSession, delivery: Delivery, candidate: Candidate, asked: MessageResend
) -> list[Notice]:
    """Copy what is still wanted, for today's link epoch of its task."""
    anew = []
    for number, notice in enumerate(candidate.wanted):
        task = await session.get(Task, notice.task_id) if notice.task_id else None
        key = f"resend/{delivery.id}/{number}"
        changed = {
            "id": key,
            "key": key,
            "batch": asked.resend.command_id,
            "channel": delivery.channel,
            "epoch": task.epoch if task else notice.epoch,
            "moment": asked.now,
            "delivery_id": "",
        }
        anew.append(Notice(**{**notice.model_dump(), **changed}))
    return anew
