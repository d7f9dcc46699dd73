"""A company's own wording of a message: sentences with placeholders, checked when saved, filled when sent.

What a sentence cannot say of a message, because one of its placeholders has nothing there, the
standard wording says instead: nobody gets a sentence with a hole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import cast

from models.errors import Refusal
from models.stages import Channel, Language, Occasion, TaskKind
from models.wordings import OwnWords, Part
from notifications import samples, texts
from notifications.outcomes import Reason
from notifications.texts import About, Contact, Speaker, Written
from notifications.words import WORDS, Words

PLACEHOLDER = re.compile(r"\{(\w+)\}")
LONGEST = {Part.SUBJECT: 120, Part.SMS: 300, Part.LEAD: 1000, Part.SYSTEM: 200}
SIGNATURE = {Language.CHINESE: "【{company}】", Language.ENGLISH: "{company}: "}
"""What every SMS begins with, as the carriers ask; no company words that itself."""


class _Placeholders(Words):
    """Says placeholders where other words say moments and tasks."""

    def when(self, moment: datetime, zone: str) -> str:
        return "{deadline}"

    def asked(self, kind: TaskKind | None, month: date | None = None) -> str:
        return "{task}" if kind else ""


def values_of(about: About, words: Words) -> dict[str, str]:
    """Return what each placeholder stands for in a message; empty where it has nothing to say."""
    failed = about.failed
    return {
        "person": about.person,
        "company": about.company,
        "cycle": about.cycle,
        "department": about.department,
        "task": words.asked(about.kind, about.month),
        "deadline": words.when(about.deadline_at, about.zone) if about.deadline_at else "",
        "link": about.link,
        "superior": about.if_silent.name if about.if_silent else "",
        "holder": about.holder,
        "before": about.before,
        "by": about.by,
        "reason": about.reason,
        "owner": about.owner.name,
        "missing": str(about.missing or ""),
        "recipient": failed.recipient if failed else "",
        "channel": words.channels[failed.channel] if failed else "",
        "cause": words.reasons[failed.reason] if failed else "",
    }


def filled(text: str, values: Mapping[str, str]) -> str | None:
    """Return a sentence with its placeholders filled in, or None where one has nothing to say."""
    if not all(values.get(name) for name in PLACEHOLDER.findall(text)):
        return None
    return PLACEHOLDER.sub(lambda found: values[found[1]], text)


def said_for(about: About, language: Language, own: OwnWords) -> dict[str, str]:
    """Return the parts of a message that the company words itself, filled in."""
    values = values_of(about, WORDS[language])
    said = {}
    for part in Part:
        late = about.is_overdue and distinguishes(about.occasion, language, part)
        text = own.get((about.occasion, language, part, late))
        sentence = filled(text, values) if text else None
        if sentence is not None:
            said[part.value] = (
                SIGNATURE[language].format(company=about.company) + sentence if part is Part.SMS else sentence
            )
    return said


def write_own(occasion: Occasion, channel: Channel, language: Language, about: About, own: OwnWords) -> Written:
    """Word one message, in the company's words where it has its own."""
    return texts.write(occasion, channel, language, about, said_for(about, language, own) if own else {})


@cache
def pattern(occasion: Occasion, language: Language, part: Part, is_overdue: bool = False) -> str:
    """Return the standard wording with placeholders in place of the facts."""
    say = Speaker(occasion.value, language, about=_with_placeholders(occasion, language, is_overdue))
    words = {
        **vars(say.words),
        "channels": dict.fromkeys(Channel, "{channel}"),
        "reasons": dict.fromkeys(Reason, "{cause}"),
    }
    say.words = _Placeholders(**words)
    said = say(part.value)
    return said.removeprefix(SIGNATURE[language].strip()).strip() if part is Part.SMS else said


@cache
def distinguishes(occasion: Occasion, language: Language, part: Part) -> bool:
    """Whether the standard wording is another one when the deadline is over."""
    return pattern(occasion, language, part) != pattern(occasion, language, part, True)


def _example(occasion: Occasion, language: Language, is_overdue: bool) -> About:
    about = samples.example(occasion, language)
    if about.deadline_at is None:
        return about
    return replace(about, moment=about.deadline_at + timedelta(days=1 if is_overdue else -1))


def _with_placeholders(occasion: Occasion, language: Language, is_overdue: bool) -> About:
    """Return example data in which every name that is there is its placeholder."""
    about = _example(occasion, language, is_overdue)
    failed, silent = about.failed, about.if_silent
    return replace(
        about,
        person="{person}",
        company="{company}",
        link="{link}",
        cycle="{cycle}",
        department="{department}" if about.department else "",
        holder="{holder}" if about.holder else "",
        before="{before}" if about.before else "",
        by="{by}" if about.by else "",
        reason="{reason}" if about.reason else "",
        owner=Contact("{owner}", about.owner.email),
        missing=cast(int, "{missing}") if about.missing else 0,  # Templates only ask whether there is one.
        if_silent=replace(silent, name="{superior}") if silent else None,
        failed=replace(failed, recipient="{recipient}") if failed else None,
    )


def placeholders(occasion: Occasion, language: Language) -> dict[str, str]:
    """Return the placeholders of an occasion, each with an example of what it becomes."""
    values = values_of(samples.example(occasion, language), WORDS[language])
    return {name: value for name, value in values.items() if value}


def checked(text: str, occasion: Occasion, language: Language, part: Part, is_overdue: bool = False) -> str:
    """Return a wording as it is stored.

    Raises:
        Refusal: `wording-empty`, `wording-too-long`, `placeholder-unknown`, `placeholder-broken`,
            `placeholder-needed` for the link of an SMS that asks to act.
    """
    text = " ".join(text.split()) if part is not Part.LEAD else text.strip()
    if not text:
        raise Refusal("wording-empty", field=part.value)
    if len(text) > LONGEST[part]:
        raise Refusal("wording-too-long", most=LONGEST[part], field=part.value)
    known = placeholders(occasion, language)
    for name in PLACEHOLDER.findall(text):
        if name not in known:
            allowed = [f"{{{each}}}" for each in known]
            raise Refusal("placeholder-unknown", placeholder=f"{{{name}}}", allowed=allowed, field=part.value)
    if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        raise Refusal("placeholder-broken", field=part.value)
    needs_link = part is Part.SMS and "{link}" in pattern(occasion, language, part, is_overdue)
    if needs_link and "{link}" not in text:
        raise Refusal("placeholder-needed", placeholder="{link}", field=part.value)
    return text


def preview_own(
    occasion: Occasion, channel: Channel, language: Language, is_overdue: bool, own: OwnWords
) -> Written:
    """Word a message with example data, in the company's words where it has its own."""
    about = _example(occasion, language, is_overdue)
    return write_own(occasion, channel, language, about, own)
