"""From a task's form to the command: what was typed is read once, kept where it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from fastapi import Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.datastructures import UploadFile

from api import moves
from api.commands import Commands, Outcome, new_command_id
from api.pages.handing_in import Handed, handed_with
from api.parts import TableReader
from api.proposals import proposed
from api.rights import place_to_decide
from api.submissions import CHOICE_OF, handed_in
from api.task_shapes import ProposedTarget
from models.errors import Refusal
from models.stages import CHOICES, NEEDS_COMMENT, Choice, CommandState
from models.tasks import Command, Task

PROPOSED = "proposed."
"""A proposed value's field: this and the metric's id."""
LONGEST_COMMENT = 2000
MOST_FIELDS = 5000
"""A department's corrections in place may be many fields."""


@dataclass(frozen=True)
class Typed:
    """What a person typed on a task's page."""

    choice: str = ""
    comment: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    handed: Handed = field(default_factory=Handed)
    file_name: str = ""
    wrong: str = ""
    """The field that was refused."""

    def value(self, name: str, otherwise: str = "") -> str:
        return self.values.get(name, otherwise)


async def typed_in(request: Request, read: TableReader) -> Typed:
    """Read a form. Nothing is judged yet but whether a file can be read at all.

    Raises:
        Refusal: what `rows_in_file` refuses.
    """
    form = await request.form(max_fields=MOST_FIELDS)
    texts = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    file = form.get("file")
    has_file = isinstance(file, UploadFile) and bool(file.filename)
    return Typed(
        choice=texts.pop("choice", ""),
        comment=texts.pop("comment", "")[:LONGEST_COMMENT],
        values=texts,
        handed=await handed_with(read, texts, file if isinstance(file, UploadFile) and has_file else None),
        file_name=str(file.filename) if isinstance(file, UploadFile) and has_file else "",
    )


async def decide(database: AsyncSession, commands: Commands, task: Task, by_id: str, typed: Typed) -> Outcome:
    """Ask for what the form says.

    Raises:
        Refusal: where it cannot be done; nothing is written then but the refused command.
    """
    for_id = await place_to_decide(database, by_id, task)
    choice = choice_of(task, typed)
    if task.kind in CHOICE_OF:
        wish = await handed_in(
            database,
            task,
            by_id,
            for_id,
            typed.handed.rows,
            file_name=typed.file_name,
            comment=typed.comment,
            targets=typed.handed.targets,
        )
        return await commands.ask(database, wish)
    given = _proposals(typed)
    if choice is Choice.CONFIRM and given:
        raise Refusal("proposal-not-sent")
    command_id = new_command_id()
    proposals = await proposed(database, task, choice, typed.comment, given, command_id)
    wish = moves.decision(
        task, by_id, for_id, choice, comment=typed.comment, rows=proposals, command_id=command_id
    )
    return await commands.ask(database, wish)


def choice_of(task: Task, typed: Typed) -> Choice:
    """Return the choice that was made.

    Raises:
        Refusal: `choice-not-allowed`, `comment-needed`.
    """
    if typed.choice not in CHOICES[task.kind]:
        raise Refusal("choice-not-allowed")
    choice = Choice(typed.choice)
    if choice in NEEDS_COMMENT and not typed.comment:
        raise Refusal("comment-needed")
    return choice


def _proposals(typed: Typed) -> list[ProposedTarget]:
    """Return the values that were changed. A value left as it was is not proposed."""
    proposals = []
    for name, text in typed.values.items():
        if not name.startswith(PROPOSED) or not text:
            continue
        metric_id = name.removeprefix(PROPOSED)
        value = read_figure(text, name)
        if value != read_figure(typed.value(f"shown.{metric_id}", "0"), name):
            proposals.append(ProposedTarget(metric=metric_id, proposed=value))
    return proposals


def read_figure(text: str, field_name: str) -> Decimal:
    """Read a figure as people type it: with thousands separators, 万, 亿 or a percent sign.

    Raises:
        Refusal: `figure-unreadable`.
    """
    plain = text.replace(",", "").replace("，", "").replace(" ", "").replace("¥", "").removesuffix("元")
    plain = plain.removesuffix("%").removesuffix("％")
    size = Decimal(1)
    for word, times in (("万", 10_000), ("亿", 100_000_000)):
        if plain.endswith(word):
            plain, size = plain.removesuffix(word), Decimal(times)
    try:
        value = Decimal(plain) * size
    except InvalidOperation as unreadable:
        raise Refusal("figure-unreadable", value=text, field=field_name) from unreadable
    exponent = value.normalize().as_tuple().exponent
    if not value.is_finite() or value < 0 or (isinstance(exponent, int) and exponent < -4) or value >= 10**14:
        raise Refusal("figure-unreadable", value=text, field=field_name)
    return value


async def waiting_command(database: AsyncSession, task_id: str) -> Command | None:
    """Return a decision on the task that was received while the engine was away."""
    found = await database.exec(
        select(Command)
        .where(
            col(Command.task_id) == task_id,
            col(Command.kind) == "decide",
            col(Command.state) == CommandState.RECEIVED,
        )
        .order_by(col(Command.received_at))
    )
    return found.first()
