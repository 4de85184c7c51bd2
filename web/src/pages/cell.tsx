/** The cell view: the 3D twin alone, with what a robot programmer wants to see. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { looksOn } from "../access/access";
import { HoldRobot } from "../access/hold";
import { poses, store } from "../cell";
import { tick } from "../clock";
import { called } from "../common/called";
import { OfflineBanner } from "../common/line";
import { NotMoving } from "../common/not-moving";
import { Retreat } from "../common/retreat";
import { robotCondition } from "../common/safety";
import { Top } from "../common/top";
import { Icon } from "../common/icon";
import type { Layer } from "../scene/layers";
import { view } from "../scene/static";
import { Twin } from "../scene/twin";
import type { Pose } from "../wire";
import { number, word, words } from "../words";

const LAYERS = ["frames", "zones", "bins", "cameras", "intent"] as const;

export function Page() {
  const shown = useSignal<ReadonlySet<Layer>>(new Set<Layer>(["frames", "bins", "intent"]));
  const camera = useSignal("");
  const { cellPage } = words.value;
  const condition = robotCondition();
  useEffect(() => {
    document.title = cellPage.title;
  }, [cellPage]);
  return (
    <div class="cell-page">
      <Top page="cell">
        <p class={`robot-says tone-${condition.tone}`} role="status">
          <Icon name={condition.icon} /> <span>{condition.words}</span>
        </p>
      </Top>
      <OfflineBanner />
      <main class="cell-main">
        <h1 class="unseen">{cellPage.title}</h1>
        <Twin place={null} layers={shown.value} camera={camera.value} />
        <aside class="side" tabIndex={0} aria-label={cellPage.show}>
          <Retreat scene />
          <fieldset class="choice">
            <legend>{cellPage.show}</legend>
            <div class="toggles">
              {LAYERS.map((layer) => (
                <button
                  key={layer}
                  type="button"
                  class="toggle"
                  aria-pressed={shown.value.has(layer)}
                  onClick={() => {
                    const next = new Set(shown.value);
                    if (!next.delete(layer)) next.add(layer);
                    shown.value = next;
                  }}
                >
                  <span class="box">{shown.value.has(layer) && <Icon name="check" />}</span>
                  {cellPage[layer]}
                </button>
              ))}
            </div>
          </fieldset>
          <label class="field">
            <span>{cellPage.lookFrom}</span>
            <select
              value={camera.value}
              onChange={(event) => {
                camera.value = event.currentTarget.value;
              }}
            >
              <option value="">{cellPage.free}</option>
              {Object.keys(view.value?.cameras ?? {}).map((name) => (
                <option key={name} value={name}>
                  {called(name)}
                </option>
              ))}
            </select>
          </label>
          <NotMoving />
          <PartList />
          <LinkList />
        </aside>
      </main>
      {looksOn() && <HoldRobot />}
    </div>
  );
}

function PartList() {
  const { cellPage } = words.value;
  const parts = [...store.parts.value.values()].sort((a, b) => a.id.localeCompare(b.id, undefined, { numeric: true }));
  return (
    <section aria-labelledby="parts">
      <h2 id="parts">{cellPage.parts}</h2>
      {parts.length === 0 && <p class="quiet">{cellPage.noParts}</p>}
      <ul class="list">
        {parts.map((part) => (
          <li key={part.id}>
            <strong>{part.id}</strong>
            <span>{part.holder}</span>
            <code>{place(part.pose)}</code>
            <span class="quiet">
              {word(cellPage.sources, part.source)} · {word(cellPage.certainties, part.certainty)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function LinkList() {
  tick.value; // poses are no signals: read them once a second
  const { cellPage } = words.value;
  const now = performance.now() / 1000;
  const links = view.value?.links ?? [];
  return (
    <section aria-labelledby="links">
      <h2 id="links">{cellPage.links}</h2>
      <ul class="list">
        {links.map(({ name }) => {
          const pose = poses.at("robot", name, now);
          return (
            <li key={name}>
              <strong>{name}</strong>
              <code>{pose ? place(pose) : "–"}</code>
              <code class="quiet">{pose ? turn(pose) : ""}</code>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const place = ({ p }: Pose): string => p.map((value) => number(value * 1000, 1)).join(", ");

/** Fixed-axis roll, pitch, yaw in degrees, as in URDF. */
function turn({ q: [w, x, y, z] }: Pose): string {
  const roll = Math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y));
  const pitch = Math.asin(Math.max(-1, Math.min(1, 2 * (w * y - z * x))));
  const yaw = Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z));
  return [roll, pitch, yaw].map((angle) => `${number((angle * 180) / Math.PI, 1)}°`).join(", ");
}
