/** The cell's condition in words that a person can act on. */

import { connection, store } from "../cell";
import { serverNow } from "../clock";
import { countdown } from "../countdown";
import { text, word, words } from "../words";
import type { IconName } from "./icon";
import { notMoving, reasonWords } from "./not-moving";

const leads = countdown(() => {
  const { begins_t: t = null, started_t = 0 } = store.robot.value?.intent ?? {};
  return t === null ? null : { t, most_s: t - started_t };
}, serverNow);

export interface Condition {
  words: string;
  icon: IconName;
  tone: "good" | "busy" | "warn" | "bad";
  /** What a person can do where it is kept from moving, "" where nobody knows; null where nothing keeps it. */
  held: string | null;
  /** Whole seconds until a motion begins, 0 where none is counted down. */
  left_s: number;
}

const unheld = { held: null, left_s: 0 };

/** What the robot does or why it stands, in one line. */
export function robotCondition(): Condition {
  const cell = store.cell.value;
  const lane = store.robot.value;
  const said = words.value;
  const held = { held: notMoving().map(reasonWords).join(" "), left_s: 0 };
  if (connection.line.value !== "online") return { words: said.robot.unheard, icon: "alert", tone: "warn", ...unheld };
  if (!cell) return { words: said.loading, icon: "clock", tone: "busy", ...unheld };
  if (cell.safety !== "normal" && cell.safety !== "reduced") {
    return { words: said.robot.held(word(said.safety, cell.safety)), icon: "alert", tone: "bad", ...held };
  }
  if (cell.retreat?.status === "moving") return { words: said.retreat.moving, icon: "robot", tone: "busy", ...unheld };
  if (!["idle", "execute", "completing", "completed", "starting", "suspended"].includes(cell.state)) {
    return { words: said.robot.held(word(said.cellStates, cell.state)), icon: "pause", tone: "warn", ...held };
  }
  const paused = cell.condition.pauses.find((pause) => pause.robot);
  if (paused) return { words: said.robot.held(text(paused.text)), icon: "pause", tone: "warn", ...held };
  if (!lane) return { words: said.robot.stands, icon: "pause", tone: "warn", ...unheld };
  if (lane.intent) {
    const what = text(lane.intent.text) || text(lane.text);
    if (lane.intent.proposed) return { words: said.robot.proposes(what, lane.intent.needs - lane.intent.approved_by.length), icon: "robot", tone: "warn", ...unheld };
    const left_s = leads.left.value;
    return { words: left_s > 0 ? said.robot.soon(what, left_s) : said.robot.moves(what), icon: "robot", tone: left_s > 0 ? "warn" : "busy", held: null, left_s };
  }
  const holds = lane.status === "idle" && [...store.parts.value.values()].some(({ holder }) => holder === "gripper");
  const state = holds ? said.robot.holds : word(said.robot.states, lane.status);
  const what = text(lane.text);
  return {
    words: what && lane.status === "working" ? said.robot.moves(what) : state,
    icon: "robot",
    tone: lane.status === "attention" ? "warn" : lane.status === "working" ? "busy" : "good",
    ...unheld,
  };
}
