/** What people read for the names of the cell's and the products' files: bins, cameras, tools, options. */

import { ask, view } from "../scene/static";
import { text, word } from "../words";

/** The words for a name, by the reader's language; a name without words stays readable. */
export function called(name: string): string {
  if (view.value === null) void ask().catch(() => undefined); // asked again by the next name that is shown
  return text(view.value?.names[name] ?? {}) || word({}, name);
}

/** An option and its value: "Cover blind". */
export const option = (name: string, value: unknown): string => `${called(name)} ${typeof value === "string" ? called(value) : String(value)}`;
