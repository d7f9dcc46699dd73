"""Metrics: what is measured, how, and which way is better. Changes count for cycles launched later."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import col, select
from starlette.responses import Response

from api.commands import Outcome
from api.measures import MetricGiven, editing_metric, making_metric, metric_of_company
from api.pages.answering import answer
from api.pages.changes import Told, told
from api.pages.forms import Field, FormPage, Kind, Typed, named_once
from api.pages.rendering import Shell, TheShell
from api.parts import TheParts
from api.rights import ReadsAll
from api.session import Database, HrAdmin
from api.staffing import cycles_under_way
from models.changes import Subject, changes_of
from models.errors import Refusal
from models.metrics import Aggregation, FigureLevel, Metric, MetricCategory, MetricKind, MetricUnit

router = APIRouter()

CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
CHOICES: dict[str, type[StrEnum]] = {
    "unit": MetricUnit,
    "kind": MetricKind,
    "category": MetricCategory,
    "aggregation": Aggregation,
    "level": FigureLevel,
}


@dataclass(frozen=True)
class MetricsPage:
    metrics: tuple[Metric, ...]
    cycles: tuple[str, ...]
    """Names of the cycles under way, which keep what they were launched with."""
    history: tuple[Told, ...]


@router.get("/metrics")
async def list_metrics(around: TheShell, asking: ReadsAll, database: Database) -> Response:
    found = await database.exec(
        select(Metric)
        .where(col(Metric.company_id) == asking.company_id)
        .order_by(col(Metric.position), col(Metric.id))
    )
    changes = await changes_of(database, asking.company_id, Subject.METRIC)
    metrics = tuple(found.all())
    shown = {metric.id: metric.name for metric in metrics}
    history = await told(database, around.tongue, changes)
    return around.render(
        "measures/metrics.html",
        MetricsPage(
            metrics=metrics,
            cycles=tuple(cycle.name for cycle in await cycles_under_way(database, asking.company_id)),
            history=tuple(
                replace(one, text=f"{one.text} · {shown.get(change.subject_id, change.subject_id)}")
                for one, change in zip(history, changes, strict=True)
            ),
        ),
    )


@router.get("/metrics/new")
async def ask_for_metric(around: TheShell, asking: HrAdmin, database: Database) -> Response:
    return around.render("form.html", metric_form(around, None))


@router.post("/metrics/new")
async def make_metric(
    request: Request, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    async def do(typed: Typed) -> Outcome:
        code = typed.text("code").lower()
        if not CODE.fullmatch(code):
            raise Refusal("code-unfit", field="code")
        wish = await making_metric(database, asking, code, _given(typed))
        return await parts.commands.note(database, wish, typed.once)

    return await answer(around, database, request, metric_form(around, None), "/metrics", do)


@router.get("/metrics/{metric_id}")
async def ask_for_changes(metric_id: str, around: TheShell, asking: HrAdmin, database: Database) -> Response:
    metric = await metric_of_company(database, asking, metric_id)
    return around.render("form.html", metric_form(around, metric))


@router.post("/metrics/{metric_id}")
async def change_metric(
    request: Request, metric_id: str, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    metric = await metric_of_company(database, asking, metric_id)
    form = metric_form(around, metric)

    async def do(typed: Typed) -> Outcome:
        wish = await editing_metric(database, asking, metric, _given(typed))
        return await parts.commands.note(database, wish, typed.once)

    return await answer(around, database, request, form, "/metrics", do)


def _given(typed: Typed) -> MetricGiven:
    values: dict[str, object] = {name: typed.text(name) for name in ("name", "name_en", *CHOICES)}
    values["higher_is_better"] = typed.text("better") != "lower"
    values["is_required"] = typed.is_yes("is_required")
    try:
        return MetricGiven.model_validate(values)
    except ValidationError as wrong:
        raise Refusal("field-unfit", field=str(wrong.errors()[0]["loc"][0])) from wrong


def metric_form(around: Shell, metric: Metric | None) -> FormPage:
    tongue = around.tongue
    shown = metric or Metric(id="", company_id="", code="", name="")

    def choice(name: str, label: str, hint: str = "") -> Field:
        choices = tuple((member.value, around.term(member)) for member in CHOICES[name])
        return Field(name, label, Kind.CHOICE, getattr(shown, name).value, hint, choices)

    better = (("higher", tongue.gettext("higher")), ("lower", tongue.gettext("lower")))
    fields = (
        Field("name", tongue.gettext("Name of the metric"), value=shown.name, is_required=True),
        Field("name_en", tongue.gettext("English name"), value=shown.name_en),
        choice("category", tongue.gettext("Category")),
        choice("unit", tongue.gettext("Unit of measure")),
        choice("kind", tongue.gettext("Kind of target")),
        Field(
            "better",
            tongue.gettext("Better is"),
            Kind.CHOICE,
            "higher" if shown.higher_is_better else "lower",
            choices=better,
        ),
        choice("aggregation", tongue.gettext("Months make the period by")),
        choice("level", tongue.gettext("Whose figure")),
        Field(
            "is_required",
            tongue.gettext("Required before scoring"),
            Kind.YES,
            "yes" if shown.is_required else "",
            tongue.gettext("Every team hands it in each month."),
        ),
    )
    code = Field(
        "code",
        tongue.gettext("Code"),
        hint=tongue.gettext("Small letters, digits and _; in files and the API. It stays for good."),
        is_required=True,
    )
    return FormPage(
        title=tongue.gettext("Edit %(name)s", name=metric.name) if metric else tongue.gettext("New metric"),
        action=f"/metrics/{quote(metric.id, safe='')}" if metric else "/metrics/new",
        back=("/metrics", tongue.gettext("Metrics")),
        button=tongue.gettext("Save"),
        fields=fields if metric else (fields[0], fields[1], code, *fields[2:]),
        notes=(
            tongue.gettext("Changes count for cycles launched later; a launched cycle keeps its own."),
            tongue.gettext("The record keeps what stood here before, and who changed it."),
        ),
        once=named_once(),
    )
