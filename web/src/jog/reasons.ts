/** Why the arm may not be moved by hand now. */

import { connection } from "../cell";
import type { CellView } from "../wire";
import { word, words } from "../words";

const QUIET = new Set(["idle", "stopped", "completed"]);

/** The reasons in the reader's language; the cell's own words for what the page has none. */
export function reasons(cell: CellView): string[] {
  const { jog, modes, cellStates, safety, refusals } = words.value;
  if (connection.line.value !== "online") return [refusals.offline.message];
  const out: string[] = [];
  if (cell.mode !== "manual") out.push(jog.why.mode(word(modes, cell.mode)));
  if (!QUIET.has(cell.state)) out.push(jog.why.state(word(cellStates, cell.state)));
  if (cell.safety !== "normal" && cell.safety !== "reduced") out.push(jog.why.safety(word(safety, cell.safety)));
  if (!cell.acknowledged) out.push(jog.why.unclear);
  return out.length > 0 ? out : [...cell.manual_reasons];
}
