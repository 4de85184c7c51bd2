/** The cameras of the cell: what is known of each, why its checks don't count, and what to do about it. */

import { may } from "../access/access";
import { called } from "../common/called";
import { Icon } from "../common/icon";
import type { CalibratedView } from "../wire";
import { moment, number, span, words } from "../words";
import { Act } from "./act";
import { begin, cameras, check, sheetOf } from "./session";

export function Cameras() {
  const { calibrate, loading } = words.value;
  const all = cameras.value;
  const boards = [...new Set((all ?? []).flatMap((camera) => camera.boards))];
  if (!all) return <p class="quiet">{loading}</p>;
  return (
    <>
      <section class="calib-how" aria-labelledby="how">
        <h2 id="how">{calibrate.how}</h2>
        <ol>
          {calibrate.steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
        <p class="calib-sheets">
          {boards.map((board) => (
            <a key={board} class="act act-small" href={sheetOf(board)} target="_blank" rel="noopener" data-testid={`sheet-${board}`}>
              {calibrate.print(board)}
            </a>
          ))}
        </p>
      </section>
      {all.length === 0 && <p class="quiet">{calibrate.noCameras}</p>}
      <div class="calib-cameras">
        {all.map((camera) => (
          <Camera key={camera.camera} camera={camera} />
        ))}
      </div>
    </>
  );
}

function Camera({ camera }: { camera: CalibratedView }) {
  const { calibrate } = words.value;
  const { camera: name, calibration, parts, last_check: last } = camera;
  const counts = camera.why === "";
  const known = calibration !== "";
  const heading = `camera-${name}`;
  const why = !known ? calibrate.first : camera.checked_by ? "" : calibrate.noBoard;
  return (
    <section class="calib-camera" aria-labelledby={heading} data-testid={heading} data-counts={counts}>
      <h2 id={heading}>{called(name)}</h2>
      <p class={`calib-state tone-${counts ? "good" : "warn"}`}>
        <Icon name={counts ? "check" : "alert"} /> <span>{counts ? (camera.max_age_h === null ? calibrate.free : calibrate.counts) : reason(camera)}</span>
      </p>
      <dl class="calib-facts">
        <dt>{calibrate.known}</dt>
        <dd>{known ? parts.map((part) => calibrate.parts[part]).join(", ") : calibrate.unknown}</dd>
        {known && (
          <>
            <dt>{calibrate.made}</dt>
            <dd>{calibrate.madeBy(moment(camera.made_t), camera.by)}</dd>
            <dt>{calibrate.lastCheck}</dt>
            <dd data-testid="last-check">{last ? calibrate.checked(moment(last.t), number(last.off_mm, 2), number(last.off_deg, 3)) : calibrate.never}</dd>
            <dt>{calibrate.age}</dt>
            <dd>{age(camera)}</dd>
            <dt>{calibrate.id}</dt>
            <dd>
              <code>{calibration}</code>
            </dd>
          </>
        )}
      </dl>
      <div class="pair">
        {may("check_camera") && <Act name={`check-${name}`} primary={known && !counts && !why} closed={why !== ""} describedBy={why ? `why-${name}` : undefined} does={() => check(name)}>
          {calibrate.check}
        </Act>}
        {may("calibrate") && <Act name={`begin-${name}-intrinsics`} primary={!known} does={() => begin(name, "intrinsics")}>
          {calibrate.begin.intrinsics}
        </Act>}
        {!may("calibrate") ? null : camera.fixed ? (
          <Act name={`begin-${name}-extrinsics`} primary={known && !parts.includes("extrinsics")} does={() => begin(name, "extrinsics")}>
            {calibrate.begin.extrinsics}
          </Act>
        ) : (
          <Act name={`begin-${name}-hand_eye`} primary={known && !parts.includes("hand_eye")} does={() => begin(name, "hand_eye")}>
            {calibrate.begin.hand_eye}
          </Act>
        )}
      </div>
      {why && (
        <p id={`why-${name}`} class="quiet">
          {why}
        </p>
      )}
    </section>
  );
}

/** Why its checks don't count, in the reader's language; the cell's own words for what the page has none. */
function reason(camera: CalibratedView): string {
  const { why } = words.value.calibrate;
  const { last_check: last, max_age_h: most, age_h } = camera;
  if (last && !last.ok) return why.off(number(last.off_mm, 1), number(last.off_deg, 2));
  if (most !== null && !camera.calibration) return why.none;
  if (most !== null && age_h !== null && age_h > most) return why.stale(number(age_h, 0), number(most, 0));
  return camera.why;
}

function age({ age_h, max_age_h: most }: CalibratedView): string {
  const { ageOf, ageFree } = words.value.calibrate;
  const shown = span((age_h ?? 0) * 3600);
  return most === null ? ageFree(shown) : ageOf(shown, number(most, 1));
}
