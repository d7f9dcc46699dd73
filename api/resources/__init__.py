"""The JSON interface, one file a resource."""

from __future__ import annotations

from fastapi import APIRouter

from api.resources import (
    anomalies,
    attendance,
    commands,
    completeness,
    cycle_lists,
    cycles,
    misses,
    people,
    scores,
    sources,
    tasks,
)

routers: tuple[APIRouter, ...] = (
    cycles.router,
    cycle_lists.router,
    completeness.router,
    tasks.router,
    scores.router,
    misses.router,
    anomalies.router,
    attendance.router,
    people.router,
    sources.router,
    commands.router,
)
