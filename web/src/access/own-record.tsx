/** What is kept of who is signed in: shown to themselves, and theirs to take along. */

import { useSignal } from "@preact/signals";
import { get, Refused } from "../rest";
import { moment, word, words } from "../words";

/** An event that names them; `words` are what they wrote. */
interface Mention {
  seq: number;
  t: number;
  type: string;
  subject: string;
  named: readonly string[];
  words: string;
}

/** As `GET /api/v1/access/me` tells it, page by page. */
interface OwnRecord {
  id: string;
  name: string;
  role: string;
  qualifications: readonly string[];
  pin: boolean;
  badges: number;
  signed_in: readonly { device: string; until_t: number; seen_t: number }[];
  events: readonly Mention[];
  next: number | null;
}

const SHOWN = 100; // the newest; all of them are in the file

/** Read every page; the journal may be long. */
export async function everything(read: (path: string) => Promise<OwnRecord> = get): Promise<OwnRecord> {
  let page = await read("/api/v1/access/me");
  const events = [...page.events];
  while (page.next !== null) {
    page = await read(`/api/v1/access/me?after=${page.next}`);
    events.push(...page.events);
  }
  return { ...page, events };
}

export function OwnRecordPart() {
  const say = words.value.access.own;
  const record = useSignal<OwnRecord | null>(null);
  const reading = useSignal(false);
  const refused = useSignal("");
  const show = async (): Promise<void> => {
    reading.value = true;
    refused.value = "";
    try {
      record.value = await everything();
    } catch (error) {
      refused.value = error instanceof Refused ? `${error.message} ${error.remedy}` : words.value.refusals.unknown;
    }
    reading.value = false;
  };
  const download = (): void => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(record.value, null, 2)], { type: "application/json" }));
    link.download = `${record.value?.id ?? "record"}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const found = record.value;
  if (!found)
    return (
      <>
        <button type="button" class="act act-plain act-small" aria-disabled={reading.value} data-testid="own-record" onClick={() => !reading.value && void show()}>
          {reading.value ? say.reading : say.show}
        </button>
        {refused.value && <p role="alert">{refused.value}</p>}
      </>
    );
  return (
    <section class="own-record" aria-label={say.show} data-testid="own-record-shown">
      <p class="quiet">{say.text}</p>
      <dl class="record-facts">
        <div>
          <dt>{say.pseudonym}</dt>
          <dd>{found.id}</dd>
        </div>
        <div>
          <dt>{say.can}</dt>
          <dd>{found.qualifications.join(", ") || "–"}</dd>
        </div>
        <div>
          <dt>{say.pin}</dt>
          <dd>{say.has(found.badges, found.pin)}</dd>
        </div>
        <div>
          <dt>{say.signedIn}</dt>
          <dd>{found.signed_in.map(({ device }) => device).join(", ") || "–"}</dd>
        </div>
      </dl>
      <h3>{say.events}</h3>
      <ol class="events" tabIndex={0} aria-label={say.events}>
        {found.events
          .slice(-SHOWN)
          .reverse()
          .map((one) => (
            <li key={one.seq}>
              <time>{moment(one.t)}</time>
              <span class="event-text">{[word(words.value.events.names, one.type), one.words].filter(Boolean).join(": ")}</span>
              <span class="quiet">{one.subject}</span>
            </li>
          ))}
      </ol>
      {found.events.length === 0 && <p class="quiet">{say.none}</p>}
      <p class="quiet">{say.erase}</p>
      <button type="button" class="act act-plain act-small" onClick={download}>
        {say.download}
      </button>
    </section>
  );
}
