/** Parts of which ledger, gripper, camera or people say otherwise: who says what, and how to settle it. */

import { store } from "../cell";
import { text, words } from "../words";
import { Offer } from "./buttons";
import { Icon } from "./icon";

export function Contradictions() {
  const found = store.cell.value?.contradictions ?? [];
  const { doubts } = words.value;
  if (found.length === 0) return null;
  return (
    <section class="panel panel-warn doubts" aria-labelledby="doubts" data-testid="doubts">
      <h2 id="doubts">
        <Icon name="alert" /> {doubts.title}
      </h2>
      <ul class="rows">
        {found.map((doubt) => (
          <li key={doubt.part} class="row" data-testid="doubt">
            <div class="row-main">
              <p class="row-title">
                <strong>{text(doubt.title)}</strong> <span class="quiet">{doubt.part}</span>
              </p>
              <dl class="says">
                {doubt.says.map((said) => (
                  <div key={said.source}>
                    <dt class="quiet">{doubts.sources[said.source]}</dt>
                    <dd>{text(said.text)}</dd>
                  </div>
                ))}
              </dl>
              <p class="quiet">{text(doubt.settle)}</p>
            </div>
            <div class="row-actions">
              {doubt.buttons.map((button) => (
                <Offer key={button.label} button={button} />
              ))}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
