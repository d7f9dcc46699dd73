"""Who may sign in, and with what: one-time links, what tokens may do, and the record of all that."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import Document, Instant, term


class Scope(StrEnum):
    """What a machine's token may do; it never may more than the person in whose name it acts."""

    READ = "read"
    TASKS = "tasks:write"
    CYCLES = "cycles:write"
    PEOPLE = "people:write"
    SOURCES = "sources:write"


class LinkPurpose(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"


class AccountLink(SQLModel, table=True):
    """A one-time link by which a person sets their password. Only the SHA-256 of its 256-bit token is stored."""

    __tablename__ = "account_link"

    token_hash: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    purpose: LinkPurpose = Field(sa_type=term(LinkPurpose))
    issued_by: str
    issued_at: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
    """When it was used, or replaced by a newer one."""


class AccessEvent(SQLModel, table=True):
    """One line of the record of sign-ins and rights: what happened to whose account, when (wall clock)."""

    __tablename__ = "access_event"
    __table_args__ = (
        Index("ix_access_event_person", "person_id", "at"),
        Index("ix_access_event_company", "company_id", "at"),
    )

    id: str = Field(primary_key=True)
    company_id: str
    person_id: str
    """Whose account it is about."""
    kind: str
    """signed-in, role-given, locked, …: the keys of `api/pages/access_history.py`."""
    actor_id: str = ""
    """Who did it; empty where nobody signed in did."""
    acted_as: str = ""
    """As whom, where `actor_id` saw the pages as somebody else."""
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    at: datetime = Field(sa_type=Instant)


ACTED_BY = "acted_by"


def acted_by(session: AsyncSession) -> str:
    """Return who of HR works in this session as somebody else; what it writes names both."""
    return str(session.info.get(ACTED_BY, ""))
