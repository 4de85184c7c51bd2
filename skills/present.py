"""Hold a part up for a person or a camera."""

from orchestrator.skill import Cell, Target, skill


@skill("present", timeout_s=240, needs=("gripper_free",), leaves=("part_held",), undone_by="place")
async def present(cell: Cell, part: str, frame: str = "handover", show_s: float = 5, patience_s: float = 300) -> None:
    """Fetch `part` and hold it up at the cell's `frame`; the step after this one goes on with it, by `carry`.

    In a step that a person shares it stays there until they confirm, else for `show_s`. A confirmation that does not
    come within `patience_s` ends it with `not_confirmed`: the gripper keeps the part.
    """
    await cell.fetch(part)
    await cell.offer(part, Target(frame=frame))
    if cell.shared:
        await cell.gripper.until_confirmed(part, timeout_s=patience_s)
    else:
        await cell.gripper.keep(part, for_s=show_s)
