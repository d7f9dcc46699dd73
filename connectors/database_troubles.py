"""What a database's errors mean: by their codes, never by their words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc

from connectors.source import SourceTrouble, Trouble

LONGEST_SAYING = 200

BY_SQLSTATE = {
    "57014": Trouble.UNREACHABLE,  # Statement timeout.
    "42P01": Trouble.SHAPE_CHANGED,
    "42703": Trouble.SHAPE_CHANGED,
    "42501": Trouble.NOT_LET_IN,
    "28000": Trouble.NOT_LET_IN,
    "28P01": Trouble.NOT_LET_IN,
    "3D000": Trouble.WRONG_SETTINGS,
    "53300": Trouble.BUSY,  # Too many connections.
    "53400": Trouble.BUSY,
}
BY_NUMBER = {
    1044: Trouble.NOT_LET_IN,  # MySQL: access denied.
    1045: Trouble.NOT_LET_IN,
    1142: Trouble.NOT_LET_IN,
    1040: Trouble.BUSY,
    1049: Trouble.WRONG_SETTINGS,
    1054: Trouble.SHAPE_CHANGED,
    1146: Trouble.SHAPE_CHANGED,
    18456: Trouble.NOT_LET_IN,  # SQL Server: login failed.
    229: Trouble.NOT_LET_IN,
    207: Trouble.SHAPE_CHANGED,
    208: Trouble.SHAPE_CHANGED,
    4060: Trouble.WRONG_SETTINGS,
    1017: Trouble.NOT_LET_IN,  # Oracle.
    1031: Trouble.NOT_LET_IN,
    904: Trouble.SHAPE_CHANGED,
    942: Trouble.SHAPE_CHANGED,
}
BY_SQLITE_CODE = {
    "SQLITE_CANTOPEN": Trouble.WRONG_SETTINGS,
    "SQLITE_NOTADB": Trouble.WRONG_SETTINGS,
    "SQLITE_INTERRUPT": Trouble.UNREACHABLE,
    "SQLITE_BUSY": Trouble.BUSY,
}


def trouble_of(error: exc.SQLAlchemyError, place: str) -> SourceTrouble:
    """Say what an error of the database means for a fetch."""
    if isinstance(error, exc.TimeoutError):
        return SourceTrouble(Trouble.BUSY, place=place)
    if not isinstance(error, exc.DBAPIError) or error.orig is None:
        return SourceTrouble(Trouble.UNREADABLE, place=place, why=type(error).__name__)
    original: Any = error.orig
    return SourceTrouble(_meaning(error, original), place=place, said=_said(original))


def _meaning(error: exc.DBAPIError, original: Any) -> Trouble:
    number = _number(original)
    if sqlstate := getattr(original, "sqlstate", None):
        if sqlstate in BY_SQLSTATE:
            return BY_SQLSTATE[sqlstate]
    elif (code := getattr(original, "sqlite_errorname", None)) and code in BY_SQLITE_CODE:
        return BY_SQLITE_CODE[code]
    elif number in BY_NUMBER:
        return BY_NUMBER[number]
    elif getattr(getattr(original, "pgconn", None), "used_password", False):
        return Trouble.NOT_LET_IN  # libpq tells no code of a refused sign-in, but that it was asked to sign in.
    if isinstance(error, exc.ProgrammingError | exc.DataError | exc.NotSupportedError):
        return Trouble.UNREADABLE
    return Trouble.UNREACHABLE


def _number(original: Any) -> int | None:
    """Return the vendor's number: pymysql's and pymssql's first argument, oracledb's `code` in it."""
    first = original.args[0] if getattr(original, "args", None) else None
    number = getattr(first, "code", first)
    return number if isinstance(number, int) else None


def _said(original: Any) -> str:
    """Return the first line of what the server said; it names hosts and users, no passwords."""
    lines = [line.strip() for line in str(original).splitlines() if line.strip()]
    return lines[0][:LONGEST_SAYING] if lines else type(original).__name__
