"""What travels through the engine is unreadable without the key ring (DESIGN 12)."""

from __future__ import annotations

from base64 import b64encode

import pytest
from pydantic import SecretStr

from models.encryption import data_converter
from models.errors import WrongSettings
from models.messages import VoidTask


def key(name: str, byte: int) -> SecretStr:
    return SecretStr(f"{name}:{b64encode(bytes([byte]) * 32).decode()}")


MESSAGE = VoidTask(command_id="c-1", task_id="2026q4.d0001.targets.1", by_id="p00001")


async def test_a_payload_is_unreadable_on_its_way_and_whole_at_its_end() -> None:
    converter = data_converter([key("k1", 1)])
    (payload,) = await converter.encode([MESSAGE])
    assert b"targets" not in payload.SerializeToString()
    assert await converter.decode([payload], [VoidTask]) == [MESSAGE]


async def test_an_old_key_still_reads_after_a_new_one_was_put_in_front() -> None:
    (payload,) = await data_converter([key("k1", 1)]).encode([MESSAGE])
    rotated = data_converter([key("k2", 2), key("k1", 1)])
    assert await rotated.decode([payload], [VoidTask]) == [MESSAGE]
    (newer,) = await rotated.encode([MESSAGE])
    assert newer.metadata["key-id"] == b"k2"


async def test_a_payload_from_before_encryption_is_still_read() -> None:
    (payload,) = await data_converter([]).encode([MESSAGE])
    assert await data_converter([key("k1", 1)]).decode([payload], [VoidTask]) == [MESSAGE]


async def test_a_payload_whose_key_is_gone_is_refused() -> None:
    (payload,) = await data_converter([key("k1", 1)]).encode([MESSAGE])
    with pytest.raises(KeyError, match="k1"):
        await data_converter([key("k2", 2)]).decode([payload], [VoidTask])


@pytest.mark.parametrize(
    "wrong", ["nonsense", "k1:not base64", "k1:c2hvcnQ=", ":" + b64encode(b"x" * 32).decode()]
)
def test_a_wrong_key_is_named_in_one_line(wrong: str) -> None:
    with pytest.raises(WrongSettings, match="QUARTERDECK_PAYLOAD_KEYS") as refused:
        data_converter([SecretStr(wrong)])
    assert "\n" not in str(refused.value)
