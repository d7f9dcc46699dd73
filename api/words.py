"""Refusals in words: what cannot happen, why now, and what to do, in the reader's language.

A sentence is chosen by the refusal's code and the facts at hand: the first of its forms whose
facts are all there. Problems in JSON and pages say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from api.i18n import Tongue, filled
from api.sentences import GENERAL_TITLE, SENTENCES, TITLES
from api.sentences_of_figures import SENTENCES_OF_FIGURES
from api.sentences_of_intake import SENTENCES_OF_INTAKE
from api.sentences_of_launches import SENTENCES_OF_LAUNCHES
from api.sentences_of_messages import SENTENCES_OF_MESSAGES
from api.sentences_of_people import SENTENCES_OF_PEOPLE
from api.sentences_of_sign_in import SENTENCES_OF_SIGN_IN, TITLES_OF_SIGN_IN
from api.sentences_of_sources import SENTENCES_OF_SOURCES, TITLES_OF_SOURCES
from api.terms import TERMS, message_of
from models.delivery import Reason
from models.stages import Approver, Choice, CycleState, Language, Role, Stage, TaskKind

ALL_SENTENCES = {
    **SENTENCES,
    **SENTENCES_OF_FIGURES,
    **SENTENCES_OF_INTAKE,
    **SENTENCES_OF_LAUNCHES,
    **SENTENCES_OF_MESSAGES,
    **SENTENCES_OF_PEOPLE,
    **SENTENCES_OF_SIGN_IN,
    **SENTENCES_OF_SOURCES,
}
ALL_TITLES = {**TITLES, **TITLES_OF_SIGN_IN, **TITLES_OF_SOURCES}

ENUMS: dict[str, type[StrEnum]] = {
    "choice": Choice,
    "kind": TaskKind,
    "stage": Stage,
    "after": Stage,
    "state": CycleState,
    "role": Role,
    "approver": Approver,
    "reason": Reason,
}
"""Facts that name an enum's member, as they come out of JSON."""


@dataclass(frozen=True)
class Said:
    """A refusal in words: a heading, and the sentence under it."""

    title: str
    detail: str


def say(code: str, facts: Mapping[str, Any], language: Language | Tongue) -> Said:
    """Return a refusal's words; a general sentence where the code is not known."""
    tongue = language if isinstance(language, Tongue) else Tongue(language)
    title = tongue.gettext(ALL_TITLES.get(code, GENERAL_TITLE))
    worded = {name: _worded(name, fact, tongue) for name, fact in facts.items() if fact not in (None, "", [], ())}
    for pattern in ALL_SENTENCES.get(code, ()):
        sentence = filled(tongue.gettext(pattern), worded)
        if sentence is not None:
            return Said(title, sentence)
    return Said(title, tongue.gettext("This cannot be done now (%(code)s).", code=code))


def _worded(name: str, fact: Any, tongue: Tongue) -> str:
    if isinstance(fact, str) and name in ENUMS:
        fact = {member.value: member for member in ENUMS[name]}.get(fact, fact)
    if isinstance(fact, str) and name in ("at", "until"):
        fact = datetime.fromisoformat(fact)
    if isinstance(fact, StrEnum) and type(fact) in TERMS:
        return tongue.gettext(message_of(fact))
    if isinstance(fact, datetime):
        return tongue.moment(fact)
    if isinstance(fact, date):
        return tongue.day(fact)
    if isinstance(fact, Decimal | int):
        return tongue.exact(fact)
    if isinstance(fact, str) and name == "headings":
        return tongue.gettext(fact)
    if isinstance(fact, list | tuple):
        return tongue.gettext(", ").join(_worded(name, one, tongue) for one in fact)
    return str(fact)
