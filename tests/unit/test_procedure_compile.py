"""From a procedure and options to the variant that an order runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.procedure import Window
from orchestrator.engine import graph
from orchestrator.engine.library import Library, read_cell
from tests.unit.mistakes.authored import lay_out


@pytest.fixture
def build(tmp_path):
    """Compile the steps of a small product, written as YAML."""

    def compile_steps(steps, parts="foot: {}\n  tube: {}\n  screw: {}", head="", **options):
        folder = tmp_path / "instructions" / "small"
        folder.mkdir(parents=True, exist_ok=True)
        lines = "\n".join(f"- {{{step}}}" for step in steps)
        text = f"{head}\nparts:\n  {parts}\nsteps:\n{lines}\n"
        (folder / "procedure.yaml").write_text(text, encoding="utf-8")
        return Library(tmp_path / "instructions").variant("small", options)

    return compile_steps


@pytest.fixture
def valve(tmp_path):
    instructions, cells = lay_out(tmp_path, "reference")
    library = Library(instructions, cells / "bench_1.yaml")
    return lambda **options: library.variant("valve", {"volts": 24, "seal": "fibre", "plate": "en", **options})


def waits(variant, step):
    return [wait.step for wait in variant.by_id[step].after]


A = "result: {part: foot, at: nest}, human: true"


def test_step_without_after_follows_the_one_above(build):
    variant = build([f"id: a, {A}", f"id: b, {A}", f"id: c, after: [], {A}", f"id: d, after: [a, c], {A}"])
    assert [waits(variant, s) for s in "abcd"] == [[], ["a"], [], ["a", "c"]]


def test_each_makes_instances_that_follow_one_another(valve):
    variant = valve()
    ids = [step.id for step in variant.steps if step.group == "tighten"]
    assert ids[:3] + ids[8:10] == ["tighten@12.1", "tighten@12.5", "tighten@12.3", "tighten@24.1", "tighten@24.5"]
    assert waits(variant, "tighten@12.5") == ["tighten@12.1"]
    assert waits(variant, "tighten@24.1") == ["tighten@12.8"]
    step = variant.by_id["tighten@24.5"]
    assert (step.k, step.n, step.variables) == (10, 16, {"nm": 24, "i": 5})
    assert step.result.values["torque_Nm"].nominal == 24
    assert (step.result.values["torque_Nm"].low, step.result.values["torque_Nm"].high) == (22.5, 25.5)


def test_step_after_each_waits_for_all_and_its_window_runs_from_the_last(valve):
    test = valve().by_id["test"].after
    tighten = [wait for wait in test if wait.step.startswith("tighten")]
    assert len(tighten) == 16
    assert [wait.min_s for wait in tighten] == [0.0] * 15 + [600.0]


def test_records_of_each_keep_their_pairs(valve):
    variant = valve()
    spares = [step for step in variant.steps if step.group == "spares"]
    assert [(s.id, s.result.kind, s.result.qty) for s in spares] == [
        ("spares@bolt.2", "bolt", 2),
        ("spares@washer.10", "washer", 10),
    ]


def test_options_fill_parts_and_leave_steps_out(valve):
    small, large = valve(), valve(volts=48, seal="graphite")
    assert small.by_id["pcb"].result.kind == "pcb_24"
    assert large.by_id["pcb"].result.kind == "pcb_48"
    assert "insulate" not in small.by_id
    assert waits(small, "seal") == ["cable"]
    assert waits(large, "seal") == ["insulate"]
    assert str(small.by_id["cover"].result.at) == "seal_fibre/top"
    assert small.by_id["print"].robot.parameters == {"template": "plate_en"}


def test_step_left_out_passes_its_cure_on_but_not_its_open_time(build):
    head = "options: {x: [1, 2]}"
    steps = [
        f"id: a, {A}",
        f"id: b, after: {{a: {{min_s: 30, max_s: 60}}}}, when: x == 1, {A}",
        f"id: c, after: {{b: {{max_s: 5}}}}, {A}",
    ]
    kept, left_out = build(steps, head=head, x=1), build(steps, head=head, x=2)
    assert [(w.step, w.min_s, w.max_s) for w in kept.by_id["c"].after] == [("b", 0.0, 5.0)]
    assert [(w.step, w.min_s, w.max_s) for w in left_out.by_id["c"].after] == [("a", 30.0, None)]


def test_several_of_one_kind_are_numbered_and_named_ones_keep_their_names(valve):
    variant = valve()
    assert [s.result.part for s in variant.steps if s.group == "bolts"] == [f"bolt#{k}" for k in range(1, 9)]
    assert variant.by_id["spares@bolt.2"].result.part == "bolt#9"
    assert variant.by_id["bearings@front"].result.part == "bearing.front"
    assert variant.by_id["bearings@front"].result.kind == "bearing"
    assert variant.by_id["cover"].result.part == "cover"


def test_part_laid_in_the_cell_is_the_one_that_is_moved_on(valve):
    variant = valve()
    assert variant.by_id["shaft"].result.part == variant.by_id["fit_shaft"].result.part == "shaft"
    assert variant.by_id["print"].result.part == variant.by_id["plate"].result.part == "label"
    assert variant.by_id["load"].result.part == variant.by_id["unload"].result.part == "body"


def test_parts_laid_in_the_cell_are_taken_in_turn(build):
    steps = [
        f"id: load, {A}",
        "id: lay, each: {i: [1, 2]}, result: {part: screw, at: tray_$i}, human: true",
        "id: drive, each: {i: [1, 2]}, result: {part: screw, at: foot/hole_$i}, human: true",
        "id: more, result: {part: screw, at: foot/hole_3}, human: true",
    ]
    parts = [step.result.part for step in build(steps).steps]
    assert parts == ["foot", "screw#1", "screw#2", "screw#1", "screw#2", "screw#3"]


def test_bulk_is_never_the_same_twice(valve):
    variant = valve()
    assert variant.by_id["purge"].result.part == "adhesive#1"
    assert variant.by_id["bead"].result.part == "adhesive#2"
    assert variant.by_id["purge"].per == "order"


def test_mate_of_the_placed_part_meets_the_target_unless_it_is_a_seat(build):
    parts = (
        "foot: {frames: {bore: {xyz_mm: [0, 0, 50]}}, mates: {bore: {depth_mm: 20}}}\n"
        "  tube: {frames: {end: {xyz_mm: [0, 0, 5]}}, mates: {end: {axis: [0, 0, 2], depth_mm: 20}}}"
    )
    variant = build([f"id: load, {A}", "id: fit, result: {part: tube, at: foot/bore}, robot: insert"], parts)
    assert variant.by_id["load"].result.meets.p == (0.0, 0.0, 0.0)
    assert variant.by_id["fit"].result.meets.p == (0.0, 0.0, 0.005)
    assert variant.parts["tube"].mates["end"].axis == (0.0, 0.0, 1.0)
    assert variant.parts["tube"].mates["end"].depth_m == 0.02


def test_tolerances_come_from_step_then_defaults_then_built_in(build, valve):
    variant = valve()
    assert variant.by_id["bearings@rear"].result.within_m == (0.0005, 0.0005, 0.0003)
    assert variant.by_id["cover"].result.within_m == (0.0005, 0.0005, 0.0005)
    assert build([f"id: a, {A}"]).by_id["a"].result.within_m == (0.001, 0.001, 0.001)
    assert build([f"id: a, {A}"]).by_id["a"].result.within_rad == pytest.approx((0.034907,) * 3, abs=1e-6)


@pytest.mark.parametrize(
    ("step", "check"),
    [
        ("load", ("camera",)),
        ("cover", ("camera",)),
        ("seal", ("person",)),
        ("bead", ("person",)),
        ("cable", ("person", "photo")),
        ("spares@washer.10", ("person",)),
        ("tighten@12.1", ()),
        ("test", ()),
    ],
)
def test_check_follows_from_the_result_and_the_tool(valve, step, check):
    assert valve().by_id[step].check == check


def test_rework_names_an_instance_and_drops_where_its_step_is_left_out(build):
    head = "options: {x: [1, 2]}"
    measured = "result: {at: foot/hole_$i, values: {t_Nm: {is: 3, within: 1}}}"
    steps = [
        f"id: load, {A}",
        "id: a, when: x == 1, each: {i: [1, 2]}, result: {part: screw, at: foot/hole_$i}, human: true",
        f"id: b, each: {{i: [1, 2]}}, {measured}, human: true, on_fail: [{{rework: a}}, ask]",
    ]
    first = build(steps, head=head, x=1).by_id["b@2"].on_fail["*"]
    assert [(r.do, r.step) for r in first] == [("rework", "a@2"), ("ask", None)]
    assert [r.do for r in build(steps, head=head, x=2).by_id["b@2"].on_fail["*"]] == ["ask"]


def test_failure_may_have_a_ladder_for_each_outcome(build):
    variant = build([f"id: a, {A}, on_fail: {{not_held: [retry, ask], '*': [scrap]}}"])
    step = variant.by_id["a"]
    assert [rung.do for rung in step.ladder("not_held")] == ["retry", "ask"]
    assert [rung.do for rung in step.ladder("timeout")] == ["scrap"]
    assert [rung.do for rung in build([f"id: a, {A}"]).by_id["a"].ladder("any")] == ["retry", "other_actor", "ask"]


def test_one_time_stands_for_whoever_does_it(valve):
    variant = valve()
    assert variant.by_id["fit_shaft"].time_s == {"robot": 20.0}
    assert variant.by_id["bolts@1"].time_s == {"robot": 6.0, "human": 6.0}
    assert variant.by_id["bearings@rear"].time_s == {"robot": 14.0, "human": 9.0}


def test_serial_number_stays_open_until_the_unit_is_begun(valve):
    assert valve().by_id["plate"].result.values["code"].pattern == "$serial"


def test_frames_come_from_patterns_too(valve):
    frames = valve().parts["cover"].frames
    assert frames["hole_1"].p == (0.08, 0.0, 0.0)
    assert frames["hole_3"].p == pytest.approx((0.0, 0.08, 0.0))


def test_nests_of_one_role_are_interchangeable(tmp_path):
    _, cells = lay_out(tmp_path, "reference")
    cell = read_cell(cells / "bench_1.yaml")
    assert cell.nests == {"nest": ("nest_1", "nest_2")}
    assert cell.is_nest("nest")
    assert cell.is_nest("nest_2")
    assert not cell.is_nest("press")


@given(st.data())
def test_leaving_steps_out_keeps_the_order_of_the_rest(data):
    names = [f"s{k}" for k in range(data.draw(st.integers(1, 9)))]
    edges = {
        n: {b: Window() for b in data.draw(st.sets(st.sampled_from(names[:k] or [n])))} for k, n in enumerate(names)
    }
    edges[names[0]] = {}
    left_out = data.draw(st.sets(st.sampled_from(names)))
    kept = graph.without(edges, left_out)
    before, after = (graph.ancestors(e, graph.sequence(e)) for e in (edges, kept))
    assert set(kept) == set(names) - left_out
    for name in kept:
        assert after[name] == before[name] - left_out


@given(st.data())
def test_sequence_keeps_to_every_edge_and_cycles_are_found(data):
    names = [f"s{k}" for k in range(data.draw(st.integers(1, 8)))]
    edges = {n: {b: Window() for b in data.draw(st.sets(st.sampled_from(names), max_size=3))} for n in names}
    order = graph.sequence(edges)
    for place, name in enumerate(order):
        assert set(edges[name]) <= set(order[:place])
    assert bool(graph.cycles(edges)) == (len(order) < len(names))
    for ring in graph.cycles(edges):
        assert all(ring[i - 1] in edges[ring[i]] for i in range(len(ring)))
