"""Refusals' sentences and headings, by code: tasks, cycles, links, rights, requests.

A code has several forms where facts may be missing; the first whose facts are at hand is said.
Those about figures and launches stand in `api/sentences_of_figures.py`.
"""

from __future__ import annotations

from typing import Final

from api.i18n import later as _

SENTENCES: Final[dict[str, tuple[str, ...]]] = {
    # Tasks.
    "task-unknown": (
        _("There is no such task, or it is not yours to see. Your open tasks are listed under “My tasks”."),
    ),
    "task-closed": (
        _("This task is already decided: %(by)s %(choice)s on %(at)s. Nothing is left to do here."),
        _("This task is already decided: “%(choice)s” on %(at)s. Nothing is left to do here."),
        _("This task is already closed. Nothing is left to do here."),
    ),
    "task-moved": (
        _("You no longer hold this task: it has moved to %(holder)s, who decides it now. Please speak with them."),
        _("You do not hold this task now: its holder decides it. Please speak with them or with HR."),
    ),
    "choice-not-allowed": (
        _("That cannot be decided on this task. Please choose one of the buttons on its page."),
    ),
    "comment-needed": (_("Please give the reason in a few words: the others will read it."),),
    "proposal-not-sent": (
        _("You changed values in the table. Send them as a proposal, or put the old ones back and then confirm."),
    ),
    "figures-needed": (_("Please change at least one value: what you propose instead is missing."),),
    "submission-missing": (_("No figures have been handed in yet. Please fill in what is missing, then submit."),),
    "submission-incomplete": (
        _("The data is not complete yet: %(count)s items are missing or wrong. Please mend the rows listed."),
        _("The data is not complete yet. Please mend the rows listed."),
    ),
    "submission-unreadable": (
        _("This file cannot be read. Please use the Excel template, or a CSV file with the same columns."),
    ),
    "gaps-left": (_("Some figures are still missing. Please fill in the rows listed below."),),
    "person-left": (
        _("%(person)s has left the company. Please choose somebody else."),
        _("This person has left the company. Please choose somebody else."),
    ),
    "person-unknown": (_("There is no such person. Please choose one from the list."),),
    "person-not-unique": (
        _("Several people have this name. Please type the staff number, or choose one from the list."),
    ),
    "nothing-chosen": (_("Please tick the departments that this is for."),),
    "too-many-chosen": (_("At most %(count)s tasks can be changed at once. Please narrow the filter."),),
    "why-needed": (_("Please give the reason in a few words; it is kept in the history."),),
    "day-needed": (_("Please choose the new deadline."),),
    "same-holder": (_("This person holds the task already. Please choose somebody else."),),
    "reminded-already": (
        _("%(holder)s was reminded just now, at %(at)s. A second reminder can be sent an hour later."),
        _("A reminder went out less than an hour ago. A second one can be sent an hour later."),
    ),
    "not-deputy": (
        _("You do not stand in for the holder on this day, so you cannot decide in their place. Please ask HR."),
    ),
    "deadline-past": (_("The new deadline is already over. Please choose a later day."),),
    "day-off": (_("%(due_on)s is a day off. Please choose a working day."),),
    "deadline-near": (_("Until %(due_on)s less than one working day is left to act. Please choose a later day."),),
    # Cycles.
    "cycle-unknown": (_("There is no such cycle, or it is not yours to see."),),
    "department-unknown": (_("There is no such department in this cycle, or it is not yours to see."),),
    "score-unknown": (_("There is no such result, or it is not yours to see."),),
    "cycle-paused": (
        _("The cycle is paused, so nothing can be decided now. All deadlines move by the time paused."),
    ),
    "cycle-not-running": (_("The cycle is not running, so this cannot be done now. Please see its page."),),
    "cycle-not-ready": (
        _("Results cannot be published yet: some departments are not finished. The cycle's page shows which."),
    ),
    "cycle-ended": (_("The cycle has ended, so nothing can be changed. HR can reopen a department."),),
    "cycle-already-launched": (
        _("This cycle was already launched on %(at)s. You find it under “Cycles”."),
        _("This cycle was already launched. You find it under “Cycles”."),
    ),
    "cycle-exists": (_("A draft of this cycle is there already. Please open it under “Cycles” and launch it."),),
    "cycle-needed": (_("Several cycles are running. Please say which one is meant."),),
    "stage-not-open": (_("A department cannot be reopened at “%(stage)s”. Please choose another stage."),),
    "stage-required": (_("No stage can be skipped. Please keep every task of the plan."),),
    "terms-invalid": (_("Some terms of the cycle are wrong. Please look at the fields named."),),
    "department-not-closed": (
        _("This department is still under way; only a finished one can be reopened. Please wait for its end."),
    ),
    "already-paused": (_("The cycle is paused already. It goes on when HR resumes it."),),
    "not-paused": (_("The cycle is not paused, so there is nothing to resume."),),
    "time-zone-unknown": (_("There is no time zone “%(time_zone)s”. Please give one like Asia/Shanghai."),),
    # Sign-in, rights, forms.
    "sign-in-needed": (_("Please sign in first, then open this page again."),),
    "sign-in-wrong": (_("User name and password do not go together. Please try again."),),
    "token-unknown": (_("This token is not valid. Please use a current one."),),
    "role-needed": (
        _("This is for the role “%(role)s”. If you need it, please ask HR."),
        _("You may not do this. If you need to, please ask HR."),
    ),
    "not-yours": (_("This is not yours to see or to do. If you need it, please ask HR."),),
    "form-from-elsewhere": (
        _("This request did not come from one of our pages, so nothing was done. Please use the page itself."),
    ),
    "form-expired": (
        _("The form had been open for too long, so nothing was done. Please open its page again and resend."),
    ),
    # Links.
    "link-unknown": (_("This link is not valid. Please open the newest message, or sign in."),),
    "link-dead": (_("This link no longer works. Please open the newest message, or sign in."),),
    "device-unknown": (_("Please enter the last four digits of your staff number, so that we know it is you."),),
    "wrong-digits": (
        _("These are not the last four digits of your staff number. You have %(left)s more tries."),
        _("These are not the last four digits of your staff number. Please try again."),
    ),
    "link-locked": (_("Five wrong tries: this link no longer decides. Please sign in to go on."),),
    # People and staff.
    "person-known": (_("Staff number %(staff_no)s is taken. Please give another."),),
    "same-unit": (_("This person is in that unit already. Please choose another unit."),),
    "unit-unknown": (_("There is no such unit. Please choose one from the list."),),
    "company-exists": (_("This company is there already. Please choose another name, or reset it first."),),
    "company-unknown": (_("There is no such company. Please look at its name."),),
    # Requests.
    "command-unknown": (_("There is no such command, or it is not yours to see."),),
    "cursor-unknown": (_("This place in the list is not known. Please start from its first page."),),
    "engine-away": (_("The engine does not answer now. Please try again in a minute."),),
    "period-invalid": (_("The period ends before it begins. Please look at both days."),),
    "not-found": (_("There is nothing at this address. Please start from the first page."),),
    "method-not-allowed": (_("This address cannot be asked in this way. Please start from the first page."),),
    "too-large": (_("That is too large to be taken. A filled template is well under 5 MB."),),
    "file-missing": (_("Please choose a file first."),),
    "body-invalid": (_("Something is missing or wrong. Please look at the fields named below."),),
    "field-invalid": (_("%(field)s: %(fault)s"),),
    "idempotency-key-reused": (
        _("This Idempotency-Key was already used for another request. Please use a new one."),
    ),
    "time-moving": (_("Time is being moved on already. Please wait until it has arrived, then look again."),),
    "time-stuck": (_("Time could not be moved on: the workers do not keep up, or none runs. Please try again."),),
    "database-away": (_("The database does not answer now. Please try again in a moment."),),
    "engine-fault": (_("Something went wrong on our side. It is recorded; please tell HR if it stays so."),),
    "fault": (_("Something went wrong on our side. It is recorded; please try again in a minute."),),
    "launch-problems": (
        _("The cycle was not launched: %(count)s things are wrong. Please mend what is listed and launch again."),
        _("The cycle was not launched. Please mend what is listed, then launch again."),
    ),
}
GENERAL_TITLE: Final = _("Not possible now")
TITLES: Final[dict[str, str]] = {
    "sign-in-needed": _("Please sign in"),
    "token-unknown": _("Token not valid"),
    "role-needed": _("Not yours to see"),
    "not-yours": _("Not yours to see"),
    "form-from-elsewhere": _("Nothing was done"),
    "form-expired": _("Nothing was done"),
    "not-found": _("Nothing here"),
    "cycle-unknown": _("Nothing here"),
    "task-unknown": _("Nothing here"),
    "person-unknown": _("Nothing here"),
    "score-unknown": _("Nothing here"),
    "department-unknown": _("Nothing here"),
    "link-unknown": _("Link not valid"),
    "link-dead": _("Link not valid"),
    "body-invalid": _("Something is missing or wrong"),
    "launch-problems": _("Not ready to launch"),
    "submission-incomplete": _("Data incomplete"),
    "submission-missing": _("Data incomplete"),
    "submission-unreadable": _("File not readable"),
    "task-closed": _("Already decided"),
    "task-moved": _("Moved to somebody else"),
    "database-away": _("Try again in a moment"),
    "engine-fault": _("Our fault"),
    "fault": _("Our fault"),
}
