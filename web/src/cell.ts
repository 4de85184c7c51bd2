/** The cell as this page knows it: one store, one line, one way to ask. */

import { me } from "./access/access";
import { Commands } from "./command";
import { Presence } from "./common/presence";
import { Connection } from "./connection";
import { Outbox } from "./kept/outbox";
import { Pictures } from "./kept/pictures";
import { openShelf } from "./kept/shelf";
import { PoseStream } from "./poses";
import { device } from "./settings";
import { Store } from "./store";

const draws = location.pathname.startsWith("/worker") || location.pathname.startsWith("/cell") || location.pathname.startsWith("/jog");

export const store = new Store();
export const poses = new PoseStream();
export const connection = new Connection(store, poses, draws, place, undefined, device.value);

/** The worker place that this page is the screen of; "" while that is not known, and on other pages. */
function place(): string {
  if (!location.pathname.startsWith("/worker")) return "";
  return new URLSearchParams(location.search).get("place") ?? store.cell.value?.places[0] ?? "";
}

/** What the worker of this device has said and the cell has not heard yet. */
export const outbox = new Outbox(connection, openShelf, me);
/** What was photographed for a step and not said yet. */
export const pictures = new Pictures();
export const commands = new Commands(connection, outbox, store, pictures);

/** Whether whoever holds this device may be another than who is signed in. */
export const presence = new Presence(Date.now, () => localStorage);
presence.watch(document);
