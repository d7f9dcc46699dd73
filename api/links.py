"""Links in messages: whose, for what, alive or not; and browsers on which a person confirmed themselves.

A link shows its task to whoever has it. To decide, a person signs in, or says the last four
digits of their staff number once a browser; five wrong tries on a link and only signing in helps.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import Commands
from api.cookies import DEVICE_COOKIE, DEVICE_SECONDS, Cookies
from api.moves import workflow_of
from api.rights import acts_for, closed
from api.session import Viewer
from models.clock import business_now
from models.cycles import Cycle
from models.database import insert_once, writing
from models.delivery import Device, Link, hash_of_token
from models.errors import Refusal
from models.messages import SendLink
from models.org import Person
from models.stages import TaskState
from models.tasks import Task
from models.terms import Policy

DEVICE_COUNTS: Final = timedelta(days=30)
"""For how long a browser is remembered, in business time."""
MOST_WRONG_TRIES: Final = 5
DIGITS: Final = 4


@dataclass(frozen=True)
class Opened:
    """A link with its task, as they stand now."""

    link: Link
    task: Task
    person: Person
    """Who may use it: the holder, or their deputy, when it was sent."""
    policy: Policy
    dead: Refusal | None
    """Why nothing can be decided by it any more; None while it is alive."""
    may_have_new_one: bool
    """It is dead, and yet the task is this person's to decide: a fresh link can be sent."""

    @property
    def is_alive(self) -> bool:
        return self.dead is None

    @property
    def asks_for_sign_in(self) -> bool:
        """The policy wants it always, or too many wrong digits were tried."""
        return self.policy.always_sign_in or self.link.wrong_tries >= MOST_WRONG_TRIES


async def open_link(session: AsyncSession, token: str) -> Opened:
    """Find a link and say whether it is alive. Changes nothing, so any program may look.

    Raises:
        Refusal: `link-unknown`.
    """
    found = (
        await session.exec(
            select(Link, Task, Person, Cycle)
            .join(Task, col(Task.id) == col(Link.task_id))
            .join(Person, col(Person.id) == col(Link.person_id))
            .join(Cycle, col(Cycle.id) == col(Task.cycle_id))
            .where(col(Link.token_hash) == hash_of_token(token))
        )
    ).first()
    if found is None:
        raise Refusal("link-unknown")
    link, task, person, cycle = found
    for row in (link, task, person):
        if row in session:
            session.expunge(row)  # They stay as they were read, whatever becomes of this transaction.
    is_open = task.state is TaskState.OPEN
    may_decide = is_open and await acts_for(session, link.person_id, task) is not None
    dead = None
    if not is_open:
        dead = await closed(session, task)
    elif not may_decide:
        dead = Refusal("task-moved", holder_id=task.holder_id)
    elif task.epoch != link.epoch:
        dead = Refusal("link-dead")
    return Opened(
        link=link,
        task=task,
        person=person,
        policy=cycle.the_terms().policy,
        dead=dead,
        may_have_new_one=may_decide and dead is not None,
    )


async def is_confirmed(session: AsyncSession, opened: Opened, viewer: Viewer | None, device: str) -> bool:
    """Say whether whoever asks is known to be the link's person: signed in, or on a browser that counts.

    `device` is the value of the cookie `DEVICE_COOKIE`.
    """
    if viewer is not None and viewer.id == opened.person.id:
        return True
    if opened.asks_for_sign_in or not device:
        return False
    known = await session.get(Device, (hash_of_token(device), opened.person.id))
    return known is not None and known.until > await business_now(session)


async def confirm(session: AsyncSession, opened: Opened, digits: str, device: str, cookies: Cookies) -> str | None:
    """Check the last four digits of the staff number; remember the browser.

    Returns a Set-Cookie header where the browser has no device cookie yet. Commits: a wrong try counts
    whatever happens next.

    Raises:
        Refusal: `wrong-digits` with the tries left, `link-locked` after five.
    """
    if opened.asks_for_sign_in:
        raise Refusal("link-locked" if opened.link.wrong_tries >= MOST_WRONG_TRIES else "sign-in-needed")
    await session.commit()
    await writing(session)
    # Counted first, so that tries at once cannot outrun the limit.
    counted = await session.exec(
        update(Link)
        .where(
            col(Link.token_hash) == opened.link.token_hash,
            col(Link.wrong_tries) < MOST_WRONG_TRIES,
        )
        .values(wrong_tries=col(Link.wrong_tries) + 1)
        .execution_options(synchronize_session=False)
    )
    if counted.rowcount == 0:
        await session.commit()
        raise Refusal("link-locked")
    if not _are_digits_of(opened.person, digits):
        tries = await session.exec(select(Link.wrong_tries).where(col(Link.token_hash) == opened.link.token_hash))
        left = MOST_WRONG_TRIES - tries.one()
        await session.commit()
        raise Refusal("wrong-digits", left=left) if left else Refusal("link-locked")
    await session.exec(
        update(Link)
        .where(col(Link.token_hash) == opened.link.token_hash)
        .values(wrong_tries=col(Link.wrong_tries) - 1)
        .execution_options(synchronize_session=False)
    )
    # Only a token that we made is kept: one planted in this browser would be known elsewhere.
    known = await session.exec(select(Device.person_id).where(col(Device.token_hash) == hash_of_token(device)))
    is_ours = known.first() is not None
    token = device if is_ours else secrets.token_urlsafe(32)
    await _remember(session, token, opened.person.id)
    await session.commit()
    return None if is_ours else cookies.written(DEVICE_COOKIE, token, DEVICE_SECONDS)


async def _remember(session: AsyncSession, token: str, person_id: str) -> None:
    until = await business_now(session) + DEVICE_COUNTS
    device = Device(token_hash=hash_of_token(token), person_id=person_id, until=until)
    if await insert_once(session, [device]) == 0:
        await session.exec(
            update(Device)
            .where(col(Device.token_hash) == device.token_hash, col(Device.person_id) == person_id)
            .values(until=until)
            .execution_options(synchronize_session=False)
        )


def _are_digits_of(person: Person, digits: str) -> bool:
    own = "".join(sign for sign in person.staff_no if sign.isdigit())
    if not own:
        return False  # Such a person signs in.
    return secrets.compare_digest(own[-DIGITS:].zfill(DIGITS).encode(), digits.strip().encode())


async def send_new_link(commands: Commands, opened: Opened) -> None:
    """Send a fresh link to the person whose task it rightfully is, to their own address.

    Whoever asks sees no link and learns no address.

    Raises:
        Refusal: the task is not (any more) this person's to decide; `engine-away`.
    """
    if opened.dead is not None and not opened.may_have_new_one:
        raise opened.dead
    message = SendLink(task_id=opened.task.id, person_id=opened.person.id)
    if not await commands.signal(workflow_of(opened.task), "send_link", message):
        raise Refusal("engine-away")
