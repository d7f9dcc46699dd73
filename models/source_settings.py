"""What has to be set to connect a source of each kind: forms are rendered from this, connectors read by it.

The words for people stand in `api/source_words.py`, by kind and name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict

from models.sources import SourceKind


class SettingShape(StrEnum):
    TEXT = "text"  # One line.
    LONG_TEXT = "long-text"  # Several lines, as of a private key.
    NUMBER = "number"
    CHOICE = "choice"
    TIME_ZONE = "time-zone"


class Setting(BaseModel):
    """One field of the form. A secret is stored encrypted and never shown again."""

    model_config = ConfigDict(frozen=True)

    name: str
    shape: SettingShape = SettingShape.TEXT
    is_secret: bool = False
    is_required: bool = False
    only_if: tuple[str, tuple[str, ...]] | None = None
    """Asked for, and required if it is, only if another setting has one of these values."""
    default: str = ""
    choices: tuple[str, ...] = ()
    example: str = ""
    pattern: str = ""
    """How a text must be written, as a regular expression for all of it; the example shows it."""
    at_least: int = 0
    at_most: int = 0
    """Bounds of a number."""


class SettingFault(BaseModel):
    """What is wrong with a setting. `fault` is for the words, see `api/source_words.py`."""

    model_config = ConfigDict(frozen=True)

    name: str
    fault: str
    """missing, unknown, not-a-choice, not-a-number, out-of-bounds, not-a-time-zone, misspelt."""


TIME_ZONE = Setting(
    name="time_zone", shape=SettingShape.TIME_ZONE, default="Asia/Shanghai", example="Asia/Shanghai"
)

DATABASE = (
    Setting(
        name="dialect",
        shape=SettingShape.CHOICE,
        is_required=True,
        default="postgresql",
        choices=("postgresql", "mssql", "oracle", "mysql", "sqlite"),
    ),
    Setting(
        name="host",
        is_required=True,
        only_if=("dialect", ("postgresql", "mssql", "oracle", "mysql")),
        example="erp.example.com",
    ),
    Setting(
        name="port",
        shape=SettingShape.NUMBER,
        only_if=("dialect", ("postgresql", "mssql", "oracle", "mysql")),
        example="5432",
        at_least=1,
        at_most=65535,
    ),
    Setting(name="database", is_required=True, example="erp"),
    Setting(
        name="user",
        is_required=True,
        only_if=("dialect", ("postgresql", "mssql", "oracle", "mysql")),
        example="quarterdeck_reader",
    ),
    Setting(name="password", is_secret=True, only_if=("dialect", ("postgresql", "mssql", "oracle", "mysql"))),
    Setting(name="db_schema", only_if=("dialect", ("postgresql", "mssql", "oracle")), example="public"),
    Setting(
        name="tls",
        shape=SettingShape.CHOICE,
        only_if=("dialect", ("postgresql",)),
        default="verify",
        choices=("verify", "encrypt", "off"),
    ),
    Setting(
        name="text_dates", shape=SettingShape.CHOICE, default="yyyy-mm-dd", choices=("yyyy-mm-dd", "yyyymmdd")
    ),
    TIME_ZONE,
)

FILES = (
    Setting(name="folder", example="erp/exports"),
    Setting(
        name="separator",
        shape=SettingShape.CHOICE,
        default="auto",
        choices=("auto", "comma", "semicolon", "tab", "pipe"),
    ),
    Setting(name="column_names", example="order_no, seller, signed_on, amount"),
    Setting(name="sheet", example="2026"),
    Setting(
        name="settle_seconds", shape=SettingShape.NUMBER, default="10", example="10", at_least=0, at_most=3600
    ),
)

SALESFORCE_DOMAIN = r"(?i:(https://)?[a-z0-9-]+(\.[a-z0-9-]+)*(?<!\.force\.com)/?)"
"""What stands before .salesforce.com, or all of it. That of the pages, lightning.force.com, has no API."""

SALESFORCE = (
    Setting(
        name="sign_in",
        shape=SettingShape.CHOICE,
        is_required=True,
        default="client-credentials",
        choices=("client-credentials", "jwt", "password"),
    ),
    Setting(name="domain", is_required=True, example="acme.my", pattern=SALESFORCE_DOMAIN),
    Setting(
        name="consumer_key", is_required=True, only_if=("sign_in", ("client-credentials", "jwt")), example="3MVG9…"
    ),
    Setting(
        name="consumer_secret", is_secret=True, is_required=True, only_if=("sign_in", ("client-credentials",))
    ),
    Setting(
        name="username",
        is_required=True,
        only_if=("sign_in", ("jwt", "password")),
        example="quarterdeck@acme.com",
    ),
    Setting(
        name="private_key",
        shape=SettingShape.LONG_TEXT,
        is_secret=True,
        is_required=True,
        only_if=("sign_in", ("jwt",)),
    ),
    Setting(name="password", is_secret=True, is_required=True, only_if=("sign_in", ("password",))),
    Setting(name="security_token", is_secret=True, only_if=("sign_in", ("password",))),
    Setting(name="api_version", default="59.0", example="59.0", pattern=r"\d{2}\.0"),
    TIME_ZONE,
)

DINGTALK = (
    Setting(name="app_key", is_required=True, example="dingeqqpkv3xxxxxx"),
    Setting(name="app_secret", is_secret=True, is_required=True),
    Setting(name="operator", example="manager4220"),
    Setting(
        name="opportunity_form",
        example="PROC-EF199CCA-8AB6-482A-AE10-85EDE5E391D9",
        pattern=r"[A-Za-z0-9_-]{4,100}",
    ),
    Setting(
        name="department",
        shape=SettingShape.NUMBER,
        default="1",
        example="1",
        at_least=1,
        at_most=9_999_999_999,
    ),
    Setting(
        name="checkins_from",
        example="2026-01-01",
        pattern=r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
    ),
    TIME_ZONE,
)

SETTINGS: Mapping[SourceKind, tuple[Setting, ...]] = {
    SourceKind.SALESFORCE: SALESFORCE,
    SourceKind.DINGTALK: DINGTALK,
    SourceKind.DATABASE: DATABASE,
    SourceKind.FILES: FILES,
}


def filled_in(kind: SourceKind, given: Mapping[str, str]) -> dict[str, str]:
    """Return every setting of a kind, secrets included: as given, else its default, else empty.

    What is not asked for (`only_if`) is empty.
    """
    values = {setting.name: given.get(setting.name, "").strip() or setting.default for setting in SETTINGS[kind]}
    return {
        setting.name: values[setting.name] if is_asked_for(setting, values) else "" for setting in SETTINGS[kind]
    }


def is_asked_for(setting: Setting, values: Mapping[str, str]) -> bool:
    if setting.only_if is None:
        return True
    name, wanted = setting.only_if
    return values.get(name, "") in wanted


def setting_faults(kind: SourceKind, given: Mapping[str, str]) -> list[SettingFault]:
    """Say what is wrong with the settings and secrets given together, in the order of the form."""
    values = filled_in(kind, given)
    known = {setting.name: setting for setting in SETTINGS[kind]}
    faults = [
        SettingFault(name=name, fault=fault)
        for name, setting in known.items()
        if (fault := _fault(setting, values[name], is_asked_for(setting, values)))
    ]
    return faults + [SettingFault(name=name, fault="unknown") for name in given if name not in known]


def _fault(setting: Setting, value: str, is_asked: bool) -> str:
    if not value:
        return "missing" if setting.is_required and is_asked else ""
    match setting.shape:
        case SettingShape.CHOICE if value not in setting.choices:
            return "not-a-choice"
        case SettingShape.NUMBER if not (value.isascii() and value.isdecimal()):
            return "not-a-number"
        case SettingShape.NUMBER if not setting.at_least <= int(value[:10]) <= setting.at_most:
            return "out-of-bounds"
        case SettingShape.TIME_ZONE if value not in available_timezones():
            return "not-a-time-zone"
        case SettingShape.TEXT if setting.pattern and not re.fullmatch(setting.pattern, value):
            return "misspelt"
        case _:
            return ""
