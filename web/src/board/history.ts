/** What each actor did lately, remembered from the steps as they pass by. */

import { signal } from "@preact/signals";
import type { Store } from "../store";

const KEPT_S = 30 * 60;

export interface Episode {
  key: string;
  actor: string;
  unit: string;
  step: string;
  title: Record<string, string>;
  status: string;
  from_t: number;
  to_t: number | null;
}

export const episodes = signal<ReadonlyMap<string, Episode>>(new Map());

/** Take up what the store's steps show now; finished units leave the store, their episodes stay a while. */
export function remember(store: Store, now_t: number): void {
  const next = new Map<string, Episode>();
  for (const [key, episode] of episodes.value) {
    if ((episode.to_t ?? now_t) > now_t - KEPT_S) next.set(key, { ...episode, to_t: episode.to_t ?? now_t });
  }
  for (const step of store.steps.value.values()) {
    if (step.started_t === null) continue;
    for (const actor of step.actors) {
      const key = `${actor} ${step.unit} ${step.id} ${step.started_t}`;
      const open = step.status === "active" || step.status === "verifying" || step.status === "attention";
      const to_t = open ? null : (step.ended_t ?? next.get(key)?.to_t ?? now_t);
      next.set(key, { key, actor, unit: step.unit, step: step.id, title: step.title, status: step.status, from_t: step.started_t, to_t });
    }
  }
  episodes.value = next;
}
