"""HR's order to send a message again, on the real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlmodel import col, update
from temporalio.testing import WorkflowEnvironment

from models.database import SessionMaker, writing
from models.delivery import Delivery, Notice, Resend
from models.messages import ResendMessage
from models.stages import Channel, DeliveryState
from quarterdeck.demo.small import make_small_company
from tests.workflows.house import House, Refused, house


@pytest.fixture
async def home(engine: WorkflowEnvironment, some_sessions: SessionMaker, record_as: str) -> AsyncIterator[House]:
    company = await make_small_company(some_sessions, 1, 2, company_id=f"c{uuid4().hex[:8]}", metrics=())
    async with house(engine, some_sessions, company, record_as) as it:
        await it.launch()
        yield it


async def failed_mail(home: House) -> Delivery:
    """Write that the opening's mail was refused."""
    (notice,) = await home.notices(channel=Channel.EMAIL)
    failed = Delivery(
        id=uuid4().hex,
        company_id=notice.company_id,
        cycle_id=notice.cycle_id,
        person_id=notice.person_id,
        channel=Channel.EMAIL,
        moment=notice.moment,
        state=DeliveryState.FAILED,
        address="gone@example.cn",
        error="refused (550)",
        notices=1,
    )
    async with home.sessions() as session:
        await writing(session)
        session.add(failed)
        await session.exec(update(Notice).where(col(Notice.id) == notice.id).values(delivery_id=failed.id))
        await session.commit()
        await session.refresh(failed)
    return failed


async def resend(home: House, delivery: Delivery, command_id: str) -> None:
    order = ResendMessage(command_id=command_id, by_id=home.company.hr_id, delivery_id=delivery.id)
    await home.ask(home.cycle, "resend", order)


async def test_a_message_that_failed_is_sent_again(home: House) -> None:
    """DESIGN 9: a delivery of its own, once; a second order learns of the first."""
    failed = await failed_mail(home)
    command_id = await home.command("resend")
    await resend(home, failed, command_id)
    await resend(home, failed, command_id)
    again = await home.notices(batch=command_id)
    assert [(each.person_id, each.channel) for each in again] == [(failed.person_id, Channel.EMAIL)]

    async def sends() -> int:
        return [each.key for each in home.outside.sent].count(command_id)

    await home.until(sends, 1)
    async with home.sessions() as session:
        assert (await session.get_one(Resend, failed.id)).by_id == home.company.hr_id
    with pytest.raises(Refused, match="message-resent"):
        await resend(home, failed, await home.command("resend"))
    assert await sends() == 1


async def test_a_paused_cycle_sends_nothing_again(home: House) -> None:
    """Rule 13: deadlines in the message would be wrong."""
    failed = await failed_mail(home)
    await home.order("pause")
    with pytest.raises(Refused, match="cycle-paused"):
        await resend(home, failed, await home.command("resend"))
