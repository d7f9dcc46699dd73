"""One person's result, with its calculation line by line (Rules 40-42)."""

from __future__ import annotations

from decimal import Decimal

from fastapi import APIRouter, Request
from sqlmodel import col, select

from api.facts import in_language
from api.language import language_of
from api.rights import seen_cycle, sees_score_of
from api.session import Database, SignedIn
from api.shapes import Named, ScoreInFull, ScoreLineShown
from models.errors import Refusal
from models.metrics import Metric, Score, Scorecard, ScoreLine
from models.org import Person, Unit
from models.stages import Language

router = APIRouter(prefix="/scores", tags=["scores"])


@router.get("/{cycle_id}/{person_id}", summary="One result, line by line")
async def show_score(
    request: Request, cycle_id: str, person_id: str, viewer: SignedIn, database: Database
) -> ScoreInFull:
    """Each line: attainment = actual / target; counted = attainment, capped; points = weight x counted."""
    cycle = await seen_cycle(database, viewer, cycle_id)
    found = await database.exec(
        select(Score, Person, Unit, Scorecard)
        .join(Person, col(Person.id) == col(Score.person_id))
        .outerjoin(Unit, col(Unit.id) == col(Score.department_id))
        .outerjoin(Scorecard, col(Scorecard.id) == col(Score.scorecard_id))
        .where(
            col(Score.cycle_id) == cycle.id,
            col(Score.person_id) == person_id,
            sees_score_of(viewer, cycle, col(Score.person_id)),
        )
    )
    row = found.first()
    if row is None:
        raise Refusal("score-unknown")
    score, person, unit, scorecard = row
    language = language_of(request)
    lines = await database.exec(
        select(ScoreLine, Metric)
        .join(Metric, col(Metric.id) == col(ScoreLine.metric_id))
        .where(col(ScoreLine.cycle_id) == cycle.id, col(ScoreLine.person_id) == person_id)
        .order_by(col(Metric.position), col(Metric.id))
    )
    department = in_language(unit.name, unit.name_en, language) if unit else ""
    return ScoreInFull(
        cycle=Named(id=cycle.id, name=cycle.name),
        person=Named(id=person.id, name=person.name),
        department=Named(id=score.department_id, name=department),
        scorecard=Named(id=score.scorecard_id, name=scorecard.name if scorecard else ""),
        total=score.total,
        band=score.band,
        round=score.round,
        scored_at=score.scored_at,
        lines=[_line(line, metric, language) for line, metric in lines.all()],
    )


def _line(line: ScoreLine, metric: Metric, language: Language) -> ScoreLineShown:
    return ScoreLineShown(
        metric=Named(id=metric.id, name=in_language(metric.name, metric.name_en, language)),
        weight=line.weight,
        effective_weight=line.effective_weight,
        applies=line.applies,
        target=line.target,
        actual=line.actual,
        attainment=line.attainment,
        counted=line.counted,
        points=line.points,
        calculation=_calculation(line),
    )


def _calculation(line: ScoreLine) -> str:
    """Write a line's arithmetic: `40% × 120% (540000 / 450000) = 48`."""
    if not line.applies:
        return "–"
    capped = f" → {_plain(line.counted)}%" if line.counted != line.attainment else ""
    return (
        f"{_plain(line.effective_weight)}% × {_plain(line.attainment)}%{capped} "
        f"({_plain(line.actual)} / {_plain(line.target)}) = {_plain(line.points)}"
    )


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")
