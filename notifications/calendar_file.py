"""Deadlines as a calendar file (.ics), for the reader's own calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from icalendar import Calendar, Event

from models.stages import Language
from notifications.texts import About
from notifications.words import WORDS

SHOWN_FOR = timedelta(minutes=30)
"""The entry fills the half hour up to the deadline."""


def deadlines(told: Sequence[About], language: Language, base_url: str) -> bytes:
    """Return a calendar with the deadline of each task that the reader is to decide; empty without any.

    An entry's UID belongs to the task, so that a later message moves it. No link: a link that
    decides has no place in a calendar others can see.
    """
    words = WORDS[language]
    calendar = Calendar()
    calendar.add("prodid", "-//Quarterdeck//Performance cycles//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for item in told:
        if not item.decides or item.deadline_at is None or item.moment is None or item.deadline_at < item.moment:
            continue
        event = Event()
        event.add("uid", f"{item.task_id}@{urlsplit(base_url).hostname}")
        event.add("dtstamp", item.moment)
        event.add("sequence", max(0, int(item.moment.timestamp()) // 60 - 29_000_000))
        event.add("dtstart", item.deadline_at - SHOWN_FOR)
        event.add("dtend", item.deadline_at)
        asked = words.asked(item.kind, item.month)
        event.add("summary", f"{asked[:1].upper()}{asked[1:]}{words.colon}{item.department}")
        event.add("description", item.cycle)
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return calendar.to_ical() if calendar.subcomponents else b""
