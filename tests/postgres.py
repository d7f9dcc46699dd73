"""A PostgreSQL server of the test run's own: started when the first test asks, gone with the run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

DEBIAN_FOLDERS = "/usr/lib/postgresql"
UNPRIVILEGED = ("postgres", "nobody")
"""PostgreSQL refuses to run as root; as root it runs as the first of these that exists."""

FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class PostgresIsMissing(Exception):
    """The programs are not installed, or root has nobody to run them as."""


def programs() -> Path:
    """Return the folder that holds `initdb` and `postgres`."""
    versions = sorted(Path(DEBIAN_FOLDERS).glob("*/bin/initdb"), key=lambda found: int(found.parts[-3]))
    on_path = shutil.which("initdb")
    if versions:
        return versions[-1].parent
    if on_path:
        return Path(on_path).resolve().parent
    raise PostgresIsMissing("PostgreSQL's initdb is not installed (Debian: apt-get install postgresql)")


def as_somebody_unprivileged() -> tuple[list[str], str]:
    """Return a command's prefix that leaves root behind and dies with us, and the user's name."""
    setpriv = shutil.which("setpriv")
    dies_with_us = [setpriv, "--pdeathsig", "QUIT"] if setpriv else []
    if os.geteuid() != 0:
        return dies_with_us, ""
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in UNPRIVILEGED if name in known), "")
    if not (setpriv and user):
        raise PostgresIsMissing("PostgreSQL refuses root, and there is no other user to run it as")
    group = str(pwd.getpwnam(user).pw_gid)
    return [*dies_with_us, f"--reuid={user}", f"--regid={group}", "--clear-groups"], user


class Postgres:
    """One server on a socket in `folder`; databases are copies of a template."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.made = 0
        programs_folder = programs()
        prefix, user = as_somebody_unprivileged()
        if user:
            shutil.chown(folder, user)
        choices = ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        subprocess.run(
            [*prefix, str(programs_folder / "initdb"), "-D", str(self.data), "-U", "quarterdeck", *choices],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        options = [part for option in FAST_AND_FORGETFUL for part in ("-c", option)]
        self.log = (folder / "log").open("wb")
        self.server = subprocess.Popen(
            [
                *prefix,
                str(programs_folder / "postgres"),
                "-D",
                str(self.data),
                "-k",
                str(folder),
                "-h",
                "",
                *options,
            ],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        self.wait_until_it_answers()

    def wait_until_it_answers(self) -> None:
        give_up_at = time.monotonic() + 30
        while True:
            try:
                self.run(sql.SQL("select 1"))
            except psycopg.OperationalError:
                if time.monotonic() > give_up_at or self.server.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def run(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.folder), user="quarterdeck", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://quarterdeck@/{database}?host={self.folder}"

    def create(self, database: str, template: str = "template1") -> str:
        """Make a database and return its URL."""
        self.run(
            sql.SQL("create database {} template {}").format(sql.Identifier(database), sql.Identifier(template))
        )
        return self.url(database)

    def copy_of(self, template: str) -> tuple[str, str]:
        """Make a fresh copy of a template; return its name and URL."""
        self.made += 1
        name = f"copy_{self.made}"
        return name, self.create(name, template)

    def drop(self, database: str) -> None:
        self.run(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))

    def stop(self) -> None:
        self.server.send_signal(signal.SIGINT)
        self.server.wait(timeout=30)
        self.log.close()
