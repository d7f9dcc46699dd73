"""A month's figures as a director hands them in: what is there, what is missing row by row (Rule 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language, with_names
from api.i18n import Tongue
from api.pages.anomaly_views import Mark, marks_with
from api.pages.handing_in import Handed, field_of, packed
from api.pages.scoring_gap_views import ScoringGapView, scoring_gap_view
from api.pages.target_views import put_together, teams_of
from api.scoring_gaps import facts_to_fill
from api.source_age import SourceAge, old_sources_of
from api.words import say
from models.clock import business_now
from models.cycles import Cycle
from models.evidence import Anomaly
from models.figures import DepartmentFacts, figures_in_force, key_of
from models.metrics import Figure, FigureLevel, Metric
from models.tasks import Task
from rules.completeness import Gap, GivenRow, RowFault, check_submission, gaps


@dataclass(frozen=True)
class Cell:
    """A team's figure of one metric, with where it came from."""

    metric: Metric
    name: str
    value: Decimal | None
    of_people: int
    records: int
    sources: tuple[str, ...]
    at: datetime | None
    missing: int


@dataclass(frozen=True)
class TeamBlock:
    """A team's figures of a month."""

    team: str
    team_id: str
    month: date
    cells: tuple[Cell, ...]
    missing: int


@dataclass(frozen=True)
class Entry:
    """A row to fill in, or a figure of a team that may be corrected in place."""

    field: str
    team: str
    person: str
    metric: Metric
    name: str
    month: date
    present: Decimal | None = None


@dataclass(frozen=True)
class FaultyRow:
    """A row of an uploaded file that was refused, to be corrected in place."""

    given: GivenRow
    faults: Mapping[str, str]
    """What is wrong, by column."""


@dataclass(frozen=True)
class SubmissionView:
    blocks: tuple[TeamBlock, ...]
    missing: tuple[Entry, ...]
    correctable: tuple[Entry, ...]
    has_months: bool
    """Whether rows of several months stand beside each other."""
    faulty: tuple[FaultyRow, ...] = ()
    kept: str = ""
    """The sound rows of the uploaded file, to come back with the form."""
    kept_count: int = 0
    field_faults: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with a field of this page."""
    marks: tuple[Mark, ...] = ()
    """Figures of these months that stand out."""
    old_sources: tuple[SourceAge, ...] = ()
    """Where figures come from that has not been read for too long."""
    scoring: ScoringGapView | None = None
    """What scoring waits for, where that is the task."""


async def submission_view(
    database: AsyncSession, task: Task, tongue: Tongue, handed: Handed | None = None
) -> SubmissionView:
    """Read what there is for a submission, or for filling gaps, and what is missing.

    With rows that were handed in and refused: what is wrong with each, and what they leave open.
    """
    handed = handed or Handed()
    facts, gap = await facts_to_fill(database, task)
    figures = await figures_in_force(
        database, task.department_id, facts.months, [member.person_id for member in facts.members]
    )
    names = await teams_of(database, task.department_id, tongue.language)
    words = {metric.id: in_language(metric.name, metric.name_en, tongue.language) for metric in facts.metrics}
    places = {team_id: place for place, team_id in enumerate(names)}
    by_id = {metric.id: metric for metric in facts.metrics}
    here = gaps(facts)
    from_file = check_submission(facts, handed.from_file)
    faults = await words_of(database, check_submission(facts, handed.typed).faults, tongue)
    file_faults = await words_of(database, from_file.faults, tongue)
    sound = [row for row in handed.from_file if row.row not in file_faults]
    return SubmissionView(
        blocks=_blocks(facts, figures, here, names, words),
        missing=tuple(
            Entry(
                field=field_of(gap.team_id, gap.person_id, gap.metric_id, gap.month),
                team=names.get(gap.team_id, gap.team_name),
                person=f"{gap.person_name} {gap.staff_no}".strip(),
                metric=by_id[gap.metric_id],
                name=words[gap.metric_id],
                month=gap.month,
            )
            for gap in sorted(from_file.gaps, key=lambda one: (places.get(one.team_id, len(places)), one.month))
        ),
        correctable=_correctable(facts, figures, names, words),
        has_months=len(facts.months) > 1,
        faulty=tuple(FaultyRow(row, file_faults[row.row]) for row in handed.from_file if row.row in file_faults),
        kept=packed(sound),
        kept_count=len(sound),
        field_faults={handed.field_of_row[row]: " ".join(said.values()) for row, said in faults.items()},
        marks=await _marks(database, task, facts, tongue),
        old_sources=await old_sources_of(
            database, task.company_id, task.department_id, await business_now(database), tongue
        ),
        scoring=await scoring_gap_view(database, task, gap, names, tongue, handed) if gap else None,
    )


async def _marks(database: AsyncSession, task: Task, facts: DepartmentFacts, tongue: Tongue) -> tuple[Mark, ...]:
    cycle = await database.get_one(Cycle, task.cycle_id)
    here = (col(Anomaly.department_id) == task.department_id) & col(Anomaly.month).in_(facts.months)
    return await marks_with(database, cycle, here, tongue)


async def words_of(
    database: AsyncSession, faults: Sequence[RowFault], tongue: Tongue
) -> dict[int, dict[str, str]]:
    """Word the faults, by row and column."""
    named = await with_names(database, [fault.facts for fault in faults], tongue.language)
    words: dict[int, dict[str, str]] = defaultdict(dict)
    for fault, facts in zip(faults, named, strict=True):
        words[fault.row].setdefault(fault.column, say(fault.code, facts, tongue).detail)
    return words


def _blocks(
    facts: DepartmentFacts,
    figures: Sequence[Figure],
    missing: Sequence[Gap],
    names: dict[str, str],
    words: dict[str, str],
) -> tuple[TeamBlock, ...]:
    there: dict[tuple[str, str, date], list[Figure]] = defaultdict(list)
    team_of = {member.person_id: member.team_id for member in facts.members}
    for figure in figures:
        there[team_of.get(figure.person_id, figure.team_id), figure.metric_id, figure.month].append(figure)
    lacks: dict[tuple[str, str, date], int] = defaultdict(int)
    for gap in missing:
        lacks[gap.team_id, gap.metric_id, gap.month] += 1
    blocks = []
    places = {team_id: place for place, team_id in enumerate(names)}
    for month in facts.months:
        for team in sorted(facts.teams, key=lambda one: places.get(one.id, len(places))):
            cells = tuple(
                _cell(metric, words[metric.id], there[team.id, metric.id, month], lacks[team.id, metric.id, month])
                for metric in facts.metrics
            )
            if any(cell.value is not None or cell.missing for cell in cells):
                name = names.get(team.id, team.name)
                blocks.append(TeamBlock(name, team.id, month, cells, sum(cell.missing for cell in cells)))
    return tuple(blocks)


def _cell(metric: Metric, name: str, figures: Sequence[Figure], missing: int) -> Cell:
    parts = [(figure.value, 1) for figure in figures]
    return Cell(
        metric=metric,
        name=name,
        value=put_together(metric.aggregation, parts) if parts else None,
        of_people=sum(1 for figure in figures if figure.person_id),
        records=sum(figure.records for figure in figures),
        sources=tuple(sorted({figure.source for figure in figures})),
        at=max((figure.at for figure in figures), default=None),
        missing=missing,
    )


def _correctable(
    facts: DepartmentFacts, figures: Sequence[Figure], names: dict[str, str], words: dict[str, str]
) -> tuple[Entry, ...]:
    """A team's own figures; those of single people are corrected with the template."""
    present = {key_of(figure): figure for figure in figures}
    entries = []
    for metric in facts.metrics:
        for team in facts.teams:
            for month in facts.months:
                figure = present.get((team.id, metric.id, month))
                if metric.level is FigureLevel.TEAM and figure is not None:
                    entries.append(
                        Entry(
                            field=field_of(team.id, "", metric.id, month),
                            team=names.get(team.id, team.name),
                            person="",
                            metric=metric,
                            name=words[metric.id],
                            month=month,
                            present=figure.value,
                        )
                    )
    return tuple(entries)
