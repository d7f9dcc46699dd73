"""Every page's router. A new page is one file and one line here."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import (
    assets,
    colleagues,
    cycles,
    demonstration,
    departments,
    launching,
    links,
    mailbox,
    messages,
    my_department,
    my_results,
    notices,
    overview,
    people,
    security,
    seeing_as,
    signing_in,
    staff_forms,
    tasks,
    templates_of_figures,
    tokens,
    user_orders,
    users,
    welcome,
)

routers: tuple[APIRouter, ...] = (
    assets.router,
    notices.router,
    signing_in.router,
    security.router,
    users.router,
    tokens.router,
    user_orders.router,
    seeing_as.router,
    welcome.router,
    demonstration.router,
    links.router,
    tasks.router,
    templates_of_figures.router,
    launching.router,
    colleagues.router,
    cycles.router,
    departments.router,
    my_department.router,
    my_results.router,
    overview.router,
    mailbox.router,
    staff_forms.router,
    people.router,
    messages.router,
)
