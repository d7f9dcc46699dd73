"""Figures: from any of them to the deals, payments and visits behind it; and its correction (Rule 30)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.commands import Outcome
from api.corrections import correcting, may_correct, refuse_correction
from api.figure_scopes import Looked, looked_at
from api.pages.answering import answer
from api.pages.figure_views import LINES_A_PAGE, figure_page
from api.pages.forms import Field, FormPage, Typed, named_once
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.paging import Paging
from api.parts import TheParts
from api.session import Database, SignedIn
from models.behind import first_of
from models.metrics import Figure, MetricUnit

router = APIRouter()

Cursor = Annotated[str, Query(max_length=500)]


@router.get("/figures/{whose}/{owner_id}/{metric_id}")
async def show_figure(
    whose: str,
    owner_id: str,
    metric_id: str,
    around: TheShell,
    asking: SignedIn,
    database: Database,
    cycle: str = "",
    month: str = "",
    records: str = "",
    after: Cursor = "",
) -> Response:
    looked = await looked_at(database, asking, whose, owner_id, metric_id, cycle, month)
    around.tongue = around.tongue.within(zone_of_terms(looked.cycle.terms))
    page = await figure_page(database, around, looked, records, Paging(LINES_A_PAGE, after))
    page = replace(page, may_correct=await may_correct(database, asking, looked))
    return around.render("figures/figure.html", page)


@router.get("/figures/{whose}/{owner_id}/{metric_id}/{month}/correct")
async def ask_for_correction(
    whose: str,
    owner_id: str,
    metric_id: str,
    month: str,
    around: TheShell,
    asking: SignedIn,
    database: Database,
    cycle: str = "",
) -> Response:
    looked = await looked_at(database, asking, whose, owner_id, metric_id, cycle, month)
    await refuse_correction(database, asking, looked)
    return around.render("form.html", _form(around, looked, await first_of(database, looked.scope)))


@router.post("/figures/{whose}/{owner_id}/{metric_id}/{month}/correct")
async def correct(
    request: Request,
    whose: str,
    owner_id: str,
    metric_id: str,
    month: str,
    around: TheShell,
    asking: SignedIn,
    database: Database,
    parts: TheParts,
    cycle: str = "",
) -> Response:
    """Put a value in the place of another; the one before stays, with who corrected it and why."""
    looked = await looked_at(database, asking, whose, owner_id, metric_id, cycle, month)
    await refuse_correction(database, asking, looked)
    form = _form(around, looked, await first_of(database, looked.scope))

    async def do(typed: Typed) -> Outcome:
        wish = await correcting(database, asking, looked, typed.text("value"), typed.text("reason"))
        return await parts.commands.note(database, wish, typed.once)

    return await answer(around, database, request, form, looked.address(looked.month), do)


def _form(around: Shell, looked: Looked, figure: Figure | None) -> FormPage:
    tongue, metric = around.tongue, looked.metric
    name = metric.name if tongue.is_chinese or not metric.name_en else metric.name_en
    address = looked.address(looked.month)
    units = {
        MetricUnit.MONEY: tongue.gettext("In %(currency)s.", currency=tongue.currency),
        MetricUnit.PERCENT: tongue.gettext("In per cent: 85.5 means 85.5%."),
    }
    title = f"{looked.name(tongue.language)} · {name}"
    if looked.month:
        title += f" · {tongue.month(looked.month)}"
    return FormPage(
        title=tongue.gettext("Correct: %(figure)s", figure=title),
        action=looked.correction,
        fields=(
            Field(
                "value",
                tongue.gettext("Value"),
                value=tongue.plain(figure.value) if figure else "",
                hint=units.get(metric.unit, ""),
                is_required=True,
            ),
            Field("reason", tongue.gettext("Reason of the correction"), is_required=True, is_wide=True),
        ),
        button=tongue.gettext("Correct the figure"),
        back=(address, title),
        notes=(
            tongue.gettext("The value before stays on record, with your name and the reason."),
            tongue.gettext("What is fetched later does not take the place of a correction."),
        ),
        once=named_once(),
    )
