"""How the engine runs our workflows: kept from clocks, files and sockets."""

from __future__ import annotations

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

PASSED_THROUGH = ("models", "rules", "workflows", "pydantic", "pydantic_core", "sqlalchemy", "sqlmodel")
"""Modules that the sandbox need not import anew for each workflow (DESIGN 16)."""


def sandbox() -> SandboxedWorkflowRunner:
    """Return the runner that keeps workflows from clocks, files and sockets."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    )
