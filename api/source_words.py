"""What the settings of a source are called, what to write there, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

from api.i18n import later as _
from models.sources import SourceKind


@dataclass(frozen=True)
class SettingWords:
    label: str
    help: str = ""


TIME_ZONE = SettingWords(_("Time zone"), _("The days of moments are read in this time zone."))

SETTING_WORDS: dict[SourceKind, dict[str, SettingWords]] = {
    SourceKind.DATABASE: {
        "dialect": SettingWords(_("Kind of database")),
        "host": SettingWords(_("Host"), _("It must be on this installation's list of allowed hosts.")),
        "port": SettingWords(_("Port"), _("Empty: the usual port of this kind of database.")),
        "database": SettingWords(
            _("Database"), _("Its name; of SQLite, the file in your company's folder for sources.")
        ),
        "user": SettingWords(_("User"), _("Give this user the right to read the tables or views, and no other.")),
        "password": SettingWords(_("Password")),
        "db_schema": SettingWords(_("Schema"), _("Empty: the user's own.")),
        "tls": SettingWords(_("Encryption"), _("Off only within a network of your own.")),
        "text_dates": SettingWords(
            _("Dates kept as text"), _("How they are written in columns that hold text; SAP writes 20260131.")
        ),
        "time_zone": TIME_ZONE,
    },
    SourceKind.FILES: {
        "folder": SettingWords(
            _("Folder"), _("Within your company's folder for sources; empty: that folder itself.")
        ),
        "separator": SettingWords(_("Separator"), _("Of CSV files.")),
        "column_names": SettingWords(
            _("Names of the columns"), _("Only for files without a header: in their order, separated by commas.")
        ),
        "sheet": SettingWords(_("Sheet"), _("Of Excel files; empty: the first that is shown.")),
        "settle_seconds": SettingWords(
            _("Seconds of rest"), _("A file changed less than this ago is still being written, and waited for.")
        ),
    },
    SourceKind.SALESFORCE: {
        "sign_in": SettingWords(_("Way of signing in")),
        "domain": SettingWords(
            _("My Domain"), _("What stands before .salesforce.com in your address (Setup, My Domain).")
        ),
        "consumer_key": SettingWords(_("Consumer key"), _("Of the connected app.")),
        "consumer_secret": SettingWords(_("Consumer secret"), _("Of the connected app.")),
        "username": SettingWords(_("User name"), _("Give this user the right to read, and no other.")),
        "private_key": SettingWords(
            _("Private key"), _("In PEM format, belonging to the connected app's certificate.")
        ),
        "password": SettingWords(_("Password")),
        "security_token": SettingWords(_("Security token"), _("Empty where our address is a trusted one.")),
        "api_version": SettingWords(_("Version of the API")),
        "time_zone": TIME_ZONE,
    },
    SourceKind.DINGTALK: {
        "app_key": SettingWords(_("AppKey"), _("Of the internal app, in DingTalk's developer console.")),
        "app_secret": SettingWords(_("AppSecret"), _("Of the internal app, in DingTalk's developer console.")),
        "operator": SettingWords(
            _("Acting user"), _("The userid in whose name CRM customers and opportunities are read.")
        ),
        "opportunity_form": SettingWords(
            _("Form of the opportunities"),
            _("Its code, at the bottom of the form's design page in DingTalk's CRM; for opportunities alone."),
        ),
        "department": SettingWords(
            _("Department"), _("Its number; people of it and of all below it are read. 1 is the whole company.")
        ),
        "checkins_from": SettingWords(
            _("Check-ins from"),
            _("The first day whose check-ins or clock-ins are read; only where these are read."),
        ),
        "time_zone": TIME_ZONE,
    },
}

CHOICE_WORDS: dict[str, str] = {
    "postgresql": _("PostgreSQL"),
    "mssql": _("Microsoft SQL Server"),
    "oracle": _("Oracle"),
    "mysql": _("MySQL or MariaDB"),
    "sqlite": _("SQLite file"),
    "verify": _("Encrypted, certificate checked"),
    "encrypt": _("Encrypted, certificate not checked"),
    "off": _("Not encrypted"),
    "yyyy-mm-dd": _("2026-01-31, with hyphens"),
    "yyyymmdd": _("20260131, eight digits"),
    "auto": _("Recognise it"),
    "comma": _("Comma"),
    "semicolon": _("Semicolon"),
    "tab": _("Tab"),
    "pipe": _("Vertical bar"),
    "client-credentials": _("Connected app (client credentials)"),
    "jwt": _("Connected app with a certificate (JWT)"),
    "password": _("User name and password"),
}

FAULT_WORDS: dict[str, str] = {
    "missing": _("Please fill this in."),
    "unknown": _("There is no such setting."),
    "not-a-choice": _("Please choose one of the list."),
    "not-a-number": _("Please write a whole number."),
    "out-of-bounds": _("This number is too small or too large."),
    "misspelt": _("Please write this like the example."),
    "not-a-time-zone": _("Please write a time zone like Asia/Shanghai."),
}
