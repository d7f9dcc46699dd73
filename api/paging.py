"""Lists come in pages: `limit` rows behind `cursor`, and the cursor of the next page.

A cursor is the sort key of the last row seen, so a page costs the same however far down it is
and no row is skipped or shown twice while rows come and go.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import Date, literal, tuple_
from sqlalchemy.types import TypeEngine

from models.columns import Exact, Instant
from models.errors import Refusal

MOST_ROWS = 200

Row = TypeVar("Row")
Item = TypeVar("Item")
Statement = TypeVar("Statement", bound=Any)


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next` is empty on the last one."""

    items: list[Item]
    next: str = ""


@dataclass(frozen=True)
class Paging:
    limit: int = 50
    cursor: str = ""

    def applied(self, statement: Statement, keys: Sequence[Any], *, descending: bool = False) -> Statement:
        """Sort a statement by `keys` (the last of them unique) and take one row more than the page holds."""
        if self.cursor:
            seen = tuple_(*(literal(value, key.type) for key, value in zip(keys, self._behind(keys), strict=True)))
            here = tuple_(*keys)
            statement = statement.where(here < seen if descending else here > seen)
        order = [key.desc() if descending else key.asc() for key in keys]
        sorted_: Statement = statement.order_by(*order).limit(self.limit + 1)
        return sorted_

    def _behind(self, keys: Sequence[Any]) -> list[Any]:
        try:
            texts = json.loads(urlsafe_b64decode(self.cursor.encode()))
            return [_read(str(text), key.type) for text, key in zip(texts, keys, strict=True)]
        except (ValueError, TypeError, InvalidOperation) as wrong:
            raise Refusal("cursor-unknown") from wrong

    def page(
        self, rows: Sequence[Row], shown: Callable[[Row], Item], keys_of: Callable[[Row], tuple[Any, ...]]
    ) -> Page[Item]:
        """Make the page of the rows that `applied` brought."""
        here = rows[: self.limit]
        more = len(rows) > self.limit
        return Page(items=[shown(row) for row in here], next=cursor_of(keys_of(here[-1])) if more else "")


def cursor_of(keys: tuple[Any, ...]) -> str:
    texts = [value.isoformat() if isinstance(value, date) else str(value) for value in keys]
    return urlsafe_b64encode(json.dumps(texts).encode()).decode()


def _read(text: str, column_type: TypeEngine[Any]) -> str | Decimal | date:
    if isinstance(column_type, Exact):
        return Decimal(text)
    if isinstance(column_type, Instant):
        return datetime.fromisoformat(text)
    return date.fromisoformat(text) if isinstance(column_type, Date) else text


async def asked_paging(
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows a page")] = 50,
    cursor: Annotated[str, Query(max_length=500, description="`next` of the page before")] = "",
) -> Paging:
    return Paging(limit, cursor)


AskedPaging = Annotated[Paging, Depends(asked_paging)]
