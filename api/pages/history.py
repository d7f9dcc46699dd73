"""A cycle's history in business words: who did what, when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language, names_of_units
from api.i18n import Tongue
from api.i18n import later as _
from api.pages.task_views import names_of
from api.terms import message_of
from models.cycles import CycleEvent
from models.metrics import Metric, MetricUnit
from models.stages import Channel, Choice, Stage, TaskKind

SENTENCES: Final[Mapping[str, str]] = {
    "launched": _("%(actor)s launched the cycle"),
    "task-opened": _("“%(kind)s” opened for %(holder)s"),
    "reminded": _("%(holder)s was reminded by %(channels)s"),
    "reminded-by-hand": _("%(actor)s reminded %(holder)s"),
    "notified": _("%(holder)s was told that the task is late"),
    "escalated": _("The task moved up to %(holder)s"),
    "added": _("%(added)s may decide too"),
    "at-top": _("Nobody is left above %(holder)s; HR was told"),
    "decided": _("%(actor)s %(choice)s"),
    "approved-by-policy": _("Approved by policy: nobody answered in time"),
    "reassigned": _("%(actor)s gave the task to %(holder)s"),
    "extended": _("%(actor)s changed the deadline"),
    "shifted": _("The deadline moved by the time paused"),
    "voided": _("The task was voided"),
    "stage": _("Stage reached: %(stage)s"),
    "cycle-running": _("%(actor)s resumed the cycle"),
    "cycle-paused": _("%(actor)s paused the cycle"),
    "cycle-cancelled": _("%(actor)s cancelled the cycle"),
    "cycle-ready": _("Every department is finished; the cycle waits to be published"),
    "cycle-published": _("%(actor)s published the results"),
    "plan-changed": _("%(actor)s changed the plan"),
    "reopened": _("%(actor)s reopened the department at “%(stage)s”"),
    "staff-join": _("%(actor)s recorded a joiner"),
    "staff-leave": _("%(actor)s recorded a leaver"),
    "staff-transfer": _("%(actor)s recorded a transfer"),
    "targets-filled": _("%(actor)s filled in targets: %(targets)s"),
    "figures-fetched": _("Figures were fetched from the CRM"),
    "figure-corrected": _("%(actor)s corrected a figure: %(figures)s"),
    "anomaly-explained": _("%(actor)s explained a figure that stands out"),
    "miss-classed": _("%(actor)s said what a missed target comes from"),
    "scored": _("Results were calculated"),
}
"""What each kind of event says."""


VALUES_CHANGED: Final = {"targets-filled": "targets", "figure-corrected": "figures"}
"""Where events keep the values they changed."""

MOST_CHANGES = 12
"""How many changed values one line of a history names."""


@dataclass(frozen=True)
class Known:
    """What a list of events speaks of, by id."""

    people: Mapping[str, str]
    units: Mapping[str, str]
    metrics: Mapping[str, Metric]


@dataclass(frozen=True)
class Happening:
    """One line of a history."""

    at: datetime
    text: str
    department: str = ""
    department_id: str = ""
    task_id: str = ""
    is_message: bool = False
    kind: str = ""
    comment: str = ""


async def happenings(
    database: AsyncSession, events: Sequence[CycleEvent], tongue: Tongue, *, with_departments: bool = True
) -> list[Happening]:
    """Word a list of events: a query for each kind of name."""
    changes = [change for event in events for change in _changes(event)]
    wanted = {str(change["unit"]) for change in changes if change.get("unit")}
    if with_departments:
        wanted |= {event.department_id for event in events}
    known = Known(
        people=await names_of(database, {one for event in events for one in _people_in(event)}),
        units=await names_of_units(database, wanted, tongue.language) if wanted else {},
        metrics=await _metrics_in(database, changes),
    )
    return [
        Happening(
            at=event.at,
            text=_worded(event, known, tongue),
            department=known.units.get(event.department_id, "") if with_departments else "",
            department_id=event.department_id,
            task_id=event.task_id,
            kind=event.kind,
        )
        for event in events
    ]


async def _metrics_in(database: AsyncSession, changes: Sequence[Mapping[str, Any]]) -> dict[str, Metric]:
    if not changes:
        return {}
    found = await database.exec(select(Metric).where(col(Metric.id).in_({change["metric"] for change in changes})))
    return {metric.id: metric for metric in found.all()}


def _worded(event: CycleEvent, known: Known, tongue: Tongue) -> str:
    """Return an event's sentence; the bare kind where it is not known here."""
    detail: Mapping[str, Any] = event.detail
    kind = "approved-by-policy" if event.kind == "decided" and not event.actor_id else event.kind
    names, somebody = known.people, tongue.gettext("somebody")
    changes = _values(_changes(event), known, tongue)
    facts = {
        "actor": names.get(event.actor_id, tongue.gettext("The system")),
        "holder": names.get(_holder(detail), somebody),
        "added": names.get(str(detail.get("added", "")), somebody),
        "targets": changes,
        "figures": changes,
        "kind": _term(TaskKind, detail.get("kind"), tongue),
        "choice": _term(Choice, detail.get("choice"), tongue),
        "stage": _term(Stage, detail.get("stage"), tongue),
        "channels": tongue.gettext(", ").join(_term(Channel, one, tongue) for one in detail.get("channels", ())),
    }
    pattern = SENTENCES.get(kind)
    said = tongue.gettext(pattern) % facts if pattern else kind
    if event.on_behalf_of:
        said += tongue.gettext(" (as deputy of %(name)s)", name=names.get(event.on_behalf_of, somebody))
    if event.acted_by:
        said += tongue.gettext(" (%(name)s of HR acted for them)", name=names.get(event.acted_by, somebody))
    return said


def _term(
    terms: type[TaskKind] | type[Choice] | type[Stage] | type[Channel], value: object, tongue: Tongue
) -> str:
    members = {member.value: member for member in terms}
    member = members.get(str(value))
    return tongue.gettext(message_of(member)) if member else ""


def _changes(event: CycleEvent) -> Sequence[Mapping[str, Any]]:
    """Return the targets, or the figures, that an event changed."""
    changes: Sequence[Mapping[str, Any]] = event.detail.get(VALUES_CHANGED.get(event.kind, ""), ())
    return changes


def _values(changes: Sequence[Mapping[str, Any]], known: Known, tongue: Tongue) -> str:
    """Say whose value of what became how much, old and new; of many the first."""
    said = []
    for change in changes[:MOST_CHANGES]:
        metric = known.metrics.get(change["metric"])
        unit = metric.unit if metric else MetricUnit.COUNT
        before = tongue.figure(Decimal(change["before"]) if change["before"] else None, unit)
        after = tongue.figure(Decimal(change["value"]), unit)
        owner, name = change.get("person") or change.get("unit", ""), change["metric"]
        words = [
            known.people.get(owner) or known.units.get(owner, owner),
            in_language(metric.name, metric.name_en, tongue.language) if metric else name,
            *([tongue.month(date.fromisoformat(change["month"]))] if "month" in change else []),
        ]
        said.append(f"{' '.join(words)} {before} → {after}")
    if len(changes) > MOST_CHANGES:
        said.append("…")
    return tongue.gettext(", ").join(said)


def _holder(detail: Mapping[str, Any]) -> str:
    return str(detail.get("holder") or detail.get("to") or detail.get("to_id") or "")


def _people_in(event: CycleEvent) -> set[str]:
    aimed = {change["person"] for change in _changes(event) if change["person"]}
    added = str(event.detail.get("added") or "")
    others = {event.actor_id, event.on_behalf_of, event.acted_by, _holder(event.detail), added}
    return (aimed | others) - {""}
