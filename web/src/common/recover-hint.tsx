/** The way to the page that leads through a recovery, while a person's word is missing. */

import { store } from "../cell";
import { words } from "../words";
import { Icon } from "./icon";

export function RecoverHint() {
  const recovery = store.recovery.value;
  if (!recovery || store.cell.value?.acknowledged !== false || location.pathname.startsWith("/recover")) return null;
  const { recover } = words.value;
  return (
    <div class="banner" data-testid="recover-hint">
      <Icon name="hand" />
      <p>
        <strong>{recover.hint}</strong>{" "}
        <a href="/recover">{recover.begin}</a>
      </p>
    </div>
  );
}
