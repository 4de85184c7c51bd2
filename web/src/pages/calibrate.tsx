/** Calibrating cameras: which can be trusted, and the way to make one so. */

import { useEffect } from "preact/hooks";
import { connection } from "../cell";
import { Act } from "../calibrate/act";
import { Cameras } from "../calibrate/cameras";
import { Guide } from "../calibrate/guide";
import { Live } from "../calibrate/live";
import { Picture } from "../calibrate/picture";
import { chosen, discard, live, refresh, session, told } from "../calibrate/session";
import { Icon } from "../common/icon";
import { OfflineBanner } from "../common/line";
import { NoticeBar } from "../common/notice";
import { Top } from "../common/top";
import type { SessionView } from "../wire";
import { words } from "../words";

const EVERY_MS = 30_000;

export function Page() {
  const { calibrate } = words.value;
  const open = session.value;
  const line = connection.line.value;
  useEffect(() => {
    document.title = calibrate.title;
  }, [calibrate]);
  useEffect(() => {
    if (line !== "online") return;
    void refresh();
    const again = setInterval(() => void refresh(), EVERY_MS);
    return () => clearInterval(again);
  }, [line]);
  return (
    <div class={open ? "cell-page calib-page" : "start calib-page"}>
      <Top page="calibrate" />
      <OfflineBanner />
      {open ? (
        <Open session={open} />
      ) : (
        <main class="start-main">
          <h1>{calibrate.title}</h1>
          <Say />
          <Cameras />
        </main>
      )}
      <NoticeBar />
    </div>
  );
}

function Open({ session: open }: { session: SessionView }) {
  const { calibrate } = words.value;
  const shown = open.taken.find(({ number }) => number === chosen.value) ?? open.taken.at(-1);
  const now = live.value ?? !open.simulated;
  return (
    <main class="cell-main">
      <div class="calib-stage">
        <div class="calib-shown">
          <Which on={now} />
          {now ? <Live session={open} /> : <Picture session={open} taken={shown} />}
        </div>
      </div>
      <aside class="side" tabIndex={0} aria-label={calibrate.title} data-testid="session" data-method={open.method}>
        <header class="calib-head">
          <h1>{calibrate.of[open.method](open.camera)}</h1>
          <Act name="discard" does={discard}>
            {calibrate.discard}
          </Act>
        </header>
        <Say />
        <Guide session={open} />
      </aside>
    </main>
  );
}

/** Show what the camera sees now, or what was taken. */
function Which({ on }: { on: boolean }) {
  const { calibrate } = words.value;
  return (
    <div class="segments calib-which" role="group" aria-label={calibrate.which}>
      {[true, false].map((now) => (
        <button
          key={String(now)}
          type="button"
          class="segment"
          data-testid={now ? "show-live" : "show-taken"}
          aria-pressed={on === now}
          onClick={() => {
            live.value = now;
          }}
        >
          {now ? calibrate.live : calibrate.still}
        </button>
      ))}
    </div>
  );
}

/** What the cell said to the last press. */
function Say() {
  const said = told.value;
  return (
    <div class="calib-said" role="status" aria-live="polite" data-testid="told">
      {said && (
        <p class={said.good ? "jog-may" : "jog-why"}>
          <Icon name={said.good ? "check" : "alert"} /> <strong>{said.message}</strong> {said.remedy}
        </p>
      )}
    </div>
  );
}
