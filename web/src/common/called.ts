/** What people read for the names of the cell's and the products' files: bins, cameras, tools, options. */

import { ask, missed, view } from "../scene/static";
import { text, word } from "../words";

const COMING = "…";

/**
 * The words for a name, by the reader's language; a name without words stays readable. While they are on their way it is not
 * said at all: the file's own name is mostly English, and would be read as the words.
 */
export function called(name: string): string {
  if (view.value === null) void ask().catch(() => undefined); // asked again by the next name that is shown
  if (view.value === null && !missed.value) return COMING;
  return text(view.value?.names[name] ?? {}) || word({}, name);
}

/** An option and its value: "Cover blind". */
export const option = (name: string, value: unknown): string => `${called(name)} ${typeof value === "string" ? called(value) : String(value)}`;
