"""What was found, beside what was aimed at, as a table of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil
from statistics import median

from bench.engine.runs import Findings, Phase

LAUNCH_AIM, RATE_AIM, CPU_AIM, LINEAR_AIM = 1.5, 0.70, 1.5, 1.1
IDLE_AIMS = (("p50", 0.50, 25), ("p99", 0.99, 60))
KILL_AIM = 2.0
EVENTS_AIM, BYTES_AIM = 150, 40_000


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least that share of the values does not exceed."""
    return sorted(values)[max(0, ceil(len(values) * share) - 1)]


def lines(findings: Findings) -> Iterator[str]:
    yield "| what | ours | floor | ratio | aim | |"
    yield "|---|---|---|---|---|---|"
    for count in findings.counts:
        yield from _launches(findings, count)
        yield from _decisions(findings, count)
    if len(findings.counts) > 1:
        yield _linear(findings)
    if findings.shapes:
        yield from _histories(findings)
    if findings.idle:
        yield from _idle(findings)
    if findings.killed:
        yield _killed(findings)
        cold = findings.killed["ours, all of it"]
        yield _row(
            "the same, where the worker's parent is killed too: median, worst",
            f"{median(cold):.2f} s, {max(cold):.2f} s",
            "",
        )


def _row(
    what: str, ours: str, floor: str, ratio: float | None = None, aim: str = "", met: bool | None = None
) -> str:
    verdict = {None: "", True: "met", False: "NOT met"}[met]
    shown = "" if ratio is None else f"{ratio:.2f}"
    return f"| {what} | {ours} | {floor} | {shown} | {aim} | {verdict} |"


def _launches(findings: Findings, count: int) -> Iterator[str]:
    ours, floor = _both(findings, "launch", count, lambda phase: phase.seconds)
    yield _row(
        f"launch {count}: until all first tasks are open",
        f"{ours:.2f} s",
        f"{floor:.2f} s",
        ours / floor,
        f"≤ {LAUNCH_AIM}",
        ours <= LAUNCH_AIM * floor,
    )
    ours, floor = _both(findings, "launch", count, lambda phase: phase.at_rest)
    yield _row(f"launch {count}: until all mails are sent", f"{ours:.2f} s", f"{floor:.2f} s", ours / floor)
    ours, floor = _both(findings, "launch", count, lambda phase: phase.cpu_ms)
    yield _row(f"launch {count}: CPU-ms a department, mails sent", f"{ours:.1f}", f"{floor:.1f}", ours / floor)


def _decisions(findings: Findings, count: int) -> Iterator[str]:
    ours, floor = _both(findings, "decide", count, lambda phase: phase.per_second)
    yield _row(
        f"decide {count}: decisions a second",
        f"{ours:.0f}",
        f"{floor:.0f}",
        ours / floor,
        f"≥ {RATE_AIM}",
        ours >= RATE_AIM * floor,
    )
    ours, floor = _both(findings, "decide", count, lambda phase: phase.cpu_ms)
    yield _row(
        f"decide {count}: CPU-ms a decision",
        f"{ours:.1f}",
        f"{floor:.1f}",
        ours / floor,
        f"≤ {CPU_AIM}",
        ours <= CPU_AIM * floor,
    )


def _linear(findings: Findings) -> str:
    """Compare what one department costs among many with what it costs among few."""

    def a_piece(phase: Phase) -> float:
        return phase.seconds / phase.count

    few = _both(findings, "launch", findings.counts[0], a_piece)
    many = _both(findings, "launch", findings.counts[-1], a_piece)
    ours, floor = many[0] / few[0], many[1] / few[1]
    what = f"time to launch one of {findings.counts[-1]}, against one of {findings.counts[0]}"
    return _row(what, f"{ours:.2f}", f"{floor:.2f}", None, f"≤ {LINEAR_AIM}", ours <= LINEAR_AIM)


def _histories(findings: Findings) -> Iterator[str]:
    ours, floor = findings.shapes["ours"], findings.shapes["floor"]
    what = "history up to the first decision"
    yield _row(
        f"{what}: events",
        str(ours.events),
        str(floor.events),
        None,
        f"≤ {EVENTS_AIM}",
        ours.events <= EVENTS_AIM,
    )
    yield _row(
        f"{what}: bytes", f"{ours.size:,}", f"{floor.size:,}", None, f"≤ {BYTES_AIM:,}", ours.size <= BYTES_AIM
    )


def _idle(findings: Findings) -> Iterator[str]:
    for name, share, aim in IDLE_AIMS:
        ours, floor = (1000 * percentile(findings.idle[side], share) for side in ("ours", "floor"))
        what = f"one decision on an idle system, {name} of {len(findings.idle['ours'])}"
        yield _row(what, f"{ours:.1f} ms", f"{floor:.1f} ms", ours / floor, f"≤ {aim} ms", ours <= aim)


def _killed(findings: Findings) -> str:
    ours, floor = findings.killed["ours"], findings.killed["floor"]
    within = sum(seconds <= KILL_AIM for seconds in ours)
    return _row(
        f"first decision after kill -9 of the worker: median, worst; {within} of {len(ours)} in time",
        f"{median(ours):.2f} s, {max(ours):.2f} s",
        f"{median(floor):.2f} s, {max(floor):.2f} s",
        None,
        f"≤ {KILL_AIM:.0f} s in {len(ours)} of {len(ours)}",
        within == len(ours),
    )


def _both(findings: Findings, what: str, count: int, of: Callable[[Phase], float]) -> tuple[float, float]:
    """Return the median over the rounds, ours and the floor's."""
    return findings.typical("ours", what, count, of), findings.typical("floor", what, count, of)
