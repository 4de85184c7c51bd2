/** The magic window as a part of the page: the picture, what is known of it, and the board's size check. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { sheetOf } from "../calibrate/session";
import { parse } from "../card/entry";
import { called } from "../common/called";
import { poses, store } from "../cell";
import type { Layer } from "../scene/layers";
import { view } from "../scene/static";
import { remembered } from "../settings";
import { number, words } from "../words";
import { Onlook, type Onlooking } from "./onlook";
import { RULER_MM, rulerOf, scaleOf } from "./ruler";
import { VIEWS } from "./tracker";
import { LEAST_MM } from "./trust";
import type { Lack } from "./ways";

interface WindowProps {
  place: string;
  layers: ReadonlySet<Layer>;
  /** Called where the camera can't be had, or is gone. */
  lacking: (why: Lack) => void;
}

export default function MagicWindow({ place, layers, lacking }: WindowProps) {
  const frame = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const labels = useRef<HTMLDivElement>(null);
  const onlook = useRef<Onlook | null>(null);
  const now = useSignal<Onlooking | null>(null);
  const scene = view.value;
  const board = scene?.registration.board ?? null;
  const ruler = useMemo(() => remembered<string>(rulerOf(scene?.cell ?? "", board?.name ?? ""), ""), [scene?.cell, board?.name]);
  const scale = scaleOf(Number(ruler.value || Number.NaN));

  useEffect(() => {
    if (!scene || !board || scale === null || !frame.current || !picture.current || !overlay.current || !labels.current) return undefined;
    let gone = false;
    const parts = { frame: frame.current, picture: picture.current, overlay: overlay.current, labels: labels.current };
    const told = (next: Onlooking): void => {
      now.value = next;
    };
    Onlook.begin({ view: scene, board, scale, store, poses, place, layers, ...parts, told, lost: () => lacking("failed") }).then(
      (begun) => {
        if (gone) begun.dispose();
        else onlook.current = begun;
      },
      (error: unknown) => {
        if (!gone) lacking(error instanceof DOMException && error.name === "NotAllowedError" ? "refused" : "failed");
      },
    );
    return () => {
      gone = true;
      onlook.current?.dispose();
      onlook.current = null;
    };
  }, [place, scale, layers, board?.name]);

  if (!scene || !board) return null;
  if (scale === null) return <Size board={board.name} given={ruler.value} take={(mm) => (ruler.value = String(mm))} />;
  const state = now.value;
  return (
    <>
      <div ref={frame} class="onlook" data-testid="onlook" data-seen={state?.seen ?? "starting"} data-off-mm={state?.off_m == null ? "" : state.off_m * 1000} data-taken={state?.taken ?? ""}>
        <canvas ref={picture} class="onlook-layer" />
        <canvas ref={overlay} class="onlook-layer" role="img" aria-label={words.value.ar.picture} />
        <div ref={labels} class="scene-labels" aria-hidden="true" />
      </div>
      <Known state={state} limit_m={scene.registration.max_off_m} forget={() => onlook.current?.forget()} resize={() => (ruler.value = "")} />
    </>
  );
}

function Known({ state, limit_m, forget, resize }: { state: Onlooking | null; limit_m: number; forget: () => void; resize: () => void }) {
  const { ar } = words.value;
  const { onlook: say } = ar;
  const mm = number(Math.max(LEAST_MM, (state?.off_m ?? 0) * 1000), 1);
  const most = number(limit_m * 1000, 1);
  return (
    <div class="onlook-known" data-seen={state?.seen}>
      <p role="status">{heard(state, mm, most)}</p>
      {state?.taken != null && <p>{say.lens(state.taken, VIEWS)}</p>}
      <details>
        <summary>{say.more}</summary>
        <button type="button" class="act act-plain act-small" onClick={forget}>
          {say.forget}
        </button>
        <button type="button" class="act act-plain act-small" onClick={resize}>
          {say.resize}
        </button>
      </details>
    </div>
  );
}

function heard(state: Onlooking | null, mm: string, most: string): string {
  const { onlook: say } = words.value.ar;
  if (state === null) return say.starting;
  if (state.seen === "looking") return say.looking;
  if (!state.goal) return say.nothing;
  return state.seen === "good" ? say.good(mm) : say.off(mm, most);
}

/** Before a board is believed its ruler is measured: printers scale. */
function Size({ board, given, take }: { board: string; given: string; take: (mm: number) => void }) {
  const typed = useSignal("");
  const wrong = useSignal(given !== "");
  const { onlook: say } = words.value.ar;
  return (
    <form
      class="onlook-size"
      data-testid="ruler"
      onSubmit={(event) => {
        event.preventDefault();
        const mm = parse(typed.value);
        wrong.value = mm === null || scaleOf(mm) === null;
        if (mm !== null && !wrong.value) take(mm);
      }}
    >
      <h2>{say.sizeTitle}</h2>
      <p>{say.sizeText(called(board))}</p>
      <a href={sheetOf(board)} target="_blank" rel="noreferrer">
        {say.print}
      </a>
      <label class="field" for="ruler">
        <span>{say.ruler(RULER_MM)}</span>
        <span class="entry">
          <input
            id="ruler"
            type="text"
            inputMode="decimal"
            autoComplete="off"
            value={typed.value}
            aria-invalid={wrong.value}
            aria-describedby="ruler-wrong"
            onInput={(event) => {
              typed.value = event.currentTarget.value;
              wrong.value = false;
            }}
          />
          <span class="unit">mm</span>
        </span>
      </label>
      <p class="fault" id="ruler-wrong" role="alert">
        {wrong.value ? say.wrong : ""}
      </p>
      <button type="submit" class="act act-primary">
        {say.use}
      </button>
    </form>
  );
}
