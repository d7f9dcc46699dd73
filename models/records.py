"""The records behind figures: deals, payments, visits and hours, each with where it came from (Rules 29, 30)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.columns import Exact, ExactRate, Instant, term


class Provenance(SQLModel):
    """Where a record came from. Records without a source were there before sources were connected."""

    source_id: str = ""
    external_id: str = ""
    """The source's own id of it, by which a later fetch finds it again."""
    fetch_id: str = ""
    """The fetch that wrote it last."""
    fetched_at: datetime | None = Field(default=None, sa_type=Instant)


class Deal(Provenance, table=True):
    """A seller's part of a won deal; a deal shared by several sellers has a row for each of them (Rule 34).

    The parts of a deal add up to `whole_amount` to the cent, so that it counts once in total.
    """

    __tablename__ = "deal"
    __table_args__ = (
        Index("ix_deal_seller", "company_id", "seller_id", "won_on"),
        Index("ix_deal_source", "source_id", "external_id"),
    )

    id: str = Field(primary_key=True)
    company_id: str
    number: str  # The CRM's own id.
    seller_id: str
    customer: str
    product: str = ""
    amount: Decimal = Field(sa_type=Exact)
    """This seller's part, in the company's currency: what figures add up."""
    currency: str = "CNY"
    """That of the deal itself."""
    original_amount: Decimal | None = Field(default=None, sa_type=Exact)
    """This seller's part in the deal's currency, where that is not the company's."""
    rate_on: date | None = None
    """The day of the exchange rate by which it was converted."""
    share: Decimal = Field(default=Decimal(100), sa_type=Exact)
    """The seller's part in percent."""
    whole_amount: Decimal | None = Field(default=None, sa_type=Exact)
    """The whole deal in the company's currency, where it is shared."""
    won_on: date
    is_new_customer: bool = False
    source: str = "crm"


class Payment(Provenance, table=True):
    """Money due from a customer, and what of it came in (回款)."""

    __tablename__ = "payment"
    __table_args__ = (
        Index("ix_payment_seller", "company_id", "seller_id", "due_on"),
        Index("ix_payment_source", "source_id", "external_id"),
    )

    id: str = Field(primary_key=True)
    company_id: str
    deal_id: str
    seller_id: str
    due_on: date
    due: Decimal = Field(sa_type=Exact)
    paid: Decimal = Field(sa_type=Exact)
    paid_on: date | None = None


class Visit(Provenance, table=True):
    """A visit to a customer, with its check-in where there was one (Rule 33)."""

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_seller", "company_id", "seller_id", "visited_on"),
        Index("ix_visit_source", "source_id", "external_id"),
    )

    id: str = Field(primary_key=True)
    company_id: str
    seller_id: str
    customer: str
    visited_on: date
    checked_in_at: datetime | None = Field(default=None, sa_type=Instant)
    checked_out_at: datetime | None = Field(default=None, sa_type=Instant)
    place: str = ""
    project: str = ""


class WorkKind(StrEnum):
    """What hours were spent on. Selling is what counts as effective selling time (有效销售时间)."""

    SELLING = "selling"  # With customers, or at their offers.
    TRAVEL = "travel"
    INTERNAL = "internal"  # Meetings, training.
    OFFICE = "office"  # Reports, forms.


class WorkHours(Provenance, table=True):
    """Hours that somebody worked on a day, for a project, at one kind of work (Rule 33)."""

    __tablename__ = "work_hours"
    __table_args__ = (
        Index("ix_work_hours_seller", "company_id", "seller_id", "worked_on"),
        Index("ix_work_hours_source", "source_id", "external_id"),
    )

    id: str = Field(primary_key=True)
    company_id: str
    seller_id: str
    worked_on: date
    project: str = ""
    kind: WorkKind = Field(default=WorkKind.SELLING, sa_type=term(WorkKind))
    hours: Decimal = Field(sa_type=Exact)


class ExchangeRate(Provenance, table=True):
    """What a unit of a currency is worth in the company's, from a day on."""

    __tablename__ = "exchange_rate"
    __table_args__ = (
        Index("ix_exchange_rate_day", "company_id", "currency", "day"),
        Index("ix_exchange_rate_source", "source_id", "external_id"),
    )

    id: str = Field(primary_key=True)
    company_id: str
    currency: str
    day: date
    rate: Decimal = Field(sa_type=ExactRate)
