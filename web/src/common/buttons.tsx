/** Buttons that the cell offers: each is a ready-made command, and nothing else is offered. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { me, named } from "../access/access";
import { signOut } from "../access/sign-out";
import { commands, connection, presence, store } from "../cell";
import { keyOf } from "../command";
import { KeepDialog } from "../kept/keep-dialog";
import { text, word, words } from "../words";
import type { Button, Outside } from "../wire";
import { called } from "./called";
import { WhoDialog } from "./who-dialog";
import { ReasonDialog } from "./reason";

/** How long a button that has just come to its place takes no press: the second tap was meant for the one before. */
const SETTLE_MS = 600;

/** What keeps the robot away or calls somebody is never held up by the question whose word it is. */
const AT_ONCE: ReadonlySet<Outside["type"]> = new Set(["report_problem", "refuse_motion", "call_help"]);

interface OfferProps {
  button: Button;
  /** Complete the command with what the person entered; null where something is missing. */
  complete?: (command: Outside) => Outside | null;
  primary?: boolean;
  children?: ComponentChildren;
  testId?: string;
  /** The worker place at which it is pressed: whoever is signed in there says so. */
  at?: string;
}

export function Offer({ button, complete, primary = false, children, testId, at = "" }: OfferProps) {
  const asking = useSignal(false);
  const key = keyOf(button.command);
  const busy = commands.underway.value.has(key);
  const offline = connection.line.value !== "online";
  const closed = offline && !commands.keeps(button.command);
  const keeping = useSignal<Outside | null>(null);
  const fresh = useSignal(true);
  const whose = useSignal<string | null>(null); // the key of what was pressed, while it is asked whose word it is
  useLayoutEffect(() => {
    fresh.value = true;
    const settled = setTimeout(() => {
      fresh.value = false;
    }, SETTLE_MS);
    return () => clearTimeout(settled);
  }, [key]);
  const began = useRef(key);
  const counts = commands.at(at) !== "" && !AT_ONCE.has(button.command.type);
  const label = labelOf(button);
  const send = (reason?: string, shown = ""): void => {
    const whole = complete ? complete(button.command) : button.command;
    if (!whole) return;
    const why = reason === undefined ? whole : withReason(whole, reason);
    const said = shown && why.type === "choose" ? { ...why, shown } : why;
    if (connection.line.value === "online") void commands.send(said, key);
    else keeping.value = said;
  };
  const go = (): void => {
    if (button.needs_reason || button.danger) asking.value = true;
    else send();
  };
  const kind = button.danger ? "danger" : primary ? "primary" : "plain";
  return (
    <>
      <button
        type="button"
        class={`act act-${kind}`}
        data-testid={testId ?? `button-${button.label}`}
        data-command={button.command.type}
        data-key={key}
        aria-disabled={closed || busy || fresh.value}
        aria-busy={busy}
        onPointerDown={() => {
          began.current = key;
        }}
        onClick={({ detail }) => {
          if (closed || busy || fresh.value) return;
          if (detail > 0 && began.current !== key) return; // a long press that began on another button in this place
          if (counts && presence.doubtful.value && connection.line.value === "online") whose.value = key; // without a line it is asked before keeping
          else go();
        }}
      >
        {children || label}
      </button>
      {whose.value !== null && (
        <WhoDialog
          who={named(commands.at(at))}
          onSame={() => {
            const same = whose.value === key;
            whose.value = null;
            presence.sure();
            if (same) go(); // else the card has gone on meanwhile
          }}
          onOther={() => {
            whose.value = null;
            void leave(at);
          }}
          onCancel={() => {
            whose.value = null;
          }}
        />
      )}
      {asking.value && (
        <ReasonDialog
          title={label}
          required={button.needs_reason}
          shown={button.needs_shown}
          danger={button.danger}
          {...(button.command.type === "refuse_motion" ? { quick: words.value.reason.motion } : {})}
          onSend={(reason, shown) => {
            asking.value = false;
            send(button.needs_reason ? reason : undefined, shown);
          }}
          onCancel={() => {
            asking.value = false;
          }}
        />
      )}
      {keeping.value && "place" in keeping.value && (
        <KeepDialog
          who={named(commands.at(keeping.value.place ?? ""))}
          onKeep={() => {
            presence.sure();
            if (keeping.value) void commands.send(keeping.value, key);
            keeping.value = null;
          }}
          onCancel={() => {
            keeping.value = null;
          }}
        />
      )}
    </>
  );
}

/** Somebody else holds the device: whoever works at the place leaves it, and is signed out of the device as well. */
async function leave(place: string): Promise<void> {
  await commands.send({ type: "leave_place", place });
  const own = me();
  if (own) await signOut(own);
}

/** What a button is called: its word, and what it is about where several are alike. */
export function labelOf({ label, command, about }: Button): string {
  const plain = word(words.value.buttons, label);
  switch (command.type) {
    case "refill_bin":
      return `${plain}: ${called(command.bin)}`;
    case "settle_part":
    case "take_part":
      return `${plain}: ${text(about) || word({}, command.part.split("/").at(-1) ?? "")}`;
    case "undo_step":
    case "take_step": {
      const step = store.steps.value.get(`${command.unit}/${command.step}`);
      return step ? `${plain}: ${text(step.title)}` : plain;
    }
    case "clear_place":
      return `${word({}, command.place)}: ${plain}`;
    case "choose": {
      if (command.choice === "abort") return words.value.buttons.abort_order ?? plain;
      const step = command.rework && store.steps.value.get(`${command.unit}/${command.rework}`);
      return step ? `${plain}: ${text(step.title)}` : plain;
    }
    case "release_step": {
      const step = store.steps.value.get(`${command.unit}/${command.step}`);
      return step ? `${plain}: ${text(step.title)}` : plain;
    }
    default:
      return "part" in command ? `${plain}: ${String(command.part)}` : plain;
  }
}

function withReason(command: Outside, reason: string): Outside {
  if (command.type === "report_problem") return { ...command, note: reason };
  if ("reason" in command || REASONED.has(command.type)) return { ...command, reason } as Outside;
  return command;
}

const REASONED: ReadonlySet<Outside["type"]> = new Set(["change_order", "change_cell", "choose", "undo_step", "refuse_motion", "stop_rewind"]);
