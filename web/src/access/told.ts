/** A refused sign-in in the page's own words, else in the server's. */

import { Refused } from "../rest";
import { words } from "../words";

export function told(error: unknown): string {
  if (!(error instanceof Refused)) return String(error);
  return words.value.access.refusals[error.code]?.(error.waitS) ?? `${error.message} ${error.remedy}`;
}
