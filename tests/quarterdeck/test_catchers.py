"""The demonstration's mail server and SMS provider keep what real clients send them."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
import requests
from twilio.rest import Client

from notifications.sms import Transport
from quarterdeck import wellness
from quarterdeck.mailcatcher import catch
from quarterdeck.smscatcher import provider


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
async def mail_port(tmp_path: Path) -> AsyncIterator[int]:
    port = free_port()
    serving = asyncio.create_task(catch(tmp_path / "mail", "127.0.0.1", port))
    for _ in range(500):
        if await wellness.listens("127.0.0.1", port):
            break
        await asyncio.sleep(0.02)
    yield port
    serving.cancel()


async def test_a_mail_is_kept_with_its_recipients_and_its_chinese(mail_port: int, tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "hr@example.com", "ravi@example.com", "请确认目标"
    mail.set_content("您好，请在周三18:00前确认。")
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=mail_port)
    (file,) = (tmp_path / "mail").glob("*.eml")
    kept = message_from_bytes(file.read_bytes())
    assert kept["X-Envelope-To"] == "ravi@example.com"
    body = kept.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().strip() == "您好，请在周三18:00前确认。"


@pytest.fixture
def sms_address(tmp_path: Path) -> Iterator[str]:
    server = provider(tmp_path / "sms", "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_an_sms_is_kept_and_found_again_by_the_real_client(sms_address: str, tmp_path: Path) -> None:
    client = Client("AC" + "0" * 32, "token", http_client=Transport(sms_address, 5))
    sent = client.messages.create(to="+8613800138000", from_="+15005550006", body="【扬帆】请确认目标")
    assert sent.sid is not None
    assert client.messages(sent.sid).fetch().body == "【扬帆】请确认目标"
    assert [message.sid for message in client.messages.list(to="+8613800138000")] == [sent.sid]
    assert client.messages.list(to="+8613900139000") == []
    (file,) = (tmp_path / "sms").glob("*.json")
    assert json.loads(file.read_text())["to"] == "+8613800138000"


def test_an_sms_without_a_number_is_refused_as_twilio_does(sms_address: str) -> None:
    answer = requests.post(f"{sms_address}/2010-04-01/Accounts/AC0/Messages.json", data={"Body": "x"}, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (400, 21604)
