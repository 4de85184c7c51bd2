/** Bringing the arm of a held cell out of where it is: asked for, shown, let go by people, stopped, and how it ended. */

import { named } from "../access/access";
import { store } from "../cell";
import { text, words } from "../words";
import { Offer } from "./buttons";
import { Icon } from "./icon";
import { reasonWords } from "./not-moving";
import { saidAt, sayable } from "./preview";

/** `place` is the worker place whose word it is; "" on pages of the whole cell, which lead to the `scene` unless they show it. */
export function Retreat({ place = "", scene = false }: { place?: string; scene?: boolean }) {
  const view = store.cell.value?.retreat;
  const { retreat: say, supervision } = words.value;
  if (!view) return null;
  const lane = store.robot.value?.intent;
  const intent = lane?.motion === view.motion ? lane : null;
  const shown = view.status === "previewed";
  const clear = view.status === "ended" && view.code === "clear"; // there was nothing to come out of
  const failed = view.status === "ended" && view.outcome !== "succeeded" && !clear;
  return (
    <section class={`retreat ${shown ? "asked" : ""}`} aria-labelledby="retreat" data-testid="retreat" data-status={view.status} data-outcome={view.outcome}>
      <h2 id="retreat">
        <Icon name={shown ? "hand" : failed ? "alert" : "back"} /> {say.title}
      </h2>
      <div role="status">
        {!clear && <p>{say[failed ? "failed" : view.status]}</p>}
        {clear && <p>{text(view.ended)}</p>}
        {text(view.text) && (
          <p>
            <strong data-testid="retreat-way">{text(view.text)}</strong>
          </p>
        )}
        {shown && <p>{say.look}</p>}
        {shown && !place && !scene && (
          <p>
            <a href="/cell">{say.scene}</a>
          </p>
        )}
        {shown && intent && intent.needs > 1 && (
          <p data-testid="retreat-approvals">
            {!place && `${say.places} `}
            {supervision.count(intent.approved_by.length, intent.needs)} <span class="quiet">{intent.approved_by.map(named).join(", ")}</span>
          </p>
        )}
        {failed && <p class="tone-bad">{text(view.ended)}</p>}
      </div>
      {view.refused.length > 0 && (
        <ul class="quiet" data-testid="retreat-refused">
          {view.refused.map((reason) => (
            <li key={JSON.stringify(reason)} data-code={reason.code}>
              {reasonWords(reason)}
            </li>
          ))}
        </ul>
      )}
      <div class="row-actions">
        {[...(shown && intent ? sayable(intent.buttons, intent, place || undefined) : []), ...view.buttons].map((button) => (
          <Offer
            key={JSON.stringify(button.command)}
            button={button}
            complete={(command) => saidAt(place, command)}
            primary={button.label === "approve_retreat" || button.label === "stop_retreat"}
          />
        ))}
      </div>
    </section>
  );
}
