"""A cell that wants several approvers, served without login: its start says that one person can be all of them."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from orchestrator.cli.serve import tell
from orchestrator.core.cell import ApprovalsSpec


@pytest.mark.parametrize(
    ("needs", "four_eyes", "can"),
    [
        (1, False, ""),
        (2, False, "one person can give all 2 approvals of a motion"),
        (2, True, "one person can give all 2 approvals of a motion"),
        (1, True, "one person can approve what they let begin"),
    ],
)
def test_a_server_without_login_says_that_it_cant_tell_approvers_apart(
    needs: int, four_eyes: bool, can: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as logs:
        tell("http://127.0.0.1:8000", ApprovalsSpec(motions=needs, four_eyes=four_eyes))
    said = " ".join(capsys.readouterr().out.split())
    assert "without login" in said
    assert ("one person can" in said) is bool(can)
    assert can in said
    assert [(line["log_level"], line["approvers"]) for line in logs] == [("warning", needs)] * bool(can)
