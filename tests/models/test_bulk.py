"""Many rows at the driver's own speed come out as they went in, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlmodel import col, select

from models.bulk import load_rows, stored_day, stored_figure, stored_moment
from models.database import SessionMaker
from models.metrics import Figure, Target

COLUMNS = (
    *("id", "company_id", "department_id", "team_id", "person_id", "metric_id", "month", "value", "source"),
    *("records", "submission_id", "entered_by", "reason", "at", "replaced_by"),
)
AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
ODD = "a\tb\\n\\N 'quoted' \"x\"\n新\r"


async def test_figures_come_out_as_they_went_in(sessions: SessionMaker) -> None:
    async with sessions() as session:
        whose = ("c", "d", "t")
        at = stored_moment(session, AT)
        rows = [
            (
                f"f{number:02}",
                *whose,
                f"p{number}",
                "m",
                stored_day(date(2025, 12, 1)),
                stored_figure(Decimal("-12.3456")),
                "file",
                0,
                "",
                "",
                ODD if number == 1 else "plain",
                at,
                "",
            )
            for number in range(3)
        ]
        assert await load_rows(session, Figure, COLUMNS, iter(rows)) == 3
        await session.commit()
        found = (await session.exec(select(Figure).order_by(col(Figure.id)))).all()
    assert [figure.reason for figure in found] == ["plain", ODD, "plain"]
    assert {(figure.value, figure.month, figure.at) for figure in found} == {
        (Decimal("-12.3456"), date(2025, 12, 1), AT)
    }


async def test_nothing_and_yes_and_no_are_kept(sessions: SessionMaker) -> None:
    columns = (
        *("id", "cycle_id", "unit_id", "person_id", "department_id", "metric_id", "value", "full_value"),
        *("applies", "initiative", "confirmed_at"),
    )
    async with sessions() as session:
        rows = [
            ("t1", "c", "u", "p1", "d", "m", 1, 1, True, "", None),
            ("t2", "c", "u", "p2", "d", "m", 1, 1, False, "", stored_moment(session, AT)),
        ]
        await load_rows(session, Target, columns, iter(rows))
        await session.commit()
        found = (await session.exec(select(Target).order_by(col(Target.id)))).all()
    assert [(target.applies, target.confirmed_at) for target in found] == [(True, None), (False, AT)]
