/** Whether this device reads steps aloud, and whether it listens. */

import { remembered } from "../settings";

export const spoken = remembered<"no" | "yes">("spoken", "no", ["no", "yes"]);
export const heard = remembered<"no" | "yes">("heard", "no", ["no", "yes"]);
