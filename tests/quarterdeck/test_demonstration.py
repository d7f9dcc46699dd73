"""What `make demo` checks before it starts anything, and what it tells its parts."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import WrongSettings
from models.settings import Settings
from quarterdeck.demonstration import Place, environment_of, ports_of, reset, step_into, step_into_running
from quarterdeck.ports import Port, insist_on


@pytest.fixture(autouse=True)
def environment_given_back() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(demo=True, demo_folder=tmp_path / "demo", _env_file=None)


@pytest.fixture
def place(settings: Settings) -> Place:
    settings.demo_folder.mkdir()
    return Place(settings.demo_folder)


def test_a_taken_port_is_reported_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(WrongSettings) as refused:
            insist_on([Port("the application", number, "QUARTERDECK_PORT")])
    line = str(refused.value)
    assert line.startswith(f"Port {number} (the application) is taken by another program.")
    free = int(line.rpartition("make demo QUARTERDECK_PORT=")[2])
    insist_on([Port("the application", free, "QUARTERDECK_PORT")])


def test_every_port_of_the_demonstration_names_the_variable_that_moves_it(settings: Settings) -> None:
    for port in ports_of(settings):
        field = port.variable.removeprefix("QUARTERDECK_").lower()
        assert getattr(settings, field) == port.number


def test_a_second_demonstration_in_the_same_folder_is_refused(place: Place) -> None:
    with place.alone(), pytest.raises(WrongSettings, match=f"process {os.getpid()}"), place.alone():
        pass


def test_a_folder_that_no_demonstration_made_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("…")
    with pytest.raises(WrongSettings, match="left alone"):
        reset(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_a_reset_removes_the_folder_and_a_second_one_has_nothing_to_do(place: Place) -> None:
    with place.alone():
        place.secret()
    assert reset(place.folder)
    assert not reset(place.folder)


def test_the_parts_do_not_hear_of_the_users_own_temporal(
    settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_API_KEY", "of another server")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "production")
    step_into(environment_of(settings, place))
    assert "TEMPORAL_API_KEY" not in os.environ
    assert os.environ["TEMPORAL_NAMESPACE"] == "default"


def test_a_command_beside_a_running_demonstration_has_its_settings(settings: Settings, place: Place) -> None:
    environment = environment_of(settings, place)
    place.environment.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
    theirs = step_into_running(place.folder)
    assert theirs.database_url == f"sqlite+aiosqlite:///{place.database}"
    assert theirs.secret_keys[0].get_secret_value() == place.secret()


def test_a_command_without_a_demonstration_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match="make demo"):
        step_into_running(tmp_path)


def test_the_key_of_a_demonstration_stays_and_is_read_by_its_owner_only(place: Place) -> None:
    key = place.secret()
    assert key == place.secret()
    assert len(key) >= 32
    assert stat.S_IMODE((place.folder / "secret-key").stat().st_mode) == 0o600
