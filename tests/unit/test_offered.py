"""What is offered is what `decide` takes from who presses it: a machine's key, and people who may not say it twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import now_t
from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.decide import Rejected, decide
from orchestrator.core.machine import Autonomy, CellVerb, StepStatus
from orchestrator.http.offered import offered
from orchestrator.wire import Button, LaneView
from tests.unit.cell_bench import Bench, authored, bench
from tests.unit.http_fakes import cell_view, hear, say, screen
from tests.unit.lan_bench import lan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLES: tuple[cmd.Role, ...] = ("worker", "programmer", "supervisor", "auditor")
NOT_THEIRS = {"machine", "other_person", "denied", "own_release", "same_person"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = authored(tmp_path_factory.mktemp("authored"))
    with (folder / "cell.yaml").open("a", encoding="utf-8") as file:
        file.write("approvals: {four_eyes: true}\n")
    return folder


def _buttons(value: Any) -> Iterator[Button]:
    if isinstance(value, Button):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _buttons(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from _buttons(each)
    elif hasattr(type(value), "model_fields"):
        for name in type(value).model_fields:
            yield from _buttons(getattr(value, name))


def _refused(cell: Bench, button: Button, who: cmd.Who) -> str:
    """Press a button by the real rules, without anything coming of it; returns the code of a refusal."""
    command = {**button.command}
    if button.needs_reason:
        command["reason"] = "so"
    request = cmd.Request(id="x", by=who, t=cell.now, command=cmd.OUTSIDE.validate_python(command))
    verdict = decide(cell.state, request, cell.now)
    if isinstance(verdict, Rejected):
        return verdict.code
    return "denied" if any(event.type == "command_denied" for event in verdict) else ""


def _tried(cell: Bench, who: cmd.Who) -> tuple[set[str], set[str]]:
    """Return the kinds that somebody is offered, and those of them that are refused for who they are."""
    screen = cell.cell.desk.screen
    seen = [
        each
        for each in _buttons(offered(dict(screen.topics), who, screen))
        if who.machine or who.name == "op" or not each.command.get("place")  # a place's card says whose it is
    ]
    refused = {each.command["type"] for each in seen if _refused(cell, each, who) in NOT_THEIRS}
    return {each.command["type"] for each in seen}, refused


async def _shown(folder: Path, look: Any) -> None:
    """Bring a cell to what has buttons of people: a card, the word next, a motion, a question; look at each."""
    async with bench(folder) as cell:
        look(cell)
        await cell.do(cmd.JoinPlace(place="front", operator="op"), cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
        await cell.begin(worker=False)
        await cell.until(lambda state: "load" in {name for unit in state.units.values() for name in unit.steps})
        await cell.settled()
        look(cell)
        release = next(each for each in _buttons(dict(cell.cell.desk.screen.topics)) if each.label == "release_step")
        by = cmd.Who(name="op", role="worker", known=True)
        assert (await cell.ask(cmd.OUTSIDE.validate_python(release.command), by)).ok
        await cell.until(lambda state: bool(state.motions))
        await cell.settled()
        look(cell)
        await cell.do(cmd.RefuseMotion(motion=next(iter(cell.state.motions))))
        await cell.until(lambda _: cell.step("load").status == StepStatus.ATTENTION)
        await cell.settled()
        look(cell)
        await cell.change(CellVerb.HOLD)
        await cell.settled()
        look(cell)


@pytest.mark.parametrize("role", ROLES)
def test_a_machines_key_is_offered_nothing_that_a_person_must_say(folder: Path, role: cmd.Role) -> None:
    key = cmd.Who(name="k-erp", role=role, known=True, machine=True)
    kinds: set[str] = set()

    def look(cell: Bench) -> None:
        seen, refused = _tried(cell, key)
        assert not refused, refused
        kinds.update(seen)

    run_virtual(lambda: _shown(folder, look))
    assert not kinds & {"approve_motion", "release_step", "join_place", "confirm_step"}
    assert ("change_cell" in kinds) is (role != "auditor"), "what a key may do it is offered"
    assert ("refuse_motion" in kinds) is (role != "auditor")


@pytest.mark.parametrize("role", ROLES)
def test_a_person_is_offered_nothing_that_is_refused_for_who_they_are(folder: Path, role: cmd.Role) -> None:
    shown: dict[str, set[str]] = {"op": set(), "other": set()}

    def look(cell: Bench) -> None:
        for name, kinds in shown.items():
            seen, refused = _tried(cell, cmd.Who(name=name, role=role, known=True))
            assert not refused, (name, refused)
            kinds.update(seen)

    run_virtual(lambda: _shown(folder, look))
    works = role != "auditor"
    assert ("release_step" in shown["op"]) is works
    assert "approve_motion" not in shown["op"], "they said next"
    assert ("approve_motion" in shown["other"]) is works


LANE = LaneView(
    actor="robot",
    kind="robot",
    status="waiting",
    text={},
    buttons=(
        Button(label="approve", command={"type": "approve_motion", "motion": "m"}, not_by=("worker",)),
        Button(label="refuse", command={"type": "refuse_motion", "motion": "m"}),
        Button(label="next", command={"type": "release_step", "unit": "u", "step": "s", "attempt": 0}),
        Button(label="problem", command={"type": "report_problem", "place": "front"}),
    ),
)


def test_each_screen_of_a_server_is_offered_what_its_own_person_or_key_may_say(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            desk.screen.put("cell", cell_view(four_eyes=True))
            desk.screen.put("lane/robot", LANE)
            _, key = people.add_key(site.accounts, "erp", "supervisor", now_t())
            everything = ["approve", "refuse", "next", "problem"]
            seen = {
                "worker": (site.headers("worker", server.url), everything[1:]),
                "programmer": (site.headers("programmer", server.url), everything),
                "supervisor": (site.headers("supervisor", server.url), everything),
                "key": ({"authorization": f"Bearer {key}"}, ["refuse"]),
            }
            for name, (headers, labels) in (
                *seen.items(),
                *seen.items(),
            ):
                async with screen(server, additional_headers=headers) as page:
                    await say(page, type="hello")
                    first = (await hear(page, "snapshot"))["payload"]["topics"]["lane/robot"]
                    assert [each["label"] for each in first["buttons"]] == labels, name
                    desk.screen.put("lane/robot", LANE)
                    later = (await hear(page, "put"))["payload"]["value"]
                    assert [each["label"] for each in later["buttons"]] == labels, name

    asyncio.run(scenario())


def test_what_a_key_may_ask_for_leaves_out_what_is_a_persons(tmp_path: Path) -> None:
    import httpx

    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server):
            _, key = people.add_key(site.accounts, "erp", "supervisor", now_t())
            for headers, signs in (
                ({"authorization": f"Bearer {key}"}, False),
                (site.headers("supervisor", server.url), True),
            ):
                async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as client:
                    may = set((await client.get("/api/v1/access")).json()["may"])
                assert ({"approve_motion", "release_step", "join_place"} <= may) is signs
                assert {"change_cell", "store_order", "refuse_motion"} <= may

    asyncio.run(scenario())
