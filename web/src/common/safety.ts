/** The cell's condition in words that a person can act on. */

import { connection, store } from "../cell";
import { text, word, words } from "../words";
import type { IconName } from "./icon";

export interface Condition {
  words: string;
  icon: IconName;
  tone: "good" | "busy" | "warn" | "bad";
}

/** What the robot does or why it stands, in one line. */
export function robotCondition(): Condition {
  const cell = store.cell.value;
  const lane = store.robot.value;
  const said = words.value;
  if (connection.line.value !== "online") return { words: said.robot.unheard, icon: "alert", tone: "warn" };
  if (!cell) return { words: said.loading, icon: "clock", tone: "busy" };
  if (cell.safety !== "normal" && cell.safety !== "reduced") {
    return { words: said.robot.held(word(said.safety, cell.safety)), icon: "alert", tone: "bad" };
  }
  if (cell.retreat?.status === "moving") return { words: said.retreat.moving, icon: "robot", tone: "busy" };
  if (!["idle", "execute", "completing", "completed", "starting", "suspended"].includes(cell.state)) {
    return { words: said.robot.held(word(said.cellStates, cell.state)), icon: "pause", tone: "warn" };
  }
  const paused = cell.condition.pauses.find((pause) => pause.robot);
  if (paused) return { words: said.robot.held(text(paused.text)), icon: "pause", tone: "warn" };
  if (!lane) return { words: said.robot.stands, icon: "pause", tone: "warn" };
  if (lane.intent) {
    const what = text(lane.intent.text) || text(lane.text);
    const line = lane.intent.proposed ? said.robot.proposes(what) : said.robot.moves(what);
    return { words: line, icon: "robot", tone: lane.intent.proposed ? "warn" : "busy" };
  }
  const state = word(said.robot.states, lane.status);
  const what = text(lane.text);
  return {
    words: what && lane.status === "working" ? said.robot.moves(what) : state,
    icon: "robot",
    tone: lane.status === "attention" ? "warn" : lane.status === "working" ? "busy" : "good",
  };
}
