/** Which step of a recovery comes next: what the cell says decides, and what the person has read. */

import type { CellView, Question, RecoveryView, TroubleView } from "../wire";

export const STAGES = ["happened", "safety", "gripper", "looked", "decide", "clear", "go"] as const;
export type Stage = (typeof STAGES)[number];

/** Stages that the person ends by reading on; all others end by what the cell becomes. */
export type Read = ReadonlySet<Stage>;

const ANSWERED_BY_A_WORD = new Set(["normal", "reduced", "protective_stop"]); // "the cell is clear" releases the last
const TRANSIENT = new Set(["holding", "aborting", "stopping", "clearing", "unholding", "resetting", "starting"]);

/** The stages that there are in this recovery, in order. */
export function stagesOf(cell: CellView, recovery: RecoveryView, questions: readonly Question[], met: Read): Stage[] {
  // what was there stays in the list, as done
  const there: Record<Stage, boolean> = {
    happened: true,
    safety: !ANSWERED_BY_A_WORD.has(cell.safety) || met.has("safety"),
    gripper: Boolean(recovery.held) || met.has("gripper"),
    looked: recovery.looked.length > 0,
    decide: questions.length > 0 || met.has("decide"),
    clear: true,
    go: true,
  };
  return STAGES.filter((stage) => there[stage]);
}

/** The stage that is on; null once there is nothing to recover from. */
export function stageOf(cell: CellView, recovery: RecoveryView | null, questions: readonly Question[], read: Read): Stage | null {
  if (!recovery) return null;
  if (!read.has("happened")) return "happened";
  if (!ANSWERED_BY_A_WORD.has(cell.safety)) return "safety";
  if (recovery.held && !read.has("gripper")) return "gripper";
  if (recovery.looked.length > 0 && !read.has("looked")) return "looked";
  if (questions.length > 0 && !read.has("decide")) return "decide";
  return cell.acknowledged ? "go" : "clear";
}

/** Whether the cell is changing by itself: nothing is to be pressed meanwhile. */
export const changes = (cell: CellView): boolean => TRANSIENT.has(cell.state);

/** What there is where no recovery is on: nothing to do, or a journal that can't be written, with a robot that was stopped. */
export const restOf = (troubles: Iterable<TroubleView>): "over" | "dead" =>
  [...troubles].some(({ kind }) => kind === "journal") ? "dead" : "over";
