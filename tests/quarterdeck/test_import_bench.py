"""The benchmark of imports runs, and both of its parts write the same number of figures."""

from __future__ import annotations

import importlib


async def test_the_benchmark_of_imports_measures_what_it_says() -> None:
    bench = importlib.import_module("bench.import")
    found = await bench.measured(1, 1, False)
    assert {name: len(rounds) for name, rounds in found.items()} == {"floor": 1, "ours": 1}
    assert "1,800 figures on SQLite" in bench.report(found, 1_800, False)
