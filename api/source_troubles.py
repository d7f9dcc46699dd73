"""What came of a fetch, in sentences: what the source's trouble was and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.i18n import Tongue, filled
from api.sentences_of_sources import WHYS
from api.source_words import SETTING_WORDS
from api.words import ALL_SENTENCES, say
from models.sources import FetchState, SourceKind


def trouble_said(trouble: Mapping[str, Any], kind: SourceKind, tongue: Tongue) -> str:
    """Say why a fetch came to nothing, what the source said about it, and what to do."""
    facts = _facts(trouble, kind, tongue)
    detail = say(str(facts.pop("code", "fetch-fault")), facts, tongue).detail
    why = _why(str(trouble.get("why", "")), facts, tongue)
    said = str(trouble.get("said", ""))
    if said:
        said = tongue.gettext("It said: %(said)s", said=said)
    return " ".join(part for part in (detail, why, said) if part)


def _why(why: str, facts: Mapping[str, Any], tongue: Tongue) -> str:
    """Say more about a trouble; what a file was refused for has sentences of its own."""
    if why in WHYS:
        return filled(tongue.gettext(WHYS[why]), facts) or ""
    return say(why, dict(facts), tongue).detail if why in ALL_SENTENCES else ""


def _facts(trouble: Mapping[str, Any], kind: SourceKind, tongue: Tongue) -> dict[str, Any]:
    facts = dict(trouble)
    missing = facts.get("missing")
    if isinstance(missing, Mapping):  # By object, as a test of the connection finds it.
        facts["missing"] = [f"{object_}.{column}" for object_, columns in missing.items() for column in columns]
    words = SETTING_WORDS.get(kind, {})
    if isinstance(facts.get("names"), list):
        facts["names"] = [tongue.gettext(words[name].label) if name in words else name for name in facts["names"]]
    return facts


def is_trouble(state: FetchState) -> bool:
    return state in (FetchState.REFUSED, FetchState.FAILED)
