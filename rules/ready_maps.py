"""Maps to begin with, for sources whose objects are known beforehand. What is a company's own is for it to change.

The files in docs/sources hold the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.field_maps import FieldRule, RecordMap
from models.sources import RecordKind, SourceKind

SALESFORCE_DEALS: Final = RecordMap(
    kind=RecordKind.DEAL,
    object="Opportunity",
    key="Id",
    seller_by="email",
    date_column="CloseDate",
    changed_column="SystemModstamp",
    fields={
        "seller": FieldRule(column="Owner.Email"),
        "won_on": FieldRule(column="CloseDate", dates="ymd"),
        "amount": FieldRule(column="Amount"),
        "state": FieldRule(column="IsWon", values={"TRUE": "won", "FALSE": "open"}),
        "customer": FieldRule(column="Account.Name"),
        "is_new_customer": FieldRule(column="Type", values={"New Business": "yes", "Existing Business": "no"}),
    },
)

DINGTALK_DEALS: Final = RecordMap(
    kind=RecordKind.DEAL,
    object="opportunities",
    key="instanceId",
    seller_by="staff_no",
    changed_column="gmtModified",
    fields={
        "seller": FieldRule(column="owner.job_number"),
        "number": FieldRule(column="商机编号"),
        "customer": FieldRule(column="客户"),
        "amount": FieldRule(column="成交金额"),
        "won_on": FieldRule(column="成交日期", dates="ymd"),
        "state": FieldRule(
            column="阶段",
            values={
                "赢单": "won",
                "输单": "lost",
                "初步接洽": "open",
                "需求确认": "open",
                "方案报价": "open",
                "合同谈判": "open",
            },
        ),
    },
)

DINGTALK_VISITS: Final = RecordMap(
    kind=RecordKind.VISIT,
    object="checkins",
    key="id",
    seller_by="staff_no",
    date_column="day",
    changed_column="checkin_time",
    tolerates_faults=True,
    fields={
        "seller": FieldRule(column="user.job_number"),
        "visited_on": FieldRule(column="day", dates="ymd"),
        "checked_in_at": FieldRule(column="checkin_time"),
        "place": FieldRule(column="detail_place"),
        "customer": FieldRule(column="visit_user"),
        "project": FieldRule(column="remark"),
    },
)

READY_MAPS: Final[Mapping[SourceKind, tuple[RecordMap, ...]]] = {
    SourceKind.SALESFORCE: (SALESFORCE_DEALS,),
    SourceKind.DINGTALK: (DINGTALK_DEALS, DINGTALK_VISITS),
}


def ready_map(source: SourceKind, kind: RecordKind) -> RecordMap | None:
    return next((one for one in READY_MAPS.get(source, ()) if one.kind is kind), None)
