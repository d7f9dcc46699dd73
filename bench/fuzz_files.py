"""Files nobody would write, thrown at the readers: each is read or refused in words, and nothing else may happen.

    make fuzz                                     a minute for each kind of file
    python -m bench.fuzz_files KIND [SECONDS]     csv, excel (a sheet's XML) or zip (a whole workbook)

Needs atheris, which is not among the locked packages, as it is not there for every Python and system:
`.venv/bin/pip install atheris`. What makes a reader fail is written to `crash-…`; such files become
tests in `tests/connectors/test_odd_files.py`.
"""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from pathlib import Path
from types import FunctionType
from typing import Any, Final

from openpyxl import Workbook

from api.intake.checking import months_in, places_in
from connectors import files, workbook_guard, workbooks
from connectors.files import open_table
from models.columns import FIGURE_SCALE
from models.errors import Refusal
from models.intake import IntakeKind
from models.stages import Language, UnitKind
from rules import amounts, cells, contacts, intake, intake_people, intake_units, known_names, past_figures
from rules.amounts import decimal_in
from rules.cells import moment_in, month_in
from rules.intake import Grid, Reading
from rules.intake_people import KnownPeople, PeopleCheck
from rules.intake_units import KnownUnit, KnownUnits
from rules.past_figures import plain_figure

SECONDS: Final = 60
READERS: Final = (
    *(files, workbook_guard, workbooks, amounts, cells, contacts, intake, intake_people, intake_units),
    *(known_names, past_figures),
)
LONGEST: Final = 16_384
BETWEEN: Final = b"\x00~\x00"
"""Parts a sheet's XML from that of the texts beside it."""
KNOWN: Final = KnownPeople({}, KnownUnits((KnownUnit("a", "销售1部", UnitKind.DEPARTMENT, None),)))
CHOICES: Final = {"language": {"中文": Language.CHINESE}}
PEOPLE: Final = "工号,姓名,单位,上级工号,手机,入职日期\n000001,张三,销售1部,无,13800138000,31-12-2017\n"
HISTORY: Final = '工号;指标;2025-01;2025年2月\n000001;sales;"1,234.5";85%\n合计;sales;1;\n'


def read(content: bytes) -> None:
    """Read a file to its end, and check it as a file of people; a refusal is an answer."""
    try:
        table = open_table(content, "odd")
        for kind in (IntakeKind.PEOPLE, IntakeKind.HISTORY):
            try:
                places = places_in(kind, table.columns, "odd")
                months_in(table.columns, places, "odd")
            except Refusal:
                continue
        places = {"staff_no": 0, "name": 1, "unit": 2, "superior": 3, "phone": 4, "joined_on": 5}
        unvalued = frozenset((row, column - 1) for row, column in table.unvalued)
        merged = tuple((top, left - 1, bottom, right - 1) for top, left, bottom, right in table.merged)
        reading = Reading(Grid(places, _meant(table.lines), unvalued, merged))
        PeopleCheck(KNOWN, CHOICES, reading).check()
    except Refusal:
        return


def _meant(lines: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Read every cell in all ways there are, too."""
    for number, line in lines:
        for cell in line:
            decimal_in(cell)
            month_in(cell)
            moment_in(cell, UTC)
            quick = plain_figure(cell)
            careful = decimal_in(cell).value
            assert quick is None or careful is None or careful * FIGURE_SCALE == quick
        yield number, line


def workbook() -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (("工号", "姓名", "单位"), ("000001", "=1+1", 42795), (3.5, True, "x")):
        sheet.append(row)
    sheet.merge_cells("A3:B4")
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


PARTS: Final = parts_of(workbook())
SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def zipped(parts: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def read_sheet(content: bytes) -> None:
    """Read a workbook whose sheet, and whose texts where they are given too, are these."""
    sheet, _, texts = content.partition(BETWEEN)
    read(zipped({**PARTS, SHEET: sheet, **({TEXTS: texts} if texts else {})}))


KINDS: Final[Mapping[str, tuple[Callable[[bytes], None], tuple[bytes, ...]]]] = {
    "csv": (
        read,
        tuple(
            text.encode(encoding, "ignore")
            for text in (PEOPLE, HISTORY)
            for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16", "big5")
        ),
    ),
    "excel": (read_sheet, (PARTS[SHEET], PARTS[SHEET] + BETWEEN + PARTS.get(TEXTS, b"<sst/>"))),
    "zip": (read, (workbook(),)),
}
"""What reads each kind, and what it begins with."""


def _instrument(fuzzing: Any) -> None:
    """Let the fuzzer see which ways the readers go; all that is imported would take minutes."""
    for module in READERS:
        for thing in vars(module).values():
            for function in vars(thing).values() if isinstance(thing, type) else (thing,):
                if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                    fuzzing.instrument_func(function)


def main(kind: str, seconds: int = SECONDS) -> None:
    try:
        import atheris  # Not locked: see above.
    except ImportError:
        sys.exit("atheris is missing: .venv/bin/pip install atheris (CPython 3.11 to 3.13 on Linux and macOS)")
    reader, begins = KINDS[kind]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for number, content in enumerate(begins):
            Path(folder, f"{number}").write_bytes(content)
        fuzzing: Any = atheris
        _instrument(fuzzing)
        options = (f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-rss_limit_mb=2048")
        fuzzing.Setup([sys.argv[0], folder, *options], reader)
        fuzzing.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
