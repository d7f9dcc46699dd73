"""Why a target was missed, as a page shows it: the gap's parts then and now, and what speaks for each cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlmodel.ext.asyncio.session import AsyncSession

from api.figure_scopes import Looked
from api.i18n import Tongue
from api.misses import Why, may_class, why
from api.pages.charts import Chart, Step, waterfall
from api.pages.forms import named_once
from api.pages.rendering import Shell
from api.words import Said
from models.columns import to_four_places
from models.evidence import Cause
from models.metrics import MetricUnit
from models.misses import Classed, Facts, classed
from rules.decomposition import Factor

HUNDRED = Decimal(100)


@dataclass(frozen=True)
class FactorRow:
    """What one factor gives to the gap; without values where it has none of its own."""

    factor: Factor
    amount: Decimal
    before: str = ""
    now: str = ""
    change: Decimal | None = None
    """Percent by which the factor itself changed."""
    address: str = ""
    """The records that it is counted from."""


@dataclass(frozen=True)
class MissPage:
    looked: Looked
    owner: str
    metric: str
    why: Why
    rows: tuple[FactorRow, ...]
    chart: Chart | None
    evidence: tuple[tuple[Cause, tuple[str, ...]], ...]
    history: tuple[Classed, ...]
    may_class: bool
    once: str
    problem: Said | None = None
    typed: tuple[str, str] = ("", "")
    """The cause and the reason of a form that was refused."""

    @property
    def current(self) -> Classed | None:
        return self.history[0] if self.history else None


def ratio(part: Decimal | int, whole: Decimal | int, times: Decimal | int = 1) -> Decimal | None:
    return to_four_places(Decimal(part) * times / whole) if whole else None


MEASURED: dict[Factor, tuple[Callable[[Facts], Decimal | None], MetricUnit]] = {
    Factor.VISITS: (lambda held: Decimal(held.visits), MetricUnit.COUNT),
    Factor.NEW_CONVERSION: (lambda held: ratio(held.new_deals, held.visits, 100), MetricUnit.PERCENT),
    Factor.NEW_DEAL_SIZE: (lambda held: ratio(held.new_amount, held.new_deals), MetricUnit.MONEY),
    Factor.CUSTOMER_BASE: (lambda held: Decimal(held.base), MetricUnit.COUNT),
    Factor.REPURCHASE: (lambda held: ratio(held.buyers, held.base, 100), MetricUnit.PERCENT),
    Factor.DEALS_A_CUSTOMER: (lambda held: ratio(held.repeat_deals, held.buyers), MetricUnit.COUNT),
    Factor.DEAL_SIZE: (lambda held: ratio(held.repeat_amount, held.repeat_deals), MetricUnit.MONEY),
}
"""How each factor itself is counted, and its unit."""


def _change(before: Decimal | None, now: Decimal | None) -> Decimal | None:
    return None if not before or now is None else (now - before) * HUNDRED / before


async def miss_page(database: AsyncSession, around: Shell, looked: Looked) -> MissPage:
    found, tongue = await why(database, looked), around.tongue
    metric = looked.metric
    rows = _rows(around, looked, found)
    return MissPage(
        looked=looked,
        owner=looked.name(tongue.language),
        metric=metric.name_en if metric.name_en and not tongue.is_chinese else metric.name,
        why=found,
        rows=rows,
        chart=_chart(around, found, rows, metric.unit),
        evidence=_evidence(around, found, rows) if found.is_missed else (),
        history=tuple(await classed(database, looked.cycle.id, looked.owner.id, metric.id)),
        may_class=found.is_missed and await may_class(database, around.viewer, looked) if around.viewer else False,
        once=named_once(),
    )


def _rows(around: Shell, looked: Looked, found: Why) -> tuple[FactorRow, ...]:
    if found.parts is None or found.compared is None:
        return ()
    rows = []
    for one in found.parts.contributions:
        if one.factor not in MEASURED:
            rows.append(FactorRow(one.factor, one.amount))
            continue
        measure, unit = MEASURED[one.factor]
        before, now = measure(found.compared.before), measure(found.compared.now)
        records = "visits" if one.factor is Factor.VISITS else "deals"
        rows.append(
            FactorRow(
                one.factor,
                one.amount,
                around.tongue.figure(before, unit),
                around.tongue.figure(now, unit),
                _change(before, now),
                f"{looked.address()}&records={records}#records",
            )
        )
    return tuple(rows)


def _chart(around: Shell, found: Why, rows: tuple[FactorRow, ...], unit: MetricUnit) -> Chart | None:
    if not rows or found.target is None or found.actual is None:
        return None
    tongue, level = around.tongue, found.target
    steps = [Step(tongue.gettext("Target"), Decimal(0), level, tongue.figure(level, unit))]
    for row in rows:
        if row.amount:
            steps.append(Step(around.term(row.factor), level, level + row.amount, tongue.figure(row.amount, unit)))
            level += row.amount
    steps.append(Step(tongue.gettext("Actual"), Decimal(0), found.actual, tongue.figure(found.actual, unit)))
    return waterfall(steps)


def _evidence(around: Shell, found: Why, rows: tuple[FactorRow, ...]) -> tuple[tuple[Cause, tuple[str, ...]], ...]:
    """Return what speaks for or against each cause, as figures; the choice is people's."""
    tongue = around.tongue
    inside = tuple(
        tongue.gettext("%(factor)s: %(change)s.", factor=around.term(row.factor), change=tongue.change(row.change))
        for row in rows
        if row.amount < 0 and row.change is not None and row.change < 0
    )
    return (
        (Cause.TARGET, tuple(_about_the_target(tongue, found))),
        (Cause.EXTERNAL, tuple(_about_the_market(tongue, found))),
        (Cause.EXECUTION, inside),
    )


def _about_the_target(tongue: Tongue, found: Why) -> Iterator[str]:
    asked = _change(found.parts.reference, found.target) if found.parts else None
    if asked is not None:
        change = tongue.change(asked)
        yield tongue.gettext("The target asks for %(change)s over the period compared.", change=change)
    if found.peers and found.peers.departments:
        missed, departments = found.peers.missed, found.peers.departments
        yield tongue.gettext("%(missed)s of %(all)s departments miss it so far.", missed=missed, all=departments)
        if 2 * missed > departments:
            yield tongue.gettext("That is more than half: the target itself should be looked at.")


def _about_the_market(tongue: Tongue, found: Why) -> Iterator[str]:
    if found.compared:
        market = _change(found.compared.company_before, found.compared.company_now)
        if market is not None:
            yield tongue.gettext("The whole company's sales: %(change)s.", change=tongue.change(market))
    own = _change(found.parts.reference, found.actual) if found.parts else None
    if own is not None:
        yield tongue.gettext("Here: %(change)s.", change=tongue.change(own))
    if found.peers and found.peers.target:
        reached = tongue.percent(found.peers.actual * HUNDRED / found.peers.target, 1)
        yield tongue.gettext("All departments together reach %(percent)s of their targets.", percent=reached)
