/** What happened, newest first, with a search. */

import { useSignal } from "@preact/signals";
import { store } from "../cell";
import { clock, words } from "../words";
import { happened, matches } from "./happened";

const SHOWN = 100;

export function Events() {
  const say = words.value;
  const { board } = say;
  const wanted = useSignal("");
  const found = store.log.value
    .filter((event) => matches(event, wanted.value, say))
    .slice(-SHOWN)
    .reverse();
  return (
    <section class="panel" aria-labelledby="events">
      <div class="panel-head">
        <h2 id="events">{board.events}</h2>
        <input
          type="search"
          class="search"
          aria-label={board.search}
          placeholder={board.search}
          value={wanted.value}
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
          }}
        />
      </div>
      {found.length === 0 && <p class="quiet">{board.noEvents}</p>}
      <ol class="events" tabIndex={0} aria-labelledby="events">
        {found.map((event) => (
          <li key={event.seq}>
            <time>{clock(event.t)}</time>
            <span class="event-text">{happened(event, say)}</span>
            <span class="quiet">{event.subject}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
