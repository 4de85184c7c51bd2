/** Below the card in a headset: how exactly the cell's place is known, what to touch, and a keypad for what the card asks. */

import { called } from "../common/called";
import { view } from "../scene/static";
import { number, span, words } from "../words";
import { field, session, told, type Told } from "./told";
import { LEAST_MM } from "./trust";

const ROWS = ["789", "456-", "123.", "0"]; // as on a number pad, with the keys that write nothing at the ends

/** Parts of the page that are for the headset alone; nothing while none is worn. */
export function Strip() {
  const now = told.value;
  const running = session.value;
  if (!running || !now) return null;
  const { ar } = words.value;
  const asks = now.points > 0 && now.wanted !== null;
  if (field.value?.isConnected) {
    return (
      <div class="wearing" data-testid="strip" data-standing={now.standing}>
        <Keypad open={field.value} />
      </div>
    );
  }
  return (
    <div class="wearing" data-testid="strip" data-standing={now.standing}>
      <p>{said(now)}</p>
      {asks && <p class="wearing-ask">{now.count_s !== null ? (now.sight ? ar.sight : ar).count(now.count_s) : asked(now)}</p>}
      <div class="wearing-buttons">
        {asks && (
          <>
            <button type="button" class="act act-plain" data-testid="take" onClick={() => running.take()}>
              {ar.take}
            </button>
            <button type="button" class="act act-plain" data-testid="pass" onClick={() => running.pass()}>
              {ar.pass}
            </button>
          </>
        )}
        {now.standing !== "unknown" && (
          <button type="button" class="act act-plain" data-testid="touch-again" onClick={() => running.again()}>
            {ar.again}
          </button>
        )}
        <button type="button" class="act act-plain" onClick={() => running.bring()}>
          {ar.bring}
        </button>
        <button type="button" class="act act-plain" data-testid="leave-headset" onClick={() => running.end()}>
          {ar.leave}
        </button>
      </div>
    </div>
  );
}

function said({ standing, off_m, age_s, points }: Told): string {
  const { ar } = words.value;
  const rules = view.value?.registration;
  const mm = number(Math.max(LEAST_MM, (off_m ?? 0) * 1000), 1);
  const age = span(age_s ?? 0);
  switch (standing) {
    case "unknown":
      return points === 0 ? ar.noPoints : ar.standing.unknown;
    case "unchecked":
      return ar.standing.unchecked;
    case "moved":
      return ar.standing.moved(mm);
    case "off":
      return ar.standing.off(mm, number((rules?.max_off_m ?? 0) * 1000, 1));
    case "old":
      return ar.standing.old(age, span(rules?.max_age_s ?? 0));
    case "good":
      return ar.standing.good(mm, age);
  }
}

function asked({ standing, wanted, touched, points, missed, sight }: Told): string {
  const { ar } = words.value;
  const by = sight ? ar.sight : ar;
  const point = called(wanted ?? "");
  const what = standing === "unknown" ? by.touch(point, touched + 1, points) : by.check(point);
  return missed ? `${ar.missed} ${what}` : what;
}

/** Numbers for the field that was pressed; codes come from a scanner, or are typed where the headset has a keyboard. */
function Keypad({ open }: { open: HTMLInputElement | HTMLTextAreaElement }) {
  const { ar } = words.value;
  /** Write in place of what is selected, or at the caret; back takes what is selected, or the sign before the caret. */
  const write = (sign: string): void => {
    if (!open.isConnected) return; // the card went while the finger came
    const [from, to] = [open.selectionStart ?? 0, open.selectionEnd ?? 0];
    open.setRangeText(sign, sign === "" && from === to ? Math.max(0, from - 1) : from, to, "end");
    open.dispatchEvent(new InputEvent("input", { bubbles: true }));
  };
  const key = (sign: string) => (
    <button key={sign} type="button" class="key" onClick={() => write(sign)}>
      {sign}
    </button>
  );
  const [top = "", ...below] = ROWS;
  return (
    <div class="keypad" role="group" aria-label={ar.keys} data-testid="keypad">
      {[...top].map(key)}
      <button type="button" class="key" onClick={() => write("")}>
        {ar.back}
      </button>
      {[...below.join("")].map(key)}
      <button
        type="button"
        class="key key-enter"
        onClick={() => {
          field.value = null;
        }}
      >
        {ar.enter}
      </button>
    </div>
  );
}
