"""Metrics, scorecards, cap and bands: who changes them, what is refused and kept (Rules 21, 24, 39, 42, 44)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlmodel import col, select

from models.changes import Change
from models.metrics import Metric, MetricKind, Scorecard, ScorecardLine, ScoringScheme
from models.org import Person
from quarterdeck.demo.small import make_small_company
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served, sign_in
from tests.api.pages.place import Browser, Place

CARD = "small-card-sales"
EDITED = {
    "name": "销售额",
    "name_en": "Sales",
    "unit": "money",
    "kind": "level",
    "category": "sales",
    "aggregation": "sum",
    "level": "person",
    "better": "higher",
    "is_required": "yes",
}


async def changes(place: Place) -> list[Change]:
    async with place.sessions() as session:
        return list((await session.exec(select(Change))).all())


async def weights(place: Place, card: str = CARD) -> dict[str, Decimal]:
    """The weights by code."""
    async with place.sessions() as session:
        found = await session.exec(select(ScorecardLine).where(col(ScorecardLine.scorecard_id) == card))
        codes = {metric_id: code for code, metric_id in place.company.metric_ids.items()}
        return {codes[line.metric_id]: line.weight for line in found.all()}


async def weigh(browser: Browser, place: Place, do: str = "save", *, kept: str = "", **typed: str) -> int:
    """Send weights by code, as the page had 50, 25, 25 before."""
    await browser.open(f"/scorecards/{CARD}")
    ids = place.company.metric_ids
    was = {"sales": "50", "collection": "25", "satisfaction": "25"}
    fields = {f"weight:{ids[code]}": typed.get(code, was[code]) for code in was}
    fields |= {f"was:{ids[code]}": weight for code, weight in was.items()}
    return (await browser.send(f"/scorecards/{CARD}", **fields, do=do, kept=kept)).status_code


# --- rights -------------------------------------------------------------------------------------


@pytest.mark.parametrize("user_name", ["ceo", "auditor"])
async def test_the_boss_and_auditors_read_and_change_nothing(place: Place, user_name: str) -> None:
    """Rule 50."""
    browser = await place.signed_in(user_name)
    for address in ("/metrics", "/scorecards", f"/scorecards/{CARD}"):
        assert (await browser.open(address)).status_code == 200
        assert 'value="save"' not in browser.page
        assert 'href="/metrics/new"' not in browser.page
    for address in ("/metrics/new", "/metrics/small-sales", "/scorecards/new", "/scorecards/scheme"):
        assert (await browser.open(address)).status_code == 403, address
    await browser.open("/tasks")
    assert await weigh(browser, place, sales="40") == 403
    assert await changes(place) == []


async def test_nobody_else_reads_them(place: Place) -> None:
    browser = await place.director()
    for address in ("/metrics", "/scorecards", f"/scorecards/{CARD}"):
        assert (await browser.open(address)).status_code == 403
    assert 'href="/metrics"' not in browser.page


async def test_those_of_another_company_are_not_there(place: Place) -> None:
    await make_small_company(place.sessions, 1, 2, company_id="other", prefix="other-")
    browser = await place.signed_in("hr")
    for address in (
        "/metrics/other-sales",
        "/scorecards/other-card-sales",
        "/scorecards/new?copy=other-card-sales",
    ):
        assert (await browser.open(address)).status_code == 404, address


# --- metrics ------------------------------------------------------------------------------------


async def test_an_edit_of_a_metric_keeps_what_stood_there_before(place: Place) -> None:
    """Rules 21, 51."""
    browser = await place.signed_in("hr")
    await browser.open("/metrics/small-sales")
    await browser.send("/metrics/small-sales", **{**EDITED, "name": "签约额", "kind": "growth", "better": "lower"})
    async with place.sessions() as session:
        metric = await session.get_one(Metric, "small-sales")
    assert (metric.name, metric.kind, metric.higher_is_better) == ("签约额", MetricKind.GROWTH, False)
    (change,) = await changes(place)
    assert change.by_id == place.company.hr_id
    assert change.before == {"name": "销售额", "kind": "level", "higher_is_better": True}
    assert change.after == {"name": "签约额", "kind": "growth", "higher_is_better": False}
    assert "Better is: higher → lower" in browser.page


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({}, 409, "Nothing was changed"),
        ({"name": ""}, 422, "Please fill this in."),
        ({"unit": "percent"}, 409, "Please make a new metric instead"),
        ({"kind": "nonsense"}, 422, "not what is asked for here"),
    ],
)
async def test_what_a_metric_cannot_become_is_refused(
    place: Place, fields: dict[str, str], status: int, said: str
) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/metrics/small-sales")
    assert (await browser.send("/metrics/small-sales", **{**EDITED, **fields})).status_code == status
    assert said in browser.page
    assert await changes(place) == []


async def test_a_new_metric_has_a_code_of_its_own(place: Place) -> None:
    browser = await place.signed_in("hr", "zh")
    await browser.open("/metrics/new")
    for code, said in {"sales": "已有代码为“sales”的指标", "New Customers": "代码只能用小写字母"}.items():
        await browser.send("/metrics/new", **{**EDITED, "name": "大单数", "code": code})
        assert said in browser.page
        assert 'value="大单数"' in browser.page
    await browser.send("/metrics/new", **{**EDITED, "name": "大单数", "code": "large_orders", "unit": "count"})
    assert "大单数" in browser.page
    async with place.sessions() as session:
        assert (await session.get_one(Metric, "small-large_orders")).position > 1


# --- scorecards ---------------------------------------------------------------------------------


async def test_the_pages_say_that_changes_are_for_later_cycles(place: Place) -> None:
    browser = await place.signed_in("hr")
    for address in ("/metrics", "/scorecards", f"/scorecards/{CARD}"):
        await browser.open(address)
        assert "a launched cycle keeps its own" in browser.page
        assert "2055年第一季度" in browser.page


async def test_weights_of_exactly_100_are_saved_with_what_stood_there_before(place: Place) -> None:
    """Rule 42: weights add to 100 exactly; Rule 51."""
    browser = await place.signed_in("hr")
    assert (
        await weigh(browser, place, sales="33.3333", collection="33.3333%", satisfaction="３３．３３３４") == 200
    )
    exactly = {"sales": Decimal("33.3333"), "collection": Decimal("33.3333"), "satisfaction": Decimal("33.3334")}
    assert await weights(place) == exactly
    (change,) = await changes(place)
    assert change.before["weight:small-sales"] == "50"
    assert "50% → 33.3333%" in browser.page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"sales": "49.99"}, "The weights come to 99.99, 0.01 short of 100"),
        ({"sales": "60"}, "The weights come to 110, 10 over 100"),
        ({"sales": "half"}, "Some weights are no numbers"),
        ({"sales": "-50"}, "Some weights are no numbers"),
        ({"sales": "33.33333"}, "Some weights are no numbers"),
        ({"sales": "Infinity"}, "Some weights are no numbers"),
        ({"sales": "", "collection": "", "satisfaction": ""}, "at least one weight"),
    ],
)
async def test_other_weights_are_refused_and_stay_as_they_were_typed(
    place: Place, typed: dict[str, str], said: str
) -> None:
    browser = await place.signed_in("hr")
    assert await weigh(browser, place, **typed) == 422
    assert said in browser.page
    assert f'value="{typed["sales"]}"' in browser.page
    assert (await weights(place))["sales"] == 50
    assert await changes(place) == []


async def test_a_metric_without_a_weight_is_left_out(place: Place) -> None:
    browser = await place.signed_in("hr")
    await weigh(browser, place, sales="60", collection="40", satisfaction="")
    assert await weights(place) == {"sales": 60, "collection": 40}


async def test_the_rest_is_rescaled_in_its_ratio_to_exactly_100(place: Place) -> None:
    """Rule 24: what was changed by hand stays; largest remainder."""
    browser = await place.signed_in("hr")
    assert await weigh(browser, place, "rescale", sales="33.33") == 200
    assert 'value="33.34"' in browser.page
    assert browser.page.count('value="33.33"') >= 2
    assert "makes 100" in browser.page
    assert "Nothing is saved yet" in browser.page
    assert (await weights(place))["sales"] == 50
    assert await weigh(browser, place, "rescale", kept="small-sales", collection="30") == 200
    assert 'value="20"' in browser.page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"sales": "120"}, "leave nothing for the rest"),
        ({"sales": "1", "collection": "2", "satisfaction": "3"}, "you changed them all"),
    ],
)
async def test_where_nothing_can_be_rescaled_it_says_why(place: Place, typed: dict[str, str], said: str) -> None:
    browser = await place.signed_in("hr")
    assert await weigh(browser, place, "rescale", **typed) == 422
    assert said in browser.page


async def test_a_grade_gets_a_scorecard_of_its_own_once(place: Place) -> None:
    """Rule 39: weights differ by grade."""
    browser = await place.signed_in("hr")
    await browser.open(f"/scorecards/new?copy={CARD}&post=销售代表")
    assert 'value="50"' in browser.page
    ids = place.company.metric_ids
    given = {
        "post": "销售代表",
        "grade": "P7",
        f"weight:{ids['sales']}": "70",
        f"weight:{ids['collection']}": "30",
    }
    assert (await browser.send("/scorecards/new", **given, do="save")).status_code == 200
    async with place.sessions() as session:
        (card,) = (await session.exec(select(Scorecard).where(col(Scorecard.grade) == "P7"))).all()
    assert await weights(place, card.id) == {"sales": 70, "collection": 30}
    assert (await browser.send("/scorecards/new", **given, do="save")).status_code == 409
    assert "There is a scorecard for 销售代表 P7 already" in browser.page
    assert (await browser.send("/scorecards/new", **{**given, "post": ""}, do="save")).status_code == 422


async def test_posts_without_a_scorecard_are_named(place: Place) -> None:
    await place.change(Person, place.company.departments[0].people_ids[1], post="渠道经理", grade="M9")
    browser = await place.signed_in("hr", "zh")
    await browser.open("/scorecards")
    assert "渠道经理 M9 · 1 人" in browser.page


# --- cap and bands ------------------------------------------------------------------------------


async def test_cap_and_bands_are_kept_for_the_next_launch(place: Place) -> None:
    """Rules 42, 44."""
    browser = await place.signed_in("hr")
    await browser.open("/scorecards/scheme")
    bands = {"band:0": "卓越", "from:0": "105.5", "band:1": "达标", "from:1": "0"}
    await browser.send("/scorecards/scheme", score_cap="120", **bands)
    async with place.sessions() as session:
        scheme = await session.get_one(ScoringScheme, place.company.company_id)
    assert scheme.score_cap == 120
    assert scheme.bands == [{"name": "卓越", "from_points": "105.5"}, {"name": "达标", "from_points": "0"}]
    assert "Cap: 150% → 120%" in browser.page
    assert "from 105.5 points" in browser.page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"score_cap": "99"}, "between 100 and 1,000"),
        ({"score_cap": "viel"}, "is no number"),
        ({"from:1": "120"}, "in order"),
        ({"band:1": "优秀"}, "the same name"),
        ({"from:3": "10"}, "set its points to 0"),
        ({"band:0": ""}, "no name"),
    ],
)
async def test_a_cap_and_bands_that_cannot_be_are_refused(place: Place, fields: dict[str, str], said: str) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/scorecards/scheme")
    names = ("优秀", "良好", "合格", "待改进")
    given = {f"band:{n}": name for n, name in enumerate(names)}
    given |= {f"from:{n}": points for n, points in enumerate(("110", "95", "80", "0"))}
    assert (await browser.send("/scorecards/scheme", **{"score_cap": "150", **given, **fields})).status_code == 422
    assert said in browser.page
    assert await changes(place) == []


# --- in a browser -------------------------------------------------------------------------------


@NEEDS_CHROMIUM
@pytest.mark.parametrize(
    ("language", "short", "exactly", "rescale", "save"),
    [
        ("zh-CN", "90.1 还差 9.9", "100 正好", "其余按比例凑足 100", "保存"),
        ("en", "90.1 short of 100 by 9.9", "100 makes 100", "Rescale the rest to 100", "Save"),
    ],
)
async def test_the_sum_follows_as_one_types_and_the_rest_is_rescaled(
    place: Place, language: str, short: str, exactly: str, rescale: str, save: str
) -> None:
    """Rules 24, 42."""
    sales = f"[name='weight:{place.company.metric_ids['sales']}']"
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page()
        await sign_in(page, address, "hr", language)
        await page.goto(f"{address}/scorecards/{CARD}")
        assert await page.inner_text("output") == exactly
        await page.fill(sales, "40.1")
        assert await page.inner_text("output") == short
        await page.fill(sales, "x")
        assert "sum-off" in (await page.get_attribute("output", "class") or "")
        await page.fill(sales, "40.1")
        await page.get_by_role("button", name=rescale).click()
        await page.wait_for_selector(".alert-info")
        assert await page.inner_text("output") == exactly
        assert await page.input_value(sales) == "40.1"
        await page.get_by_role("button", name=save, exact=True).click()
        await page.wait_for_selector(".told")
    assert await weights(place) == {
        "sales": Decimal("40.1"),
        "collection": Decimal("29.95"),
        "satisfaction": Decimal("29.95"),
    }


@NEEDS_CHROMIUM
@pytest.mark.parametrize(
    ("language", "transfer", "record"), [("zh-CN", "调动", "登记调动"), ("en", "Transfer", "Record the transfer")]
)
async def test_hr_walks_down_the_tree_and_transfers_somebody(
    place: Place, language: str, transfer: str, record: str
) -> None:
    """Rule 12, by names that are offered while one types."""
    first, second, _ = place.company.departments
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page()
        await sign_in(page, address, "hr", language)
        await page.goto(f"{address}/people")
        for name in ("大区1", "销售1部", "销售1部1组"):
            await page.locator(".tree a", has_text=name).first.click()
            await page.wait_for_selector(f".tree a[aria-current]:has-text('{name}')")
        await page.locator(".people tbody th a").nth(1).click()
        await page.get_by_role("link", name=transfer, exact=True).click()
        await page.fill("#to_unit", "2部2")
        await page.wait_for_selector("#to_unit-offered option", state="attached")
        offered = await page.get_attribute("#to_unit-offered option", "value")
        assert offered == "大区1 / 销售2部 / 销售2部2组"
        await page.fill("#to_unit", offered)
        await page.get_by_role("button", name=record).click()
        await page.wait_for_url(lambda url: not url.endswith("/transfer"))
    (wish,) = place.commands.wishes
    assert wish.words["kind"] == "transfer"
    assert wish.words["person_id"] in first.people_ids
    assert wish.words["to_unit_id"] == second.team_ids[1]
