/** Switches between the ways to see the scene, and says why one is not to be had. What draws them is loaded when it is wanted. */

import { useSignal, type Signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { poses, store } from "../cell";
import type { Layer } from "../scene/layers";
import { view } from "../scene/static";
import { remembered } from "../settings";
import { words } from "../words";
import { ask } from "./device";
import { rulerOf, scaleOf } from "./ruler";
import { best, first, lack, UNKNOWN, WAYS, type Lack, type Way } from "./ways";

const chosen = remembered<Way | "">("way", "", ["", ...WAYS]);

interface SwitchProps {
  way: Signal<Way>;
  place: string;
  layers: ReadonlySet<Layer>;
}

export function Switch({ way, place, layers }: SwitchProps) {
  const device = useSignal(UNKNOWN);
  const why = useSignal<Lack | null>(null);
  const strip = useSignal<ComponentType | null>(null);
  const busy = useSignal(false);
  const board = view.value?.registration.board ?? null;
  const { ar } = words.value;

  useEffect(() => {
    let gone = false;
    void ask(board !== null).then((found) => {
      if (gone) return;
      device.value = found;
      const known = scaleOf(Number(remembered(rulerOf(view.value?.cell ?? "", board?.name ?? ""), "").value || Number.NaN)) !== null;
      way.value = first({ ...found, allowed: found.allowed && known }, chosen.value);
      // asked for a session a browser wants to see the press itself: what draws it must be there by then
      if (lack("headset", found) === null) void import("./headset").catch(() => undefined);
    });
    return () => {
      gone = true;
    };
  }, [board?.name]);

  const wear = async (): Promise<void> => {
    const root = document.querySelector<HTMLElement>(".worker");
    if (!view.value || !root || busy.value) return;
    busy.value = true;
    try {
      const [{ Headset }, { Strip }] = await Promise.all([import("./headset"), import("./strip")]);
      strip.value = Strip;
      const options = { view: view.value, store, poses, place, layers, root, sources: () => shown(root), ended: () => (way.value = "view") };
      await Headset.begin(options);
      way.value = "headset";
    } catch (error) {
      why.value = error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "SecurityError") ? "refused" : "failed";
    } finally {
      busy.value = false;
    }
  };

  const choose = (wanted: Way): void => {
    const found = lack(wanted, device.value);
    why.value = found === why.value ? null : found; // a second press puts the reason away
    if (found) return;
    if (wanted === way.value) return;
    chosen.value = wanted;
    if (wanted === "headset") void wear();
    else way.value = wanted;
  };

  const lacking = (found: Lack): void => {
    why.value = found;
    way.value = "view";
  };

  const top = best(device.value);
  const Below = strip.value;
  return (
    <>
      {Below && <Below />}
      {way.value === "window" && <Window place={place} layers={layers} lacking={lacking} />}
      <div class="ways">
        {why.value && (
          <p class="ways-why" role="status" data-testid="ways-why">
            {ar.lacks[why.value]}
          </p>
        )}
        <div class="ways-row" role="group" aria-label={ar.choose}>
          {WAYS.map((one) => (
            <button
              key={one}
              type="button"
              class="way"
              data-testid={`way-${one}`}
              aria-pressed={way.value === one}
              aria-disabled={lack(one, device.value) !== null}
              aria-busy={busy.value && one === "headset"}
              onClick={() => choose(one)}
            >
              <span>{ar.ways[one]}</span>
              {one === top && one !== way.value && top !== "view" && <small>{ar.best}</small>}
            </button>
          ))}
        </div>
      </div>
    </>
  );
}

type WindowProps = Parameters<typeof import("./window").default>[0];

/** The magic window, once it is loaded. */
function Window(props: WindowProps) {
  const loaded = useSignal<ComponentType<WindowProps> | null>(null);
  useEffect(() => {
    import("./window").then(
      ({ default: found }) => (loaded.value = found),
      () => props.lacking("failed"),
    );
  }, []);
  const Found = loaded.value;
  return Found && <Found {...props} />;
}

/** What a headset's panel shows of the page: what the robot does, the card with its actions, and a question in front of them. */
function shown(root: HTMLElement): HTMLElement[] {
  const all = (selector: string): HTMLElement[] => [...root.querySelectorAll<HTMLElement>(selector)];
  const asking = all("dialog[open]").slice(-1);
  const middle = asking.length > 0 ? asking : [...all(".work > .card"), ...all(".work > .actions"), ...all(".notice")];
  return [...all(".robot-says"), ...all(".help-call"), ...middle, ...all(".scene > .wearing")];
}
