/** What live looks saw of parts that people move, for as long as that is news: lossy, and never remembered. */

import { signal } from "@preact/signals";
import type { Card, LiveLook, PoseFrame } from "./wire";

/** Without a newer one a look says nothing any more: the part may have been moved since. */
export const SHOWN_MS = 4_000;

export class Looks {
  private readonly all = signal<ReadonlyMap<string, LiveLook>>(new Map());
  private readonly ends = new Map<string, ReturnType<typeof setTimeout>>();

  /** Take in a frame of the pose stream, of whatever it is. */
  take({ topic, look }: PoseFrame): void {
    if (!look) return;
    clearTimeout(this.ends.get(topic));
    this.all.value = new Map(this.all.value).set(topic, look);
    this.ends.set(topic, setTimeout(() => this.drop(topic), SHOWN_MS));
  }

  /** The newest look at what a card is about, null where there is none: none of another attempt. */
  of({ unit, step, attempt, live }: Card): LiveLook | null {
    const look = live ? this.all.value.get(topicOf(unit, step)) : undefined;
    return look?.attempt === attempt ? look : null;
  }

  /** Forget what was seen of a step's part. */
  forget({ unit, step }: Card): void {
    this.drop(topicOf(unit, step));
  }

  private drop(topic: string): void {
    clearTimeout(this.ends.get(topic));
    this.ends.delete(topic);
    if (!this.all.value.has(topic)) return;
    const rest = new Map(this.all.value);
    rest.delete(topic);
    this.all.value = rest;
  }
}

const topicOf = (unit: string, step: string): string => `look/${unit}/${step}`;
