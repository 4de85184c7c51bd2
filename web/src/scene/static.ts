/** What stands still in the cell, asked for once. */

import { signal } from "@preact/signals";
import type { SceneView } from "../wire";
import { get } from "../rest";

export const view = signal<SceneView | null>(null);
/** Whether the scene was asked for and did not come. */
export const missed = signal(false);
let asked: Promise<void> | null = null;

/** Ask for the scene; `view` has it afterwards. */
export function ask(): Promise<void> {
  asked ??= get<SceneView>("/api/v1/scene").then(
    (found) => {
      view.value = found;
    },
    (error: unknown) => {
      asked = null; // the server may still be starting
      missed.value = true;
      throw error;
    },
  );
  return asked;
}
