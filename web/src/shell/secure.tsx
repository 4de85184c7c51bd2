/** Said once on a device: what a page that came by http over a network can't do, and how to get it. */

import { signal } from "@preact/signals";
import { Icon } from "../common/icon";
import { words } from "../words";

const NAME = "tandem.insecure";

/** What browsers give to secure pages alone, and to the machine's own address; `isSecureContext` says so for both. */
const told = signal(globalThis.isSecureContext !== false || read());

function read(): boolean {
  try {
    return localStorage.getItem(NAME) === "told";
  } catch {
    return false;
  }
}

export function SecureNote() {
  if (told.value) return null;
  const { insecure } = words.value.shell;
  return (
    <details class="secure" data-testid="insecure">
      <summary>
        <Icon name="alert" />
        <span>{insecure.title}</span>
        <span class="secure-more">{insecure.more}</span>
      </summary>
      <div class="secure-body">
        <p>{insecure.text}</p>
        <p>{insecure.how}</p>
        <button
          type="button"
          class="act act-plain act-small"
          onClick={() => {
            told.value = true;
            try {
              localStorage.setItem(NAME, "told");
            } catch {
              // it is said again at the next visit
            }
          }}
        >
          {insecure.close}
        </button>
      </div>
    </details>
  );
}
