/** What happened, newest first, with a search, and as far back as somebody reads. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { store } from "../cell";
import { get } from "../rest";
import { language } from "../settings";
import { clock, moment, words } from "../words";
import { happened } from "./happened";
import { Past, type Page } from "./past";

const LONGEST = 100; // letters of a search

export function Events() {
  const say = words.value;
  const { board } = say;
  const wanted = useSignal("");
  const past = useMemo(() => new Past((path) => get<Page>(path), () => words.value, () => language.value), []);
  useSignalEffect(() => void past.follow(store.log.value));
  const found = past.lines.value.toReversed();
  const list = usePlace(found[0]?.seq);
  const today = new Date().toDateString();
  return (
    <section class="panel" aria-labelledby="events" data-testid="events">
      <div class="panel-head">
        <h2 id="events">{board.events}</h2>
        <input
          type="search"
          class="search"
          aria-label={board.search}
          placeholder={board.search}
          maxLength={LONGEST}
          value={wanted.value}
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
            past.seek(wanted.value, store.log.value);
          }}
        />
      </div>
      {found.length === 0 && <p class="quiet">{board.noEvents}</p>}
      <div class="events" ref={list} tabIndex={0} role="group" aria-labelledby="events">
        <ol>
          {found.map((event) => (
            <li key={event.seq} data-seq={event.seq}>
              <time>{new Date(event.t * 1000).toDateString() === today ? clock(event.t) : moment(event.t)}</time>
              <span class="event-text">{happened(event, say, language.value)}</span>
              <span class="quiet">{event.subject}</span>
            </li>
          ))}
        </ol>
        <Older past={past} none={found.length === 0} />
      </div>
    </section>
  );
}

/** The way further back, and what became of it. The button stays where it is, so focus does too. */
function Older({ past, none }: { past: Past; none: boolean }) {
  const { board } = words.value;
  const reading = past.reading.value;
  const back_t = past.back_t.value;
  return (
    <div class="older">
      <p class="quiet" role="status" data-testid="older-said" data-reading={reading}>
        {reading === "whole" && board.begins}
        {reading === "failed" && past.trouble.value}
        {reading === "reading" && board.readingOlder}
        {reading === "rest" && none && back_t !== null && board.lookedBack(moment(back_t))}
      </p>
      {reading !== "whole" && (
        <button type="button" class="act act-plain act-small" data-testid="older" aria-disabled={reading === "reading"} onClick={() => void past.older()}>
          {board.older}
        </button>
      )}
    </div>
  );
}

/** Keep what is read in its place while lines come above it: browsers do so by themselves, but not all of them. */
function usePlace(newest: number | undefined) {
  const list = useRef<HTMLDivElement>(null);
  const seen = useRef<{ seq: string; top: number } | null>(null);
  const note = (): void => {
    const box = list.current;
    const lines = box && box.scrollTop > 0 ? [...box.querySelectorAll<HTMLElement>("[data-seq]")] : [];
    const first = lines.find((line) => line.offsetTop + line.offsetHeight > (box?.scrollTop ?? 0));
    seen.current = first ? { seq: first.dataset.seq ?? "", top: first.offsetTop } : null;
  };
  useLayoutEffect(() => {
    const box = list.current;
    box?.addEventListener("scroll", note, { passive: true });
    return () => box?.removeEventListener("scroll", note);
  }, []);
  useLayoutEffect(() => {
    const box = list.current;
    const was = seen.current;
    const line = was && box?.querySelector<HTMLElement>(`[data-seq="${was.seq}"]`);
    if (box && was && line) box.scrollTop += line.offsetTop - was.top;
    note();
  }, [newest]);
  return list;
}
