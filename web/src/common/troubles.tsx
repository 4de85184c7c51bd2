/** What of the system is dead or lies now, and what to do: a banner on every page for each, until it works again. */

import { store } from "../cell";
import { words } from "../words";
import { Icon } from "./icon";

export function Troubles() {
  const { troubles } = words.value;
  return (
    <>
      {[...store.troubles.value.entries()].map(([name, { kind, about, detail }]) => {
        const { title, text } = troubles[kind];
        return (
          <div key={name} class="banner" data-testid="trouble" data-trouble={name}>
            <Icon name="alert" />
            <p>
              <strong>{title(about)}</strong> {text} <span class="detail">{detail}</span>
            </p>
          </div>
        );
      })}
    </>
  );
}
