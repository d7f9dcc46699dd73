"""Settings: every one is explained, defaults are told truly, and a wrong one is one clear line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from models.errors import WrongSettings
from models.settings import Settings, read_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def variables(model: BaseModel, prefix: str = "QUARTERDECK_") -> Iterator[tuple[str, object]]:
    """Yield each setting's variable with its default."""
    for name, value in model:
        if isinstance(value, BaseModel):
            yield from variables(value, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", value


def explained() -> dict[str, str]:
    return dict(re.findall(r"^#(QUARTERDECK_\w+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(autouse=True)
def away_from_any_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    assert set(explained()) == {name for name, _ in variables(Settings())}


def test_the_example_shows_the_real_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = dict(variables(Settings()))
    for name, value in explained().items():
        monkeypatch.setenv(name, value)
    shown = dict(variables(Settings()))
    assert shown == defaults


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUARTERDECK_PORT", "eighty"),
        ("QUARTERDECK_DATABASE_URL", "mysql://db"),
        ("QUARTERDECK_SECRET_KEYS", "too-short"),
        ("QUARTERDECK_SMTP__PORT", "0"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_SECRET_KEYS", "x" * 40)
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings) as wrong:
        read_settings()
    assert str(wrong.value).startswith(f"{name}: ")
    assert "\n" not in str(wrong.value)


def test_without_keys_nothing_but_a_demonstration_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongSettings, match="QUARTERDECK_SECRET_KEYS is missing"):
        read_settings()
    monkeypatch.setenv("QUARTERDECK_DEMO", "true")
    assert read_settings().secret_keys


def test_keys_are_split_at_commas_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_SECRET_KEYS", f"{'n' * 32}, {'o' * 32}")
    assert read_settings().secret_keys == (SecretStr("n" * 32), SecretStr("o" * 32))
