"""Workflow ids from business keys: the same launch twice is the same workflow."""

TASK_QUEUE_OF_SENDS = "-sends"
"""Sends have a task queue of their own: the main queue's name with this behind it."""


def cycle_workflow_id(company_id: str, cycle_id: str) -> str:
    return f"cycle/{company_id}/{cycle_id}"


def department_workflow_id(company_id: str, cycle_id: str, department_id: str) -> str:
    return f"cycle/{company_id}/{cycle_id}/dept/{department_id}"


def fetch_workflow_id(company_id: str, source_id: str) -> str:
    """Name the one fetch of a source that can run at a time."""
    return f"fetch/{company_id}/{source_id}"


def schedule_workflow_id(company_id: str, source_id: str) -> str:
    return f"fetch-schedule/{company_id}/{source_id}"


def task_id(cycle_id: str, department_id: str, slot: str, round_: int) -> str:
    return f"{cycle_id}.{department_id}.{slot}.{round_}"


def batch_of(task_id: str, epoch: int, occasion: str) -> str:
    """Name the notices that one happening puts into the outbox; a `Dispatch` asks for them by it."""
    return f"{task_id}/{epoch}/{occasion}"
