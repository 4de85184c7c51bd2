/** Hazards with their signal words (ANSI Z535): danger and warning are acknowledged before the step is confirmed. */

import type { Card, StepWords } from "../wire";
import { words as own } from "../words";
import { Icon } from "../common/icon";
import { field, type Entry } from "./entry";

const ORDER = ["danger", "warning", "caution", "notice"] as const;

export function Hazards({ card, words, entry }: { card: Card; words: StepWords; entry: Entry }) {
  const { card: say } = own.value;
  const hazards = Object.entries(card.hazards).sort(([, a], [, b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
  if (hazards.length === 0) return null;
  return (
    <ul class="hazards" aria-label={say.hazards}>
      {hazards.map(([name, level]) => {
        const must = level === "danger" || level === "warning";
        const done = entry.acknowledged.value.has(name);
        const id = field.hazard(name);
        const fault = entry.fault(id);
        return (
          <li key={name} class={`hazard hazard-${level}`} data-done={done}>
            <strong class="signal">
              {level !== "notice" && <Icon name="alert" />}
              {say.signal[level]}
            </strong>
            <p id={`${id}-text`}>{words.hazards[name] ?? name}</p>
            {must && (
              <button
                type="button"
                id={id}
                class="ack"
                aria-pressed={done}
                aria-describedby={`${id}-text`}
                data-testid="acknowledge"
                onClick={() => entry.acknowledge(name, !done)}
              >
                <span class="box">{done && <Icon name="check" />}</span>
                {say.understood}
              </button>
            )}
            {fault && <p class="fault">{say.missing.hazard}</p>}
          </li>
        );
      })}
    </ul>
  );
}
