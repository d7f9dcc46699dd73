"""Who may do what: every route of the application, asked by everybody, on one department's rows (Rule 50).

`MATRIX` is the table of expectations. A new route fails the test until it has its line. The rows
asked for belong to the first department of a running cycle: `director` directs it, `employee`
works in it, `deputy` stands in for the director, `head` is the vice president above. `other`
directs another department; `stranger` is HR of another company of the group.

`x` is let in: the answer is the page, or says what is wrong with what was sent. `-` is turned away:
to sign in, as not theirs, or as not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from starlette.requests import HTTPConnection

from api.cookies import SESSION_COOKIE, Cookies, Visit, mark_of
from api.intake.checking import NOTHING_FOUND, digest
from models.accounts import AccountLink, LinkPurpose
from models.cycles import Cycle, CycleEvent
from models.delivery import Delivery, Notice, hash_of_token
from models.errors import Refusal
from models.intake import Intake, IntakeKind, IntakeState
from models.metrics import Score
from models.org import Account, ApiToken, Deputy, Person, Unit
from models.sources import Fetch, FetchMode, Source, SourceKind
from models.stages import Channel, CycleState, DeliveryState, Occasion, Stage, TaskKind
from models.tasks import Command, TaskComment
from quarterdeck.demo.small import make_small_company
from tests.api.pages.place import HOST, Place
from tests.api.pages.standings import anomaly_of
from tests.api.route_table import SAFE, route_table

# In the order of the columns below.
WHO = ("nobody", "stranger", "employee", "deputy", "director", "other", "head", "executive", "auditor", "hr")

MATRIX = """
#                                                                               e
#                                                                   s e   d     x
#                                                                   t m   i     e a
#                                                                 n r p d r     c u
#                                                                 o a l e e o   u d
#                                                                 b n o p c t h t i
#                                                                 o g y u t h e i t
#                                                                 d e e t o e a v o h
#                                                                 y r e y r r d e r r
GET /                                                             - x x x x x x x x x
GET /anomalies/{anomaly_id}                                       - - - x x - x x x x
GET /anomalies/{anomaly_id}/explain                               - - - x x - - - - -
POST /anomalies/{anomaly_id}/explain                              - - - x x - - - - -
POST /api/anomalies/{anomaly_id}/explain                          - - - x x - - - - -
GET /api/attendance/{whose}/{owner_id}                            - - x x x - x x x x
GET /api/commands/{command_id}                                    - - - - x - - - x x
GET /api/cycles                                                   - x x x x x x x x x
POST /api/cycles                                                  - x - - - - - - - x
POST /api/cycles/preview                                          - x - - - - - - - x
GET /api/cycles/{cycle_id}                                        - - x x x x x x x x
GET /api/cycles/{cycle_id}/anomalies                              - - x x x x x x x x
POST /api/cycles/{cycle_id}/cancel                                - - - - - - - - - x
GET /api/cycles/{cycle_id}/completeness                           - - x x x x x x x x
GET /api/cycles/{cycle_id}/departments                            - - x x x x x x x x
POST /api/cycles/{cycle_id}/launch                                - - - - - - - - - x
GET /api/cycles/{cycle_id}/messages                               - - x x x x x x x x
POST /api/cycles/{cycle_id}/pause                                 - - - - - - - - - x
POST /api/cycles/{cycle_id}/plan                                  - - - - - - - - - x
POST /api/cycles/{cycle_id}/preview                               - - - - - - - - - x
POST /api/cycles/{cycle_id}/publish                               - - - - - - - - - x
POST /api/cycles/{cycle_id}/reopen                                - - - - - - - - - x
POST /api/cycles/{cycle_id}/resume                                - - - - - - - - - x
GET /api/cycles/{cycle_id}/scores                                 - - x x x x x x x x
GET /api/cycles/{cycle_id}/timeline                               - - x x x x x x x x
POST /api/deputies                                                - - - - x - - - - x
GET /api/docs                                                     x x x x x x x x x x
POST /api/people                                                  - - - - - - - - - x
POST /api/people/{person_id}/leave                                - - - - - - - - - x
POST /api/people/{person_id}/transfer                             - - - - - - - - - x
GET /api/misses/{whose}/{owner_id}/{metric_id}                    - - x x x - x x x x
GET /api/scores/{cycle_id}/{person_id}                            - - - - x - x x x x
GET /api/sources                                                  - x - - - - - - x x
POST /api/sources                                                 - x - - - - - - - x
POST /api/sources/{source_id}/fetch                               - - - - - - - - - x
GET /api/sources/{source_id}/fetches                              - - - - - - - - x x
GET /api/tasks                                                    - x x x x x x x x x
GET /api/tasks/{task_id}                                          - - - x x - x x x x
POST /api/tasks/{task_id}/comment                                 - - - x x - x x - x
POST /api/tasks/{task_id}/decide                                  - - - x x - - - - -
POST /api/tasks/{task_id}/delegate                                - - - - x - - - - x
POST /api/tasks/{task_id}/extend                                  - - - - - - - - - x
POST /api/tasks/{task_id}/reassign                                - - - - - - - - - x
POST /api/tasks/{task_id}/remind                                  - - - - - - - - - x
POST /api/tasks/{task_id}/submit                                  - - - x x - - - - -
POST /api/tasks/{task_id}/void                                    - - - - - - - - - x
GET /attendance/{whose}/{owner_id}                                - - x x x - x x x x
GET /colleagues                                                   - x - - - - - - - x
GET /cycles                                                       - x x x x x x x x x
GET /cycles/new                                                   - x - - - - - - - x
POST /cycles/new                                                  - x - - - - - - - x
POST /cycles/new/holders                                          - x - - - - - - - x
POST /cycles/new/messages                                         - x - - - - - - - x
GET /cycles/{cycle_id}                                            - - x x x x x x x x
GET /cycles/{cycle_id}/anomalies                                  - - x x x x x x x x
GET /cycles/{cycle_id}/completeness                               - - x x x x x x x x
GET /cycles/{cycle_id}/completeness.xlsx                          - - x x x x x x x x
POST /cycles/{cycle_id}/departments                               - - - - - - - - - x
GET /cycles/{cycle_id}/anomalies                                  - - x x x x x x x x
GET /cycles/{cycle_id}/departments/{department_id}                - - - - x - x x x x
POST /cycles/{cycle_id}/departments/{department_id}               - - - - - - - - - x
GET /cycles/{cycle_id}/now                                        - - x x x x x x x x
POST /cycles/{cycle_id}/{order}                                   - - - - - - - - - x
POST /demo/advance                                                - - - - - - - - - -
GET /figures/{whose}/{owner_id}/{metric_id}                       - - x x x - x x x x
GET /figures/{whose}/{owner_id}/{metric_id}/{month}/correct       - - - - x - - - - x
POST /figures/{whose}/{owner_id}/{metric_id}/{month}/correct      - - - - x - - - - x
GET /healthz                                                      x x x x x x x x x x
GET /imports                                                      - x - - - - - - x x
POST /imports                                                     - x - - - - - - - x
GET /imports/parallel-run                                         - x - - - - - - x x
GET /imports/parallel-run.csv                                     - x - - - - - - x x
GET /imports/parallel-run.xlsx                                    - x - - - - - - x x
GET /imports/template/{kind}                                      - x - - - - - - x x
GET /imports/{intake_id}                                          - - - - - - - - x x
POST /imports/{intake_id}                                         - - - - - - - - - x
GET /imports/{intake_id}/marked.xlsx                              - - - - - - - - x x
GET /imports/{intake_id}/report                                   - - - - - - - - x x
GET /imports/{intake_id}/report.xlsx                              - - - - - - - - x x
GET /mailbox                                                      - - - - - - - - - -
GET /mailbox/{name}/attachment/{number}                           - - - - - - - - - -
GET /mailbox/{name}/html                                          - - - - - - - - - -
GET /me/results                                                   - x x x x x x x x x
GET /me/security                                                  - x x x x x x x x x
POST /me/security/factor                                          - x x x x x x x x x
POST /me/security/factor/begin                                    - x x x x x x x x x
POST /me/security/factor/codes                                    - x x x x x x x x x
POST /me/security/factor/remove                                   - x x x x x x x x x
POST /me/security/password                                        - x x x x x x x x x
POST /me/security/sign-out-everywhere                             - x x x x x x x x x
GET /messages                                                     - x - - - - - - x x
GET /messages/{delivery_id}                                       - - - - - - - - x x
POST /messages/{delivery_id}/resend                               - - - - - - - - - x
GET /metrics                                                      - x - - - - - x x x
GET /metrics/new                                                  - x - - - - - - - x
POST /metrics/new                                                 - x - - - - - - - x
GET /metrics/{metric_id}                                          - - - - - - - - - x
POST /metrics/{metric_id}                                         - - - - - - - - - x
GET /my-department                                                - x x x x x x x x x
GET /notices                                                      - x x x x x x x x x
POST /notices/read                                                - x x x x x x x x x
GET /overview                                                     - x - - x x x x x x
POST /overview/agree                                              - x x x x x x x - x
GET /misses/{whose}/{owner_id}/{metric_id}                        - - x x x - x x x x
POST /misses/{whose}/{owner_id}/{metric_id}                       - - - - x - x x - x
GET /people                                                       - x - - - - - x x x
GET /people/join                                                  - x - - - - - - - x
POST /people/join                                                 - x - - - - - - - x
GET /people/suggestions                                           - x - - - - - x x x
GET /people/{person_id}                                           - - - - - - - x x x
POST /people/{person_id}/deputies/{deputy_id}/end                 - - - - - - - - - x
GET /people/{person_id}/deputy                                    - - - - - - - - - x
POST /people/{person_id}/deputy                                   - - - - - - - - - x
GET /people/{person_id}/edit                                      - - - - - - - - - x
POST /people/{person_id}/edit                                     - - - - - - - - - x
GET /people/{person_id}/leave                                     - - - - - - - - - x
POST /people/{person_id}/leave                                    - - - - - - - - - x
GET /people/{person_id}/transfer                                  - - - - - - - - - x
POST /people/{person_id}/transfer                                 - - - - - - - - - x
GET /scorecards                                                   - x - - - - - x x x
GET /scorecards/new                                               - x - - - - - - - x
POST /scorecards/new                                              - x - - - - - - - x
GET /scorecards/scheme                                            - x - - - - - - - x
POST /scorecards/scheme                                           - x - - - - - - - x
GET /scorecards/{scorecard_id}                                    - - - - - - - x x x
POST /scorecards/{scorecard_id}                                   - - - - - - - - - x
POST /see-as/end                                                  - x x x x x x x x x
GET /settings/calendar                                            - x - - - - - - x x
POST /settings/calendar                                           - x - - - - - - - x
GET /settings/company                                             - x - - - - - - x x
POST /settings/company                                            - x - - - - - - - x
GET /settings/ladder                                              - x - - - - - - x x
POST /settings/ladder                                             - x - - - - - - - x
GET /settings/texts                                               - x - - - - - - x x
GET /settings/texts/{occasion}/{language}/{channel}               - x - - - - - - x x
POST /settings/texts/{occasion}/{language}/{channel}              - x - - - - - - - x
GET /settings/tokens                                              - x - - - - - - x x
POST /settings/tokens                                             - x - - - - - - - x
POST /settings/tokens/revoke                                      - - - - - - - - - x
GET /settings/users                                               - x - - - - - - x x
GET /settings/users/new                                           - x - - - - - - x x
GET /settings/users/{person_id}                                   - - - - - - - - x x
POST /settings/users/{person_id}/invite                           - - - - - - - - - x
POST /settings/users/{person_id}/roles                            - - - - - - - - - x
POST /settings/users/{person_id}/see-as                           - - - - - - - - - x
POST /settings/users/{person_id}/{order}                          - - - - - - - - - x
GET /sign-in                                                      x x x x x x x x x x
POST /sign-in                                                     x x x x x x x x x x
GET /sign-in/code                                                 - - - - - - - - - -
POST /sign-in/code                                                - - - - - - - - - -
POST /sign-in/demo                                                - - - - - - - - - -
GET /sign-in/enrolment                                            - - - - - - - - - -
POST /sign-in/enrolment                                           - - - - - - - - - -
GET /sign-in/sso                                                  - - - - - - - - - -
GET /sign-in/sso/done                                             - - - - - - - - - -
POST /sign-out                                                    x x x x x x x x x x
GET /sources                                                      - x - - - - - - x x
GET /sources/new                                                  - x - - - - - - - x
POST /sources/new                                                 - x - - - - - - - x
GET /sources/{source_id}                                          - - - - - - - - x x
GET /sources/{source_id}/edit                                     - - - - - - - - - x
POST /sources/{source_id}/edit                                    - - - - - - - - - x
POST /sources/{source_id}/fetch                                   - - - - - - - - - x
GET /sources/{source_id}/fetches/{fetch_id}                       - - - - - - - - x x
GET /sources/{source_id}/fetches/{fetch_id}/faults.csv            - - - - - - - - x x
GET /sources/{source_id}/fetches/{fetch_id}/faults.xlsx           - - - - - - - - x x
GET /sources/{source_id}/maps                                     - - - - - - - - - x
POST /sources/{source_id}/maps                                    - - - - - - - - - x
GET /sources/{source_id}/maps/{kind}                              - - - - - - - - - x
POST /sources/{source_id}/maps/{kind}                             - - - - - - - - - x
POST /sources/{source_id}/switch                                  - - - - - - - - - x
GET /static/{name:path}                                           x x x x x x x x x x
GET /t/{token}                                                    x x x x x x x x x x
HEAD /t/{token}                                                   x x x x x x x x x x
POST /t/{token}                                                   - - - - x - - - - -
GET /t/{token}/marked.xlsx                                        - - - - - - - - - -
POST /t/{token}/new                                               x x x x x x x x x x
GET /t/{token}/template.xlsx                                      x x x x x x x x x x
GET /tasks                                                        - x x x x x x x x x
GET /tasks/{task_id}                                              - - - x x - x x x x
POST /tasks/{task_id}                                             - - - x x - - - - -
GET /tasks/{task_id}/marked.xlsx                                  - - - - - - - - - -
GET /tasks/{task_id}/template.xlsx                                - - - x x - x x x x
GET /units/{unit_id}                                              - - - - - - - - - x
POST /units/{unit_id}                                             - - - - - - - - - x
GET /welcome/{token}                                              x x x x x x x x x x
POST /welcome/{token}                                             x x x x x x x x x x
"""

BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /api/anomalies/{anomaly_id}/explain": {"explanation": "one-off", "reason": "x"},
    "POST /api/cycles": {"name": "x", "starts_on": "2027-04-01", "ends_on": "2027-06-30"},
    "POST /api/cycles/preview": {"name": "x", "starts_on": "2027-04-01", "ends_on": "2027-06-30"},
    "POST /api/cycles/{cycle_id}/reopen": {
        "department_id": "{department_id}",
        "stage": "submission",
        "reason": "x",
    },
    "POST /api/cycles/{cycle_id}/plan": {"terms": {"targets_due_on": "2026-12-16"}, "reason": "x"},
    "POST /api/tasks/{task_id}/decide": {"choice": "confirm"},
    "POST /api/tasks/{task_id}/submit": {"rows": []},
    "POST /api/tasks/{task_id}/reassign": {"to_id": "{person_id}", "reason": "x"},
    "POST /api/tasks/{task_id}/extend": {"due_on": "2054-01-05", "reason": "x"},
    "POST /api/tasks/{task_id}/void": {"reason": "x"},
    "POST /api/tasks/{task_id}/delegate": {"deputy_id": "{director_id}"},
    "POST /api/tasks/{task_id}/comment": {"text": "x"},
    "POST /api/deputies": {
        "person_id": "{director_id}",
        "deputy_id": "{person_id}",
        "from_on": "2054-01-01",
        "until_on": "2054-01-02",
    },
    "POST /api/sources": {"kind": "files", "name": "x"},
    "POST /api/sources/{source_id}/fetch": {"mode": "test"},
    "POST /api/people": {"staff_no": "x1", "name": "x", "unit_id": "{team_id}", "effective_on": "2027-02-01"},
    "POST /api/people/{person_id}/leave": {"effective_on": "2027-02-01"},
    "POST /api/people/{person_id}/transfer": {"effective_on": "2027-02-01", "to_unit_id": "{team_id}"},
}
"""What is sent to the JSON interface, so that a refusal is about rights and not about the form."""

FORMS: Mapping[str, Mapping[str, str]] = {
    "POST /tasks/{task_id}": {"choice": "confirm"},
    "POST /t/{token}": {"choice": "confirm", "digits": "none"},
    "POST /cycles/{cycle_id}/departments/{department_id}": {"act": "remind", "task": "{task_id}"},
    "POST /settings/tokens/revoke": {"token": "token-1"},
    "POST /sources/{source_id}/fetch": {"do": "test"},
    "POST /imports": {"kind": "units"},
    "POST /sign-in/demo": {"person": "{person_id}"},
}

DECIDES = frozenset({"POST /tasks/{task_id}", "POST /t/{token}"})
"""Pages that show the task again to whoever may see it: let in is whose choice reaches the engine."""

IN_ITS_PLACE: Mapping[str, Mapping[str, str]] = {
    "/tasks/{task_id}/template.xlsx": {"task_id": "{data_task_id}"},
    "/tasks/{task_id}/marked.xlsx": {"task_id": "{data_task_id}"},
    "/t/{token}/template.xlsx": {"token": "data-token"},
    "/t/{token}/marked.xlsx": {"token": "data-token"},
    "/cycles/{cycle_id}/{order}": {"order": "pause"},
    "/people/{person_id}/deputies/{deputy_id}/end": {"person_id": "{director_id}"},
    "/imports/template/{kind}": {"kind": "units"},
    "/welcome/{token}": {"token": "welcome-token"},
}
"""Other rows for some routes, where the usual ones would make them answer "not there"."""

SEEN = """
#                                                                               e
#                                                                   s e   d     x
#                                                                   t m   i     e a
#                                                                 n r p d r     c u
#                                                                 o a l e e o   u d
#                                                                 b n o p c t h t i
#                                                                 o g y u t h e i t
#                                                                 d e e t o e a v o h
#                                                                 y r e y r r d e r r
/api/tasks {task_id}                                              - - - x x - x x x x
/api/tasks/{task_id} said-among-us                                - - - x x - x x x x
/tasks/{task_id} said-among-us                                    - - - x x - x x x x
/api/cycles/{cycle_id}/departments "{department_id}"              - - - - x - x x x x
/api/cycles/{cycle_id}/scores 88.77                               - - - - x - x x x x
/api/scores/{cycle_id}/{person_id} 88.77                          - - - - x - x x x x
/api/cycles/{cycle_id}/messages n-1                               - - - - x - - x x x
/api/cycles/{cycle_id}/timeline e-1                               - - - - x - x x x x
/cycles/{cycle_id} /departments/{department_id}"                  - - - - x - x x x x
/cycles/{cycle_id}/departments/{department_id} <h1>               - - - - x - x x x x
/my-department?department={department_id} >{department_name}<     - - - - x - x x x x
/figures/unit/{department_id}/{metric_id} {department_name}       - - - x x - x x x x
/messages private@example.com                                     - - - - - - - - x x
/messages/{delivery_id} private@example.com                       - - - - - - - - x x
/people/{person_id} +8613900001111                                - - - - - - - x x x
/settings/users >employee<                                        - - - - - - - - x x
/settings/users/{person_id} >employee<                            - - - - - - - - x x
/settings/users/{person_id} /lock                                 - - - - - - - - - x
/settings/users/{person_id} see-as                                - - - - - - - - - x
/settings/tokens /settings/tokens/revoke                          - - - - - - - - - x
"""
"""What of a row is seen where, by whom: an address and a text on it. Fields, not only rows."""


@dataclass(frozen=True)
class Everybody:
    place: Place
    cookies: Cookies
    accounts: Mapping[str, str]
    """Person by who they are in the matrix; nobody has none."""
    names: Mapping[str, str]
    """What stands for each parameter of a path."""

    async def is_let_in(self, who: str, method: str, pattern: str) -> bool:
        reached = len(self.place.commands.refused)
        answer = await self.ask(who, method, pattern)
        if f"{method} {pattern}" in DECIDES:
            return len(self.place.commands.refused) > reached
        # Signing out leads to the door as well.
        to_the_door = answer.headers.get("location", "").startswith("/sign-in") and pattern != "/sign-out"
        return not to_the_door and answer.status_code not in (401, 403, 404, 410)

    async def ask(self, who: str, method: str, pattern: str) -> httpx.Response:
        """Ask as one of `WHO`, with a session of their own and, where it is unsafe, with the form's token."""
        cookie, token = await self._session(who)
        headers = {"accept-language": "en", "cookie": f"{SESSION_COOKIE}={cookie}"}
        options: dict[str, Any] = {"headers": headers}
        if method not in SAFE:
            headers["x-csrf-token"] = token
            sent = {**BODIES, **FORMS}.get(f"{method} {pattern}", {})
            filled = {name: self._filled(value, {}) for name, value in sent.items()}
            options |= {"json": filled} if pattern.startswith("/api/") else {"data": {"csrf": token, **filled}}
        path = self._filled(pattern, IN_ITS_PLACE.get(pattern, {}))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.place.app), base_url=HOST) as browser:
            return await browser.request(method, path, **options)

    async def _session(self, who: str) -> tuple[str, str]:
        visit = Visit("nonce")
        if who in self.accounts:
            async with self.place.sessions() as session:
                account = await session.get_one(Account, self.accounts[who])
            visit = Visit("nonce", account.person_id, mark_of(account))
        cookie = self.cookies.header_for(visit).split("=", 1)[1].split(";")[0]
        scope = {"type": "http", "headers": [(b"cookie", f"{SESSION_COOKIE}={cookie}".encode())], "state": {}}
        return cookie, self.cookies.form_token(HTTPConnection(scope))

    def _filled(self, value: Any, others: Mapping[str, str]) -> Any:
        for names in (others, self.names):
            for name, stands in names.items():
                value = value.replace("{" + name + "}", stands) if isinstance(value, str) else value
        return value


@pytest.fixture
async def everybody(place: Place) -> Everybody:
    first, second = place.company.departments[:2]
    company_id, cycle_id = place.company.company_id, place.company.cycle_id
    other = await make_small_company(place.sessions, 1, 2, company_id="other", prefix="y-")
    task = await place.open_task()
    data = await place.open_task(TaskKind.SUBMIT_DATA, Stage.SUBMISSION, month=date(2027, 1, 1))
    await place.link_to(task)
    await place.link_to(data, name="data-token")
    employee, deputy = first.people_ids[1], second.people_ids[1]
    now = datetime.now(UTC)
    await place.change(Person, employee, phone="+8613900001111")
    await place.add(
        Account(person_id=employee, user_name="employee", password_hash="x"),
        Account(person_id=deputy, user_name="deputy", password_hash="x"),
        Deputy(
            id="dep-1",
            person_id=first.director_id,
            deputy_id=deputy,
            from_on=now.date() - timedelta(days=1),
            until_on=now.date() + timedelta(days=3),
            named_at=now,
            named_by=first.director_id,
        ),
        Command(
            id="c-1",
            idempotency_key="c-1",
            company_id=company_id,
            by_id=first.director_id,
            kind="comment",
            workflow_id="",
            received_at=now,
        ),
        Notice(
            id="n-1",
            key="n-1",
            batch="b",
            company_id=company_id,
            cycle_id=cycle_id,
            department_id=first.id,
            person_id=first.director_id,
            channel=Channel.EMAIL,
            occasion=Occasion.TASK_OPENED,
            moment=now,
            delivery_id="del-1",
        ),
        Delivery(
            id="del-1",
            company_id=company_id,
            cycle_id=cycle_id,
            person_id=first.director_id,
            channel=Channel.EMAIL,
            moment=now,
            state=DeliveryState.FAILED,
            address="private@example.com",
            error="refused (550)",
        ),
        CycleEvent(
            id="e-1", company_id=company_id, cycle_id=cycle_id, department_id=first.id, kind="scored", at=now
        ),
        TaskComment(id="com-1", task_id=task.id, by_id=first.director_id, text="said-among-us", at=now),
        Score(
            cycle_id=cycle_id,
            person_id=employee,
            department_id=first.id,
            total=Decimal("88.77"),
            band="good",
            scored_at=now,
            scorecard_id="x",
        ),
        ApiToken(
            token_hash="token-1",
            name="x",
            person_id=place.company.hr_id,
            created_at=now,
            expires_at=now + timedelta(days=1),
        ),
        anomaly_of(place, now),
        Source(id="source-1", company_id=company_id, kind=SourceKind.FILES, name="x", created_at=now),
        Fetch(id="fetch-1", company_id=company_id, source_id="source-1", mode=FetchMode.TEST, started_at=now),
        Intake(
            id="i-1",
            company_id=company_id,
            kind=IntakeKind.UNITS,
            state=IntakeState.FAULTY,
            file_name="units.csv",
            sha256=digest(b"unit,kind of unit,unit above\nx,y,z\n"),
            content=b"unit,kind of unit,unit above\nx,y,z\n",
            by_id=place.company.hr_id,
            received_at=now,
            outcome=NOTHING_FOUND,
        ),
        AccountLink(
            token_hash=hash_of_token("welcome-token"),
            person_id=employee,
            purpose=LinkPurpose.RESET,
            issued_by=place.company.hr_id,
            issued_at=now,
            until=now + timedelta(days=1),
        ),
    )
    for known in (place.company, other):
        await place.change(Cycle, known.cycle_id, state=CycleState.RUNNING)
    place.commands.refusal = Refusal("engine-away")  # Who comes so far was let in; nothing changes for the next.
    async with place.sessions() as session:
        name = (await session.get_one(Unit, first.id)).name
    return Everybody(
        place,
        place.app.state.parts.cookies,
        {
            "stranger": other.hr_id,
            "employee": employee,
            "deputy": deputy,
            "director": first.director_id,
            "other": second.director_id,
            "head": first.superior_id,
            "executive": place.company.boss_id,
            "auditor": place.company.auditor_id,
            "hr": place.company.hr_id,
        },
        {
            "cycle_id": cycle_id,
            "department_id": first.id,
            "department_name": name,
            "team_id": second.team_ids[0],
            "data_task_id": data.id,
            "task_id": task.id,
            "person_id": employee,
            "whose": "person",
            "owner_id": employee,
            "month": "2055-01",
            "director_id": first.director_id,
            "deputy_id": "dep-1",
            "unit_id": first.id,
            "metric_id": place.company.metric_ids["sales"],
            "scorecard_id": f"{company_id}-card-sales",
            "delivery_id": "del-1",
            "command_id": "c-1",
            "token": "a-token",
            "source_id": "source-1",
            "anomaly_id": "anomaly-1",
            "fetch_id": "fetch-1",
            "kind": "deal",
            "name:path": "mark.svg",
            "name": "none",
            "number": "1",
            "order": "sign-out",
            "intake_id": "i-1",
            "occasion": "task-reminder",
            "language": "en",
            "channel": "email",
        },
    )


def expectations(table: str) -> dict[str, str]:
    """Read a table: what is asked for, and who is let in or sees it."""
    lines = [line.split() for line in table.splitlines() if line and line[0] != "#"]
    assert all(set("".join(line[-len(WHO) :])) <= {"x", "-"} for line in lines)
    return {" ".join(line[: -len(WHO)]): " ".join(line[-len(WHO) :]) for line in lines}


def compared(table: str, found: Mapping[str, str]) -> str:
    """Say where the rights differ from the table, in the table's own form."""
    wanted = expectations(table)
    return "\n".join(
        f"{asked:66}{found[asked]}   instead of   {wanted.get(asked, 'no line in the table')}"
        for asked in found
        if found[asked] != wanted.get(asked)
    )


async def test_every_route_has_its_line_and_no_line_is_left_over(place: Place) -> None:
    """Rule 50: a new route says in MATRIX whom it lets in."""
    routes = {f"{method} {path}" for method, path in route_table(place.app)}
    assert routes - set(expectations(MATRIX)) == set(), "add a line to MATRIX for each of these"
    assert set(expectations(MATRIX)) - routes == set(), "these are gone: take their lines out"


@pytest.mark.parametrize("part", ["/api", "/settings", "/sources", "/people", "/s", "/m", "/u", "/"])
async def test_everybody_is_let_in_where_the_matrix_says_and_nowhere_else(everybody: Everybody, part: str) -> None:
    """Rule 50."""
    parts = ("/api", "/settings", "/sources", "/people", "/s", "/m", "/u", "/")
    asked = [
        line for line in expectations(MATRIX) if next(p for p in parts if line.split()[1].startswith(p)) == part
    ]
    found = {}
    for line in asked:
        method, pattern = line.split()
        found[line] = " ".join(["x" if await everybody.is_let_in(who, method, pattern) else "-" for who in WHO])
    assert compared(MATRIX, found) == ""


async def test_rows_and_fields_are_seen_by_whom_the_table_says(everybody: Everybody) -> None:
    """Rules 14 and 50."""
    found = {}
    for line in expectations(SEEN):
        pattern, marker = line.split(" ", 1)
        answers = [await everybody.ask(who, "GET", pattern) for who in WHO]
        text = everybody._filled(marker, {})
        found[line] = " ".join(
            "x" if answer.status_code == 200 and text in answer.text else "-" for answer in answers
        )
    assert compared(SEEN, found) == ""
