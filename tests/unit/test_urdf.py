from __future__ import annotations

import math
import re
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.urdf_arm import load_arm
from orchestrator.core.cell import RobotSpec
from orchestrator.core.errors import AuthoringError
from orchestrator.core.geometry import Pose
from tests.unit.own_arms import ARMS, own_arm, spec

SIX = (ARMS / "six_axis.urdf").read_text(encoding="utf-8")


def loaded(tmp_path, text, **more):
    (tmp_path / "six_axis.urdf").write_text(text, encoding="utf-8")
    return load_arm(tmp_path / "six_axis.urdf", spec("six_axis", **more))


def line_of(text, needle):
    return text[: text.index(needle)].count("\n") + 1


@settings(deadline=None)
@given(st.tuples(*[st.floats(-math.tau, math.tau)] * 6))
def test_the_ur5e_told_as_urdf_is_where_its_dh_table_puts_it(joints):
    told, table = Kinematics(own_arm("ur5e")).flange(joints), Kinematics(UR5E).flange(joints)
    assert math.dist(told.p, table.p) < 1e-9
    assert abs(abs(sum(a * b for a, b in zip(told.q, table.q, strict=True))) - 1) < 1e-12


def test_limits_and_names_are_the_files():
    arm = own_arm("six_axis")
    assert arm.links == ("ground", "column", "upper_arm", "forearm", "forearm_roll", "wrist", "hand")
    assert (arm.lower_rad[1], arm.upper_rad[1], arm.velocity_rad_s[3]) == (-1.9, 2.3, 4.0)
    assert arm.home_rad == tuple(math.radians(angle) for angle in (120, 10, 80, 0, 90, 0))
    assert own_arm("seven_axis").upper_rad[6] == math.tau  # turns without end


def test_shapes_sit_on_their_links_where_the_file_puts_them():
    arm, joints = own_arm("six_axis"), (0.5, 0.3, 0.7, 0.2, 0.4, 0.1)
    links = dict(zip(arm.drawn, Kinematics(arm).links(joints, 0.05), strict=True))
    column = next(part for part in arm.parts if part.link == "column" and part.shape == "cylinder")
    assert (links["column"] @ column.pose).p == pytest.approx((0.0, 0.0, 0.22))
    # What is fixed to a link is drawn with it: the cover on the upper arm, the foot on the ground.
    cover = next(part for part in arm.parts if part.shape == "box")
    shoulder = Pose((0.0, 0.0, 0.16)) @ Pose.from_rpy((0, 0, 0), (0, 0, 0.5)) @ Pose((0.03, 0.0, 0.17))
    on_it = shoulder @ Pose.from_rpy((0, 0, 0), (0, 0.3, 0)) @ Pose((-0.07, 0.0, 0.18))
    assert (links["upper_arm"] @ cover.pose).p == pytest.approx(on_it.p)
    assert {part.link for part in arm.parts if part.size_m == (0.09, 0.16)} == {"ground"}


def test_the_cell_file_says_how_smoothly_it_moves(tmp_path):
    arm = loaded(tmp_path, SIX, acceleration_deg_s2=360, jerk_deg_s3=[3600, 3600, 3600, 5400, 5400, 5400])
    assert arm.acceleration_rad_s2 == (math.tau,) * 6
    assert arm.jerk_rad_s3 == pytest.approx((math.tau * 10,) * 3 + (math.tau * 15,) * 3)
    with pytest.raises(AuthoringError, match=r"jerk_deg_s3: of the cell file has 2 numbers\. The arm has 6 joints\."):
        loaded(tmp_path, SIX, jerk_deg_s3=[1, 2])


def test_a_part_of_a_longer_chain_is_an_arm_by_the_names_of_its_ends(tmp_path):
    seven = (ARMS / "seven_axis.urdf").read_text(encoding="utf-8")
    (tmp_path / "a.urdf").write_text(seven, encoding="utf-8")
    given = {"model": "a.urdf", "payload_kg": 5, "base": "shoulder", "home_deg": [0, 0, 60, 0, 60, 0]}
    arm = load_arm(tmp_path / "a.urdf", RobotSpec.model_validate(given))
    assert len(arm.steps) == 6
    assert arm.links[0] == "shoulder"
    with pytest.raises(AuthoringError, match="There is no link 'tcp' for tip: of the cell file"):
        load_arm(tmp_path / "a.urdf", RobotSpec.model_validate({**given, "tip": "tcp"}))


def test_links_that_always_touch_are_not_looked_at(tmp_path):
    long = SIX.replace('<cylinder radius="0.09" length="0.16"/>', '<cylinder radius="0.09" length="0.64"/>')
    assert ("ground", "upper_arm") in loaded(tmp_path, long).apart


def test_a_link_that_nothing_is_drawn_of_is_a_link(tmp_path):
    bare = re.sub(r'<link name="(wrist|hand)">.*?</link>', r'<link name="\1"/>', SIX, flags=re.DOTALL)
    arm = loaded(tmp_path, bare)
    assert {part.link for part in arm.parts}.isdisjoint({"wrist", "hand"})
    assert arm.steps == own_arm("six_axis").steps
    assert ("forearm_roll", "hand") in arm.apart


def test_an_arm_without_any_shape_is_refused(tmp_path):
    with pytest.raises(AuthoringError, match="No moving link has a shape"):
        loaded(tmp_path, re.sub(r"<collision>.*?</collision>", "", SIX))


# Each: what is replaced, by what, the line's beginning that the message names, what it says.
MISTAKES = {
    "missing limit": (
        '<limit lower="-2.6" upper="2.6" velocity="3.0" effort="150"/>',
        "",
        '  <joint name="bend"',
        "Joint 'bend' has no <limit>.",
    ),
    "missing velocity": ('upper="2.6" velocity="3.0"', 'upper="2.6"', '    <limit lower="-2.6"', "It has no velocity."),
    "upside-down limit": (
        'lower="-2.6" upper="2.6"',
        'lower="2.6" upper="-2.6"',
        '    <limit lower="2.6"',
        "ranges from",
    ),
    "more than a turn": ('lower="-6.2"', 'lower="-9"', '    <limit lower="-9"', "more than a whole turn"),
    "prismatic joint": ('"bend" type="revolute"', '"bend" type="prismatic"', '  <joint name="bend"', "is prismatic"),
    "unknown parent": ('<parent link="foot"/>', '<parent link="fot"/>', '  <joint name="turn"', "which is no link"),
    "branching chain": (
        '<joint name="screws" type="fixed">',
        '<joint name="screws" type="continuous"><limit velocity="1"/>',
        '  <joint name="bend"',
        "branches at link 'upper_arm', to 'cover' and 'forearm'",
    ),
    "two parents": (
        '<child link="cover"/>',
        '<child link="forearm"/>',
        '  <joint name="bend"',
        "hangs from two joints",
    ),
    "cycle": ('<child link="foot"/>', '<child link="ground"/>', '  <joint name="bolts"', "go round in a circle"),
    "negative size": (
        'radius="0.042"',
        'radius="-0.042"',
        '    <collision><origin xyz="0 0 0"/><geometry><sphere radius="-',
        "-0.042 m",
    ),
    "millimetres": ('radius="0.042"', 'radius="42"', None, "42 m is too large"),
    "origin in millimetres": ('xyz="0 0 0.38"', 'xyz="0 0 380"', '    <origin xyz="0 0 380"', "380 m is too far"),
    "base in the world's name": ("ground", "world", '  <link name="world"', "is taken"),
    "not a number": ('xyz="0 0 0.38"', 'xyz="0 0 nan"', '    <origin xyz="0 0 nan"', "is not 3 finite numbers"),
    "two numbers": ('xyz="0 0 0.38"', 'xyz="0 0.38"', '    <origin xyz="0 0.38"', "is not 3 finite numbers"),
    "no axis": ('<axis xyz="0 1 0"/>', '<axis xyz="0 0 0"/>', '    <axis xyz="0 0 0"/>', "turns about no axis"),
    "mesh": (
        '<sphere radius="0.042"/>',
        '<mesh filename="../../etc/passwd"/>',
        '    <collision><origin xyz="0 0 0"/><geometry><mesh',
        "not understood for collisions",
    ),
    "no geometry": (
        '<sphere radius="0.042"/>',
        "",
        '    <collision><origin xyz="0 0 0"/><geometry></',
        "without a geometry",
    ),
    "twice": ('<link name="cover">', '<link name="wrist">', '  <link name="wrist">', "there twice"),
    "taken name": ("upper_arm", "palm", '  <link name="palm">', "is taken"),
    "too few joints": ('"roll" type="revolute"', '"roll" type="fixed"', "<robot", "5 turning joints"),
    "mimic": (
        '<axis xyz="0 1 0"/>',
        '<axis xyz="0 1 0"/><mimic joint="turn"/>',
        '  <joint name="lean"',
        "follows another",
    ),
    "home out of range": (
        'lower="-2.6" upper="2.6"',
        'lower="-2.6" upper="1"',
        '  <joint name="bend"',
        "80.0° at home",
    ),
    "home touches": ('size="0.03 0.08 0.2"', 'size="1.2 0.08 0.2"', "<robot", "At home the links"),
    "document type": ("<robot", '<!DOCTYPE r [<!ENTITY a "b">]>\n<robot', "<!DOCTYPE", "document type"),
    "not XML": ("</robot>", "</robo>", "</robo>", "Not XML: mismatched tag"),
    "not URDF": ("robot", "sdf", "<sdf", "This is no URDF"),
    "macros": ("</robot>", '<xacro:arm xmlns:xacro="x"/></robot>', "<xacro", "not expanded"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_line_and_remedy(mistake, tmp_path):
    old, new, at, says = MISTAKES[mistake]
    assert old in SIX
    text = (
        SIX.replace(old, new)
        if mistake in ("taken name", "not URDF", "macros", "base in the world's name")
        else SIX.replace(old, new, 1)
    )
    with pytest.raises(AuthoringError) as refused:
        loaded(tmp_path, text)
    (problem,) = refused.value.problems
    assert problem.file == (tmp_path / "six_axis.urdf").as_posix()
    assert re.search(says, problem.message), problem
    assert problem.remedy
    if mistake == "twice":
        assert problem.line == text[: text.rindex(at)].count("\n") + 1
    elif at:
        assert problem.line == line_of(text, at), problem


def test_nothing_unfolds_and_nothing_is_too_big(tmp_path):
    nested = "<robot>" * 40 + "</robot>" * 40
    with pytest.raises(AuthoringError, match="nest too deep"):
        loaded(tmp_path, nested)
    with pytest.raises(AuthoringError, match="too many elements"):
        loaded(tmp_path, "<robot>" + "<link/>" * 30_000 + "</robot>")
    with pytest.raises(AuthoringError, match="300 links"):
        loaded(tmp_path, "<robot>" + "".join(f"<link name='{k}'/>" for k in range(300)) + "</robot>")
    with pytest.raises(AuthoringError, match="larger than 2 MB"):
        loaded(tmp_path, "<robot>" + " " * 2_000_001 + "</robot>")
    with pytest.raises(AuthoringError, match="not there"):
        load_arm(tmp_path / "none.urdf", spec("six_axis"))


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(SIX)))
def test_a_damaged_file_is_an_arm_or_a_named_mistake(tmp_path_factory, noise, at):
    path = tmp_path_factory.mktemp("urdf") / "arm.urdf"
    path.write_bytes(SIX.encode()[:at] + noise + SIX.encode()[at + len(noise) :])
    with suppress(AuthoringError):
        arm = load_arm(path, spec("six_axis"))
        assert np.isfinite(Kinematics(arm).flange(arm.home_rad).p).all()
