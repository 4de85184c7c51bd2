/** Who calls for help, and who is coming: above everything else on every page, until who called ends it. */

import { named } from "../access/access";
import { store } from "../cell";
import type { Button } from "../wire";
import { text, word, words } from "../words";
import { Offer } from "./buttons";
import { Icon } from "./icon";
import { saidAt } from "./preview";

/** What the person at a place may say of help that they need. */
export const helpButtons = (place: string): readonly Button[] => store.lanes.value.get(place)?.help?.own ?? [];

/** The calls; at a worker's page `place` is theirs. */
export function HelpCalls({ place = "" }: { place?: string }) {
  const calls = [...store.lanes.value.values()].filter((lane) => lane.help?.since_t != null);
  const { help: say } = words.value;
  return (
    <>
      {calls.map(({ actor, operator, help, step, text: doing }) => {
        const where = [word({}, actor), named(operator)].filter(Boolean).join(", ");
        return (
          <div key={actor} class="banner help-call" data-testid="help-call" data-place={actor} data-coming={help?.coming_t != null}>
            <Icon name="hand" />
            <p>
              <strong>{actor === place ? say.called(step !== "") : say.wanted(where)}</strong> {help?.coming_t != null && say.coming(named(help.coming))}
              {actor !== place && <span class="quiet"> {text(doing)}</span>}
            </p>
            {actor !== place &&
              help?.others.map((button) => <Offer key={button.label} button={button} at={place} complete={(command) => (place ? saidAt(place, command) : command)} />)}
          </div>
        );
      })}
    </>
  );
}
