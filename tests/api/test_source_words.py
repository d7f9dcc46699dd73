"""Every setting of every source has its words, and no others are kept."""

from __future__ import annotations

import pytest

from api.source_words import CHOICE_WORDS, FAULT_WORDS, SETTING_WORDS
from models.source_settings import SETTINGS, SettingShape, filled_in, setting_faults
from models.sources import SourceKind


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
