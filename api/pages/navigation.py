"""The navigation, as data: each entry says where it leads, its words and icon, and who sees it.

A new page is one line in `ENTRIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from api.i18n import later as _

if TYPE_CHECKING:
    from api.pages.rendering import Shell  # It shows what is here.


class Group(StrEnum):
    """Where an entry stands: in the bar itself, or in the menu "Settings"."""

    BAR = "bar"
    SETTINGS = "settings"


def everybody(shell: Shell) -> bool:
    return True


def readers_of_all(shell: Shell) -> bool:
    """HR, executives and auditors."""
    return shell.sees_cycles


def directors(shell: Shell) -> bool:
    return shell.heads_department


def overseers(shell: Shell) -> bool:
    """Whoever has departments to look at side by side."""
    return shell.sees_cycles or shell.heads_several


def people_with_results(shell: Shell) -> bool:
    return shell.viewer is not None and shell.viewer.person.is_scored


def readers_of_accounts(shell: Shell) -> bool:
    """HR and auditors."""
    return shell.sees_accounts


def in_a_demonstration(shell: Shell) -> bool:
    return shell.is_demo


@dataclass(frozen=True, eq=False)
class Entry:
    address: str
    words: str
    """A message id, marked by `_`."""
    icon: str
    """A macro of templates/parts/icons.html."""
    is_for: Callable[[Shell], bool]
    """Who sees it; the page itself refuses everybody else."""
    group: Group = Group.BAR


ENTRIES: tuple[Entry, ...] = (
    Entry("/tasks", _("My tasks"), "check", everybody),
    Entry("/overview", _("Overview"), "units", overseers),
    Entry("/my-department", _("My department"), "chart", directors),
    Entry("/me/results", _("My results"), "person", people_with_results),
    Entry("/cycles", _("Cycles"), "cycle", readers_of_all),
    Entry("/people", _("People"), "people", readers_of_all),
    Entry("/messages", _("Messages"), "mail", readers_of_accounts),
    Entry("/metrics", _("Metrics"), "target", readers_of_all, Group.SETTINGS),
    Entry("/scorecards", _("Scorecards"), "chart", readers_of_all, Group.SETTINGS),
    Entry("/sources", _("Sources of figures"), "download", readers_of_accounts, Group.SETTINGS),
    Entry("/mailbox", _("Mailbox"), "mail", in_a_demonstration),
    Entry("/imports", _("Import"), "upload", readers_of_accounts, Group.SETTINGS),
    Entry("/settings/company", _("Company"), "building", readers_of_accounts, Group.SETTINGS),
    Entry("/settings/calendar", _("Calendar"), "calendar", readers_of_accounts, Group.SETTINGS),
    Entry("/settings/ladder", _("Reminders and escalation"), "bell", readers_of_accounts, Group.SETTINGS),
    Entry("/settings/texts", _("Texts of messages"), "mail", readers_of_accounts, Group.SETTINGS),
    Entry("/settings/users", _("Users and roles"), "people", readers_of_accounts, Group.SETTINGS),
    Entry("/settings/tokens", _("Tokens for machines"), "settings", readers_of_accounts, Group.SETTINGS),
)
"""In the order in which they are shown."""


@dataclass(frozen=True)
class Shown:
    entry: Entry
    is_here: bool
    """The page that is open belongs to it."""


def shown_to(shell: Shell, entries: Iterable[Entry] = ENTRIES) -> Mapping[Group, tuple[Shown, ...]]:
    """Return what the viewer sees of each group, in order. The longest fitting address is "here"."""
    path = shell.request.url.path
    seen = [entry for entry in entries if entry.is_for(shell)]
    fitting = [entry.address for entry in seen if f"{path}/".startswith(f"{entry.address}/")]
    here = max(fitting, key=len, default="")
    return {
        group: tuple(Shown(entry, entry.address == here) for entry in seen if entry.group is group)
        for group in Group
    }
