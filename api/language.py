"""Which language a caller reads: what they ask for, else Chinese."""

from __future__ import annotations

from typing import Final

from starlette.requests import HTTPConnection

from models.stages import Language

LANGUAGE_COOKIE: Final = "quarterdeck_language"


def language_of(connection: HTTPConnection) -> Language:
    """Return the language chosen on a page, else the best of `Accept-Language`, else Chinese."""
    chosen = connection.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in (Language.CHINESE.value, Language.ENGLISH.value):
        return Language(chosen)
    best, weight = Language.CHINESE, 0.0
    for wish in connection.headers.get("accept-language", "").split(","):
        tag, _, quality = wish.strip().partition(";q=")
        language = _spoken(tag)
        try:
            liking = float(quality) if quality else 1.0
        except ValueError:
            continue
        if language is not None and liking > weight:
            best, weight = language, liking
    return best


def _spoken(tag: str) -> Language | None:
    main = tag.partition("-")[0].lower()
    return {"zh": Language.CHINESE, "en": Language.ENGLISH}.get(main)
