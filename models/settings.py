"""Every setting, in one place: environment variables `QUARTERDECK_…` or a `.env` file.

`.env.example` explains each. Temporal's own variables (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
`TEMPORAL_API_KEY`, `TEMPORAL_TLS_…`, or a `temporal.toml` profile) are read by
`temporalio.envconfig`.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AnyHttpUrl, BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.errors import WrongSettings

DEMO_SECRET = "for-demonstrations-only-change-me-0123456789"


def split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class SmtpSettings(BaseModel):
    host: str = "127.0.0.1"
    port: int = Field(default=1025, ge=1, le=65535)
    user: str = ""
    password: SecretStr = SecretStr("")
    start_tls: bool = False
    tls: bool = False
    sender: str = "Quarterdeck <quarterdeck@localhost>"
    timeout_seconds: float = Field(default=20, gt=0)


class TwilioSettings(BaseModel):
    """SMS is off while `account_sid` is empty: rungs by SMS then go by e-mail."""

    account_sid: str = ""
    auth_token: SecretStr = SecretStr("")
    sender: str = ""
    """The sending number (E.164), or a messaging service's SID (MG…)."""
    base_url: str = ""
    """Another address of the API, for tests and gateways; empty for Twilio's own."""
    timeout_seconds: float = Field(default=15, gt=0)
    allowed_country_codes: tuple[int, ...] = (86,)
    per_person_and_day: int = Field(default=3, ge=0)
    per_month: int = Field(default=20_000, ge=0)
    """SMS of a company in one month; what is over goes by e-mail and HR is told."""
    price_each: str = "0.05"

    @property
    def is_on(self) -> bool:
        return bool(self.account_sid)


class OidcSettings(BaseModel):
    """Single sign-on by OpenID Connect; off while `issuer` is empty."""

    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    claim: str = "email"
    """The claim of the ID token that says who somebody is."""
    matches: Literal["email", "staff-number"] = "email"
    """What of a person the claim is compared with."""
    company: str = ""
    """Only people of this company; empty: of any. Staff numbers are unique within one."""
    scopes: str = "openid email profile"
    label: str = ""
    """What the button says after “Sign in with”; empty: the company's account."""
    timeout_seconds: float = Field(default=10, gt=0)

    @field_validator("issuer")
    @classmethod
    def is_private(cls, issuer: str) -> str:
        if issuer and not issuer.startswith(("https://", "http://localhost:", "http://127.0.0.1:")):
            raise ValueError("must begin with https://")
        return issuer

    @property
    def is_on(self) -> bool:
        return bool(self.issuer)


class SourcesSettings(BaseModel):
    """Where figures may be fetched from; see `connectors/guard.py`."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = (
        "*.salesforce.com",
        "api.dingtalk.com",
        "oapi.dingtalk.com",
    )
    private_networks: Annotated[tuple[str, ...], NoDecode] = ()
    folder: Path | None = None
    """Files are read from its subfolders, one a company, named by the company's id; none: no files."""
    ca_file: Path | None = None
    connect_seconds: float = Field(default=10, gt=0, le=120)
    read_seconds: float = Field(default=60, gt=0, le=600)

    @field_validator("allowed_hosts", "private_networks", mode="before")
    @classmethod
    def split_at_commas(cls, value: object) -> object:
        return split(value)

    @field_validator("private_networks")
    @classmethod
    def are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks

    @field_validator("folder", "ca_file", mode="before")
    @classmethod
    def may_be_empty(cls, value: object) -> object:
        return value or None


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="QUARTERDECK_", env_nested_delimiter="__", env_file=".env", extra="ignore"
    )

    database_url: str = "sqlite+aiosqlite:///quarterdeck.db"
    base_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8000")
    """What links in messages begin with."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """The first signs; all are accepted, so that a new one can be put in front of the old."""
    payload_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Keys `id:base64` that encrypt what travels through the engine; none, and it travels in the clear."""
    secure_cookies: bool = True
    second_factor: Literal["required", "offered"] = "required"
    """Whether HR and auditors have to set up a second factor; in a demonstration it is only offered."""
    task_queue: str = "quarterdeck"
    log_level: str = "INFO"
    demo: bool = False
    """A demonstration: sample company, mailbox page, time that can be advanced."""
    demo_folder: Path = Path(".demo")
    """Where a demonstration keeps its databases, its mails (`mail/`), its SMS (`sms/`) and its logs."""
    demo_temporal_port: int = Field(default=7233, ge=1, le=65535)
    demo_temporal_web_port: int = Field(default=8233, ge=1, le=65535)
    demo_mail_port: int = Field(default=1025, ge=1, le=65535)
    demo_sms_port: int = Field(default=1081, ge=1, le=65535)
    worker_processes: int = Field(default=1, ge=1, le=64)
    concurrent_workflow_tasks: int = Field(default=6, ge=2)
    cached_workflows: int = Field(default=5000, ge=1)
    digest_window: timedelta = timedelta(seconds=30)
    """How long, at most, messages to one person at one moment are gathered before they go out as one."""
    digest_settle: timedelta = timedelta(milliseconds=200)
    """How long, at least: for messages whose cause no plan foretells."""
    answer_within: timedelta = timedelta(seconds=5)
    """A page waits this long for the engine, then says "received"."""
    smtp: SmtpSettings = SmtpSettings()
    twilio: TwilioSettings = TwilioSettings()
    oidc: OidcSettings = OidcSettings()
    sources: SourcesSettings = SourcesSettings()

    @field_validator("secret_keys", "payload_keys", mode="before")
    @classmethod
    def split_at_commas(cls, value: object) -> object:
        return split(value)

    @field_validator("secret_keys")
    @classmethod
    def are_long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < 32 for key in keys):
            raise ValueError("each key needs at least 32 characters")
        return keys

    @field_validator("database_url")
    @classmethod
    def is_a_known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite+aiosqlite://", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite+aiosqlite:// or postgresql+psycopg://")
        return url


def read_settings() -> Settings:
    """Read the settings.

    Raises:
        WrongSettings: with one line that names the variable and what to do.
    """
    try:
        settings = Settings()
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = "QUARTERDECK_" + "__".join(str(part).upper() for part in first["loc"])
        raise WrongSettings(f"{name}: {first['msg']}. See .env.example.") from wrong
    if not settings.secret_keys:
        if not settings.demo:
            raise WrongSettings(
                "QUARTERDECK_SECRET_KEYS is missing: set one or more random strings of 32 characters "
                "or more, separated by commas. See .env.example."
            )
        settings.secret_keys = (SecretStr(DEMO_SECRET),)
    if settings.demo:
        settings.second_factor = "offered"
    return settings
