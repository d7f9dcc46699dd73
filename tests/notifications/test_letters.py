"""What a message finds out for itself: names, who comes next, who did it and why."""

from __future__ import annotations

from typing import Any

import pytest

from models.cycles import Cycle
from models.org import Person
from models.stages import Choice, CommandState, Language, Occasion, Recipient, RungAction, TaskKind
from models.tasks import Command, Decision
from models.terms import Policy, Rung
from tests.standins.office import BOSS, DIRECTOR, HR, NINE, SUPERIOR, TERMS, Office
from tests.standins.smtp import text_of


async def mail_of(office: Office, person: str = DIRECTOR) -> str:
    await office.dispatch()
    (mail,) = office.mail.to(f"{person}@example.cn")
    return text_of(mail)


async def test_a_first_holder_reads_that_the_task_passes_to_their_superior(office: Office) -> None:
    """Rule 3."""
    await office.task()
    await office.notice()
    assert "逾期未办，将转由李强处理" in await mail_of(office)


async def test_a_superior_reads_that_it_goes_further_up(office: Office) -> None:
    """Rule 7: then up the line one superior at a time."""
    await office.task(holder=SUPERIOR, first_holder_id=DIRECTOR, level=1, epoch=2)
    await office.notice(to=SUPERIOR, occasion=Occasion.TASK_ESCALATED, facts={"before": DIRECTOR})
    text = await mail_of(office, SUPERIOR)
    assert "若 2 个工作日内仍未办理，将转由陈伟处理" in text
    assert "原处理人：王芳" in text


async def test_who_stands_at_the_top_reads_that_nothing_is_approved_by_silence(office: Office) -> None:
    """Rule 7: at the top it stays open and the HR owner is told."""
    await office.task(holder=BOSS, first_holder_id=DIRECTOR, level=2, epoch=3)
    await office.notice(to=BOSS, occasion=Occasion.TASK_ESCALATED)
    assert "事项仍由您处理，并告知 HR 负责人赵敏；不会自动视为同意。" in await mail_of(office, BOSS)


async def test_a_first_holder_without_a_superior_reads_that_hr_is_told(office: Office) -> None:
    await office.change(Person, DIRECTOR, superior_id=None)
    await office.task()
    await office.notice()
    assert "逾期未办，事项仍由您处理，并告知 HR 负责人赵敏" in await mail_of(office)


@pytest.mark.parametrize(
    ("action", "to", "sentence"),
    [
        (RungAction.ADD, Recipient.SUPERIOR, "逾期未办，将由李强与您共同处理。"),
        (RungAction.NOTIFY, Recipient.SUPERIOR, "逾期未办，将告知李强。"),
        (RungAction.NOTIFY, Recipient.HR, "逾期未办，将告知赵敏。"),
    ],
)
async def test_a_mail_follows_the_cycles_own_ladder(
    office: Office, action: RungAction, to: Recipient, sentence: str
) -> None:
    """Rule 3: a rung may say "notify" or "add" instead of "move"."""
    rung = Rung(name="late", days=0, at_deadline=True, channels=(), action=action, to=to)
    ladder = TERMS.ladder.model_copy(update={"rungs": (*TERMS.ladder.rungs[:2], rung)})
    terms = TERMS.model_copy(update={"ladder": ladder})
    await office.change(Cycle, "hd-2026q4", terms=terms.model_dump(mode="json"))
    await office.task()
    await office.notice()
    assert sentence in await mail_of(office)


@pytest.mark.parametrize(("kind", "passes"), [(TaskKind.APPROVE_RESULTS, True), (TaskKind.CONFIRM_TARGETS, False)])
async def test_only_an_approval_can_pass_by_policy(office: Office, kind: TaskKind, passes: bool) -> None:
    """Rule 7: nothing is ever approved by silence unless the policy says so."""
    terms = TERMS.model_copy(update={"policy": Policy(approve_by_silence=True)})
    await office.change(Cycle, "hd-2026q4", terms=terms.model_dump(mode="json"))
    await office.task(kind=kind)
    await office.notice()
    assert ("将按公司制度视为同意" in await mail_of(office)) is passes


async def test_english_readers_get_english_words_and_names(office: Office) -> None:
    await office.change(Person, DIRECTOR, language=Language.ENGLISH)
    await office.task()
    await office.notice()
    text = await mail_of(office)
    assert "still waits for you to confirm the targets for Sales One" in text
    assert text.endswith("Huadong Technology · Quarterdeck\n")


async def add(office: Office, row: Any) -> None:
    async with office.sessions() as session:
        session.add(row)
        await session.commit()


async def test_a_task_sent_back_tells_who_did_it_and_why(office: Office) -> None:
    """Rule 14: send back with a comment."""
    await add(
        office,
        Decision(
            task_id="approval",
            command_id="c1",
            cycle_id="hd-2026q4",
            department_id="d1",
            choice=Choice.BACK_TO_SUBMISSION,
            by_id=SUPERIOR,
            comment="十月回款缺两笔",
            decided_at=NINE,
        ),
    )
    await office.task(kind=TaskKind.SUBMIT_DATA, cause_id="c1")
    await office.notice(occasion=Occasion.SENT_BACK)
    text = await mail_of(office)
    assert "李强已退回销售一部的2026年第四季度绩效结果" in text
    assert "说明：十月回款缺两笔" in text


async def test_a_reassigned_task_tells_who_did_it_and_why(office: Office) -> None:
    """Rule 11: HR can reassign any open task, with a reason."""
    await add(
        office,
        Command(
            id="c2",
            idempotency_key="c2",
            company_id="hd",
            by_id=HR,
            kind="reassign",
            workflow_id="w",
            words={"reason": "王芳出差"},
            state=CommandState.DONE,
            received_at=NINE,
        ),
    )
    await office.task(holder=SUPERIOR, first_holder_id=DIRECTOR, epoch=2)
    await office.notice(to=SUPERIOR, occasion=Occasion.TASK_REASSIGNED, facts={"command_id": "c2"})
    text = await mail_of(office, SUPERIOR)
    assert "赵敏已将销售一部“确认目标”改派给您" in text
    assert "说明：王芳出差" in text


async def test_a_message_about_no_task_leads_to_the_cycle(office: Office) -> None:
    await office.notice(task_id="", to=HR, occasion=Occasion.CYCLE_READY)
    text = await mail_of(office, HR)
    assert "https://perf.example.cn/cycles/hd-2026q4" in text


async def test_a_blocked_scoring_tells_how_much_is_missing(office: Office) -> None:
    """Rule 42: a missing one blocks, it is never zero."""
    await office.task(kind=TaskKind.FILL_SCORING_GAP)
    await office.notice(occasion=Occasion.SCORING_BLOCKED, facts={"missing": 4})
    assert "还缺 4 项" in await mail_of(office)
