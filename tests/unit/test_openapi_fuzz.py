"""Every REST route, asked what its description allows and what it does not, by a supervisor's machine and by nobody."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import ignored_auth

from orchestrator.adapters.access import people
from orchestrator.adapters.access.oidc import OidcProvider
from orchestrator.adapters.access.store import now_t
from orchestrator.http.caller import STRANGER
from orchestrator.http.doors import DOORS
from orchestrator.http.server import create_app
from tests.unit.lan_bench import RightsDesk, Site
from tests.unit.oidc_fakes import SPEC

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = 200 if os.environ.get("TANDEM_SOAK") else 5
# Its own strategies change the limit; hypothesis then leaves it alone, and says so.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:The recursion limit will not be reset")]


def test_no_route_fails_or_answers_what_it_does_not_describe(tmp_path: Path) -> None:
    down = httpx.MockTransport(_nobody_answers)
    site = Site(tmp_path, OidcProvider(SPEC, transport=down))
    app = create_app(RightsDesk(tmp_path / "desk"), hosts=("testserver",), access=site.access)
    _, token = people.add_key(site.accounts, "fuzz", "supervisor", now_t())
    machine = {"authorization": f"Bearer {token}"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=machine)
    public = {re.sub(r":\w+}", "}", door) for door, let_in in DOORS.items() if STRANGER in let_in}
    operations = [found.ok() for found in schema.get_all_operations()]
    for operation in operations:
        _ask(operation, machine, let_in=operation.label in public)
    assert len(operations) > 40


def _nobody_answers(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody is there", request=request)


def _ask(operation: Any, machine: dict[str, str], *, let_in: bool) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(headers=machine, excluded_checks=[ignored_auth])  # the next line asks that itself
        nobody = case.call_and_validate(headers={"authorization": "Bearer forged"}, excluded_checks=[ignored_auth])
        assert let_in or nobody.status_code == 401 or nobody.json()["code"] in {"not_json", "bad_input"}

    ask()
