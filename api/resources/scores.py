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
from models.metrics import Scorecard, ScoreLine
from models.org import Person, Unit
from models.scores import LineOfScore, score_with_lines
from models.stages import Language

router = APIRouter(prefix="/scores", tags=["scores"])


@router.get("/{cycle_id}/{person_id}", summary="One result, line by line")
async def show_score(
    request: Request, cycle_id: str, person_id: str, viewer: SignedIn, database: Database
) -> ScoreInFull:
    """Each line: attainment = actual / target; counted = attainment, capped; points = weight x counted."""
    cycle = await seen_cycle(database, viewer, cycle_id)
    seen = select(Person).where(col(Person.id) == person_id, sees_score_of(viewer, cycle, col(Person.id)))
    person = (await database.exec(seen)).first()
    result = await score_with_lines(database, cycle.id, person_id) if person else None
    if person is None or result is None:
        raise Refusal("score-unknown")
    score = result.score
    unit = await database.get(Unit, score.department_id)
    scorecard = await database.get(Scorecard, score.scorecard_id)
    language = language_of(request)
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
        lines=[_line(one, language) for one in result.lines],
    )


def _line(one: LineOfScore, language: Language) -> ScoreLineShown:
    line, metric = one.line, one.metric
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
