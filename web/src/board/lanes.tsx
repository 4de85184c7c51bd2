/** Who does what as a live Gantt: one strip an actor, what happened left of now, what is expected right of it. */

import { useEffect } from "preact/hooks";
import { named } from "../access/access";
import { store } from "../cell";
import { serverNow, tick } from "../clock";
import { Offer } from "../common/buttons";
import { worked } from "../common/worked";
import { called } from "../common/called";
import { Icon, type IconName } from "../common/icon";
import { calm } from "../settings";
import type { LaneView } from "../wire";
import { span, text, word, words } from "../words";
import { bars, behind, until, type Bar } from "./gantt";
import { episodes, remember } from "./history";
import { SIGNS } from "./signs";

const BACK_MIN = 2;
const AHEAD_MIN = 2;
const WHOLE_S = 60 * (BACK_MIN + AHEAD_MIN);
const TURN_S = 30; // who wants no motion sees the strips move on this seldom

/** Where a moment is on the strips, percent from the left. */
type Place = (t: number) => number;

export function Lanes() {
  const { board } = words.value;
  useEffect(() => store.steps.subscribe(() => remember(store, serverNow())), []);
  const now_t = tick.value;
  const still = calm();
  const from_t = (still ? Math.floor(now_t / TURN_S) * TURN_S : now_t) - 60 * BACK_MIN;
  const place: Place = (t) => Math.min(100, Math.max(0, (100 * (t - from_t)) / WHOLE_S));
  const lanes = [...store.lanes.value.values()].sort((a, b) => a.kind.localeCompare(b.kind) || a.actor.localeCompare(b.actor));
  const late_s = behind(lanes, now_t);
  return (
    <section class="panel" aria-labelledby="lanes">
      <h2 id="lanes">{board.lanes}</h2>
      <div class={still ? "lanes" : "lanes lanes-slide"}>
        {lanes.map((lane, i) => {
          const again = lane.status === "idle" && lanes.slice(0, i).some((other) => other.status === "idle" && text(other.text) === text(lane.text));
          return <Lane key={lane.actor} lane={lane} again={again} now_t={now_t} late_s={late_s} place={place} />;
        })}
        <div class="scale" aria-hidden="true">
          {Array.from({ length: BACK_MIN + AHEAD_MIN - 1 }, (_, i) => i + 1 - BACK_MIN).map((minutes) => (
            <span key={minutes} class={minutes === 0 ? "scale-now" : ""} style={{ left: `${place(now_t + 60 * minutes)}%` }}>
              {minutes === 0 ? board.now : minutes < 0 ? board.minutesAgo(-minutes) : board.inMinutes(minutes)}
            </span>
          ))}
        </div>
        <Legend />
      </div>
    </section>
  );
}

/** `again`: an idle lane above it says already why there is nothing to do. */
function Lane({ lane, again, now_t, late_s, place }: { lane: LaneView; again: boolean; now_t: number; late_s: number; place: Place }) {
  const { board, laneStates, actors } = words.value;
  const titleOf = ({ unit, step }: { unit: string; step: string }) => store.steps.value.get(`${unit}/${step}`)?.title ?? {};
  const all = bars(lane, episodes.value.values(), titleOf, now_t, late_s).filter((bar) => place(bar.to_t) > 0 && place(bar.from_t) < 100);
  const next = all.find(({ kind }) => kind === "planned");
  const name = named(lane.operator) || (lane.kind === "robot" ? actors.robot : called(lane.actor));
  return (
    <div class="lane" data-testid="lane" data-actor={lane.actor}>
      <div class="lane-name">
        <Icon name={lane.kind === "robot" ? "robot" : "person"} />
        <span>
          <strong>{name}</strong>
          <span class="quiet">{name === actors[lane.kind] ? word(laneStates, lane.status) : `${actors[lane.kind]} · ${word(laneStates, lane.status)}`}</span>
        </span>
      </div>
      <div class="strip" aria-hidden="true">
        {all.map((bar) => (
          <Strip key={bar.key} bar={bar} left={place(bar.from_t)} right={place(bar.to_t)} now_t={now_t} late_s={late_s} />
        ))}
        <i class="now" style={{ left: `${place(now_t)}%` }} />
      </div>
      <p class="lane-now">
        {again ? "" : text(lane.text)}
        {lane.kind === "robot" && lane.started_t !== null && <span class="quiet"> {span(worked(lane, lane.started_t, now_t))}</span>}
        {lane.step && lane.kind === "human" && store.steps.value.get(`${lane.unit}/${lane.step}`)?.overdue && <span class="pill pill-warn">{board.overdue}</span>}
      </p>
      {next && <p class="unseen">{board.next(text(next.title) || next.step, said(until(next, now_t, late_s)))}</p>}
      {lane.pausing.length > 0 && (
        <div class="row-actions lane-actions">
          {lane.pausing.map((button) => (
            <Offer key={button.label} button={button} primary={button.label === "resume"} testId={`${button.label}-${lane.actor}`} />
          ))}
        </div>
      )}
    </div>
  );
}

/** How a bar looks, and its sign: its kind, or how its step stands. */
function look({ kind, status }: Pick<Bar, "kind" | "status">): { look: string; sign: IconName } {
  if (kind === "planned" || kind === "rest") return { look: kind, sign: "clock" };
  if (kind === "late") return { look: "late", sign: "alert" };
  const state = kind === "was" && ["done", "skipped"].includes(status) ? "done" : status;
  return { look: state, sign: SIGNS[state] ?? "dot" };
}

/** A wait in words, "" where nobody knows it. */
const said = (wait_s: number | null): string => (wait_s === null ? "" : span(wait_s));

function Strip({ bar, left, right, now_t, late_s }: { bar: Bar; left: number; right: number; now_t: number; late_s: number }) {
  const { board } = words.value;
  const { look: looks, sign } = look(bar);
  const title = text(bar.title) || bar.step;
  const more = { was: "", runs: "", rest: board.barRest(span(bar.to_t - now_t)), late: board.barLate(span(bar.to_t - bar.from_t)), planned: board.barPlanned(said(until(bar, now_t, late_s))) }[bar.kind];
  return (
    <span class={`bar bar-${looks}`} data-kind={bar.kind} data-step={bar.step} title={more ? `${title}: ${more}` : title} style={{ left: `${left}%`, width: `${Math.max(0.4, right - left)}%` }}>
      {bar.kind !== "rest" && <Icon name={sign} />}
      {(bar.kind === "was" || bar.kind === "runs" || bar.kind === "planned") && <span>{title}</span>}
    </span>
  );
}

const LEGEND = [
  { kind: "was", status: "done" },
  { kind: "runs", status: "active" },
  { kind: "rest", status: "" },
  { kind: "late", status: "" },
  { kind: "was", status: "attention" },
  { kind: "planned", status: "" },
] as const;

function Legend() {
  const { legend } = words.value.board;
  return (
    <ul class="legend" data-testid="legend">
      {LEGEND.map((one) => {
        const { look: looks, sign } = look(one);
        return (
          <li key={looks}>
            <span class={`bar bar-${looks}`} aria-hidden="true">
              {looks !== "rest" && <Icon name={sign} />}
            </span>
            {word(legend, looks)}
          </li>
        );
      })}
    </ul>
  );
}
