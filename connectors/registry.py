"""The kinds of sources: what each needs, and how it is connected. A new kind is a file and a line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from connectors.database import DatabaseConnector
from connectors.dingtalk import DingTalkConnector
from connectors.folder import FilesConnector
from connectors.guard import Guard
from connectors.salesforce import SalesforceConnector
from connectors.source import Connector, SourceTrouble, Trouble
from models.source_settings import filled_in, setting_faults
from models.sources import SourceKind

MAKERS: Mapping[SourceKind, Callable[[Mapping[str, str], Guard], Awaitable[Connector]]] = {
    SourceKind.SALESFORCE: SalesforceConnector.connect,
    SourceKind.DINGTALK: DingTalkConnector.connect,
    SourceKind.DATABASE: DatabaseConnector.connect,
    SourceKind.FILES: FilesConnector.connect,
}


async def connect(
    kind: SourceKind, settings: Mapping[str, str], secrets: Mapping[str, str], guard: Guard
) -> Connector:
    """Connect a source with its settings and secrets, by name, as `models.source_settings` describes them.

    Raises:
        SourceTrouble: WRONG_SETTINGS, with the `names` of those that are wrong; FORBIDDEN_HOST; UNREACHABLE.
    """
    given = {**settings, **secrets}
    faults = setting_faults(kind, given)
    if faults or kind not in MAKERS:
        raise SourceTrouble(
            Trouble.WRONG_SETTINGS,
            names=[fault.name for fault in faults],
            faults=[fault.fault for fault in faults],
        )
    return await MAKERS[kind](filled_in(kind, given), guard)
