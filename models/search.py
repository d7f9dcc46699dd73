"""Search attributes of workflows, for whoever operates the engine: company, cycle, stage. No personal data."""

from __future__ import annotations

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from models.stages import Stage

COMPANY = SearchAttributeKey.for_keyword("company")
CYCLE = SearchAttributeKey.for_keyword("cycle")
STAGE = SearchAttributeKey.for_keyword("stage")
ALL = (COMPANY, CYCLE, STAGE)


def cycle_attributes(company_id: str, cycle_id: str) -> TypedSearchAttributes:
    return TypedSearchAttributes([SearchAttributePair(COMPANY, company_id), SearchAttributePair(CYCLE, cycle_id)])


def department_attributes(company_id: str, cycle_id: str, stage: Stage) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(COMPANY, company_id),
            SearchAttributePair(CYCLE, cycle_id),
            SearchAttributePair(STAGE, stage.value),
        ]
    )
