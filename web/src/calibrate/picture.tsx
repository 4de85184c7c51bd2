/** A taken picture: the corners that were found, what of the picture is covered, and where the board goes next. */

import type { SessionView, Taken } from "../wire";
import { number, words } from "../words";
import { pictureOf } from "./session";

export function Picture({ session, taken }: { session: SessionView; taken: Taken | undefined }) {
  const { calibrate } = words.value;
  const [width, height] = session.size_px;
  const lens = session.method === "intrinsics";
  const rows = session.cells.length;
  const label = taken ? calibrate.shown(taken.number, taken.corners_px.length, taken.of) : calibrate.nothingTaken;
  return (
    <figure class="shot">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label} data-testid="shot" data-number={taken?.number ?? 0}>
        <rect class="shot-ground" width={width} height={height} />
        {taken && <image key={taken.number} href={pictureOf(session, taken.number)} width={width} height={height} />}
        {lens &&
          session.cells.flatMap((row, y) =>
            row.map((corners, x) => (
              <rect
                key={`${x}/${y}`}
                class={corners > 0 ? "shot-covered" : "shot-bare"}
                x={(x * width) / row.length}
                y={(y * height) / rows}
                width={width / row.length}
                height={height / rows}
              />
            )),
          )}
        {taken?.corners_px.map(([x, y]) => <circle key={`${x}/${y}`} class="shot-corner" cx={x} cy={y} r={width / 240} />)}
        {session.next && <polygon class="shot-aim" points={session.next.outline_px.map(([x, y]) => `${x},${y}`).join(" ")} />}
      </svg>
      <figcaption>
        <strong>{label}</strong>
        {taken && <span>{calibrate.seen(number(taken.far_mm, 0), number(taken.tilt_deg, 0), number(taken.rms_px, 2))}</span>}
        <ul class="shot-legend">
          {taken && (
            <li>
              <span class="swatch swatch-corner" /> {calibrate.corner}
            </li>
          )}
          {session.next && (
            <li>
              <span class="swatch swatch-aim" /> {calibrate.aim}
            </li>
          )}
          {lens && (
            <li>
              <span class="swatch swatch-covered" /> {calibrate.covered(number(session.covered * 100, 0))}
            </li>
          )}
        </ul>
      </figcaption>
    </figure>
  );
}
