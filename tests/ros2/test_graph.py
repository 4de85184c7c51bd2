"""A cell as other ROS 2 systems see it: its state, latched; who may hold it, resume it and give it orders."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from orchestrator.adapters.clock_wall import WallClock
from orchestrator.core.machine import CellState, CellVerb
from tests.ros2.building import cell_file
from tests.ros2.found import why_not
from tests.ros2.rig import RosRig
from tests.unit.cell_bench import ROOT, bench

pytestmark = pytest.mark.ros2
OPTIONS = {"ratio": "5", "cover": "blind", "plate": "en"}
ORDER = {"order": "o-7", "product": "gear_reducer", "options": OPTIONS, "quantity": 2, "start": True}


def in_the_graph(body, request, folder, others):
    if reason := why_not():
        pytest.skip(reason)
    request.getfixturevalue("servers").start()
    path = cell_file(folder)
    path.write_text(
        path.read_text("utf-8").replace("rehearsal: true", f"rehearsal: true\n    others: {others}"), "utf-8"
    )

    @asynccontextmanager
    async def cell_and_peer():
        from tests.ros2.peer import Peer

        async with bench(ROOT / "instructions", cell_file=path, clock=WallClock()) as cell:
            peer = Peer()
            try:
                yield cell, peer
            finally:
                await peer.close()

    async def whole():
        async with cell_and_peer() as (cell, peer):
            await body(cell, peer)

    asyncio.run(whole())


def test_who_comes_later_hears_the_state_and_every_change_of_it(request, tmp_path):
    async def body(cell, peer):
        first = await peer.state(cell="idle")
        assert (first["v"], first["name"], first["safety"], first["orders"]) == (1, "demo", "normal", [])
        await cell.change(CellVerb.START)
        assert (await peer.state(cell="execute"))["mode"] == "production"

    in_the_graph(body, request, tmp_path, "look")


def test_anybody_may_hold_a_cell_but_not_resume_it_unless_its_file_says_so(request, tmp_path):
    async def body(cell, peer):
        await cell.change(CellVerb.START)
        await peer.state(cell="execute")
        assert (await peer.call("/tandem/hold"))[0]
        assert (await peer.state(cell="held"))["reason"] == "Asked for over ROS 2."
        assert not await peer.offers("/tandem/resume")

    in_the_graph(body, request, tmp_path, "look")


def test_a_cell_that_is_asked_goes_on_and_what_can_not_be_is_refused_with_words(request, tmp_path):
    async def body(cell, peer):
        await peer.state(cell="idle")
        done, words = await peer.call("/tandem/resume")
        assert not done
        assert words
        await cell.change(CellVerb.START)
        assert (await peer.call("/tandem/hold"))[0]
        await peer.state(cell="held")
        assert (await peer.call("/tandem/resume"))[0]
        await peer.state(cell="execute")

    in_the_graph(body, request, tmp_path, "ask")


def test_an_order_is_stored_and_started_and_its_progress_told(request, tmp_path):
    async def body(cell, peer):
        answer = await peer.order(json.dumps(ORDER))
        assert answer == {"order": "o-7", "ok": True, "code": "", "message": "", "remedy": ""}
        (order,) = (await peer.state(cell="execute"))["orders"]
        assert (order["order"], order["product"], order["quantity"]) == ("o-7", "gear_reducer", 2)
        assert cell.state.cell is CellState.EXECUTE
        again = await peer.order(json.dumps(ORDER))
        assert not again["ok"]
        assert again["order"] == "o-7"

    in_the_graph(body, request, tmp_path, "ask")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("no json", "JSON"),
        (json.dumps({"order": "o"}), "product"),
        (json.dumps({**ORDER, "quantity": 0}), "quantity"),
        (json.dumps({**ORDER, "product": "nothing"}), "nothing"),
        ("x" * 10_001, "10000"),
    ],
)
def test_an_order_that_is_none_is_refused_with_words(request, tmp_path, text, word):
    async def body(cell, peer):
        answer = await peer.order(text)
        assert not answer["ok"]
        assert word in answer["message"]
        assert answer["remedy"]
        assert not cell.state.orders

    in_the_graph(body, request, tmp_path, "ask")


def test_a_robot_that_is_closed_is_not_in_the_graph_any_more(request, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    servers = request.getfixturevalue("servers")

    async def whole():
        from tests.ros2.peer import Peer

        rig, peer = RosRig(tmp_path, servers), Peer()
        try:
            await peer.sees("tandem", there=True)
            await rig.close()
            await peer.sees("tandem", there=False)  # while the rig, and all that it holds, is still kept here
            assert rig.robot.state.value.joints
        finally:
            await rig.close()
            await peer.close()

    asyncio.run(whole())
