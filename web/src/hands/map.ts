/** Whether this device reads steps aloud. */

import { remembered } from "../settings";

export const spoken = remembered<"no" | "yes">("spoken", "no", ["no", "yes"]);
