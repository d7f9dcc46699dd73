"""The demonstration's source: whoever tries it sees a team's missing figures come in, and two faults named."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from sqlmodel import col, func, select
from temporalio.testing import ActivityEnvironment

from activities.connecting import opener
from activities.fetches import FetchActivities
from activities.taking_over import TakeOverActivities
from models.database import SessionMaker
from models.fetch_orders import FetchStep
from models.metrics import Figure
from models.org import Person
from models.records import Deal
from models.settings import Settings, SourcesSettings
from models.sources import Fetch, FetchMode, FetchState, RowFault, Source
from quarterdeck.demo.company import make_company


async def test_the_team_that_no_crm_knows_comes_in_from_its_old_system(
    some_sessions: SessionMaker, tmp_path: Path
) -> None:
    demo = await make_company(some_sessions, today=date(2026, 11, 27), sources=tmp_path)
    (team_id,) = (fault.subject_id for fault in demo.faults if fault.kind == "figures-missing")
    step = FetchStep(fetch_id="tried", now=datetime(2027, 2, 1, tzinfo=UTC))
    async with some_sessions() as session:
        source = (await session.exec(select(Source))).one()
        assert source.fetched_at is None  # Nobody has tried it yet.
        team = select(Person.id).where(col(Person.unit_id) == team_id)
        deals = select(func.count()).select_from(Deal).where(col(Deal.seller_id).in_(team))
        assert (await session.exec(deals)).one() == 0
        session.add(
            Fetch(
                id="tried",
                company_id=demo.company_id,
                source_id=source.id,
                mode=FetchMode.TAKE_OVER,
                started_at=step.now,
            )
        )
        await session.commit()
    settings = Settings(_env_file=None, sources=SourcesSettings(folder=tmp_path))
    await ActivityEnvironment().run(FetchActivities(some_sessions, opener(settings)).read_source, step)
    await ActivityEnvironment().run(TakeOverActivities(some_sessions).take_over, step)
    async with some_sessions() as session:
        fetch = await session.get_one(Fetch, "tried")
        assert fetch.state is FetchState.DONE, fetch.trouble
        assert (await session.exec(deals)).one() > 10
        faults = await session.exec(select(RowFault).where(col(RowFault.is_blocking).is_(True)))
        assert sorted(fault.code for fault in faults.all()) == ["date-impossible", "seller-unknown"]
        assert (await session.exec(select(Figure.id).where(col(Figure.team_id) == team_id))).all() == []
