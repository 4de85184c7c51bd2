/** The three ways to see the scene: which this device has, why it has not the others, and which is best. */

export const WAYS = ["view", "window", "headset"] as const;
export type Way = (typeof WAYS)[number];

/** Why a way is not to be had. */
export type Lack =
  | "insecure" // plain HTTP over a network: browsers give neither camera nor headset there
  | "no_headset"
  | "no_camera"
  | "no_board" // the cell file names no fixed marker board
  | "refused" // the person or the browser said no
  | "failed";

export interface Device {
  secure: boolean;
  headset: boolean;
  camera: boolean;
  /** Whether the camera may be used without being asked for. */
  allowed: boolean;
  board: boolean;
}

/** What a page knows before it has asked. */
export const UNKNOWN: Device = { secure: true, headset: false, camera: false, allowed: false, board: false };

export function lack(way: Way, device: Device): Lack | null {
  if (way === "view") return null;
  if (!device.secure) return "insecure";
  if (way === "headset") return device.headset ? null : "no_headset";
  if (!device.board) return "no_board";
  return device.camera ? null : "no_camera";
}

/** The best way of this device. */
export function best(device: Device): Way {
  return lack("headset", device) === null ? "headset" : lack("window", device) === null ? "window" : "view";
}

/**
 * The way in which a page begins. A headset needs a press, and a camera that was never allowed a question: these the
 * person is offered; what they chose here last comes back by itself.
 */
export function first(device: Device, chosen: Way | ""): Way {
  const wanted = chosen || best(device);
  return wanted === "window" && device.allowed && lack("window", device) === null ? "window" : "view";
}
