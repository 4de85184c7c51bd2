/** An event of the cell in the reader's words. */

import type { Happened } from "../wire";
import { best } from "../words/best";
import type { Words } from "../words/en";

/** What happened: the event's name, and what it says of itself, which is in English where a person or a program wrote it. */
export function happened({ type, text, says }: Pick<Happened, "type" | "text"> & Partial<Pick<Happened, "says">>, say: Words, language = "en"): string {
  const name = say.events.names[type];
  if (name === undefined) return text;
  const colon = text.indexOf(": ");
  if (colon < 0) return name;
  const detail = text.slice(colon + 2);
  const known = keys(type, say);
  return `${name}: ${Object.hasOwn(known, detail) ? known[detail] : (type.startsWith("motion_") && motion(detail, say)) || (says && best(says, language)) || detail}`;
}

/** Whether the reader sees `wanted` in an event, or its type is called so. */
export function matches(event: Happened, wanted: string, say: Words, language = "en"): boolean {
  const needle = wanted.trim().toLocaleLowerCase();
  return `${happened(event, say, language)} ${event.subject} ${event.type}`.toLocaleLowerCase().includes(needle);
}

const ALTERNATIVES = 50; // that one request takes

/**
 * The texts by which the journal finds what the reader would: the words as they stand, and the types and keys that are called so in
 * the reader's words. They may find more than is shown so; none at all, which finds everything, where too many would be needed.
 */
export function alternatives(wanted: string, say: Words): readonly string[] {
  const needle = wanted.trim().toLocaleLowerCase();
  if (!needle) return [];
  const found = new Set([wanted.trim()]);
  for (const [type, name] of Object.entries(say.events.names)) {
    const shown = `${name}: `.toLocaleLowerCase();
    if (shown.includes(needle) || needle.startsWith(shown.slice(0, -2))) found.add(type);
    for (const [key, detail] of Object.entries(keys(type, say))) {
      if (detail.toLocaleLowerCase().includes(needle)) found.add(key);
      else if (`${shown}${detail}`.toLocaleLowerCase().includes(needle)) found.add(type);
    }
    const said = shown.slice(0, -2).split(" ").map((_, i, all) => `${all.slice(i).join(" ")}: `).find((end) => needle.startsWith(end));
    if (said) found.add(type);
  }
  for (const [first, words] of Object.entries(say.events.motions)) if (words.toLocaleLowerCase().includes(needle)) found.add(first);
  return found.size > ALTERNATIVES ? [] : [...found];
}

/** What a motion does, by the first words of its program's own text; "" where the reader's language has none for it. */
function motion(detail: string, say: Words): string {
  return Object.entries(say.events.motions).find(([first]) => detail === first || detail.startsWith(`${first} `))?.[1] ?? "";
}

function keys(type: string, say: Words): Readonly<Record<string, string>> {
  if (type === "cell_changed") {
    const reasons = Object.entries(say.safety).map(([key, words]) => [key.replaceAll("_", " "), words] as const);
    return { ...Object.fromEntries(reasons), ...say.cellStates };
  }
  if (type === "cell_restarted") return say.cellStates;
  if (type === "order_changed") return say.orderStates;
  if (type === "safety_changed") return say.safety;
  return say.events.said[type] ?? (type.endsWith("_ended") ? say.events.outcomes : {});
}
