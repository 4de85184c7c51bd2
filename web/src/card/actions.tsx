/** The one row of large actions, within thumb's reach: what the cell offers for this card, and nothing else. */

import type { ComponentChildren } from "preact";
import { me } from "../access/access";
import { commands, outbox, pictures } from "../cell";
import { labelOf, Offer } from "../common/buttons";
import { helpButtons } from "../common/help-calls";
import { Icon } from "../common/icon";
import { askedButtons, saidAt } from "../common/preview";
import { KEYS, used, type Doing } from "../hands/keys";
import { isAbout, keepable } from "../kept/word";
import { calm } from "../settings";
import type { Button, Card, Outside } from "../wire";
import { words } from "../words";
import { field, type Entry } from "./entry";
import { Timer } from "./timer";

/** How many actions stand in the row, and of them beside the large ones; where there are more, the last place leads to the rest. */
const MOST = 4;
const ASIDE = 2;

export function Actions({ card, entry }: { card: Card; entry: Entry }) {
  const approvals = card.status === "away" ? [] : askedButtons(card.place);
  const own = card.buttons.some(({ command }) => command.type === "leave_place") ? [] : leaving(card);
  const said = outbox.waiting.value.some((word) => isAbout(word, card)); // it waits for the line: nothing is said twice
  const offered = [...card.buttons, ...approvals, ...helpButtons(card.place), ...own].filter(({ command, label }) => (command.type !== "join_place" || label === "work_here") && !(said && keepable(command)));
  const main = offered.filter(isMain);
  const side = offered.filter((button) => !isMain(button)).sort((a, b) => rank(a) - rank(b));
  const complete = (command: Outside): Outside | null => {
    if (command.type !== "confirm_step") return saidAt(card.place, command);
    const whole = entry.complete(card, command);
    if (!whole) guide(entry);
    return whole;
  };
  if (offered.length === 0) return null;
  const room = Math.max(1, MOST - main.length);
  const few = side.length > Math.min(ASIDE, room) ? side.slice(0, room - 1) : side;
  const more = side.slice(few.length);
  const aside = (button: Button): ComponentChildren => (
    <Offer key={JSON.stringify(button.command)} button={button} complete={complete} at={card.place}>
      {short(button)}
    </Offer>
  );
  return (
    <footer class="actions" aria-label={words.value.card.label}>
      <div class="actions-side">
        {few.map(aside)}
        {more.length > 0 && (
          <details class="further" data-testid="more">
            <summary class="act act-plain">{words.value.card.more}</summary>
            <div class="further-sheet">{more.map(aside)}</div>
          </details>
        )}
      </div>
      {card.status === "step" && <Timer {...card} />}
      <div class="actions-main">
        {card.photo && !said && pictures.of(card) === null && (
          <button type="button" class="act act-plain" data-testid="photo-go" onClick={() => document.getElementById(field.photo)?.click()}>
            <Icon name="camera" /> {words.value.photo.take}
          </button>
        )}
        {main.map((button, i) => (
          <Offer key={button.command.type === "confirm_step" ? "confirm" : i} button={button} complete={complete} at={card.place} primary={button.command.type === "confirm_step" || i === 0}>
            {button.command.type === "confirm_step" && <Icon name="check" />}
            <span>{labelOf(button)}</span>
            {button.command.type === "confirm_step" && !card.together && <KeyOf doing="next" />}
          </Offer>
        ))}
      </div>
    </footer>
  );
}

/** What stands on a button at the side instead of its whole label, if anything. */
function short(button: Button): ComponentChildren {
  if (button.command.type === "undo_step") return words.value.buttons.undo_step; // what it is about is said as it is asked
  if (button.command.type !== "report_problem") return null;
  return (
    <>
      {labelOf(button)} <KeyOf doing="problem" />
    </>
  );
}

/** The key that presses a button on this device, where one is used. */
function KeyOf({ doing }: { doing: Doing }) {
  const key = used.value === "yes" ? KEYS[doing].value : "";
  return key ? <kbd aria-hidden="true">{key}</kbd> : null;
}

/** Who has no step under way may go; like signing in, this is the person's own to say. */
function leaving({ place, status }: Card): Button[] {
  const own = me();
  if (!["idle", "blocked", "done"].includes(status) || (own !== null && own !== commands.at(place))) return [];
  return [{ label: "leave", command: { type: "leave_place", place }, needs_reason: false, needs_shown: false, danger: false, about: {}, not_by: [] }];
}

/** What is least to be behind "more": what keeps the robot away, then what says that something is wrong. */
const FIRST: readonly Outside["type"][] = ["refuse_motion", "report_problem", "call_help", "withdraw_help"];
const rank = ({ command }: Button): number => (FIRST.includes(command.type) ? FIRST.indexOf(command.type) : FIRST.length);

const MAIN: ReadonlySet<Outside["type"]> = new Set(["confirm_step", "confirm_undo", "choose", "approve_motion", "release_step", "acknowledge"]);
const isMain = ({ command, danger }: Button): boolean => MAIN.has(command.type) && !danger;

/** Lead to the first field that is not ready. */
function guide(entry: Entry): void {
  const first = entry.missing.value[0];
  const element = first && document.getElementById(first.field);
  element?.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
  element?.focus({ preventScroll: true });
}
