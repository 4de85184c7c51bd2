/** Says that there are newer pages, on the pages that do not load themselves again. */

import { Icon } from "../common/icon";
import { words } from "../words";
import { load, newer } from "./newer";

export function NewerBanner() {
  if (!newer.value) return null;
  const { shell } = words.value;
  return (
    <div class="banner banner-calm" data-testid="newer">
      <Icon name="back" />
      <p>
        <strong>{shell.newer}</strong> {shell.newerText}
      </p>
      <button type="button" class="act act-plain act-small" onClick={load}>
        {shell.load}
      </button>
    </div>
  );
}
