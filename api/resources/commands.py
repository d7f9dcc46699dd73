"""What became of a command: for whoever was told "received"."""

from __future__ import annotations

from fastapi import APIRouter

from api.session import Database, SignedIn
from api.shapes import CommandShown
from models.errors import Refusal
from models.stages import Role
from models.tasks import Command

router = APIRouter(prefix="/commands", tags=["commands"])


@router.get("/{command_id}", summary="What became of a command")
async def show_command(command_id: str, viewer: SignedIn, database: Database) -> CommandShown:
    """One's own; HR and auditors see their company's."""
    command = await database.get(Command, command_id)
    reads_others = viewer.has(Role.HR_ADMIN) or viewer.has(Role.AUDITOR)
    if (
        command is None
        or command.company_id != viewer.company_id
        or (command.by_id != viewer.id and not reads_others)
    ):
        raise Refusal("command-unknown")
    return CommandShown(**command.model_dump(include=set(CommandShown.model_fields)))
