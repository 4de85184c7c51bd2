/** Finished units, newest first, each with its as-built record. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { store } from "../cell";
import { Icon } from "../common/icon";
import { get } from "../rest";
import { moment, word, words } from "../words";

interface Finished {
  unit: string;
  order: string;
  state: string;
  ended_t: number;
}

const finished = signal<readonly Finished[]>([]);
const SHOWN = 30;

export function FinishedUnits() {
  const { board, stepStates } = words.value;
  const left = [...store.orders.value.values()].reduce((sum, { done, scrapped }) => sum + done + scrapped, 0);
  useEffect(() => {
    get<Finished[]>("/api/v1/units").then(
      (found) => {
        finished.value = found;
      },
      () => undefined, // the list comes with the next unit
    );
  }, [left]);
  return (
    <section class="panel" aria-labelledby="finished">
      <h2 id="finished">{board.finished}</h2>
      {finished.value.length === 0 && <p class="quiet">{board.noFinished}</p>}
      <ul class="rows">
        {finished.value.slice(0, SHOWN).map(({ unit, order, state, ended_t }) => (
          <li key={unit} class="row row-slim">
            <Icon name={state === "done" ? "check" : "cross"} />
            <span class="row-main">
              <strong>{unit}</strong>{" "}
              <span class="quiet">
                {order} · {word(stepStates, state)} · {moment(ended_t)}
              </span>
            </span>
            <a class="act act-plain act-small" href={`/board?unit=${encodeURIComponent(unit)}`} data-testid="record-link" aria-label={`${board.record} ${unit}`}>
              {board.record}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
