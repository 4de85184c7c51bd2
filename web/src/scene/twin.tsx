/** The 3D view as a part of a page; three is loaded only when it is shown. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Switch } from "../ar/switch";
import type { Way } from "../ar/ways";
import { poses, store } from "../cell";
import { words } from "../words";
import type { Layer } from "./layers";
import type { Stage } from "./stage";
import { ask, view } from "./static";

const VIEWS = ["worker", "above", "robot"] as const;
export const WORKING: ReadonlySet<Layer> = new Set(["bins", "intent"]);
const RETRY_MS = 2000;

interface TwinProps {
  place: string | null;
  layers?: ReadonlySet<Layer>;
  /** Look from this camera of the cell. */
  camera?: string;
}

export function Twin({ place, layers = WORKING, camera = "" }: TwinProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const labels = useRef<HTMLDivElement>(null);
  const stage = useRef<Stage | null>(null);
  const state = useSignal<"loading" | "ready" | "failed">("loading");
  const way = useSignal<Way>("view");
  const { scene, ar } = words.value;
  const here = way.value === "view";

  useEffect(() => {
    if (!here) return undefined; // drawn elsewhere, by another stage
    let gone = false;
    let again: ReturnType<typeof setTimeout> | undefined;
    const start = async (): Promise<void> => {
      const [{ Stage }] = await Promise.all([import("./stage"), ask()]);
      if (gone || !canvas.current || !labels.current || !view.value) return;
      try {
        stage.current = new Stage({ canvas: canvas.current, labels: labels.current, view: view.value, store, poses, place, layers });
        state.value = "ready";
      } catch {
        state.value = "failed"; // no WebGL: the words beside carry everything
      }
    };
    const attempt = (): void => {
      start().catch(() => {
        if (!gone) again = setTimeout(attempt, RETRY_MS);
      });
    };
    attempt();
    return () => {
      gone = true;
      clearTimeout(again);
      stage.current?.dispose();
      stage.current = null;
      state.value = "loading";
    };
  }, [place, here]);

  useEffect(() => stage.current?.show(layers), [layers, state.value]);
  useEffect(() => {
    if (camera) stage.current?.look(camera);
  }, [camera, state.value]);

  return (
    <section class="scene" aria-label={scene.label} data-way={way.value}>
      <canvas key={way.value} ref={canvas} class="scene-canvas" role="img" aria-label={scene.label} data-testid="scene" data-state={state.value} />
      <div ref={labels} class="scene-labels" aria-hidden="true" />
      {state.value !== "ready" && way.value !== "window" && (
        <p class="scene-note" role="status">
          {!here ? ar.inHeadset : state.value === "loading" ? scene.loading : scene.failed}
        </p>
      )}
      {state.value === "ready" && (
        <div class="views" role="group" aria-label={scene.view}>
          {VIEWS.map((name) => (
            <button key={name} type="button" class="view" onClick={() => stage.current?.look(name)}>
              {scene.views[name]}
            </button>
          ))}
        </div>
      )}
      {place !== null && <Switch way={way} place={place} layers={layers} />}
    </section>
  );
}
