/** At a place where somebody else is signed in: who that is, and taking the place over. */

import { commands, connection, store } from "../cell";
import { Icon } from "../common/icon";
import { words } from "../words";
import { me, named } from "./access";

export function TakeOver({ place }: { place: string }) {
  const { access: say } = words.value;
  const own = me();
  const operator = store.lanes.value.get(place)?.operator ?? "";
  if (!own || operator === "" || operator === own) return null;
  const key = `join ${place}`;
  const closed = connection.line.value !== "online" || commands.underway.value.has(key);
  return (
    <section class="take-over" role="status" data-testid="take-over">
      <p>
        <Icon name="person" /> {say.there(named(operator))}
      </p>
      <button type="button" class="act act-plain act-small" aria-disabled={closed} onClick={() => !closed && void commands.send({ type: "join_place", place, operator: own }, key)}>
        {say.takeOver(named(own))}
      </button>
    </section>
  );
}
