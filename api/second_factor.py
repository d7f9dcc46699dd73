"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import secrets
from base64 import b32encode
from datetime import datetime
from hashlib import sha256
from typing import Final

import pyotp
import segno
from pyotp.exceptions import OTPVerificationError

from models.org import Account
from models.sealing import Sealing
from models.settings import Settings

RECOVERY_CODES: Final = 10
WINDOW: Final = 1
"""Steps of 30 seconds by which a phone's clock may be off, either way."""


class SecondFactor:
    """Makes secrets, and checks codes on an account's row, which the caller holds locked and commits.

    Secrets are stored encrypted under keys made from the signing keys; the first of these encrypts.
    """

    def __init__(self, settings: Settings) -> None:
        self._sealing = Sealing(settings.secret_keys, "quarterdeck.second-factor")

    def begin(self, account: Account) -> str:
        """Give the account a secret to be confirmed with a first code; return it. A confirmed one stays."""
        if account.totp_secret and not account.has_second_factor:
            known = self._opened(account.totp_secret)
            if known:
                return known
        secret = pyotp.random_base32()
        account.totp_secret = self._sealing.sealed(secret)
        return secret

    def confirm(self, account: Account, code: str, now: datetime) -> list[str] | None:
        """Turn the second factor on with a first code; return the recovery codes, None where the code is wrong."""
        if account.has_second_factor or not self._takes_code(account, code, now):
            return None
        account.totp_since = now
        return self.renew_recovery_codes(account)

    def renew_recovery_codes(self, account: Account) -> list[str]:
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        account.recovery_hashes = [_hash(code) for code in codes]
        return codes

    def takes(self, account: Account, code: str, now: datetime) -> bool:
        """Take a code of the app, or a recovery code, once: what was taken is marked on the row."""
        if not account.has_second_factor:
            return False
        if self._takes_code(account, code, now):
            account.totp_secret = self._sealing.resealed(account.totp_secret)
            return True
        hashed = _hash(code)
        if hashed not in account.recovery_hashes:
            return False
        account.recovery_hashes = [known for known in account.recovery_hashes if known != hashed]
        return True

    def _takes_code(self, account: Account, code: str, now: datetime) -> bool:
        digits = "".join(code.split())
        secret = self._opened(account.totp_secret)
        if not secret or not (digits.isascii() and digits.isdigit() and len(digits) == 6):
            return False
        try:
            step = pyotp.TOTP(secret).verify_and_get_timecode(digits, for_time=now, valid_window=WINDOW)
        except OTPVerificationError:
            return False
        if step <= account.totp_last_step:
            return False  # Taken before, or older than one that was.
        account.totp_last_step = step
        return True

    def _opened(self, sealed: str) -> str:
        """Return a stored secret; nothing where the key that encrypted it is gone."""
        return self._sealing.opened(sealed) or ""


def remove(account: Account) -> None:
    """Take the second factor off. The last step stays, so that no old code counts again."""
    account.totp_secret, account.totp_since, account.recovery_hashes = "", None, []


def qr_code(secret: str, user_name: str) -> str:
    """Return what an authenticator app scans, as an SVG to stand in a page."""
    address = pyotp.TOTP(secret).provisioning_uri(name=user_name, issuer_name="Quarterdeck")
    return str(segno.make(address, error="m").svg_inline(omitsize=True, border=4, dark="#111827", light="#fff"))


def in_groups(secret: str) -> str:
    """Write a secret so that it can be typed."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _recovery_code() -> str:
    text = b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def _hash(code: str) -> str:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return sha256(plain.encode()).hexdigest()  # Of 80 random bits: nothing slower is needed.
