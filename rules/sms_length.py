"""How many SMS a text makes: the network counts in segments, and each is paid for."""

from __future__ import annotations

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The letters of the GSM alphabet (3GPP TS 23.038); anything else makes the whole text UCS-2."""
TWICE = frozenset("^{}\\[~]|€")
"""These take two places in it."""


def segments(text: str) -> int:
    """Return how many segments a text takes: 160 places (153 each of several), or 70 (67) in Chinese."""
    if all(letter in GSM or letter in TWICE for letter in text):
        places, alone, each = sum(2 if letter in TWICE else 1 for letter in text), 160, 153
    else:
        places, alone, each = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if places <= alone else -(-places // each)
