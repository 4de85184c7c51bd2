/** What the camera sees now, to aim by: the corners found, where the board goes, and why the picture would not do. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { connection } from "../cell";
import { Icon } from "../common/icon";
import { Refused } from "../rest";
import type { LiveView, SessionView } from "../wire";
import { words } from "../words";
import { lookNow, place, resting, underway } from "./session";

const REST_MS = 300; // between one look and the next: the camera is also wanted for pictures

export function Live({ session }: { session: SessionView }) {
  const { calibrate } = words.value;
  const seen = useSignal<LiveView | null>(null);
  const refused = useSignal<{ message: string; remedy: string } | null>(null);
  const open = resting.value && connection.line.value === "online";
  useEffect(() => {
    if (!open) return;
    let ended = false;
    let timer = 0;
    const turn = async (): Promise<void> => {
      try {
        const now = underway.peek() ? seen.peek() : await lookNow(session, place.peek());
        if (now?.jpeg) await ready(now);
        if (ended) return;
        seen.value = now;
        refused.value = null;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (ended) return;
        refused.value = error;
      }
      timer = window.setTimeout(() => void turn(), REST_MS);
    };
    void turn();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [open, session.id]);
  const [width, height] = session.size_px;
  const now = seen.value;
  const trouble = refused.value ?? (now?.why ? (calibrate.troubles[now.code] ?? { message: now.why, remedy: now.remedy }) : null);
  const label = now ? calibrate.now(now.corners_px.length, now.of) : calibrate.looking;
  return (
    <figure class="shot">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label} data-testid="live" data-corners={now?.corners_px.length ?? 0}>
        <rect class="shot-ground" width={width} height={height} />
        {now?.jpeg && <image href={sourceOf(now)} width={width} height={height} />}
        {now?.corners_px.map(([x, y]) => <circle key={`${x}/${y}`} class="shot-corner" cx={x} cy={y} r={width / 240} />)}
        {session.next && <polygon class="shot-aim" points={session.next.outline_px.map(([x, y]) => `${x},${y}`).join(" ")} />}
      </svg>
      <figcaption>
        <strong>{label}</strong>
        <div role="status" class={trouble ? "shot-trouble" : ""} data-testid="live-trouble">
          {trouble && (
            <>
              <Icon name="alert" /> <strong>{trouble.message}</strong> {trouble.remedy}
            </>
          )}
        </div>
        <ul class="shot-legend">
          <li>
            <span class="swatch swatch-corner" /> {calibrate.corner}
          </li>
          {session.next && (
            <li>
              <span class="swatch swatch-aim" /> {calibrate.aim}
            </li>
          )}
        </ul>
      </figcaption>
    </figure>
  );
}

const sourceOf = (now: LiveView): string => `data:image/jpeg;base64,${now.jpeg}`;

/** Have the picture ready before its corners are drawn: else they would lie on the one before. */
async function ready(now: LiveView): Promise<void> {
  const picture = new Image();
  picture.src = sourceOf(now);
  await picture.decode().catch(() => undefined); // one that is broken is as good as none
}
