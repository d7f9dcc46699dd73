"""Keys that do not tell rows apart: of two rows with one key only one would count, and nobody would notice."""

from __future__ import annotations

from connectors.source import Reading, SourceTrouble, Trouble


class Keys:
    """The keys of one reading, each with the source's own id of the row that has it."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.is_list = reading.columns == (reading.key,)
        """Of a list of names, which are the same however often they come."""
        self.first: dict[str, str] = {}

    def check(self, key: str, id_: str) -> None:
        """Refuse a row whose key is empty or another row's.

        Raises:
            SourceTrouble: WRONG_SETTINGS
        """
        if not key:
            raise self._wrong("key-empty")
        if not self.is_list and self.first.setdefault(key, id_) != id_:
            raise self._wrong("key-not-unique", value=key)

    def _wrong(self, why: str, **facts: str) -> SourceTrouble:
        told = {"object": self.reading.object, "column": self.reading.key, "why": why, **facts}
        return SourceTrouble(Trouble.WRONG_SETTINGS, retry_after=None, **told)
