/** The arm brings its camera to the next pose for as long as a button is held. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { connection, store } from "../cell";
import { Offer } from "../common/buttons";
import { Icon } from "../common/icon";
import { Hold } from "../jog/hold";
import { HoldButton } from "../jog/hold-button";
import { useLetGo } from "../jog/let-go";
import { reasons } from "../jog/reasons";
import { post } from "../rest";
import { uuid } from "../uuid";
import type { DriveView, SessionView } from "../wire";
import { words } from "../words";

const OFFERED = new Set(["acknowledge", "stop", "clear", "reset", "manual"]);

/** Whether the arm stands where it was wanted. */
export const there = signal(false);
let path = "";

const hold = new Hold(
  {
    renew: async (press) => {
      const view = await post<DriveView>(path, { press });
      there.value = view.state === "arrived";
      if (view.state === "over") throw view; // its words are shown
      if (view.state === "arrived") hold.stop();
    },
    release: (press) => {
      fetch(`${path}?press=${encodeURIComponent(press)}`, { method: "DELETE", keepalive: true }).catch(() => undefined); // unheard, it lapses by itself
    },
  },
  uuid,
);

export function Drive({ session }: { session: SessionView }) {
  const { calibrate } = words.value;
  const cell = store.cell.value;
  const closed = connection.line.value !== "online" || !cell || cell.manual_reasons.length > 0;
  path = `/api/v1/calibration/session/${session.id}/drive`;
  useLetGo(hold, closed);
  useEffect(() => {
    there.value = false; // a picture was taken, left out or refused: another pose is wanted
  }, [session.next?.outline_px.join()]);
  const said = hold.said.value;
  return (
    <div class="calib-drive" data-testid="drive" data-there={there.value}>
      {closed && cell && (
        <div class="jog-why" role="status">
          <p>
            <Icon name="alert" /> {calibrate.notMoved}
          </p>
          <ul>
            {reasons(cell).map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
          <div class="pair">
            {cell.buttons
              .filter(({ label }) => OFFERED.has(label))
              .map((button) => (
                <Offer key={JSON.stringify(button.command)} button={button} primary={button.label === "manual"} />
              ))}
          </div>
        </div>
      )}
      <HoldButton hold={hold} name="drive" shown={calibrate.drive} does={calibrate.drives} twist={() => ({ frame: "base" })} closed={closed} />
      <p class="jog-said" role="status" data-testid="drive-said">
        {said ? (
          <>
            <Icon name="alert" /> <span>{said.message} {said.remedy}</span>
          </>
        ) : (
          <span class="quiet">{there.value ? calibrate.there : hold.held.value ? calibrate.moving : calibrate.clear}</span>
        )}
      </p>
    </div>
  );
}
