"""The company's own wording of a message, in place of the one that comes with the program."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import Instant, term
from models.stages import Channel, Language, Occasion


class Part(StrEnum):
    """A sentence of a message that a company may word itself."""

    SUBJECT = "subject"
    LEAD = "lead"
    SMS = "sms"
    SYSTEM = "system"


PARTS_OF = {Channel.EMAIL: (Part.SUBJECT, Part.LEAD, Part.SYSTEM), Channel.SMS: (Part.SMS,)}
"""What can be worded of each channel's message; greeting, table, button and footer stay.

The sentence `system` is what mail programs show beside the subject.
"""

OwnWords = Mapping[tuple[Occasion, Language, Part, bool], str]
"""A company's own wordings: by occasion, language, part, and whether the deadline is over."""


class Wording(SQLModel, table=True):
    """One sentence in a company's words, with placeholders in braces: `{department}尚待您{task}`."""

    __tablename__ = "wording"

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    occasion: Occasion = Field(primary_key=True, sa_type=term(Occasion))
    language: Language = Field(primary_key=True, sa_type=term(Language))
    part: Part = Field(primary_key=True, sa_type=term(Part))
    is_overdue: bool = Field(default=False, primary_key=True)
    """For when the deadline is over, where the standard wording makes that difference."""
    text: str
    by_id: str
    at: datetime = Field(sa_type=Instant)


async def own_words(session: AsyncSession, company_id: str) -> OwnWords:
    """Return a company's own wordings; mostly there are none."""
    found = await session.exec(select(Wording).where(col(Wording.company_id) == company_id))
    return {(row.occasion, row.language, row.part, row.is_overdue): row.text for row in found.all()}
