"""Changes of metrics, scorecards, cap and bands as wishes (Rules 21, 24, 39, 42, 44).

They count for cycles that are launched later: a launched one keeps what it was launched with.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from uuid import uuid4

from pydantic import Field
from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import CommandKind, Wish
from api.problems import Refusals
from api.recording import changing
from api.session import Viewer
from api.shapes import Taken
from models.changes import Subject
from models.errors import Refusal
from models.metrics import (
    Aggregation,
    Figure,
    FigureLevel,
    Metric,
    MetricCategory,
    MetricKind,
    MetricUnit,
    Scorecard,
    ScorecardLine,
    ScoringScheme,
    Target,
)
from rules.scoring import DEFAULT_BANDS, DEFAULT_CAP, HUNDRED, Band, faults_of_bands, faults_of_weights

MEASURING = ("unit", "aggregation", "level")
"""What figures and targets that are there were measured by."""
MOST_DECIMALS = 4
LARGEST = Decimal(10**12)
LEAST_CAP, MOST_CAP = Decimal(100), Decimal(1000)


class MetricGiven(Taken):
    name: str = Field(min_length=1, max_length=100)
    name_en: str = Field(default="", max_length=100)
    unit: MetricUnit
    kind: MetricKind
    category: MetricCategory
    aggregation: Aggregation
    level: FigureLevel
    higher_is_better: bool
    is_required: bool


async def metric_of_company(session: AsyncSession, viewer: Viewer, metric_id: str) -> Metric:
    metric = await session.get(Metric, metric_id)
    if metric is None or metric.company_id != viewer.company_id:
        raise Refusal("not-found")
    return metric


async def scorecard_of_company(session: AsyncSession, viewer: Viewer, scorecard_id: str) -> Scorecard:
    card = await session.get(Scorecard, scorecard_id)
    if card is None or card.company_id != viewer.company_id:
        raise Refusal("not-found")
    return card


# --- metrics ------------------------------------------------------------------------------------


async def making_metric(session: AsyncSession, viewer: Viewer, code: str, given: MetricGiven) -> Wish:
    """Raises: Refusal: `metric-exists`."""
    known = await session.exec(
        select(Metric.id).where(col(Metric.company_id) == viewer.company_id, col(Metric.code) == code)
    )
    if known.first() is not None:
        raise Refusal("metric-exists", given=code, field="code")
    last = await session.exec(
        select(func.coalesce(func.max(Metric.position), 0)).where(col(Metric.company_id) == viewer.company_id)
    )
    metric = Metric(
        id=f"{viewer.company_id}-{code}",
        company_id=viewer.company_id,
        code=code,
        position=last.one() + 1,
        **given.model_dump(),
    )

    async def write(writing: AsyncSession) -> None:
        writing.add(metric)

    after = {"code": code, **given.model_dump(mode="json")}
    return await changing(session, viewer, CommandKind.METRIC, Subject.METRIC, metric.id, {}, after, write)


async def editing_metric(session: AsyncSession, viewer: Viewer, metric: Metric, given: MetricGiven) -> Wish:
    """Raises:
    Refusal: `nothing-changed`; `metric-measured`, where figures or targets are there already that
        were measured as it was.
    """
    asked = given.model_dump()
    differing = [name for name, value in asked.items() if getattr(metric, name) != value]
    if not differing:
        raise Refusal("nothing-changed")
    measuring = [name for name in MEASURING if name in differing]
    if measuring and await _is_measured(session, metric):
        raise Refusal("metric-measured", field=measuring[0])
    shown = metric.model_dump(mode="json")
    before = {name: shown[name] for name in differing}
    after = {name: given.model_dump(mode="json")[name] for name in differing}

    async def write(writing: AsyncSession) -> None:
        row = await writing.get_one(Metric, metric.id, populate_existing=True)
        for name in differing:
            setattr(row, name, asked[name])

    return await changing(session, viewer, CommandKind.METRIC, Subject.METRIC, metric.id, before, after, write)


async def _is_measured(session: AsyncSession, metric: Metric) -> bool:
    for table in (Target, Figure):
        found = await session.exec(select(table.id).where(col(table.metric_id) == metric.id).limit(1))
        if found.first() is not None:
            return True
    return False


# --- scorecards ---------------------------------------------------------------------------------


async def weights_of(session: AsyncSession, scorecard_id: str) -> dict[str, Decimal]:
    found = await session.exec(select(ScorecardLine).where(col(ScorecardLine.scorecard_id) == scorecard_id))
    return {line.metric_id: line.weight for line in found.all()}


def weights_typed(typed: Mapping[str, str]) -> dict[str, Decimal]:
    """Read weights by metric, as people type them: 40, 33.33, 40%, ４０. Nothing typed is nothing.

    Raises:
        Refusals: `weights-unreadable` with each field that holds no weight.
    """
    weights, wrong = {}, []
    for metric_id, text in typed.items():
        try:
            weights[metric_id] = exact(text)
        except Refusal as refusal:
            wrong.append(Refusal(refusal.code, **{**refusal.facts, "field": f"weight:{metric_id}"}))
    if wrong:
        raise Refusals("weights-unreadable", wrong, count=len(wrong))
    return weights


def exact(text: str) -> Decimal:
    """Raises: Refusal: `not-a-number`, `too-many-decimals`, `negative`."""
    plain = unicodedata.normalize("NFKC", text).replace("%", "").strip()
    try:
        value = Decimal(plain or "0")
    except InvalidOperation as unreadable:
        raise Refusal("not-a-number", given=text) from unreadable
    if not value.is_finite() or abs(value) > LARGEST:
        raise Refusal("not-a-number", given=text)
    if value != round(value, MOST_DECIMALS):
        raise Refusal("too-many-decimals")
    if value < 0:
        raise Refusal("negative")
    return value


async def editing_scorecard(
    session: AsyncSession, viewer: Viewer, card: Scorecard, weights: Mapping[str, Decimal]
) -> Wish:
    """Raises: Refusal: `weights-not-100` with what is there, `no-components`, `nothing-changed`."""
    kept = await _checked(session, viewer, weights)
    known = await weights_of(session, card.id)
    before, after = _differing(known, kept)
    if before == after:
        raise Refusal("nothing-changed")

    async def write(writing: AsyncSession) -> None:
        await writing.exec(delete(ScorecardLine).where(col(ScorecardLine.scorecard_id) == card.id))
        writing.add_all(_lines(card.id, kept))

    return await changing(session, viewer, CommandKind.SCORECARD, Subject.SCORECARD, card.id, before, after, write)


async def making_scorecard(
    session: AsyncSession, viewer: Viewer, post: str, grade: str, weights: Mapping[str, Decimal]
) -> Wish:
    """Raises: Refusal: `scorecard-exists`, and what `editing_scorecard` refuses of weights."""
    known = await session.exec(
        select(Scorecard.id).where(
            col(Scorecard.company_id) == viewer.company_id,
            col(Scorecard.post) == post,
            col(Scorecard.grade) == grade,
        )
    )
    if known.first() is not None:
        raise Refusal("scorecard-exists", given=f"{post} {grade}".strip(), field="post")
    kept = await _checked(session, viewer, weights)
    card = Scorecard(
        id=uuid4().hex, company_id=viewer.company_id, name=f"{post} {grade}".strip(), post=post, grade=grade
    )

    async def write(writing: AsyncSession) -> None:
        writing.add(card)
        await writing.flush()
        writing.add_all(_lines(card.id, kept))

    _, after = _differing({}, kept)
    after = {"post": post, "grade": grade, **after}
    return await changing(session, viewer, CommandKind.SCORECARD, Subject.SCORECARD, card.id, {}, after, write)


async def _checked(session: AsyncSession, viewer: Viewer, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    kept = {metric_id: weight for metric_id, weight in weights.items() if weight}
    found = await session.exec(select(Metric.id).where(col(Metric.company_id) == viewer.company_id))
    unknown = set(kept) - set(found.all())
    if unknown:
        raise Refusal("not-found")
    faults = faults_of_weights(list(kept.items()))
    if "no-components" in faults:
        raise Refusal("no-components")
    if faults:
        total = sum(kept.values(), Decimal(0))
        code = "weights-under-100" if total < HUNDRED else "weights-over-100"
        raise Refusal(code, total=plain(total), off=plain(abs(HUNDRED - total)))
    return kept


def plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _lines(scorecard_id: str, weights: Mapping[str, Decimal]) -> list[ScorecardLine]:
    return [
        ScorecardLine(scorecard_id=scorecard_id, metric_id=metric_id, weight=weight)
        for metric_id, weight in weights.items()
    ]


def _differing(
    before: Mapping[str, Decimal], after: Mapping[str, Decimal]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the weights that differ; one that was not there, or is no more, is 0."""
    nothing = Decimal(0)
    names = [name for name in {**before, **after} if before.get(name, nothing) != after.get(name, nothing)]
    return (
        {f"weight:{name}": plain(before.get(name, nothing)) for name in names},
        {f"weight:{name}": plain(after.get(name, nothing)) for name in names},
    )


# --- cap and bands ------------------------------------------------------------------------------


async def scheme_in_force(session: AsyncSession, company_id: str) -> tuple[Decimal, tuple[Band, ...]]:
    """Return cap and bands that the next cycle is launched with."""
    scheme = await session.get(ScoringScheme, company_id)
    if scheme is None:
        return DEFAULT_CAP, DEFAULT_BANDS
    bands = tuple(Band(one["name"], Decimal(one["from_points"])) for one in scheme.bands)
    return scheme.score_cap, bands or DEFAULT_BANDS


async def editing_scheme(session: AsyncSession, viewer: Viewer, cap: Decimal, bands: Sequence[Band]) -> Wish:
    """Raises: Refusal: `cap-out-of-range`, a fault of the bands (`rules.scoring`), `nothing-changed`."""
    if not LEAST_CAP <= cap <= MOST_CAP:
        raise Refusal("cap-out-of-range", field="score_cap")
    for fault in faults_of_bands(bands):
        raise Refusal(fault)
    before = _as_document(*await scheme_in_force(session, viewer.company_id))
    after = _as_document(cap, bands)
    differing = [name for name, value in after.items() if before[name] != value]
    if not differing:
        raise Refusal("nothing-changed")

    async def write(writing: AsyncSession) -> None:
        scheme = await writing.get(ScoringScheme, viewer.company_id, populate_existing=True)
        scheme = scheme or ScoringScheme(company_id=viewer.company_id, score_cap=cap)
        scheme.score_cap = cap
        scheme.bands = [{"name": band.name, "from_points": plain(band.from_points)} for band in bands]
        writing.add(scheme)

    return await changing(
        session,
        viewer,
        CommandKind.SCHEME,
        Subject.SCHEME,
        viewer.company_id,
        {name: before[name] for name in differing},
        {name: after[name] for name in differing},
        write,
    )


def _as_document(cap: Decimal, bands: Sequence[Band]) -> dict[str, object]:
    return {
        "score_cap": plain(cap),
        "bands": [{"name": band.name, "from_points": plain(band.from_points)} for band in bands],
    }
