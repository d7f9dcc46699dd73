"""Whether a deal was its customer's first, where the source does not say so: worked out of all deals."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.database import in_parts, table_of
from models.records import Deal


async def customers_of(session: AsyncSession, ids: Collection[str]) -> set[str]:
    """Return the customers of deals."""
    customers: set[str] = set()
    for some in in_parts(ids):
        found = await session.exec(select(Deal.customer).where(col(Deal.id).in_(some), col(Deal.customer) != ""))
        customers.update(found.all())
    return customers


async def mark_first_deals(
    session: AsyncSession, company_id: str, source_id: str, customers: Collection[str]
) -> set[str]:
    """Mark the first deal of each customer in what a source brought; return whose figures that touches.

    Of a deal that is shared the largest part has it, so that a customer is new once.
    """
    changed: list[tuple[str, bool]] = []
    people: set[str] = set()
    for some in in_parts(sorted(customers)):
        found = await session.exec(
            select(Deal)
            .where(col(Deal.company_id) == company_id, col(Deal.customer).in_(some))
            .order_by(col(Deal.won_on), col(Deal.number), col(Deal.share).desc(), col(Deal.id))
        )
        seen: set[str] = set()
        for deal in found.all():
            is_first = deal.customer not in seen
            seen.add(deal.customer)
            if deal.source_id == source_id and is_first != deal.is_new_customer:
                changed.append((deal.id, is_first))
                people.add(deal.seller_id)
    if changed:
        table = table_of(Deal)
        connection = await session.connection()
        await connection.execute(
            table.update().where(table.c.id == bindparam("its_id")).values(is_new_customer=bindparam("first")),
            [{"its_id": deal_id, "first": is_first} for deal_id, is_first in changed],
        )
    return people
