"""From targets and actuals to a result: attainment, weights, caps, bands (Rules 40, 41, 42, 44).

One policy of rounding, always half up, each figure once, and what is shown is what is compared:

    attainment   percent, 4 decimals      actual ÷ target × 100
    points       4 decimals               weight × counted attainment ÷ weights that apply
    total        2 decimals               sum of the points; 109.995 is 110.00, 109.994 is 109.99

`activities/scoring.py` does the same in SQL for a whole company; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from itertools import pairwise

from models.errors import Refusal
from models.figures import LARGEST_FIGURE
from models.terms import Policy
from rules.allocation import share_out

HUNDRED = Decimal(100)
MOST_ATTAINMENT = Decimal(10**9)
"""What a column can hold; nobody attains it but by a target of next to nothing."""
DEFAULT_CAP = Decimal(150)
WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
"""Holds every product here to its last digit, so that only `rounded` rounds."""


def rounded(value: Decimal, places: int) -> Decimal:
    """Round half up, away from zero."""
    return value.quantize(Decimal(1).scaleb(-places), context=WIDE)


def attainment(target: Decimal, actual: Decimal, higher_is_better: bool = True) -> Decimal:
    """Return the percentage of a target that was attained, never below 0 and never capped.

    Where lower is better (complaints, days of delay) each percent over the target costs one:
    200 − actual ÷ target × 100, so half the target is 150 and twice the target is 0.

    Raises:
        Refusal: `target-not-positive`, as nothing can be measured by a target of zero: one that
            does not concern a person is marked as not applying; `figure-too-large`.
    """
    if target <= 0:
        raise Refusal("target-not-positive")
    if max(target, abs(actual)) > LARGEST_FIGURE:
        raise Refusal("figure-too-large")
    with localcontext(WIDE):
        reached = actual if higher_is_better else 2 * target - actual
        return min(rounded(max(reached, Decimal(0)) * HUNDRED / target, 4), MOST_ATTAINMENT)


def mean(values: Sequence[Decimal]) -> Decimal:
    """Return the mean of a period's months, to four decimals."""
    with localcontext(WIDE):
        return rounded(sum(values, Decimal(0)) / len(values), 4)


@dataclass(frozen=True)
class Component:
    """One weighted part of a result: a metric's attainment, or a dimension's points.

    `value` is None where it is missing. `applies` is false where it does not concern the person.
    """

    name: str
    weight: Decimal
    value: Decimal | None
    applies: bool = True


@dataclass(frozen=True)
class Share:
    """What a component gives to a result, and how."""

    name: str
    weight: Decimal
    effective_weight: Decimal
    """Rescaled over what applies, for showing; points are made from the weights themselves."""
    counted: Decimal
    points: Decimal
    applicable_weight: Decimal
    applies: bool = True

    @property
    def arithmetic(self) -> str:
        """The line as one would write it down: `60 × 120 ÷ 100 = 72`."""
        if not self.applies:
            return "—"
        terms = (self.weight, self.counted, self.applicable_weight, self.points)
        return "{} × {} ÷ {} = {}".format(*map(_plain, terms))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class WeightedResult:
    shares: tuple[Share, ...]
    total: Decimal


def weighted(components: Sequence[Component]) -> WeightedResult:
    """Combine components by their weights (Rules 40, 41): 120, 80, 90 by 60, 30, 10 are 105.

    What does not apply leaves the rest to be rescaled; what is missing blocks, it is never zero
    (Rule 42).

    Raises:
        Refusal: `component-missing` with the names of all that are; `nothing-applies`.
    """
    missing = [part.name for part in components if part.applies and part.value is None]
    if missing:
        raise Refusal("component-missing", components=missing)
    whole = sum((part.weight for part in components if part.applies), Decimal(0))
    if whole <= 0:
        raise Refusal("nothing-applies")
    shares = tuple(_share(part, whole) for part in components)
    return WeightedResult(shares, rounded(sum((share.points for share in shares), Decimal(0)), 2))


def _share(part: Component, whole: Decimal) -> Share:
    if not part.applies or part.value is None:
        nothing = Decimal(0)
        return Share(part.name, part.weight, nothing, nothing, nothing, whole, applies=False)
    with localcontext(WIDE):
        return Share(
            part.name,
            part.weight,
            effective_weight=rounded(part.weight * HUNDRED / whole, 4),
            counted=part.value,
            points=rounded(part.weight * part.value / whole, 4),
            applicable_weight=whole,
        )


def faults_of_weights(weights: Sequence[tuple[str, Decimal]]) -> list[str]:
    """Say what is wrong with a formula when it is saved (Rules 41, 42); nothing if it may stand.

    The codes: `no-components`, `component-twice`, `weight-not-positive`, `weights-not-100`.
    """
    names = [name for name, _ in weights]
    found = {
        "no-components": not weights,
        "component-twice": len(set(names)) != len(names),
        "weight-not-positive": any(weight <= 0 for _, weight in weights),
        "weights-not-100": bool(weights) and sum(weight for _, weight in weights) != HUNDRED,
    }
    return [code for code, is_so in found.items() if is_so]


def roll_up(parts: Sequence[tuple[Decimal, Decimal | None]]) -> Decimal:
    """Return the attainment of a whole from (target, attainment) of its parts, by size of target (Rule 42).

    Raises:
        Refusal: `component-missing` with how many lack an attainment; `target-not-positive`.
    """
    missing = sum(reached is None for _, reached in parts)
    if missing:
        raise Refusal("component-missing", count=missing)
    size = sum((target for target, _ in parts), Decimal(0))
    if size <= 0 or any(target < 0 for target, _ in parts):
        raise Refusal("target-not-positive")
    with localcontext(WIDE):
        return rounded(sum((target * (reached or 0) for target, reached in parts), Decimal(0)) / size, 4)


@dataclass(frozen=True)
class Band:
    """A grade of result: its name, and the points from which on it is given."""

    name: str
    from_points: Decimal


DEFAULT_BANDS = (
    Band("优秀", Decimal(110)),
    Band("良好", Decimal(95)),
    Band("合格", Decimal(80)),
    Band("待改进", Decimal(0)),
)
"""From the best to the one that takes the rest."""


def bands_of(policy: Policy) -> tuple[Band, ...]:
    """Return the bands of a cycle's policy."""
    return tuple(Band(band.name, band.from_points) for band in policy.bands) or DEFAULT_BANDS


def faults_of_bands(bands: Sequence[Band]) -> list[str]:
    """Say what is wrong with a list of bands from the best down; nothing if it may stand (Rule 44).

    The codes: `bands-too-few`, `band-unnamed`, `band-twice`, `bands-order`, `bands-end` where the
    last does not begin at 0 and so does not take the rest.
    """
    names = [band.name for band in bands]
    limits = [band.from_points for band in bands]
    found = {
        "bands-too-few": len(bands) < 2,
        "band-unnamed": not all(names),
        "band-twice": len(set(names)) != len(names),
        "bands-order": any(above <= below for above, below in pairwise(limits)),
        "bands-end": bool(limits) and limits[-1] != 0,
    }
    return [code for code, is_so in found.items() if is_so]


def rescaled(weights: Mapping[str, Decimal], kept: Collection[str]) -> dict[str, Decimal]:
    """Return weights that make 100 exactly: those `kept` stay, the others keep their ratio (Rule 24).

    With the product's 30 put up to 40 the others, 70 together, are rescaled × 60/70, to the cent
    by largest remainder.

    Raises:
        Refusal: `weights-kept-too-large` with their sum, as they leave nothing for the rest;
            `weights-nothing-to-rescale` where there is no rest with a weight.
    """
    fixed = sum((weight for name, weight in weights.items() if name in kept), Decimal(0))
    rest = {name: weight for name, weight in weights.items() if name not in kept and weight > 0}
    if not rest:
        raise Refusal("weights-nothing-to-rescale")
    if fixed >= HUNDRED:
        raise Refusal("weights-kept-too-large", total=f"{fixed.normalize():f}")
    shares = dict(zip(rest, share_out(HUNDRED - fixed, list(rest.values())), strict=True))
    return {name: shares.get(name, weight) for name, weight in weights.items()}


def band_of(total: Decimal, bands: Sequence[Band] = DEFAULT_BANDS) -> str:
    """Return the band of a total as it is shown, with two decimals (Rule 44)."""
    shown = rounded(total, 2)
    return next((band.name for band in bands if shown >= band.from_points), bands[-1].name)


@dataclass(frozen=True)
class MetricResult:
    """What goes into one line of a person's result. A target or actual that is None is missing."""

    metric_id: str
    weight: Decimal
    target: Decimal | None
    actual: Decimal | None
    higher_is_better: bool = True
    applies: bool = True


@dataclass(frozen=True)
class CalculatedLine:
    """One line of a calculation, from target and actual to points."""

    metric_id: str
    target: Decimal
    actual: Decimal
    attainment: Decimal
    is_capped: bool
    share: Share


@dataclass(frozen=True)
class ScoreCalculation:
    """A person's result with its whole arithmetic."""

    lines: tuple[CalculatedLine, ...]
    total: Decimal
    band: str

    @property
    def arithmetic(self) -> str:
        """The sum as one would write it down: `72 + 24 + 9 = 105`."""
        points = " + ".join(_plain(line.share.points) for line in self.lines if line.share.applies)
        return f"{points} = {_plain(self.total)}"


def calculation(
    lines: Sequence[MetricResult], cap: Decimal = DEFAULT_CAP, bands: Sequence[Band] = DEFAULT_BANDS
) -> ScoreCalculation:
    """Work out a person's result line by line. A metric counts up to `cap` percent (Rule 42).

    Raises:
        Refusal: `component-missing`, `nothing-applies`, `target-not-positive`, `figure-too-large`.
    """
    reached = {line.metric_id: _attained(line) for line in lines}
    result = weighted(
        [
            Component(line.metric_id, line.weight, _counted(reached[line.metric_id], cap), line.applies)
            for line in lines
        ]
    )
    calculated = tuple(
        CalculatedLine(
            metric_id=line.metric_id,
            target=line.target or Decimal(0),
            actual=line.actual or Decimal(0),
            attainment=reached[line.metric_id] or Decimal(0),
            is_capped=(reached[line.metric_id] or Decimal(0)) > cap,
            share=share,
        )
        for line, share in zip(lines, result.shares, strict=True)
    )
    return ScoreCalculation(calculated, result.total, band_of(result.total, bands))


def _attained(line: MetricResult) -> Decimal | None:
    if not line.applies or line.target is None or line.actual is None:
        return None
    return attainment(line.target, line.actual, line.higher_is_better)


def _counted(reached: Decimal | None, cap: Decimal) -> Decimal | None:
    return None if reached is None else min(reached, cap)
