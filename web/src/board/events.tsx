/** What happened, newest first, with a search. */

import { useSignal } from "@preact/signals";
import { store } from "../cell";
import { clock, words } from "../words";

const SHOWN = 100;

export function Events() {
  const { board } = words.value;
  const wanted = useSignal("");
  const needle = wanted.value.trim().toLocaleLowerCase();
  const found = store.log.value
    .filter(({ type, subject, text }) => `${type} ${subject} ${text}`.toLocaleLowerCase().includes(needle))
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
        {found.map(({ seq, t, subject, text }) => (
          <li key={seq}>
            <time>{clock(t)}</time>
            <span class="event-text">{text}</span>
            <span class="quiet">{subject}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
