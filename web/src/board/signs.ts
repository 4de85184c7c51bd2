/** The sign for where a step stands. */

import type { IconName } from "../common/icon";

export const SIGNS: Record<string, IconName> = {
  waiting: "dot",
  ready: "circle",
  active: "half",
  verifying: "eye",
  attention: "alert",
  done: "check",
  undoing: "back",
  undone: "back",
  skipped: "skip",
};
