"""The parallel run on a page: two cycles, or past figures and a cycle, person by person; and as files (Rule 34).

HR and auditors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.comparing import Sides, cycles_with_results, figures_of, results_of, sides_of
from api.downloads import CSV, as_csv, as_workbook, download
from api.facts import in_language, names_of_units
from api.i18n import Tongue
from api.i18n import later as _
from api.pages.rendering import Shell, TheShell
from api.pages.target_views import metrics_of
from api.session import Database, HrReader
from models.cycles import Cycle
from models.metrics import Metric
from models.org import Person
from rules.cells import plain
from rules.parallel_run import Likeness, Pair, Together, paired, together

PAGE: Final = "/imports/parallel-run"
ROWS_A_PAGE: Final = 50
WIDTHS: Final = (14, 16, 24, 20, 20, 16, 14, 24)
"""Of a workbook's columns, in characters."""
LIKENESS: Final[Mapping[Likeness, str]] = {
    Likeness.LEFT_ONLY: _("only on the left"),
    Likeness.RIGHT_ONLY: _("only on the right"),
    Likeness.DIFFERENT: _("different"),
    Likeness.SAME: _("the same"),
}
HEADINGS: Final = (_("Staff number"), _("Full name"), _("Department"))

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Named:
    """Whose results are compared."""

    name: str
    staff_no: str
    department_id: str


@dataclass(frozen=True)
class Compared:
    """One person's line."""

    name: str
    staff_no: str
    department: str
    pair: Pair
    words: str


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    left: str
    since: str
    right: str
    measure: str
    department: str
    text: str
    show: str


@dataclass(frozen=True)
class ComparisonPage:
    asked: Asked
    cycles: tuple[Cycle, ...]
    metrics: tuple[tuple[str, str], ...]
    departments: tuple[tuple[str, str], ...] = ()
    sides: Sides | None = None
    left: str = ""
    right: str = ""
    measure: str = ""
    whole: Together | None = None
    """Of everybody whom the filters leave."""
    likeness: tuple[tuple[Likeness, str, int], ...] = ()
    rows: tuple[Compared, ...] = ()
    total: int = 0
    page: int = 1
    pages: int = 1


@router.get(PAGE)
async def show_comparison(
    request: Request, around: TheShell, asking: HrReader, database: Database, page: str = ""
) -> Response:
    number = max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 6 else 1
    shown, lines = await _compared(database, around.tongue, asking.company_id, asked_in(request))
    pages = max(1, -(-len(lines) // ROWS_A_PAGE))
    number = min(number, pages)
    rows = tuple(lines[(number - 1) * ROWS_A_PAGE : number * ROWS_A_PAGE])
    return around.render(
        "imports/parallel_run.html",
        ComparisonPage(**{**vars(shown), "rows": rows, "total": len(lines), "page": number, "pages": pages}),
    )


@router.get(f"{PAGE}.csv")
async def comparison_as_csv(request: Request, around: TheShell, asking: HrReader, database: Database) -> Response:
    shown, lines = await _compared(database, around.tongue, asking.company_id, asked_in(request))
    content = await run_in_threadpool(as_csv, _table(shown, lines, around))
    return download(content, "parallel-run.csv", CSV)


@router.get(f"{PAGE}.xlsx")
async def comparison_as_excel(
    request: Request, around: TheShell, asking: HrReader, database: Database
) -> Response:
    shown, lines = await _compared(database, around.tongue, asking.company_id, asked_in(request))
    content = await run_in_threadpool(as_workbook, _table(shown, lines, around), WIDTHS)
    return download(content, f"{around.tongue.gettext('Parallel run')}.xlsx")


def asked_in(request: Request) -> Asked:
    given = request.query_params
    names = ("left", "since", "right", "measure", "department", "q", "show")
    return Asked(*(given.get(name, "").strip()[:100] for name in names))


async def _compared(
    database: AsyncSession, tongue: Tongue, company_id: str, asked: Asked
) -> tuple[ComparisonPage, list[Compared]]:
    """Return the page without its rows, and all rows that the filters leave, what differs first."""
    cycles = await cycles_with_results(database, company_id)
    metrics = await metrics_of(database, company_id)
    named = {metric.id: in_language(metric.name, metric.name_en, tongue.language) for metric in metrics}
    sides = sides_of(cycles, metrics, asked.left, asked.since, asked.right, asked.measure)
    page = ComparisonPage(asked, tuple(cycles), tuple(named.items()))
    if sides is None:
        return page, []
    left = await (results_of(database, sides.left, sides.metric) if sides.left else figures_of(database, sides))
    right = await results_of(database, sides.right, sides.metric)
    people = await _people(database, company_id)
    departments = await names_of_units(
        database, {person.department_id for person in people.values() if person.department_id}, tongue.language
    )

    def put_together() -> tuple[Together, list[Compared]]:
        pairs = [pair for pair in paired(left, right) if _fits(people.get(pair.person_id), asked)]
        words = {likeness: tongue.gettext(said) for likeness, said in LIKENESS.items()}
        lines = [
            _line(pair, people.get(pair.person_id), departments, words)
            for pair in pairs
            if asked.show in ("", pair.likeness.value)
        ]
        return together(pairs), lines

    whole, lines = await run_in_threadpool(put_together)  # Of 50,000 people it takes a while.
    shown = ComparisonPage(
        asked=asked,
        cycles=page.cycles,
        metrics=page.metrics,
        departments=tuple(sorted(departments.items(), key=lambda one: one[1])),
        sides=sides,
        left=_name_of_left(sides, tongue),
        right=sides.right.name,
        measure=_name_of_measure(sides.metric, named, tongue),
        whole=whole,
        likeness=tuple((one, tongue.gettext(LIKENESS[one]), whole.counts[one]) for one in Likeness),
    )
    return shown, lines


def _name_of_left(sides: Sides, tongue: Tongue) -> str:
    if sides.left:
        return sides.left.name
    first, last = sides.months[0], sides.months[-1]
    return tongue.gettext("Past figures %(first)s – %(last)s", first=f"{first:%Y-%m}", last=f"{last:%Y-%m}")


def _name_of_measure(metric: Metric | None, named: Mapping[str, str], tongue: Tongue) -> str:
    return named[metric.id] if metric else tongue.gettext("Whole result (points)")


async def _people(database: AsyncSession, company_id: str) -> dict[str, Named]:
    found = await database.exec(
        select(col(Person.id), col(Person.name), col(Person.staff_no), col(Person.department_id)).where(
            col(Person.company_id) == company_id
        )
    )
    return {person_id: Named(name, staff_no, department or "") for person_id, name, staff_no, department in found}


def _fits(person: Named | None, asked: Asked) -> bool:
    if asked.department and (person is None or person.department_id != asked.department):
        return False
    text = plain(asked.text)
    return not text or (person is not None and (text in plain(person.name) or text in plain(person.staff_no)))


def _line(
    pair: Pair, person: Named | None, departments: Mapping[str, str], words: Mapping[Likeness, str]
) -> Compared:
    return Compared(
        name=person.name if person else pair.person_id,
        staff_no=person.staff_no if person else "",
        department=departments.get(person.department_id, "") if person else "",
        pair=pair,
        words=words[pair.likeness],
    )


def _table(page: ComparisonPage, lines: list[Compared], around: Shell) -> Iterator[tuple[Any, ...]]:
    """Give the rows of a file: a heading, everybody, and the sums."""
    tongue = around.tongue
    words = tuple(tongue.gettext(word) for word in HEADINGS)
    difference, percent = tongue.gettext("Difference"), tongue.gettext("Difference (%)")
    yield (*words, page.left, page.right, difference, percent, page.measure)
    for line in lines:
        pair = line.pair
        share = None if pair.percent is None else round(pair.percent, 2)
        amounts = (pair.left, pair.right, pair.difference, share)
        yield (line.staff_no, line.name, line.department, *amounts, line.words)
    sums = together(line.pair for line in lines)
    yield (tongue.gettext("Together"), "", "", sums.left, sums.right, sums.difference, None, "")
