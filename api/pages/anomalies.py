"""Figures that stand out: all that the reader may see, one with its records, and its explanation (Rule 31)."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlmodel import col
from starlette.responses import Response

from api.commands import Outcome
from api.explaining import explaining, may_explain, seen_anomaly
from api.pages.anomaly_views import Mark, anomaly_page, marks, marks_with
from api.pages.answering import answer
from api.pages.forms import Field, FormPage, Kind, Typed, named_once
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.parts import TheParts
from api.rights import seen_cycle, sees_department
from api.session import Database, SignedIn
from models.cycles import Cycle
from models.errors import Refusal
from models.evidence import Anomaly, Explanation

router = APIRouter()


@dataclass(frozen=True)
class AnomalyListPage:
    cycle: Cycle
    marks: tuple[Mark, ...]


@router.get("/cycles/{cycle_id}/anomalies")
async def list_anomalies(cycle_id: str, around: TheShell, asking: SignedIn, database: Database) -> Response:
    """Show what stands out in the departments that the reader may see, unexplained points first."""
    cycle = await seen_cycle(database, asking, cycle_id)
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms))
    which = sees_department(asking, col(Anomaly.department_id))
    found = await marks_with(database, cycle, which, around.tongue)
    return around.render("anomalies/list.html", AnomalyListPage(cycle, found))


@router.get("/anomalies/{anomaly_id}")
async def show_anomaly(anomaly_id: str, around: TheShell, asking: SignedIn, database: Database) -> Response:
    anomaly = await seen_anomaly(database, asking, anomaly_id)
    cycle = await seen_cycle(database, asking, anomaly.cycle_id)
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms))
    may = await may_explain(database, asking, anomaly)
    page = await anomaly_page(database, cycle, anomaly, around.tongue, may_explain=may)
    return around.render("anomalies/anomaly.html", page)


@router.get("/anomalies/{anomaly_id}/explain")
async def ask_for_explanation(anomaly_id: str, around: TheShell, asking: SignedIn, database: Database) -> Response:
    anomaly = await seen_anomaly(database, asking, anomaly_id)
    if not await may_explain(database, asking, anomaly):
        raise Refusal("not-yours")
    cycle = await seen_cycle(database, asking, anomaly.cycle_id)
    (mark,) = await marks(database, cycle, [anomaly], around.tongue)
    return around.render("form.html", _form(around, mark))


@router.post("/anomalies/{anomaly_id}/explain")
async def explain(
    request: Request, anomaly_id: str, around: TheShell, asking: SignedIn, database: Database, parts: TheParts
) -> Response:
    """Keep what the department says about this point; what it said before stays on record."""
    anomaly = await seen_anomaly(database, asking, anomaly_id)
    if not await may_explain(database, asking, anomaly):
        raise Refusal("not-yours")
    cycle = await seen_cycle(database, asking, anomaly.cycle_id)
    (mark,) = await marks(database, cycle, [anomaly], around.tongue)

    async def do(typed: Typed) -> Outcome:
        said = (typed.text("explanation"), typed.text("reason"), typed.text("evidence"))
        wish = await explaining(database, asking, anomaly, *said)
        return await parts.commands.note(database, wish, typed.once)

    return await answer(around, database, request, _form(around, mark), mark.address, do)


def _form(around: Shell, mark: Mark) -> FormPage:
    tongue, anomaly = around.tongue, mark.anomaly
    title = f"{mark.owner} · {mark.metric} · {tongue.month(anomaly.month)}"
    lead = tongue.gettext(
        "%(value)s; usual would be %(usual)s",
        value=tongue.figure(anomaly.value, mark.unit),
        usual=tongue.figure(anomaly.usual, mark.unit),
    )
    return FormPage(
        title=tongue.gettext("Explain: %(figure)s", figure=title),
        action=f"{mark.address}/explain",
        fields=(
            Field(
                "explanation",
                tongue.gettext("What it is"),
                Kind.CHOICE,
                anomaly.explanation.value if anomaly.explanation else "",
                choices=tuple((one.value, around.term(one)) for one in Explanation),
                is_required=True,
            ),
            Field("reason", tongue.gettext("Reason"), Kind.LONG, anomaly.reason, is_required=True, is_wide=True),
            Field(
                "evidence",
                tongue.gettext("Evidence, if there is any"),
                hint=tongue.gettext("A contract number, a visit, the address of a document."),
                is_wide=True,
            ),
        ),
        button=tongue.gettext("Keep the explanation"),
        back=(mark.address, title),
        lead=lead,
        notes=(
            tongue.gettext("Only this point has to be explained, nothing else of the department."),
            tongue.gettext("HR and your superiors see the explanation, with your name and the time."),
            tongue.gettext(
                "Where the data is wrong, have the figure corrected too: the explanation changes no number."
            ),
        ),
        once=named_once(),
    )
