/** An event of the cell in the reader's words. */

import type { Happened } from "../wire";
import type { Words } from "../words/en";

/** What happened: the event's name, and what it says of itself, which is in English where a person or a program wrote it. */
export function happened({ type, text }: Pick<Happened, "type" | "text">, say: Words): string {
  const name = say.events.names[type];
  if (name === undefined) return text;
  const colon = text.indexOf(": ");
  if (colon < 0) return name;
  const detail = text.slice(colon + 2);
  const known = keys(type, say);
  return `${name}: ${Object.hasOwn(known, detail) ? known[detail] : detail}`;
}

/** Whether the reader sees `wanted` in an event, or its type is called so. */
export function matches(event: Happened, wanted: string, say: Words): boolean {
  const needle = wanted.trim().toLocaleLowerCase();
  return `${happened(event, say)} ${event.subject} ${event.type}`.toLocaleLowerCase().includes(needle);
}

function keys(type: string, say: Words): Readonly<Record<string, string>> {
  if (type === "cell_changed" || type === "cell_restarted") return say.cellStates;
  if (type === "order_changed") return say.orderStates;
  if (type === "safety_changed") return say.safety;
  return say.events.said[type] ?? (type.endsWith("_ended") ? say.events.outcomes : {});
}
