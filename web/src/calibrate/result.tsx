/** What was computed, in plain words beside its figures, before it counts. */

import { Icon } from "../common/icon";
import type { Figure, Found, SessionView } from "../wire";
import { number, word, words } from "../words";
import { Act } from "./act";
import { accept, told } from "./session";

const UNITS: readonly (readonly [string, string])[] = [
  ["_px", "px"],
  ["_mm", "mm"],
  ["_deg", "°"],
  ["_percent", "%"],
];

export function Result({ session, found }: { session: SessionView; found: Found }) {
  const { calibrate } = words.value;
  const over = found.figures.some(({ value, most }) => most !== null && Math.abs(value) > most);
  return (
    <section aria-labelledby="result" data-testid="result" data-good={!over}>
      <h2 id="result">{calibrate.result}</h2>
      <p class={over ? "jog-why" : "jog-may"} role="status">
        <Icon name={over ? "alert" : "check"} /> {over ? calibrate.poor : calibrate.good}
      </p>
      {session.method !== "intrinsics" && <p>{calibrate.moved(number(found.moved_mm, 2), number(found.moved_deg, 3))}</p>}
      <table class="calib-figures">
        <thead class="unseen">
          <tr>
            <th scope="col">{calibrate.figure}</th>
            <th scope="col">{calibrate.value}</th>
          </tr>
        </thead>
        <tbody>
          {found.figures.map((figure) => (
            <Row key={figure.name} figure={figure} />
          ))}
        </tbody>
      </table>
      <Act
        name="accept"
        primary
        does={async () => {
          if (await accept()) told.value = { good: true, message: calibrate.accepted(session.camera), remedy: session.method === "intrinsics" ? calibrate.thenPlace : "" };
        }}
      >
        {calibrate.accept}
      </Act>
      <p class="quiet">{calibrate.unaccepted}</p>
    </section>
  );
}

function Row({ figure: { name, value, most } }: { figure: Figure }) {
  const { calibrate } = words.value;
  const unit = UNITS.find(([end]) => name.endsWith(end))?.[1] ?? "";
  const over = most !== null && Math.abs(value) > most;
  return (
    <tr>
      <th scope="row">{word(calibrate.figures, name)}</th>
      <td>
        <strong>
          {number(value, 3)} {unit}
        </strong>
        {most !== null && (
          <span class={over ? "over" : "within"}>
            <Icon name={over ? "alert" : "check"} /> {calibrate.atMost(number(most, 2), unit)}
          </span>
        )}
      </td>
    </tr>
  );
}
