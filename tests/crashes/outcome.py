"""What a quarter came to: everything that must be the same whether or not something was killed.

Moments are compared by their business day, and messages by what they say: after a kill what would have
been gathered in one mail may come in two, but nothing may come twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.cycles import Cycle, CycleDepartment, CycleEvent
from models.delivery import Delivery, Notice
from models.metrics import Score, ScoreLine
from models.names import cycle_workflow_id, department_workflow_id
from models.stages import Channel, DeliveryState, Occasion
from models.tasks import Command, Decision, Submission, Task
from tests.crashes.premises import Premises
from tests.journeys.quarter import CHINA

Facts = Counter[tuple[str, ...]]


@dataclass(frozen=True)
class Doubt:
    """An e-mail of which nobody can say whether it arrived (DESIGN 9): never sent a second time, and HR told."""

    delivery_id: str
    channel: Channel
    arrived: int
    hr_was_told: bool


@dataclass
class Outcome:
    """Facts by kind, each with the number of times it is there."""

    facts: dict[str, Facts] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    repeats: int = 0
    """Requests that had to be sent again."""

    def differences(self, undisturbed: Outcome) -> list[str]:
        """Say what was lost and what came twice, or anew, against an undisturbed quarter."""
        found = []
        for kind in sorted(self.facts.keys() | undisturbed.facts.keys()):
            here, there = self.facts.get(kind, Counter()), undisturbed.facts.get(kind, Counter())
            found += [f"{kind} lost: {fact} ×{count}" for fact, count in (there - here).items()]
            found += [f"{kind} too many: {fact} ×{count}" for fact, count in (here - there).items()]
        return found


async def outcome_of(premises: Premises) -> Outcome:
    """Look at the stand-ins, the database and the engine once a quarter is over."""
    async with premises.sessions() as session:
        letters = await Letters.read(session, premises)
        outcome = Outcome(doubts=letters.doubts(), repeats=premises.repeats)
        facts = outcome.facts
        facts["message received"] = Counter(letters.received())
        facts["message logged"] = Counter(letters.logged())
        facts["notice in the system"] = Counter(letters.in_the_system())
        facts["decision"] = Counter(
            (it.task_id, it.choice, it.by_id, it.on_behalf_of, str(it.by_policy), day_of(it.decided_at))
            for it in (await session.exec(select(Decision))).all()
        )
        facts["task"] = Counter(
            (it.id, it.state, it.holder_id, f"level {it.level}", f"epoch {it.epoch}", str(it.deadline_at))
            for it in (await session.exec(select(Task))).all()
        )
        facts["event"] = Counter(
            (it.kind, it.department_id, it.task_id, it.actor_id, day_of(it.at))
            for it in (await session.exec(select(CycleEvent))).all()
        )
        facts["command"] = Counter(
            (it.kind, it.by_id, it.task_id, it.idempotency_key, it.state)
            for it in (await session.exec(select(Command))).all()
        )
        facts["submission"] = Counter(
            (it.task_id, it.by_id, str(it.taken_at is not None))
            for it in (await session.exec(select(Submission))).all()
        )
        facts |= await _results(session)
    facts["workflow"] = Counter([fact async for fact in _workflows(premises)])
    return outcome


async def _results(session: AsyncSession) -> dict[str, Facts]:
    departments = (await session.exec(select(CycleDepartment))).all()
    scores = (await session.exec(select(Score))).all()
    lines = (await session.exec(select(ScoreLine))).all()
    cycles = (await session.exec(select(Cycle))).all()
    return {
        "cycle": Counter((it.id, it.state) for it in cycles),
        "department": Counter((it.department_id, it.stage, f"round {it.round}") for it in departments),
        "score": Counter((it.person_id, str(it.total), it.band, f"round {it.round}") for it in scores),
        "score line": Counter((it.person_id, it.metric_id, str(it.points)) for it in lines),
    }


async def _workflows(premises: Premises) -> AsyncIterator[tuple[str, ...]]:
    company = premises.company
    departments = [department.id for department in company.departments]
    ids = [department_workflow_id(company.company_id, company.cycle_id, each) for each in departments]
    for workflow_id in [cycle_workflow_id(company.company_id, company.cycle_id), *ids]:
        seen = await premises.client.get_workflow_handle(workflow_id).describe()
        yield workflow_id, seen.status.name if seen.status else ""


@dataclass
class Letters:
    """Notices, the deliveries that carried them, and what arrived."""

    notices: list[Notice]
    deliveries: dict[str, Delivery]
    arrived: Counter[str]
    """By delivery; what belongs to none stands under the name of what it is."""
    addresses: dict[str, str]
    """To whom what arrived was addressed, by delivery."""

    @classmethod
    async def read(cls, session: AsyncSession, premises: Premises) -> Letters:
        notices = list((await session.exec(select(Notice))).all())
        deliveries = {it.id: it for it in (await session.exec(select(Delivery))).all()}
        letters = cls(notices, deliveries, Counter(), {})
        for mail in premises.mail.mails:
            delivery_id = str(mail["Message-ID"]).strip("<>").partition("@")[0]
            letters.note(delivery_id, parseaddr(str(mail["To"]))[1])
        by_sid = {it.provider_id: it.id for it in deliveries.values() if it.channel is Channel.SMS}
        for sms in premises.twilio.messages:
            letters.note(by_sid.get(sms["sid"], f"unknown SMS {sms['body']}"), sms["to"])
        return letters

    def note(self, delivery_id: str, address: str) -> None:
        self.arrived[delivery_id] += 1
        self.addresses[delivery_id] = address

    def in_doubt(self) -> set[str]:
        return {it.id for it in self.deliveries.values() if it.state is DeliveryState.UNKNOWN}

    def doubts(self) -> list[Doubt]:
        told = {
            str(notice.facts.get("delivery_id"))
            for notice in self.of(Occasion.DELIVERY_FAILED)
            if notice.channel is Channel.EMAIL and self.arrived[notice.delivery_id] == 1
        }
        return [
            Doubt(each, self.deliveries[each].channel, self.arrived[each], each in told)
            for each in sorted(self.in_doubt())
        ]

    def of(self, occasion: Occasion) -> Iterable[Notice]:
        return (notice for notice in self.notices if notice.occasion is occasion)

    def kept(self, channels: tuple[Channel, ...]) -> list[Notice]:
        """Return the notices through some channels, without those that tell HR of a doubt."""
        doubts = self.in_doubt()
        return [
            notice
            for notice in self.notices
            if notice.channel in channels and notice.facts.get("delivery_id") not in doubts
        ]

    def received(self) -> Iterator[tuple[str, ...]]:
        """Give each thing that was said, as often as it arrived; what is in doubt counts as arrived once."""
        doubts = self.in_doubt()
        for notice in self.kept((Channel.SMS, Channel.EMAIL)):
            carrier = self.deliveries[notice.delivery_id]
            times = self.arrived[carrier.id]
            address = self.addresses.get(carrier.id, carrier.address)
            for _ in range(max(1, times) if carrier.id in doubts else times):
                yield (notice.channel, address, *said_by(notice))
        for name in self.arrived.keys() - self.deliveries.keys():
            yield ("belongs to no delivery", name)

    def logged(self) -> Iterator[tuple[str, ...]]:
        for notice in self.kept((Channel.SMS, Channel.EMAIL)):
            delivery = self.deliveries[notice.delivery_id]
            state = DeliveryState.SENT if delivery.id in self.in_doubt() else delivery.state
            yield (state, delivery.person_id, delivery.channel, *said_by(notice))

    def in_the_system(self) -> Iterator[tuple[str, ...]]:
        for notice in self.kept((Channel.SYSTEM,)):
            yield (notice.person_id, *said_by(notice))


def said_by(notice: Notice) -> tuple[str, ...]:
    about = notice.task_id or notice.department_id or notice.cycle_id
    return (notice.occasion, notice.rung, about, f"epoch {notice.epoch}", day_of(notice.moment))


def day_of(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d}"
