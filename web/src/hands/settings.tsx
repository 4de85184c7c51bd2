/** The part of a worker's settings about working without a hand on the screen. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Choice } from "../common/settings";
import { language } from "../settings";
import { words } from "../words";
import { awake } from "./awake";
import { ears, fetchLanguage, look } from "./hear";
import { assign, DOINGS, KEYS, type Doing } from "./keys";
import { heard, spoken } from "./map";
import { voice } from "./speak";

export function HandsSettings() {
  const say = words.value.hands;
  const waits = useSignal<Doing | null>(null);
  const illegal = useSignal(false);
  useEffect(() => {
    const doing = waits.value;
    if (doing === null) return undefined;
    const take = (event: KeyboardEvent): void => {
      if (document.querySelector("dialog[open]") === null) {
        waits.value = null; // the sheet was closed meanwhile
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      if (event.repeat) return;
      illegal.value = event.key !== "Escape" && !assign(doing, ["Delete", "Backspace"].includes(event.key) ? "" : event.key === "Escape" ? KEYS[doing].value : event.key);
      if (!illegal.value) waits.value = null;
    };
    addEventListener("keydown", take, { capture: true });
    return () => removeEventListener("keydown", take, { capture: true });
  }, [waits.value]);
  return (
    <>
      <fieldset class="choice">
        <legend>{say.title}</legend>
        <div class="segments">
          {DOINGS.map((doing) => (
            <button
              key={doing}
              type="button"
              class="segment"
              data-testid={`key-${doing}`}
              aria-pressed={waits.value === doing}
              onClick={() => {
                waits.value = waits.value === doing ? null : doing;
                illegal.value = false;
              }}
            >
              {say.doings[doing]} <kbd>{KEYS[doing].value || say.none}</kbd>
            </button>
          ))}
        </div>
        <p class="hint" role="status">
          {illegal.value ? say.illegal : waits.value !== null ? say.press : say.rule}
        </p>
      </fieldset>
      <Choice name={say.spoken} value={spoken} options={[["no", say.no] as const, ["yes", say.yes] as const]} />
      {voice(language.value) === null && <p class="hint">{say.noVoice}</p>}
      <Hearing />
      <p class="hint">{"wakeLock" in navigator ? awake.value && say.awake : say.asleep}</p>
    </>
  );
}

/** Whether the page listens, which phrases it knows, and what the device lacks for it. */
function Hearing() {
  const say = words.value.hands;
  const on = heard.value === "yes";
  useEffect(() => void look(language.value), [language.value, on]);
  const how = ears.value;
  return (
    <>
      <Choice name={say.heard} value={heard} options={[["no", say.no] as const, ["yes", say.yes] as const]} />
      {on && how === "ready" && <p class="hint">{say.hears(DOINGS.map((doing) => say.phrases[doing][0] ?? ""))}</p>}
      {how === "downloadable" && (
        <button type="button" class="act act-plain" onClick={() => void fetchLanguage(language.value)}>
          {say.fetch}
        </button>
      )}
      {how !== "ready" && how !== "asking" && (
        <p class="hint" role="status" data-testid="ears" data-ears={how}>
          {say.ears[how]}
        </p>
      )}
    </>
  );
}
