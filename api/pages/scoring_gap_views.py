"""What scoring waits for, as HR sees it: by person and metric, and the targets to be typed (Rules 12, 42)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language, with_names
from api.i18n import Tongue
from api.pages.handing_in import Handed, field_of_target
from api.scoring_gaps import ScoringGap
from api.words import say
from models.cycles import Cycle
from models.metrics import Aggregation, Metric
from models.org import Person
from models.scores import MissingComponent
from models.targets import days_in, days_of, time_in_post
from models.tasks import Task


@dataclass(frozen=True)
class Lack:
    """One part of a person's result that cannot be worked out, and why; a reason may concern no metric."""

    name: str
    reason: str


@dataclass(frozen=True)
class LackingPerson:
    team: str
    person: str
    lacks: tuple[Lack, ...]


@dataclass(frozen=True)
class TargetEntry:
    """A target to be typed. Of a sum the days in post count; elsewhere `days` is 0."""

    field: str
    team: str
    person: str
    metric: Metric
    name: str
    days: int
    of_days: int


@dataclass(frozen=True)
class ScoringGapView:
    count: int
    """As the notice says it: parts of results that lack."""
    people: tuple[LackingPerson, ...]
    targets: tuple[TargetEntry, ...]
    starts_on: date
    ends_on: date
    faults: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with a target, by its field."""


async def scoring_gap_view(
    database: AsyncSession,
    task: Task,
    gap: ScoringGap,
    teams: Mapping[str, str],
    tongue: Tongue,
    handed: Handed,
) -> ScoringGapView:
    cycle = await database.get_one(Cycle, task.cycle_id)
    people = (
        await database.exec(select(Person).where(col(Person.id).in_({one.person_id for one in gap.targets})))
    ).all()
    days = {person.id: days_in(await time_in_post(database, cycle, person)) for person in people}
    by_person: dict[str, list[MissingComponent]] = defaultdict(list)
    for one in gap.components:
        by_person[one.person_id].append(one)
    faults = gap.check(handed.targets).faults
    named = await with_names(database, [refusal.facts for _, refusal in faults], tongue.language)
    return ScoringGapView(
        count=len(gap.components),
        people=tuple(
            LackingPerson(
                team=teams.get(ones[0].team_id, ones[0].team_name),
                person=f"{ones[0].person_name} {ones[0].staff_no}",
                lacks=tuple(Lack(_name(one, tongue), one.reason) for one in ones),
            )
            for ones in by_person.values()
        ),
        targets=tuple(
            _entry(one, gap.metrics[one.metric_id], days[one.person_id], cycle, teams, tongue)
            for one in gap.targets
        ),
        starts_on=cycle.starts_on,
        ends_on=cycle.ends_on,
        faults={
            field_of_target(given.person, given.metric): say(refusal.code, facts, tongue).detail
            for (given, refusal), facts in zip(faults, named, strict=True)
        },
    )


def _entry(
    one: MissingComponent, metric: Metric, days: int, cycle: Cycle, teams: Mapping[str, str], tongue: Tongue
) -> TargetEntry:
    is_cut = metric.aggregation is Aggregation.SUM and days < days_of(cycle)
    return TargetEntry(
        field=field_of_target(one.person_id, one.metric_id),
        team=teams.get(one.team_id, one.team_name),
        person=f"{one.person_name} {one.staff_no}",
        metric=metric,
        name=_name(one, tongue),
        days=days if is_cut else 0,
        of_days=days_of(cycle),
    )


def _name(one: MissingComponent, tongue: Tongue) -> str:
    return in_language(one.metric_name, one.metric_name_en, tongue.language)
