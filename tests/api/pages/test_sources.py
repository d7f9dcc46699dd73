"""Sources of figures: connected, mapped, fetched and looked at by HR; no secret on any page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from api.commands import CommandKind
from api.maps import MAPS
from models.changes import Change, Subject
from models.errors import Refusal
from models.field_maps import RecordMap
from models.sealing import SourceSecrets
from models.sources import Fetch, FetchMode, FetchState, RecordKind, RowFault, Source, SourceKind
from quarterdeck.demo.small import make_small_company
from rules.ready_maps import READY_MAPS
from tests.api.pages.place import Place

SECRET = "correct horse battery"
DATABASE = {
    "name": "ERP",
    "every_minutes": "60",
    "stale_after_hours": "24",
    "dialect": "postgresql",
    "host": "erp.example.com",
    "port": "5432",
    "database": "erp",
    "user": "reader",
    "password": SECRET,
    "db_schema": "sales",
    "tls": "verify",
    "text_dates": "yyyy-mm-dd",
    "time_zone": "Asia/Shanghai",
}
DEALS = {
    "object": "v_orders",
    "key": "order_no",
    "date_column": "signed_on",
    "changed_column": "changed_at",
    "seller_by": "staff_no",
    "where": "kind = A\nkind = B",
    "seller:column": "seller_no",
    "won_on:column": "signed_on",
    "won_on:dates": "dmy",
    "amount:column": "amount",
    "amount:scale": "4",
    "amount:decimal_mark": ".",
    "currency:constant": "CNY",
    "state:column": "stage",
    "state:values": "Closed Won = won\n已丢单 = lost",
    "do": "save",
}


async def connected(place: Place, **columns: Any) -> Source:
    source = Source(
        id="erp",
        company_id=place.company.company_id,
        kind=SourceKind.DATABASE,
        name="ERP",
        settings={name: DATABASE[name] for name in ("dialect", "host", "port", "database", "user", "tls")},
        secrets=SourceSecrets(place.settings).sealed({"password": SECRET}),
        created_at=datetime.now(UTC),
        **columns,
    )
    await place.add(source)
    return source


async def source_of(place: Place) -> Source:
    async with place.sessions() as session:
        return (await session.exec(select(Source))).one()


async def changes(place: Place) -> list[Change]:
    async with place.sessions() as session:
        found = await session.exec(select(Change).where(Change.subject == Subject.SOURCE).order_by(col(Change.at)))
        return list(found.all())


async def fetched(place: Place, **columns: Any) -> Fetch:
    fetch = Fetch(
        **{
            "id": "f1",
            "company_id": place.company.company_id,
            "source_id": "erp",
            "mode": FetchMode.DRY_RUN,
            "state": FetchState.DONE,
            "started_at": datetime.now(UTC) - timedelta(minutes=5),
            **columns,
        }
    )
    await place.add(fetch)
    return fetch


# --- connecting ---------------------------------------------------------------------------------


async def test_without_sources_the_page_says_what_to_do(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/sources")
    assert "No source is connected yet" in browser.page
    assert "/sources/new" in browser.page
    await browser.open("/sources/new")
    for kind in SourceKind:
        assert f"/sources/new?kind={kind}" in browser.page


async def test_a_source_is_connected_on_record_its_secret_sealed_and_its_schedule_told(place: Place) -> None:
    """Rules 29 and 51."""
    browser = await place.signed_in("hr")
    await browser.open("/sources/new?kind=database")
    answer = await browser.send("/sources/new?kind=database", **DATABASE)
    assert answer.status_code == 200
    assert "Saved." in browser.page
    source = await source_of(place)
    assert (source.name, source.every_minutes, source.stale_after_hours) == ("ERP", 60, 24)
    assert source.settings["host"] == "erp.example.com"
    assert SECRET not in source.secrets
    assert SourceSecrets(place.settings).opened(source.secrets) == {"password": SECRET}
    (wish,) = place.commands.wishes
    assert (wish.kind, wish.workflow_id) == (
        CommandKind.SOURCE,
        f"fetch-schedule/{source.company_id}/{source.id}",
    )
    (change,) = await changes(place)
    assert change.after["database.password"] == "hidden-anew"
    assert "Password: hidden, entered anew" in browser.page


@pytest.mark.parametrize("kind", SourceKind)
async def test_each_kind_has_its_form_with_its_settings(place: Place, kind: SourceKind) -> None:
    browser = await place.signed_in("hr")
    await browser.open(f"/sources/new?kind={kind}")
    words = {"salesforce": "My Domain", "dingtalk": "AppKey", "database": "Schema", "files": "Folder"}
    assert words[kind] in browser.page
    if kind is SourceKind.SALESFORCE:
        assert 'data-only-if="sign_in" data-values="jwt"' in browser.page


async def test_a_form_that_is_refused_keeps_what_was_typed_but_no_secret(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/sources/new?kind=database")
    typed = {**DATABASE, "port": "70000", "time_zone": "Mars/Base", "stale_after_hours": "x", "name": ""}
    answer = await browser.send("/sources/new?kind=database", **typed)
    assert answer.status_code == 422
    for said in (
        "too small or too large",
        "time zone like Asia/Shanghai",
        "Please fill this in",
        'value="erp.example.com"',
        'value="70000"',
        "Please enter this again: it is never shown.",
    ):
        assert said in browser.page, said
    assert SECRET not in browser.page
    async with place.sessions() as session:
        assert (await session.exec(select(Source))).first() is None


async def test_two_sources_do_not_have_one_name(place: Place) -> None:
    await connected(place)
    browser = await place.signed_in("hr")
    await browser.open("/sources/new?kind=database")
    await browser.send("/sources/new?kind=database", **{**DATABASE, "name": "erp"})
    assert "Another source has this name" in browser.page


async def test_a_secret_left_empty_stays_and_one_entered_anew_counts(place: Place) -> None:
    await connected(place)
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp/edit")
    assert "Leave empty to keep" in browser.page
    await browser.send("/sources/erp/edit", **{**DATABASE, "password": "", "user": "reader2"})
    assert "Saved." in browser.page
    assert SourceSecrets(place.settings).opened((await source_of(place)).secrets) == {"password": SECRET}
    assert "User: reader → reader2" in browser.page
    await browser.send("/sources/erp/edit", **{**DATABASE, "password": "another", "user": "reader2"})
    assert SourceSecrets(place.settings).opened((await source_of(place)).secrets) == {"password": "another"}
    assert "Password: hidden → hidden, entered anew" in browser.page


async def test_a_secret_is_not_sent_to_another_address_unless_it_is_entered_again(place: Place) -> None:
    await connected(place)
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp/edit")
    elsewhere = {**DATABASE, "host": "elsewhere.example.com", "password": ""}
    answer = await browser.send("/sources/erp/edit", **elsewhere)
    assert answer.status_code == 422
    assert "The address was changed: please enter this again" in browser.page
    assert (await source_of(place)).settings["host"] == "erp.example.com"
    await browser.send("/sources/erp/edit", **{**elsewhere, "password": SECRET})
    assert (await source_of(place)).settings["host"] == "elsewhere.example.com"


async def test_a_source_is_switched_off_and_its_schedule_is_told(place: Place) -> None:
    await connected(place, every_minutes=60)
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp")
    await browser.send("/sources/erp/switch", to="off")
    assert not (await source_of(place)).is_on
    assert "Switched on: yes → no" in browser.page
    assert place.commands.wishes[-1].workflow_id.startswith("fetch-schedule/")
    answer = await browser.send("/sources/erp/switch", to="off")
    assert answer.status_code == 409


# --- maps ---------------------------------------------------------------------------------------


async def test_a_map_is_typed_shown_again_and_on_record(place: Place) -> None:
    await connected(place, cursors={"deal": "2027-01-01"})
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp/maps/deal")
    await browser.send("/sources/erp/maps/deal", **DEALS)
    assert "Saved." in browser.page
    source = await source_of(place)
    (made,) = source.maps
    assert made["fields"]["amount"]["scale"] == 4
    assert made["fields"]["state"]["values"] == {"Closed Won": "won", "已丢单": "lost"}
    assert made["where"] == {"kind": ["A", "B"]}
    assert source.cursors == {}, "another map reads from the beginning"
    assert "Deals · v_orders · Amount: – → amount ×10^4" in browser.page
    await browser.open("/sources/erp/maps/deal")
    assert "Closed Won = won\n已丢单 = lost</textarea>" in browser.page
    await browser.send("/sources/erp/maps/deal", do="remove")
    assert (await source_of(place)).maps == []


@pytest.mark.parametrize(
    ("kind", "column"), [(SourceKind.SALESFORCE, "Owner.Email"), (SourceKind.DINGTALK, "owner.job_number")]
)
async def test_a_known_system_has_a_map_to_begin_with_and_nothing_of_it_counts_before_it_is_saved(
    place: Place, kind: SourceKind, column: str
) -> None:
    now = datetime.now(UTC)
    await place.add(Source(id="crm", company_id=place.company.company_id, kind=kind, name="CRM", created_at=now))
    browser = await place.signed_in("hr")
    await browser.open("/sources/crm/maps/deal")
    assert "Nothing is saved yet" in browser.page
    assert f'value="{column}"' in browser.page
    await browser.open("/sources/crm/maps")
    assert "Nothing is saved yet" in browser.page
    assert (await source_of(place)).maps == []
    ready = MAPS.dump_json(list(READY_MAPS[kind]), exclude_defaults=True).decode()
    await browser.send("/sources/crm/maps", maps=ready)
    assert [RecordMap.model_validate(one) for one in (await source_of(place)).maps] == list(READY_MAPS[kind])
    await browser.open("/sources/crm/maps/deal")
    assert "Nothing is saved yet" not in browser.page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"object": ""}, "which object, table or file is read"),
        ({"key": ""}, "which column tells rows apart"),
        ({"amount:column": "", "amount:constant": ""}, "This is needed: please say which column it is"),
        ({"state:values": "Closed Won"}, "as “theirs = ours”: Closed Won"),
        ({"state:values": "Closed Won = victory"}, "“victory” is nothing we know. Please write one of: won, lost"),
        ({"product:listed_in": "products", "product:column": "p"}, "both the object that lists the names"),
        ({"where": "kind"}, "as “theirs = ours”: kind"),
    ],
)
async def test_a_map_that_makes_no_sense_is_refused_beside_its_field(
    place: Place, typed: dict[str, str], said: str
) -> None:
    await connected(place)
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp/maps/deal")
    answer = await browser.send("/sources/erp/maps/deal", **{**DEALS, **typed})
    assert answer.status_code == 422
    assert said in browser.page
    assert 'value="seller_no"' in browser.page
    assert (await source_of(place)).maps == []


async def test_experts_write_maps_as_json(place: Place) -> None:
    await connected(place)
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp/maps")
    fields = {"day": {"column": "d"}, "currency": {"column": "c"}, "rate": {"column": "r"}}
    rates = {"kind": "rate", "object": "rates", "key": "id", "fields": fields}
    await browser.send("/sources/erp/maps", maps=json.dumps([rates]))
    assert [one["kind"] for one in (await source_of(place)).maps] == [RecordKind.RATE]
    await browser.open("/sources/erp/maps")
    assert "&#34;rates&#34;" in browser.page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{]", "This is no JSON: line 1, column 3"),
        ('[{"kind": "deal"}]', "[1].object is missing"),
        ('[{"kind": "love", "object": "x", "key": "y", "fields": {}}]', "[1].kind: this value is not of the kind"),
        ('[{"kind": "rate", "object": "x", "key": "y", "fields": {}, "z": 1}]', "[1].z is not known"),
        ('[{"kind": "rate", "object": "x", "key": "y", "fields": {}}]', "rate.day is needed"),
        ("{}", "not of the kind that is expected"),
        ("[" * 30_000, "This is no JSON"),
    ],
)
async def test_json_that_is_no_map_is_refused_with_its_place_and_stays(place: Place, text: str, said: str) -> None:
    await connected(place)
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp/maps")
    answer = await browser.send("/sources/erp/maps", maps=text)
    assert answer.status_code == 422
    assert said in browser.page
    assert (await source_of(place)).maps == []


# --- fetching -----------------------------------------------------------------------------------

RATES = {
    "kind": "rate",
    "object": "rates",
    "key": "id",
    "fields": {"day": {"column": "d"}, "currency": {"column": "c"}, "rate": {"column": "r"}},
}


@pytest.mark.parametrize("mode", FetchMode)
async def test_a_fetch_is_asked_for_and_its_page_follows_it(place: Place, mode: FetchMode) -> None:
    await connected(place, maps=[RATES])
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp")
    await browser.send("/sources/erp/fetch", do=mode.value, from_on="2027-01-01", until_on="2027-03-31")
    async with place.sessions() as session:
        (fetch,) = (await session.exec(select(Fetch))).all()
    assert (fetch.mode, fetch.asked_by) == (mode, place.company.hr_id)
    assert fetch.until_on == (None if mode is FetchMode.TEST else date(2027, 3, 31))
    assert 'hx-trigger="every 2s"' in browser.page
    part = await browser.http.get(f"/sources/erp/fetches/{fetch.id}", headers={"hx-target": "fetch"})
    assert "<html" not in part.text
    await place.change(Fetch, fetch.id, state=FetchState.DONE, ended_at=datetime.now(UTC))
    await browser.open(f"/sources/erp/fetches/{fetch.id}")
    assert "hx-trigger" not in browser.page.split("<main")[1]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"do": "dry-run", "from_on": "2027-03-01", "until_on": "2027-02-01"}, "ends before it begins"),
        ({"do": "dry-run", "from_on": "soon"}, "day"),
        ({"do": "steal"}, "choose what is to be done"),
    ],
)
async def test_a_fetch_that_makes_no_sense_is_refused_on_the_page(
    place: Place, typed: dict[str, str], said: str
) -> None:
    await connected(place, maps=[RATES])
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp")
    answer = await browser.send("/sources/erp/fetch", **typed)
    assert answer.status_code == 422
    assert said in browser.page.split('role="alert"')[1][:300]


async def test_what_cannot_be_fetched_now_is_said_on_the_page(place: Place) -> None:
    await connected(place)
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp")
    await browser.send("/sources/erp/fetch", do="take-over")
    assert "Please fill in its map first" in browser.page
    place.commands.refusal = Refusal("fetch-running", source_id="erp")
    answer = await browser.send("/sources/erp/fetch", do="test")
    assert answer.status_code == 409
    assert "being fetched at this moment" in browser.page


OUTCOME = {
    "deal": {
        "new": 12,
        "changed": 3,
        "gone": 1,
        "unchanged": 1200,
        "faulty": 2,
        "sums": {"2027-01": "1234567.89", "2027-02": "100.11"},
    }
}


async def test_a_result_says_counts_sums_and_every_fault_with_what_to_do(place: Place) -> None:
    await connected(place)
    await fetched(place, outcome=OUTCOME)
    await place.add(
        RowFault(
            fetch_id="f1",
            position=1,
            kind=RecordKind.DEAL,
            place="orders.csv:17",
            column_name="seller",
            value="张叁",
            code="seller-unknown",
            suggestion="张三",
        )
    )
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp/fetches/f1")
    for said in ("1,200", "1,234,567.89", "1,234,668", "orders.csv:17", "张叁", "张三", "enter the person first"):
        assert said in browser.page, said
    assert "Take over what the dry run showed" in browser.page


async def test_faults_are_paged_and_downloaded_whole(place: Place) -> None:
    await connected(place)
    await fetched(place)
    fault = RowFault(fetch_id="f1", position=0, kind=RecordKind.DEAL, value="=1+1", code="not-a-number")
    await place.add(
        *(RowFault(**{**fault.model_dump(), "position": n, "place": f"row {n}"}) for n in range(1, 121))
    )
    browser = await place.signed_in("auditor")
    await browser.open("/sources/erp/fetches/f1")
    assert "Page 1 of 3" in browser.page
    assert "row 51<" not in browser.page
    await browser.open("/sources/erp/fetches/f1?page=3")
    assert "row 101<" in browser.page
    file = (await browser.open("/sources/erp/fetches/f1/faults.csv")).content.decode("utf-8-sig")
    assert len(file.splitlines()) == 121
    assert ",'=1+1," in file, "no spreadsheet takes it for a formula"
    excel = await browser.http.get("/sources/erp/fetches/f1/faults.xlsx")
    assert excel.content.startswith(b"PK")


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (
            {"code": "source-unreachable", "place": "erp:5432"},
            "erp:5432 does not answer. The last good",
        ),
        ({"code": "source-host-forbidden", "host": "10.0.0.1", "why": "private-address"}, "a private address"),
        (
            {"code": "source-shape-changed", "object": "v_orders", "missing": ["amount"]},
            "what the map names: amount",
        ),
        ({"code": "source-shape-changed", "missing": {"v_orders": ["amount"]}}, "v_orders.amount"),
        ({"code": "source-settings-wrong", "names": ["user"]}, "are wrong: User"),
        ({"code": "source-not-let-in", "said": "role unknown"}, "It said: role unknown"),
        ({"code": "fetch-lost"}, "nothing was taken over"),
        ({"code": "source-of-something-new"}, "cannot be done now"),
    ],
)
async def test_troubles_are_told_in_plain_words(place: Place, trouble: dict[str, Any], said: str) -> None:
    await connected(place)
    await fetched(place, mode=FetchMode.TAKE_OVER, state=FetchState.FAILED, trouble=trouble)
    browser = await place.signed_in("hr")
    for address in ("/sources", "/sources/erp", "/sources/erp/fetches/f1"):
        await browser.open(address)
        assert said in browser.page, address


async def test_old_figures_are_said_to_be_old(place: Place) -> None:
    await connected(place, fetched_at=datetime.now(UTC) - timedelta(days=5))
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp")
    assert "The figures are of 5 days ago" in browser.page


async def test_earlier_fetches_are_found_page_by_page(place: Place) -> None:
    await connected(place)
    for number in range(25):
        begun = datetime.now(UTC) - timedelta(hours=number)
        await fetched(place, id=f"f{number}", started_at=begun, outcome=OUTCOME)
    browser = await place.signed_in("hr")
    await browser.open("/sources/erp")
    assert browser.page.count("/sources/erp/fetches/f") == 20
    await browser.open(
        browser.page.split('href="/sources/erp?cursor=')[1].split('"')[0].join(["/sources/erp?cursor=", ""])
    )
    assert browser.page.count("/sources/erp/fetches/f") == 5


# --- who may, and what nobody sees --------------------------------------------------------------


async def test_an_auditor_reads_sources_and_changes_nothing(place: Place) -> None:
    """Rule 50."""
    await connected(place, maps=[RATES])
    await fetched(place)
    browser = await place.signed_in("auditor")
    for address in ("/sources", "/sources/erp", "/sources/erp/fetches/f1"):
        assert (await browser.open(address)).status_code == 200
        assert "<form" not in browser.page.split("<main")[1]
    assert (await browser.open("/sources/erp/edit")).status_code == 403
    assert (await browser.send("/sources/erp/fetch", do="take-over")).status_code == 403


async def test_another_company_has_no_such_source(place: Place) -> None:
    source = await connected(place)
    await make_small_company(place.sessions, 1, 2, company_id="elsewhere", prefix="y-")
    await place.add(Source(**{**source.model_dump(), "id": "other", "company_id": "elsewhere"}))
    browser = await place.signed_in("hr")
    assert (await browser.open("/sources/other")).status_code == 404
    assert (await browser.open("/sources/erp/fetches/none")).status_code == 404


async def test_no_page_and_no_record_shows_a_secret(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/sources/new?kind=database")
    await browser.send("/sources/new?kind=database", **DATABASE)
    source = await source_of(place)
    here = f"/sources/{source.id}"
    for address in ("/sources", here, f"{here}/edit", f"{here}/maps", f"{here}/maps/deal"):
        await browser.open(address)
        assert SECRET not in browser.page, address
        assert source.secrets not in browser.page, address
    (change,) = await changes(place)
    assert SECRET not in json.dumps([change.before, change.after])
    assert all(SECRET not in repr(replace(wish, rows=(), alongside=None)) for wish in place.commands.wishes)
