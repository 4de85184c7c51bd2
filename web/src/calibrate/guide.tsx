/** Leads through one calibration: where the board goes, what is still missing, what was taken, and what came of it. */

import { store } from "../cell";
import { Offer } from "../common/buttons";
import { Icon } from "../common/icon";
import type { SessionView, Spot, Want } from "../wire";
import { number, words } from "../words";
import { Act } from "./act";
import { Drive } from "./drive";
import { Result } from "./result";
import { chosen, compute, drop, live, pictureOf, place, resting, take } from "./session";

const OFFERED = new Set(["stop", "clear"]);

export function Guide({ session }: { session: SessionView }) {
  const { calibrate } = words.value;
  const { next, wants, found } = session;
  const missing = wants.some(({ must }) => must);
  return (
    <>
      {!resting.value && <Working />}
      {found && <Result session={session} found={found} />}
      <section aria-labelledby="next">
          <h2 id="next">{session.method === "hand_eye" ? calibrate.nextArm : calibrate.next}</h2>
          {next && <p data-testid="next">{spot(session, next, place.value)}</p>}
          {session.places.length > 1 && (
            <label class="field">
              <span>{calibrate.place}</span>
              <select
                value={place.value}
                onChange={(event) => {
                  place.value = event.currentTarget.value;
                }}
              >
                <option value="">{calibrate.wanted(next?.place ?? "")}</option>
                {session.places.map((name) => (
                  <option key={name} value={name}>
                    {calibrate.placed(name, session.taken.filter((one) => one.place === name).length)}
                  </option>
                ))}
              </select>
            </label>
          )}
          {session.method === "hand_eye" && <Drive session={session} />}
          <Act name="take" primary={missing} closed={!resting.value || !next} does={() => take(place.value)}>
            <Icon name="eye" /> {calibrate.take}
          </Act>
          <ul class="calib-wants" data-testid="wants" data-missing={missing}>
            {wants.map((want) => (
              <li key={want.what}>
                <Icon name={want.must ? "circle" : "plus"} /> <span>{wish(want)}</span>
              </li>
            ))}
            {!missing && (
              <li class="calib-enough">
                <Icon name="check" /> <span>{calibrate.enough}</span>
              </li>
            )}
          </ul>
          <Act name="compute" primary={!missing && !found} closed={missing} does={compute}>
            {calibrate.compute}
          </Act>
      </section>
      <Pictures session={session} />
    </>
  );
}

/** The cell is at work: no board may come before its cameras. */
function Working() {
  const { calibrate } = words.value;
  return (
    <div class="jog-why" role="status" data-testid="working">
      <p>
        <Icon name="alert" /> {calibrate.working}
      </p>
      <div class="pair">
        {(store.cell.value?.buttons ?? [])
          .filter(({ label }) => OFFERED.has(label))
          .map((button) => (
            <Offer key={JSON.stringify(button.command)} button={button} />
          ))}
      </div>
    </div>
  );
}

function Pictures({ session }: { session: SessionView }) {
  const { calibrate } = words.value;
  if (session.taken.length === 0) return null;
  const shown = chosen.value ?? session.taken.at(-1)?.number;
  return (
    <section aria-labelledby="taken">
      <h2 id="taken">{calibrate.taken(session.taken.length)}</h2>
      <ul class="calib-taken">
        {session.taken.toReversed().map((one) => (
          <li key={one.number} data-testid="taken">
            <button
              type="button"
              class="thumb"
              aria-pressed={one.number === shown}
              aria-label={calibrate.look(one.number)}
              onClick={() => {
                chosen.value = one.number;
                live.value = false;
              }}
            >
              <img src={pictureOf(session, one.number)} alt="" width="96" height="54" loading="lazy" />
            </button>
            <span>
              <strong>{one.place || `#${one.number}`}</strong>
              <span class="quiet">{calibrate.few(one.corners_px.length, one.of, number(one.rms_px, 2))}</span>
            </span>
            <Act name={`drop-${one.number}`} label={calibrate.dropOne(one.number)} does={() => drop(one.number)}>
              <Icon name="cross" />
            </Act>
          </li>
        ))}
      </ul>
    </section>
  );
}

function spot(session: SessionView, next: Spot, place: string): string {
  const { calibrate } = words.value;
  if (session.method === "hand_eye") return calibrate.around(next.place, number(next.far_mm, 0), number(next.tilt_deg, 0), session.simulated);
  if (session.method === "extrinsics") return calibrate.lay(place || next.place, session.simulated);
  const where = next.side === "middle" && next.level === "middle" ? calibrate.centre : `${calibrate.levels[next.level]} ${calibrate.sides[next.side]}`;
  return calibrate.hold(where.trim(), number(next.far_mm, 0), number(next.tilt_deg, 0), session.simulated);
}

function wish({ what, more, where }: Want): string {
  const { wants, edges } = words.value.calibrate;
  return what === "coverage" ? wants.coverage(where ? edges[where] : "") : wants[what](more);
}
