"""The old system of a team that no CRM knows: its contracts as files, and a source that leads to them.

Nobody has tried the source yet, so nothing is fetched by itself: whoever tests it, looks at a dry run and
fetches sees the team's missing figures come in, and the two rows that somebody typed wrongly.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from io import StringIO
from pathlib import Path

from models.field_maps import FieldRule, RecordMap
from models.org import Person
from models.sources import RecordKind, Source, SourceKind
from quarterdeck.demo.rows import Row

FOLDER = "legacy"
SETTLED = 3600.0
"""Seconds since the files were written, as a fetch sees them."""
HEADINGS = ("合同号", "工号", "业务员", "客户", "签订日期", "合同金额", "新客户")
CONTRACTS = RecordMap(
    kind=RecordKind.DEAL,
    object="contracts-*.csv",
    key="合同号",
    fields={
        "number": FieldRule(column="合同号"),
        "seller": FieldRule(column="工号"),
        "customer": FieldRule(column="客户"),
        "won_on": FieldRule(column="签订日期", dates="ymd"),
        "amount": FieldRule(column="合同金额"),
        "is_new_customer": FieldRule(column="新客户"),
    },
    seller_by="staff_no",
    date_column="签订日期",
    tolerates_faults=True,
)


def legacy_source(company_id: str, team: str, today: date) -> Source:
    return Source(
        id=f"{company_id}-legacy",
        company_id=company_id,
        kind=SourceKind.FILES,
        name=f"{team}旧系统合同",
        settings={"folder": FOLDER},
        maps=[CONTRACTS.model_dump(mode="json")],
        every_minutes=60,
        created_at=datetime.combine(today, time(1), UTC),
    )


def write_contracts(folder: Path, deals: Iterable[Row], people: dict[str, Person]) -> None:
    """Write a file a month, as the old system does: in GB18030; the first one has two faulty rows."""
    folder.mkdir(parents=True, exist_ok=True)
    by_month: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for deal in deals:
        seller = people[deal["seller_id"]]
        by_month[f"{deal['won_on']:%Y-%m}"].append(
            (
                deal["number"],
                seller.staff_no,
                seller.name,
                deal["customer"],
                f"{deal['won_on']:%Y/%m/%d}",
                f"{deal['amount']:,}",
                "是" if deal["is_new_customer"] else "否",
            )
        )
    for month, rows in by_month.items():
        if month == min(by_month):
            rows += _faulty(rows[0], month)
        text = StringIO()
        csv.writer(text).writerows([HEADINGS, *sorted(rows)])
        file = folder / f"contracts-{month}.csv"
        file.write_text(text.getvalue(), encoding="gb18030", newline="")
        # What was written just now is left alone by a fetch: somebody may still be writing.
        os.utime(file, (file.stat().st_mtime - SETTLED, file.stat().st_mtime - SETTLED))


def _faulty(like: tuple[str, ...], month: str) -> list[tuple[str, ...]]:
    """A contract of somebody with a mistyped number, and one that was signed on a day that never was."""
    number, staff_no, name, customer, _, amount, is_new = like
    return [
        (f"{number}-1", "999999", "王小二", customer, f"{month.replace('-', '/')}/08", amount, is_new),
        (f"{number}-2", staff_no, name, customer, f"{month.replace('-', '/')}/32", amount, is_new),
    ]
