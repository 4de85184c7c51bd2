"""A cell that wants several approvers, served without login: its start says that one person can be all of them."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from orchestrator.cli.serve import tell


@pytest.mark.parametrize(("needs", "loud"), [(1, False), (2, True)])
def test_a_server_without_login_says_that_it_cant_tell_approvers_apart(
    needs: int, loud: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as logs:
        tell("http://127.0.0.1:8000", needs)
    said = " ".join(capsys.readouterr().out.split())
    assert "without login" in said
    assert (f"one person can give all {needs} approvals" in said) is loud
    assert [(line["log_level"], line["approvers"]) for line in logs] == [("warning", needs)] * loud
