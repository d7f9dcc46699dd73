"""The company's own wording of a message, in place of the one that comes with the program."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from models.columns import Instant, term
from models.stages import Channel, Language, Occasion


class Part(StrEnum):
    """A sentence of a message that a company may word itself."""

    SUBJECT = "subject"
    LEAD = "lead"
    SMS = "sms"
    SYSTEM = "system"


PARTS_OF = {Channel.EMAIL: (Part.SUBJECT, Part.LEAD), Channel.SMS: (Part.SMS,), Channel.SYSTEM: (Part.SYSTEM,)}
"""What can be worded of each channel's message; greeting, table, button and footer stay."""


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
