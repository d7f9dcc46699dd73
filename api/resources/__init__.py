"""The JSON interface, one file a resource."""

from __future__ import annotations

from fastapi import APIRouter

from api.resources import commands, completeness, cycle_lists, cycles, misses, people, scores, sources, tasks

routers: tuple[APIRouter, ...] = (
    cycles.router,
    cycle_lists.router,
    completeness.router,
    tasks.router,
    scores.router,
    misses.router,
    people.router,
    sources.router,
    commands.router,
)
