"""A cycle's history in business words: who did what, when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from api.i18n import Tongue
from api.i18n import later as _
from api.pages.task_views import names_of
from api.terms import message_of
from models.cycles import CycleEvent
from models.metrics import Metric, MetricUnit
from models.org import Unit
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
    "figure-corrected": _("%(actor)s corrected a figure"),
    "anomaly-explained": _("%(actor)s explained a figure that stands out"),
    "miss-classed": _("%(actor)s said what a missed target comes from"),
    "scored": _("Results were calculated"),
}
"""What each kind of event says."""


MOST_TARGETS = 12
"""How many changed targets one line of a history names."""


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
    """Word a list of events: two queries for all their names."""
    people = {one for event in events for one in _people_in(event)}
    names = await names_of(database, people)
    metrics = await metrics_in(database, events)
    units: dict[str, str] = {}
    if with_departments:
        found = await database.exec(
            select(Unit).where(col(Unit.id).in_({event.department_id for event in events}))
        )
        units = {unit.id: in_language(unit.name, unit.name_en, tongue.language) for unit in found.all()}
    return [
        Happening(
            at=event.at,
            text=worded(event, names, tongue, metrics),
            department=units.get(event.department_id, ""),
            department_id=event.department_id,
            task_id=event.task_id,
            kind=event.kind,
        )
        for event in events
    ]


async def metrics_in(database: AsyncSession, events: Sequence[CycleEvent]) -> dict[str, Metric]:
    ids = {change["metric"] for event in events for change in _changes(event)}
    if not ids:
        return {}
    found = await database.exec(select(Metric).where(col(Metric.id).in_(ids)))
    return {metric.id: metric for metric in found.all()}


def worded(
    event: CycleEvent, names: Mapping[str, str], tongue: Tongue, metrics: Mapping[str, Metric] | None = None
) -> str:
    """Return an event's sentence; the bare kind where it is not known here."""
    detail: Mapping[str, Any] = event.detail
    kind = "approved-by-policy" if event.kind == "decided" and not event.actor_id else event.kind
    somebody = tongue.gettext("somebody")
    facts = {
        "actor": names.get(event.actor_id, tongue.gettext("The system")),
        "holder": names.get(_holder(detail), somebody),
        "added": names.get(str(detail.get("added", "")), somebody),
        "targets": _targets(_changes(event), names, metrics or {}, tongue),
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
    """Return the targets that an event changed."""
    changes: Sequence[Mapping[str, Any]] = event.detail["targets"] if event.kind == "targets-filled" else ()
    return changes


def _targets(
    changes: Sequence[Mapping[str, Any]], names: Mapping[str, str], metrics: Mapping[str, Metric], tongue: Tongue
) -> str:
    """Say whose target of what became how much, old and new; of many the first."""
    said = []
    for change in changes[:MOST_TARGETS]:
        metric = metrics.get(change["metric"])
        unit = metric.unit if metric else MetricUnit.COUNT
        before = tongue.figure(Decimal(change["before"]) if change["before"] else None, unit)
        name = in_language(metric.name, metric.name_en, tongue.language) if metric else change["metric"]
        person = names.get(change["person"], change["person"])
        said.append(f"{person} {name} {before} → {tongue.figure(Decimal(change['value']), unit)}")
    if len(changes) > MOST_TARGETS:
        said.append("…")
    return tongue.gettext(", ").join(said)


def _holder(detail: Mapping[str, Any]) -> str:
    return str(detail.get("holder") or detail.get("to") or detail.get("to_id") or "")


def _people_in(event: CycleEvent) -> set[str]:
    aimed = {change["person"] for change in _changes(event)}
    added = str(event.detail.get("added") or "")
    others = {event.actor_id, event.on_behalf_of, event.acted_by, _holder(event.detail), added}
    return (aimed | others) - {""}
