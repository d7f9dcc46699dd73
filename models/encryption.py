"""Payloads and failures on their way through the engine, encrypted with AES-GCM (DESIGN 12).

The key ring's first key encrypts; every key decrypts, so that a new one can be put in front while
histories of the old one are still alive. Ids and search attributes are not encrypted: they hold no
personal data.
"""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)

from models.errors import WrongSettings

ENCODING = b"binary/quarterdeck-aes-gcm"
NONCE_BYTES = 12


class EncryptedPayloads(PayloadCodec):
    """Encrypts with the first key of the ring; decrypts with the one that a payload names."""

    def __init__(self, ring: Mapping[str, bytes]) -> None:
        self.ring = {key_id: AESGCM(key) for key_id, key in ring.items()}
        self.key_id = next(iter(ring))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.decrypted(payload) for payload in payloads]

    def encrypted(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self.ring[self.key_id].encrypt(nonce, payload.SerializeToString(), self.key_id.encode())
        return Payload(metadata={"encoding": ENCODING, "key-id": self.key_id.encode()}, data=nonce + sealed)

    def decrypted(self, payload: Payload) -> Payload:
        """Return what was encrypted; a payload that was not is returned as it is.

        Raises:
            KeyError: the key it names is not in the ring.
        """
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata["key-id"].decode()
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        return Payload.FromString(self.ring[key_id].decrypt(nonce, sealed, key_id.encode()))


def key_ring(keys: Sequence[SecretStr]) -> dict[str, bytes]:
    """Read keys of the form `id:base64 of 32 bytes`.

    Raises:
        WrongSettings: one is of another form.
    """
    ring: dict[str, bytes] = {}
    for key in keys:
        key_id, _, encoded = key.get_secret_value().partition(":")
        try:
            ring[key_id] = b64decode(encoded, validate=True)
        except ValueError:
            ring[key_id] = b""
        if not key_id or len(ring[key_id]) != 32:
            raise WrongSettings(
                "QUARTERDECK_PAYLOAD_KEYS: each key is an id, a colon and 32 bytes in base64. See .env.example."
            )
    return ring


def data_converter(keys: Sequence[SecretStr]) -> DataConverter:
    """Return the converter of pydantic messages, encrypting where there are keys."""
    if not keys:
        return pydantic_data_converter
    return replace(
        pydantic_data_converter,
        payload_codec=EncryptedPayloads(key_ring(keys)),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
