"""Launches the demonstration's cycle as HR would: by the API, once."""

from __future__ import annotations

from datetime import timedelta

import httpx

from models.accounts import Scope
from models.cycles import Cycle
from models.database import connect, session_maker
from models.settings import Settings
from models.stages import CycleState
from quarterdeck.demo.company import DemoCompany
from quarterdeck.supervisor import PartFailed
from quarterdeck.tokens import make_token

PATIENCE = 30.0
LASTS = timedelta(minutes=5)
"""How long the token of the launch counts."""


async def launch(settings: Settings, company: DemoCompany, application: str) -> bool:
    """Launch the cycle if it is still a draft; return whether it was.

    Raises:
        PartFailed: the application refuses it; the message holds its answer.
    """
    engine = connect(settings.database_url)
    try:
        sessions = session_maker(engine)
        async with sessions() as session:
            cycle = await session.get_one(Cycle, company.cycle_id)
        if cycle.state is not CycleState.DRAFT:
            return False
        token = await make_token(sessions, company.sign_ins[0].user_name, "first launch", [Scope.CYCLES], LASTS)
    finally:
        await engine.dispose()
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"first-launch-{company.cycle_id}"}
    async with httpx.AsyncClient(base_url=application, timeout=PATIENCE, trust_env=False) as client:
        answer = await client.post(f"/api/cycles/{company.cycle_id}/launch", headers=headers)
    if not answer.is_success:
        raise PartFailed(f"The cycle could not be launched ({answer.status_code}): {answer.text}")
    return True
