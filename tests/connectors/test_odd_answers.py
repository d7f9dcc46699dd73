"""No value makes another question of ours, and no answer whatever brings a connector down."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.dingtalk_api import DingTalkApi
from connectors.dingtalk_checkins import Days, checkins
from connectors.dingtalk_forms import Fields, Form, fields_of, some_of
from connectors.dingtalk_people import read_people
from connectors.guard import Guard
from connectors.soql import question
from connectors.source import Reading, SourceTrouble
from connectors.values import storable
from connectors.web import Answer, Web
from tests.standins.salesforce_api import CONDITION, SELECT, VALUE

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = datetime(2026, 1, 5).date()
FORM = Form(code="PROC-1")
FIELDS = Fields({"Money": "Money", "Won": "Date"}, {"Money": "Money", "Won": "Won"})
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def fitting(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Give objects with these fields, each as documented or as anything else; or lacking."""
    return st.fixed_dictionaries({}, optional={name: value | anything for name, value in fields.items()})


records = fitting(
    instanceId=st.text(),
    data=fitting(Money=st.text(), Won=st.just("1767542400000")) | st.just("[[[") | st.just('{"Money": "1"}'),
    permission=fitting(ownerUserIds=st.lists(st.text())),
)
forms = fitting(values=st.lists(records), hasMore=st.booleans(), nextToken=st.text(), totalCount=st.integers())
check_ins = fitting(
    page_list=st.lists(fitting(userid=st.text(), checkin_time=st.integers())), next_cursor=st.integers()
)
people = fitting(
    list=st.lists(fitting(userid=st.text(), dept_id_list=st.lists(st.integers()))),
    has_more=st.just(False),
    next_cursor=st.integers(),
)
departments = st.lists(fitting(dept_id=st.integers(min_value=2), name=st.text()), max_size=2)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_a_wanted_value_is_only_ever_a_value(texts: list[str]) -> None:
    reading = Reading("Opportunity", ("Id",), "Id", where={"Name": tuple(texts)})
    found = SELECT.fullmatch(question(reading, {"Id": "id", "Name": "string"}, ZONE).replace("\n", " "))
    assert found
    condition = CONDITION.fullmatch(found[3])
    assert condition
    escapes = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
    read = []
    for value in VALUE.finditer(condition[5]):
        characters = iter(value[1])
        read.append(
            "".join(escapes.get(following := next(characters), following) if c == "\\" else c for c in characters)
        )
    assert read == texts


class Answering(Web):
    """Answers everything with the same."""

    def __init__(self, told: Any) -> None:
        super().__init__(Guard())
        self.content = told if isinstance(told, bytes) else json.dumps(told).encode()

    async def ask(self, method: str, url: str, headers: Any = None, content: Any = None) -> Answer:
        if "gettoken" in url:
            return Answer(200, {}, b'{"errcode": 0, "access_token": "t", "expires_in": 7200}')
        if "accessToken" in url:
            return Answer(200, {}, b'{"accessToken": "t", "expireIn": 7200}')
        return Answer(200, {}, self.content)


def api(told: Any) -> DingTalkApi:
    made = DingTalkApi({"app_key": "k", "app_secret": "s"}, Answering(told))
    made.pause = 0
    return made


async def told_or_troubled(asked: Any) -> Any:
    try:
        return await asked
    except SourceTrouble:
        return None


@given(anything | st.binary() | fitting(result=forms | anything))
def test_no_answer_about_a_form_brings_it_down(told: Any) -> None:
    reading = Reading("opportunities", ("Money",), "instanceId")
    some = asyncio.run(told_or_troubled(some_of(api(told), FORM, "", FIELDS, reading, "", ZONE)))
    for record in some.records if some else ():
        assert all(text == storable(text) for text in (record.key, *record.owners, *record.cells.values()))
    asyncio.run(told_or_troubled(fields_of(api(told), FORM)))


@given(st.fixed_dictionaries({"errcode": st.just(0), "result": check_ins | anything}))
def test_no_answer_about_check_ins_brings_it_down(told: Any) -> None:
    async def all_of_them() -> None:
        async for _ in checkins(api(told), ["u1"], Days(TODAY, TODAY), None, ZONE):
            pass

    asyncio.run(told_or_troubled(all_of_them()))


@given(st.fixed_dictionaries({"errcode": st.just(0), "result": people | departments | anything}))
def test_no_answer_about_people_brings_it_down(told: Any) -> None:
    asyncio.run(told_or_troubled(read_people(api(told), 1, ZONE)))


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"result": ' * 100_000, b"1" * 5_000])
async def test_answers_nested_without_end_are_no_answers(content: bytes) -> None:
    with pytest.raises(SourceTrouble):
        await some_of(api(content), FORM, "", FIELDS, Reading("o", (), "instanceId"), "", ZONE)


@given(st.text(alphabet=st.characters()))
def test_what_is_kept_can_be_kept_by_every_database(text: str) -> None:
    kept = storable(text)
    assert "\0" not in kept
    assert kept.encode().decode() == kept
