"""What nobody may read in the database: sealed under keys made from the signing keys, one a purpose."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from models.settings import Settings


class Sealing:
    """The first key seals, every key opens: a new one can be put in front. Without keys nothing is sealed."""

    def __init__(self, keys: Sequence[SecretStr], purpose: str) -> None:
        made = [_key(key.get_secret_value(), purpose) for key in keys]
        self._box = MultiFernet([Fernet(key) for key in made]) if made else None

    def sealed(self, text: str) -> str:
        return self._box.encrypt(text.encode()).decode() if self._box else text

    def resealed(self, sealed: str) -> str:
        """Seal with the first key what was sealed with any."""
        return self._box.rotate(sealed.encode()).decode() if self._box else sealed

    def opened(self, sealed: str) -> str | None:
        """Return what was sealed; None where the key that sealed it is gone."""
        if not self._box or not sealed:
            return sealed
        try:
            return self._box.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None


class SourceSecrets:
    """What `Source.secrets` keeps: passwords and keys, by the names of `models/source_settings.py`."""

    def __init__(self, settings: Settings) -> None:
        self._sealing = Sealing(settings.secret_keys, "quarterdeck.sources")

    def sealed(self, secrets: Mapping[str, str]) -> str:
        given = {name: secret for name, secret in secrets.items() if secret}
        return self._sealing.sealed(json.dumps(given, ensure_ascii=False)) if given else ""

    def opened(self, sealed: str) -> dict[str, str] | None:
        """Return the secrets; None where the key that sealed them is gone: they have to be entered again."""
        text = self._sealing.opened(sealed)
        if text is None:
            return None
        return {str(name): str(secret) for name, secret in json.loads(text).items()} if text else {}


def _key(secret: str, purpose: str) -> bytes:
    derived = HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret.encode())
    return urlsafe_b64encode(derived)
