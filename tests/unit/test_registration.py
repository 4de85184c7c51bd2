"""By what screens find the real cell, as the cell file says it and as screens are told."""

from __future__ import annotations

from orchestrator.core.cell import CellSpec
from orchestrator.engine.cell_desk import registration_view

ROBOT = {"model": "ur5e", "at": {}, "gripper": "parallel_85", "payload_kg": 5}
FRAMES = {"a": {"xyz_mm": [0, 0, 20]}, "b": {"xyz_mm": [300, 0, 20]}, "c": {"xyz_mm": [0, 400, 0]}}
BOARD = {"squares": [7, 5], "square_mm": 33, "marker_mm": 23, "dictionary": "4x4_50", "at": "c"}


def cell(**more: object) -> CellSpec:
    """Return a cell with three frames."""
    return CellSpec.model_validate({"name": "bench", "robot": ROBOT, "frames": FRAMES, **more})


def test_points_and_the_only_fixed_board_are_told_in_metres() -> None:
    view = registration_view(
        cell(
            boards={"guide": BOARD, "chart": {"dictionary": "6x6_250"}},
            registration={"touch": ["a", "b", "c"], "max_off_mm": 2, "max_age_h": 1},
        )
    )
    assert view.touch == {"a": (0.0, 0.0, 0.02), "b": (0.3, 0.0, 0.02), "c": (0.0, 0.4, 0.0)}
    assert (view.max_off_m, view.max_age_s) == (0.002, 3600)
    assert view.board is not None
    assert (view.board.name, view.board.square_m, view.board.pose.p) == ("guide", 0.033, (0.0, 0.4, 0.0))


def test_of_several_fixed_boards_one_must_be_named() -> None:
    boards = {"guide": BOARD, "fixture": {**BOARD, "at": "a", "dictionary": "5x5_100"}}
    assert registration_view(cell(boards=boards)).board is None
    named = registration_view(cell(boards=boards, registration={"board": "fixture"})).board
    assert named is not None
    assert named.name == "fixture"


def test_without_a_word_about_it_three_millimetres_and_eight_hours_hold() -> None:
    view = registration_view(cell())
    assert (view.max_off_m, view.max_age_s, view.touch, view.board) == (0.003, 28_800, {}, None)
