"""The command line: what is wrong is one line and exit code 2."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from models.settings import Settings
from quarterdeck.cli import app


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_wrong_setting_is_one_line_and_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_DATABASE_URL", "mysql://db")
    result = run("migrate")
    assert result.exit_code == 2
    assert result.stderr.startswith("quarterdeck: QUARTERDECK_DATABASE_URL: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_made_secret_is_accepted_as_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in run("make-secret").stdout.splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    result = run("check-settings")
    assert result.exit_code == 0
    secret = Settings().secret_keys[0].get_secret_value()
    assert secret not in result.stdout


def test_migrating_makes_the_tables_and_doing_it_again_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QUARTERDECK_DEMO", "true")
    monkeypatch.setenv("QUARTERDECK_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
    assert run("migrate").exit_code == 0
    assert run("migrate").exit_code == 0
    with sqlite3.connect(tmp_path / "new.db") as database:
        assert database.execute("select count(*) from task").fetchone() == (0,)


def test_a_message_is_shown_in_the_language_asked_for() -> None:
    assert "确认目标" in run("preview-message", "task-reminder").stdout
    assert "confirm" in run("preview-message", "task-reminder", "--language", "en").stdout.lower()


def test_advancing_without_a_demonstration_says_how_to_start_one() -> None:
    result = run("advance")
    assert result.exit_code == 2
    assert "make demo" in result.stderr


def test_a_step_nobody_knows_is_refused_with_those_there_are() -> None:
    result = run("advance", "backwards")
    assert result.exit_code == 2
    assert "next-deadline" in result.stderr


def test_a_token_for_nobody_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUARTERDECK_DEMO", "true")
    monkeypatch.setenv("QUARTERDECK_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
    run("migrate")
    result = run("token", "asha")
    assert result.exit_code == 2
    assert "Nobody signs in as 'asha'" in result.stderr
