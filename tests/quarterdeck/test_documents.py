"""What the documents say of imports is so."""

from __future__ import annotations

from pathlib import Path

from api.i18n import Tongue
from api.intake.checking import MOST_BYTES, MOST_ROWS
from api.intake.columns import COLUMNS
from connectors.workbook_guard import HIGHEST_RATIO, MOST_CELLS, MOST_UNPACKED
from models.stages import Language

TONGUES = (Tongue(Language.ENGLISH), Tongue(Language.CHINESE))
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "import.md"


def test_every_column_of_every_template_is_described() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for kind, columns in COLUMNS.items():
        part = text.partition(f"`{kind.value}`\n")[2].partition("\n### ")[0]
        for column in columns:
            headings = (
                Tongue(language).gettext(column.heading) for language in (Language.ENGLISH, Language.CHINESE)
            )
            assert f"| {' | '.join(headings)} |" in part, column.name


def test_limits_are_as_described() -> None:
    text = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    for words in (
        f"{MOST_BYTES // 2**20} MB a file, {MOST_ROWS:,} rows",
        f"{MOST_CELLS // 10**6} million cells",
        f"{MOST_UNPACKED // 2**20} MB unpacked and at most {HIGHEST_RATIO} times",
    ):
        assert words in text
