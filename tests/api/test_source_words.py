"""Every setting of every source has its words, and no others are kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.i18n import Tongue
from api.sentences_of_sources import WHYS
from api.source_troubles import trouble_said
from api.source_words import CHOICE_WORDS, FAULT_WORDS, SETTING_WORDS
from api.words import ALL_SENTENCES
from connectors.source import Trouble
from models.source_settings import SETTINGS, SettingShape, filled_in, setting_faults
from models.sources import SourceKind
from models.stages import Language


@pytest.mark.parametrize("kind", list(SourceKind))
def test_every_setting_has_a_label(kind: SourceKind) -> None:
    assert list(SETTING_WORDS[kind]) == [setting.name for setting in SETTINGS[kind]]


def test_every_choice_has_a_name() -> None:
    offered = {choice for settings in SETTINGS.values() for setting in settings for choice in setting.choices}
    assert offered == set(CHOICE_WORDS)


@pytest.mark.parametrize("kind", list(SourceKind))
def test_what_a_form_begins_with_lacks_only_what_must_be_filled_in(kind: SourceKind) -> None:
    assert {fault.fault for fault in setting_faults(kind, {})} <= {"missing"}


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({}, {"domain": "missing", "consumer_key": "missing", "consumer_secret": "missing"}),
        (
            {"sign_in": "jwt", "domain": "acme.my", "consumer_key": "k"},
            {"username": "missing", "private_key": "missing"},
        ),
        ({"sign_in": "telepathy", "domain": "acme.my"}, {"sign_in": "not-a-choice"}),
        (
            {
                "sign_in": "password",
                "domain": "acme.my",
                "username": "u",
                "password": "p",
                "time_zone": "Shanghai",
            },
            {"time_zone": "not-a-time-zone"},
        ),
        ({"domain": "acme.my", "consumer_key": "k", "consumer_secret": "s", "x": ""}, {"x": "unknown"}),
    ],
)
def test_only_what_is_asked_for_can_be_missing(given: dict[str, str], faults: dict[str, str]) -> None:
    found = {fault.name: fault.fault for fault in setting_faults(SourceKind.SALESFORCE, given)}
    assert found == faults
    assert set(found.values()) <= set(FAULT_WORDS)


@pytest.mark.parametrize(
    ("port", "fault"),
    [
        ("0", "out-of-bounds"),
        ("70000", "out-of-bounds"),
        ("5 4", "not-a-number"),
        ("٥", "not-a-number"),
    ],
)
def test_numbers_are_within_their_bounds(port: str, fault: str) -> None:
    given = {"dialect": "mssql", "host": "h", "database": "d", "user": "u", "port": port}
    assert [found.fault for found in setting_faults(SourceKind.DATABASE, given)] == [fault]


def test_what_is_not_asked_for_is_not_handed_on() -> None:
    values = filled_in(
        SourceKind.DATABASE, {"dialect": "sqlite", "database": "a.db", "host": "h", "password": "p"}
    )
    assert (values["host"], values["time_zone"]) == ("", "Asia/Shanghai")


def test_only_secrets_are_secret() -> None:
    secret = {setting.name for settings in SETTINGS.values() for setting in settings if setting.is_secret}
    assert secret == {"password", "consumer_secret", "private_key", "security_token", "app_secret"}
    assert all(setting.default == "" for ss in SETTINGS.values() for setting in ss if setting.is_secret)
    assert SettingShape.LONG_TEXT in {setting.shape for setting in SETTINGS[SourceKind.SALESFORCE]}


def test_every_trouble_has_a_sentence_and_every_reason_in_a_connector_has_one_more() -> None:
    assert {trouble.value for trouble in Trouble} <= set(ALL_SENTENCES)
    room = Path(__file__).resolve().parents[2] / "connectors"
    given = {why for file in room.glob("*.py") for why in re.findall(r'why[:=] ?"([a-z-]+)"', file.read_text())}
    assert given <= {*WHYS, *ALL_SENTENCES}


@pytest.mark.parametrize("language", list(Language))
def test_a_reason_without_words_adds_nothing(language: Language) -> None:
    said = {"code": "source-used-up", "why": "nobody-knows", "used": 14900, "total": 15000, "said": "X: y"}
    sentence = trouble_said(said, SourceKind.SALESFORCE, Tongue(language))
    assert "15" in sentence
    assert "X: y" in sentence
    assert "Project-Id" not in sentence


@pytest.mark.parametrize(
    ("domain", "is_right"),
    [
        ("acme.my", True),
        ("acme--uat.sandbox.my", True),
        ("https://Acme.my.salesforce.com/", True),
        ("acme.lightning.force.com", False),
        ("http://acme.my", False),
        ("evil.org/x", False),
        ("acme.my:8443", False),
    ],
)
def test_the_domain_of_salesforce_is_a_name_alone(domain: str, is_right: bool) -> None:
    given = {"domain": domain, "consumer_key": "k", "consumer_secret": "s"}
    faults = [fault.fault for fault in setting_faults(SourceKind.SALESFORCE, given)]
    assert faults == ([] if is_right else ["misspelt"])


def test_the_version_of_the_api_is_a_version() -> None:
    given = {"domain": "acme.my", "consumer_key": "k", "consumer_secret": "s", "api_version": "59.0/../x"}
    assert [fault.name for fault in setting_faults(SourceKind.SALESFORCE, given)] == ["api_version"]
