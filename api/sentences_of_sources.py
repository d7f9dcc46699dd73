"""Why something about a source cannot be done, in sentences that say what to do."""

from __future__ import annotations

from typing import Final

from api.i18n import later as _

SENTENCES_OF_SOURCES: Final[dict[str, tuple[str, ...]]] = {
    "fetch-running": (
        _("This source is being fetched at this moment. Please wait until that is over, then ask again."),
    ),
    "source-unmapped": (
        _("Nothing is said yet about what this source's fields mean. Please fill in its map first."),
    ),
    "sheet-missing": (
        _("%(file)s has no sheet named “%(sheet)s”. Please choose one that it has, or leave the sheet empty."),
    ),
}
