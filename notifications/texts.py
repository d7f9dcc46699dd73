"""What a message says: one template for each occasion and language, and a layout they share.

A template (`templates/<language>/<occasion>.txt`) holds plain sentences, each in a block of its
own; `mail.html` and `mail.txt` put them into a mail. Times are shown in the cycle's zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from models.stages import Channel, Language, Occasion, TaskKind
from notifications.outcomes import Reason
from notifications.words import WORDS, Words

TEMPLATES = Path(__file__).parent / "templates"

MOST_NAMES_IN_A_LINE = 3

MOMENT = re.compile(r"\d+月\d+日\S{4}\d\d:\d\d|[A-Z]\w\w \d+ [A-Z]\w\w, \d\d:\d\d")
"""A moment as `words` says it."""


class Silence(StrEnum):
    """What happens to a task if nobody answers (Rules 3 and 7)."""

    MOVES = "moves"
    ADDS = "adds"
    TELLS = "tells"
    STAYS = "stays"
    PASSES = "passes"


@dataclass(frozen=True)
class Contact:
    name: str
    email: str = ""


NOBODY = Contact("")


@dataclass(frozen=True)
class IfSilent:
    """`working_days` is empty where it happens at the deadline."""

    what: Silence
    name: str = ""
    working_days: int | None = None


@dataclass(frozen=True)
class FailedMessage:
    """A message that did not reach anybody, as HR is told of it."""

    recipient: str
    channel: Channel
    reason: Reason


@dataclass(frozen=True)
class About:
    """One thing to tell one person: names as they are shown, instants, and where the button leads."""

    occasion: Occasion
    person: str
    company: str
    zone: str
    link: str
    owner: Contact = NOBODY
    """Whom to ask: the cycle's HR owner."""
    cycle: str = ""
    decides: bool = False
    """Whether the reader can decide behind the link, or only look."""
    stands_in_for: str = ""
    department: str = ""
    task_id: str = ""
    kind: TaskKind | None = None
    month: date | None = None
    deadline_at: datetime | None = None
    moment: datetime | None = None
    holder: str = ""
    before: str = ""
    by: str = ""
    reason: str = ""
    if_silent: IfSilent | None = None
    missing: int = 0
    failed: FailedMessage | None = None
    until: datetime | None = None
    """Until when a one-time link counts."""
    user_name: str = ""

    @property
    def is_overdue(self) -> bool:
        return self.deadline_at is not None and self.moment is not None and self.deadline_at <= self.moment


@dataclass(frozen=True)
class Written:
    """A message ready for its channel; SMS and notices have no `html`."""

    subject: str
    text: str
    html: str = ""


def write(
    occasion: Occasion, channel: Channel, language: Language, about: About, own: Mapping[str, str] | None = None
) -> Written:
    """Word one message. `own` are parts that the company words itself, ready to be said."""
    say = Speaker(occasion.value, language, about=about, own=own)
    if channel is Channel.SMS:
        return Written(say("subject"), say("sms"))
    if channel is Channel.SYSTEM:
        return Written(say("subject"), say("system"))
    return _mail(say, [about], language)


def write_together(channel: Channel, language: Language, all_about: tuple[About, ...]) -> Written:
    """Word one message about several things: a digest, the most urgent first (DESIGN 10)."""
    items = sorted(all_about, key=_urgency)
    say = Speaker("digest", language, about=items[0], items=items)
    if channel is Channel.SMS:
        return Written(say("subject"), say("sms"))
    return _mail(say, items, language)


def _urgency(about: About) -> tuple[bool, float, str]:
    deadline = about.deadline_at.timestamp() if about.deadline_at else 0.0
    return not about.decides, deadline, about.department


class Speaker:
    """Says the parts of one template."""

    def __init__(
        self,
        template: str,
        language: Language,
        *,
        about: About,
        items: Iterable[About] = (),
        own: Mapping[str, str] | None = None,
    ) -> None:
        self.words = WORDS[language]
        self.template = _plain().get_template(f"{language.value}/{template}.txt")
        self.about = about
        self.items = list(items)
        self.own = own or {}

    def __call__(self, part: str) -> str:
        if part in self.own:
            return self.own[part]
        return self.template.render(
            part=part,
            a=self.about,
            items=self.items,
            words=self.words,
            task=self.words.asked(self.about.kind, self.about.month),
            names=self.words.listed(_distinct(item.department for item in self.items), MOST_NAMES_IN_A_LINE),
            to_do=sum(item.decides for item in self.items),
        ).strip()


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


@dataclass(frozen=True)
class Row:
    """One line of the table in a digest."""

    department: str
    title: str
    detail: str
    link: str
    button: str


@dataclass(frozen=True)
class Mail:
    """Everything that `mail.html` and `mail.txt` show."""

    language: str
    subject: str
    preheader: str
    company: str
    greeting: str
    lead: str
    facts: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    button: str
    link: str
    notes: tuple[str, ...]
    ask: str
    owner_email: str
    footer: str


def _mail(say: Speaker, items: list[About], language: Language) -> Written:
    first = items[0]
    is_digest = len(items) > 1
    notes = [] if is_digest else [say("stand_in"), say("silence")]
    mail = Mail(
        language=language.value,
        subject=say("subject"),
        preheader=say("system"),
        company=first.company,
        greeting=say("greeting"),
        lead=say("lead"),
        facts=() if is_digest else _facts(first, say.words),
        rows=tuple(_row(item, language) for item in items) if is_digest else (),
        button=say("button"),
        link="" if is_digest else first.link,
        notes=tuple(note for note in notes if note),
        ask="" if first.owner.name in ("", first.person) else say("ask"),
        owner_email=first.owner.email,
        footer=say("footer"),
    )
    return Written(
        subject=mail.subject,
        text=_plain().get_template("mail.txt").render(mail=mail, words=say.words).strip() + "\n",
        html=_escaping().get_template("mail.html").render(mail=mail, words=say.words),
    )


def _facts(about: About, words: Words) -> tuple[tuple[str, str], ...]:
    """What stands in the table of a mail: whatever is known, in a fixed order."""
    labels = words.labels
    failed = about.failed
    known = (
        (labels["department"], about.department),
        (labels["cycle"], about.cycle),
        (labels["task"], _capital(words.asked(about.kind, about.month))),
        (labels["deadline"], words.when_and_where(about.deadline_at, about.zone) if about.deadline_at else ""),
        (labels["before"], about.before),
        (labels["holder"], "" if about.decides else about.holder),
        (labels["missing"], labels["missing_count"].format(count=about.missing) if about.missing else ""),
        (labels["recipient"], failed.recipient if failed else ""),
        (labels["channel"], words.channels[failed.channel] if failed else ""),
        (labels["cause"], words.reasons[failed.reason] if failed else ""),
        (labels["by"], about.by),
        (labels["reason"], about.reason),
    )
    return tuple((label, value) for label, value in known if value)


def _row(about: About, language: Language) -> Row:
    say = Speaker(about.occasion.value, language, about=about)
    return Row(
        department=about.department or about.cycle or about.company,
        title=say("title"),
        detail=say("detail"),
        link=about.link,
        button=say("row_button"),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@cache
def _plain() -> Environment:
    return _environment(escaping=False)


@cache
def _escaping() -> Environment:
    environment = _environment(escaping=True)
    environment.filters["unbroken"] = _unbroken
    return environment


def _unbroken(text: str) -> Markup:
    """Escape a sentence, and keep the moments in it on one line."""
    return Markup(MOMENT.sub(r'<span style="white-space:nowrap">\g<0></span>', str(escape(text))))  # noqa: S704 - escaped


def _environment(*, escaping: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=escaping,  # noqa: S701 - sentences and plain text; mail.html escapes them.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters["capital"] = _capital
    return environment
