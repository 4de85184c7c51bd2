/** Says that the microphone is on, and what may be said. */

import { Icon } from "../common/icon";
import { words } from "../words";
import { listening } from "./hear";
import { DOINGS } from "./keys";

export function Ear() {
  if (!listening.value) return null;
  const say = words.value.hands;
  return (
    <p class="ear" data-testid="ear">
      <Icon name="microphone" /> {say.listening(DOINGS.map((doing) => say.phrases[doing][0] ?? ""))}
    </p>
  );
}
