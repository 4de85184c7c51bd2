/** Who does what: one strip an actor, the last minutes up to now. */

import { useEffect } from "preact/hooks";
import { named } from "../access/access";
import { store } from "../cell";
import { serverNow, tick } from "../clock";
import { Offer } from "../common/buttons";
import { worked } from "../common/worked";
import { Icon } from "../common/icon";
import { span, text, word, words } from "../words";
import { episodes, remember, type Episode } from "./history";
import { SIGNS } from "./signs";

const SHOWN_S = 4 * 60;
const AHEAD_S = 20;

export function Lanes() {
  const { board, laneStates, actors } = words.value;
  useEffect(() => store.steps.subscribe(() => remember(store, serverNow())), []);
  const now_t = tick.value;
  const from_t = now_t - SHOWN_S;
  const left = (t: number): number => Math.max(0, (100 * (t - from_t)) / (SHOWN_S + AHEAD_S));
  const lanes = [...store.lanes.value.values()].sort((a, b) => a.kind.localeCompare(b.kind) || a.actor.localeCompare(b.actor));
  return (
    <section class="panel" aria-labelledby="lanes">
      <h2 id="lanes">{board.lanes}</h2>
      <div class="lanes">
        {lanes.map((lane) => {
          const own = [...episodes.value.values()].filter((one) => one.actor === lane.actor && (one.to_t ?? now_t) > from_t);
          return (
            <div key={lane.actor} class="lane" data-testid="lane">
              <div class="lane-name">
                <Icon name={lane.kind === "robot" ? "robot" : "person"} />
                <span>
                  <strong>{named(lane.operator) || lane.actor}</strong>
                  <span class="quiet">
                    {actors[lane.kind]} · {word(laneStates, lane.status)}
                  </span>
                </span>
              </div>
              <div class="strip" aria-hidden="true">
                {own.map((one) => (
                  <Bar key={one.key} episode={one} left={left(one.from_t)} right={left(one.to_t ?? now_t)} />
                ))}
                <i class="now" style={{ left: `${left(now_t)}%` }} />
              </div>
              <p class="lane-now">
                {text(lane.text) || word(laneStates, lane.status)}
                {lane.kind === "robot" && lane.started_t !== null && <span class="quiet"> {span(worked(lane, lane.started_t, now_t))}</span>}
                {lane.step && lane.kind === "human" && store.steps.value.get(`${lane.unit}/${lane.step}`)?.overdue && <span class="pill pill-warn">{board.overdue}</span>}
              </p>
              {lane.pausing.length > 0 && (
                <div class="row-actions">
                  {lane.pausing.map((button) => (
                    <Offer key={button.label} button={button} primary={button.label === "resume"} testId={`${button.label}-${lane.actor}`} />
                  ))}
                </div>
              )}
            </div>
          );
        })}
        <div class="scale" aria-hidden="true">
          {[3, 2, 1].map((minutes) => (
            <span key={minutes} style={{ left: `${left(now_t - minutes * 60)}%` }}>
              {board.minutesAgo(minutes)}
            </span>
          ))}
          <span style={{ left: `${left(now_t)}%` }}>{board.now}</span>
        </div>
      </div>
    </section>
  );
}

function Bar({ episode, left, right }: { episode: Episode; left: number; right: number }) {
  const state = episode.to_t === null ? episode.status : ["done", "skipped"].includes(episode.status) ? "done" : episode.status;
  return (
    <span class={`bar bar-${state}`} title={text(episode.title)} style={{ left: `${left}%`, width: `${Math.max(0.4, right - left)}%` }}>
      <Icon name={SIGNS[state] ?? "dot"} />
      <span>{text(episode.title)}</span>
    </span>
  );
}
