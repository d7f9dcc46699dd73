"""Scorecards: weights by post and grade that make 100 exactly; cap and bands. For cycles launched later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from urllib.parse import quote

from fastapi import APIRouter, Request
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.commands import Outcome
from api.facts import in_language
from api.measures import (
    editing_scheme,
    editing_scorecard,
    exact,
    making_scorecard,
    plain,
    scheme_in_force,
    scorecard_of_company,
    weights_of,
    weights_typed,
)
from api.pages.answering import answer
from api.pages.changes import WEIGHT, Told, told
from api.pages.forms import Field, FormPage, Typed, named_once, typed_in
from api.pages.people_views import posts_and_grades
from api.pages.rendering import Shell, TheShell
from api.pages.tasks import in_words
from api.parts import TheParts
from api.problems import status_of
from api.rights import ReadsAll, today
from api.session import Database, HrAdmin, Viewer
from api.staffing import cycles_under_way
from api.words import Said
from models.changes import Subject, changes_of
from models.errors import Refusal
from models.metrics import Metric, MetricCategory, Scorecard, ScorecardLine
from models.org import Person
from rules.scoring import Band, rescaled

router = APIRouter()

MOST_BANDS = 8


@dataclass(frozen=True)
class CardRow:
    card: Scorecard
    weights: tuple[tuple[str, Decimal], ...]
    """Names of metrics with their weights, the heaviest first."""
    total: Decimal
    people: int


@dataclass(frozen=True)
class ScorecardsPage:
    rows: tuple[CardRow, ...]
    without: tuple[tuple[str, str, int], ...]
    """Post, grade and number of those who are scored and have no scorecard."""
    cap: Decimal
    bands: tuple[Band, ...]
    cycles: tuple[str, ...]
    history: tuple[Told, ...]


@dataclass(frozen=True)
class WeightRow:
    metric_id: str
    name: str
    category: MetricCategory
    typed: str
    was: str
    fault: str = ""


@dataclass(frozen=True)
class ScorecardPage:
    card: Scorecard | None
    rows: tuple[WeightRow, ...]
    action: str
    may_change: bool
    cycles: tuple[str, ...]
    history: tuple[Told, ...]
    posts: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    post: str = ""
    grade: str = ""
    kept: str = ""
    """Metrics whose weight was changed by hand, which rescaling leaves alone."""
    was_rescaled: bool = False
    problem: Said | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    once: str = ""

    @property
    def total(self) -> Decimal | None:
        """The sum of what is typed; None where something is no number."""
        try:
            return sum((exact(row.typed) for row in self.rows), Decimal(0))
        except Refusal:
            return None


@router.get("/scorecards")
async def list_scorecards(around: TheShell, asking: ReadsAll, database: Database) -> Response:
    found = await database.exec(
        select(Scorecard, ScorecardLine, Metric)
        .outerjoin(ScorecardLine, col(ScorecardLine.scorecard_id) == col(Scorecard.id))
        .outerjoin(Metric, col(Metric.id) == col(ScorecardLine.metric_id))
        .where(col(Scorecard.company_id) == asking.company_id)
        .order_by(
            col(Scorecard.post), col(Scorecard.grade), col(ScorecardLine.weight).desc(), col(Metric.position)
        )
    )
    cards: dict[str, tuple[Scorecard, list[tuple[str, Decimal]]]] = {}
    for card, line, metric in found.all():
        weights = cards.setdefault(card.id, (card, []))[1]
        if line and metric:
            weights.append((in_language(metric.name, metric.name_en, around.tongue.language), line.weight))
    people = await _people_by_post(database, around, asking)
    covered = {(card.post, card.grade) for card, _ in cards.values()}
    cap, bands = await scheme_in_force(database, asking.company_id)
    page = ScorecardsPage(
        rows=tuple(
            CardRow(card, tuple(weights), sum((w for _, w in weights), Decimal(0)), _covers(card, covered, people))
            for card, weights in cards.values()
        ),
        without=tuple(
            (post, grade, count)
            for (post, grade), count in sorted(people.items())
            if not {(post, grade), (post, "")} & covered
        ),
        cap=cap,
        bands=bands,
        cycles=await _names_of_cycles(database, asking),
        history=await _history(database, around, asking, {card.id: card.name for card, _ in cards.values()}),
    )
    return around.render("measures/scorecards.html", page)


async def _people_by_post(database: AsyncSession, around: Shell, asking: Viewer) -> dict[tuple[str, str], int]:
    on = await today(database, asking.company_id)
    found = await database.exec(
        select(Person.post, Person.grade, func.count())
        .where(
            col(Person.company_id) == asking.company_id,
            col(Person.is_scored).is_(True),
            col(Person.left_on).is_(None) | (col(Person.left_on) > on),
        )
        .group_by(col(Person.post), col(Person.grade))
    )
    return {(post, grade): count for post, grade, count in found.all()}


def _covers(card: Scorecard, covered: set[tuple[str, str]], people: Mapping[tuple[str, str], int]) -> int:
    """Count whose result a card makes: those of its grade, or of its post who have none of their grade."""
    if card.grade:
        return people.get((card.post, card.grade), 0)
    return sum(
        count
        for (post, grade), count in people.items()
        if post == card.post and ((post, grade) not in covered or not grade)
    )


async def _names_of_cycles(database: AsyncSession, asking: Viewer) -> tuple[str, ...]:
    return tuple(cycle.name for cycle in await cycles_under_way(database, asking.company_id))


async def _history(
    database: AsyncSession, around: Shell, asking: Viewer, names: Mapping[str, str]
) -> tuple[Told, ...]:
    changes = [
        *await changes_of(database, asking.company_id, Subject.SCORECARD),
        *await changes_of(database, asking.company_id, Subject.SCHEME),
    ]
    lines = await told(database, around.tongue, changes)
    scheme = around.tongue.gettext("Cap and bands")
    named = [
        replace(line, text=f"{line.text} · {names.get(change.subject_id, scheme)}")
        for line, change in zip(lines, changes, strict=True)
    ]
    return tuple(sorted(named, key=lambda one: one.at, reverse=True)[:20])


# --- cap and bands ------------------------------------------------------------------------------


@router.get("/scorecards/scheme")
async def ask_for_scheme(around: TheShell, asking: HrAdmin, database: Database) -> Response:
    return around.render("form.html", await scheme_form(around, database, asking))


@router.post("/scorecards/scheme")
async def change_scheme(
    request: Request, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    async def do(typed: Typed) -> Outcome:
        bands = [
            Band(typed.text(f"band:{n}"), _exact(typed, f"from:{n}"))
            for n in range(MOST_BANDS)
            if typed.text(f"band:{n}") or typed.text(f"from:{n}")
        ]
        wish = await editing_scheme(database, asking, _exact(typed, "score_cap"), bands)
        return await parts.commands.note(database, wish, typed.once)

    form = await scheme_form(around, database, asking)
    return await answer(around, database, request, form, "/scorecards", do)


def _exact(typed: Typed, name: str) -> Decimal:
    try:
        return exact(typed.text(name))
    except Refusal as refusal:
        raise Refusal(refusal.code, **{**refusal.facts, "field": name}) from refusal


async def scheme_form(around: Shell, database: AsyncSession, asking: Viewer) -> FormPage:
    tongue = around.tongue
    cap, bands = await scheme_in_force(database, asking.company_id)
    rows: list[Field] = []
    for n in range(min(MOST_BANDS, len(bands) + 2)):
        band = bands[n] if n < len(bands) else None
        rows.append(Field(f"band:{n}", tongue.gettext("Band %(n)s", n=n + 1), value=band.name if band else ""))
        rows.append(
            Field(f"from:{n}", tongue.gettext("from points"), value=plain(band.from_points) if band else "")
        )
    return FormPage(
        title=tongue.gettext("Cap and bands"),
        action="/scorecards/scheme",
        back=("/scorecards", tongue.gettext("Scorecards")),
        button=tongue.gettext("Save"),
        fields=(
            Field(
                "score_cap",
                tongue.gettext("Cap, per cent of one metric"),
                value=plain(cap),
                hint=tongue.gettext("A metric counts up to this; attainment itself is shown without a cap."),
                is_required=True,
                is_wide=True,
            ),
            *rows,
        ),
        notes=(
            tongue.gettext(
                "From the best down; the last begins at 0 and takes the rest. Empty lines are left out."
            ),
            tongue.gettext("Changes count for cycles launched later; a launched cycle keeps its own."),
        ),
        once=named_once(),
    )


# --- one scorecard ------------------------------------------------------------------------------


@router.get("/scorecards/new")
async def ask_for_scorecard(request: Request, around: TheShell, asking: HrAdmin, database: Database) -> Response:
    query = request.query_params
    copied: dict[str, Decimal] = {}
    if query.get("copy"):
        copied = await weights_of(database, (await scorecard_of_company(database, asking, query["copy"])).id)
    page = await scorecard_page(around, database, asking, None, copied)
    page = replace(page, post=query.get("post", "")[:100], grade=query.get("grade", "")[:40])
    return around.render("measures/scorecard.html", page)


@router.post("/scorecards/new")
async def make_scorecard(
    request: Request, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    typed = await typed_in(request)
    page = await scorecard_page(around, database, asking, None, {})

    async def save() -> str:
        post = typed.text("post")
        if not post:
            raise Refusal("field-needed", field="post")
        weights = weights_typed(_typed_weights(typed))
        wish = await making_scorecard(database, asking, post[:100], typed.text("grade")[:40], weights)
        await parts.commands.note(database, wish, typed.once)
        return "/scorecards"

    return await _answer(
        around, database, replace(page, post=typed.text("post"), grade=typed.text("grade")), typed, save
    )


@router.get("/scorecards/{scorecard_id}")
async def show_scorecard(scorecard_id: str, around: TheShell, asking: ReadsAll, database: Database) -> Response:
    card = await scorecard_of_company(database, asking, scorecard_id)
    page = await scorecard_page(around, database, asking, card, await weights_of(database, card.id))
    return around.render("measures/scorecard.html", page)


@router.post("/scorecards/{scorecard_id}")
async def change_scorecard(
    request: Request, scorecard_id: str, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    card = await scorecard_of_company(database, asking, scorecard_id)
    typed = await typed_in(request)
    page = await scorecard_page(around, database, asking, card, await weights_of(database, card.id))

    async def save() -> str:
        weights = weights_typed(_typed_weights(typed))
        wish = await editing_scorecard(database, asking, card, weights)
        await parts.commands.note(database, wish, typed.once)
        return page.action

    return await _answer(around, database, page, typed, save)


def _typed_weights(typed: Typed) -> dict[str, str]:
    return {name.removeprefix(WEIGHT): text for name, text in typed.values.items() if name.startswith(WEIGHT)}


async def _answer(
    around: Shell, database: AsyncSession, page: ScorecardPage, typed: Typed, save: Callable[[], Awaitable[str]]
) -> Response:
    """Save, or rescale what was not changed by hand; refused, show the weights again as they were typed."""
    page = _as_typed(page, typed)
    try:
        if typed.text("do") == "rescale":
            return around.render("measures/scorecard.html", _rescaled(page))
        return RedirectResponse(await save(), 303)
    except Refusal as refusal:
        await database.rollback()
        problem, _ = await in_words(around, database, refusal)
        faults = {}
        for fault in getattr(refusal, "errors", ()) or (refusal,):
            said, _ = await in_words(around, database, fault)
            faults[str(fault.facts.get("field", ""))] = said.detail
        rows = tuple(replace(row, fault=faults.get(WEIGHT + row.metric_id, "")) for row in page.rows)
        page = replace(page, rows=rows, problem=problem, faults=faults)
        return around.render("measures/scorecard.html", page, status_of(refusal.code))


def _as_typed(page: ScorecardPage, typed: Typed) -> ScorecardPage:
    rows = tuple(
        replace(row, typed=typed.text(WEIGHT + row.metric_id), was=typed.text(f"was:{row.metric_id}"))
        for row in page.rows
    )
    return replace(page, rows=rows, kept=typed.text("kept"))


def _rescaled(page: ScorecardPage) -> ScorecardPage:
    """Rescale the weights that were not changed by hand, so that all make 100 exactly (Rule 24).

    Raises:
        Refusal: something typed is no weight, or nothing is left to rescale.
    """
    weights = weights_typed({row.metric_id: row.typed for row in page.rows})
    before = weights_typed({row.metric_id: row.was for row in page.rows})
    changed = {metric_id for metric_id, weight in weights.items() if weight != before[metric_id]}
    kept = changed | set(page.kept.split())
    made = rescaled(weights, kept)
    rows = tuple(
        replace(row, typed=plain(made[row.metric_id]) if made[row.metric_id] else "", was="") for row in page.rows
    )
    rows = tuple(replace(row, was=row.typed) for row in rows)
    return replace(page, rows=rows, kept=" ".join(sorted(kept)), was_rescaled=True)


async def scorecard_page(
    around: Shell, database: AsyncSession, asking: Viewer, card: Scorecard | None, weights: Mapping[str, Decimal]
) -> ScorecardPage:
    """Read what a scorecard's page shows: every metric of the company, with its weight or none."""
    if card and card in database:
        database.expunge(card)  # A rollback leaves it as it is: the page names it in any case.
    found = await database.exec(
        select(Metric)
        .where(col(Metric.company_id) == asking.company_id)
        .order_by(col(Metric.position), col(Metric.id))
    )
    shown = {metric_id: plain(weight) for metric_id, weight in weights.items()}
    posts, grades = await posts_and_grades(database, asking.company_id) if card is None else ((), ())
    changes = await changes_of(database, asking.company_id, Subject.SCORECARD, card.id) if card else []
    return ScorecardPage(
        card=card,
        rows=tuple(
            WeightRow(
                metric_id=metric.id,
                name=in_language(metric.name, metric.name_en, around.tongue.language),
                category=metric.category,
                typed=shown.get(metric.id, ""),
                was=shown.get(metric.id, ""),
            )
            for metric in found.all()
        ),
        action=f"/scorecards/{quote(card.id, safe='')}" if card else "/scorecards/new",
        may_change=around.is_hr and not asking.only_reads,
        cycles=await _names_of_cycles(database, asking),
        history=tuple(await told(database, around.tongue, changes)),
        posts=posts,
        grades=grades,
        once=named_once(),
    )
