/** The calibration at the cell as this page knows it: what it answers is shown, nothing is worked out here. */

import { computed, signal } from "@preact/signals";
import { store } from "../cell";
import { get, post, Refused, remove } from "../rest";
import type { CalibratedView, LiveView, SessionView } from "../wire";

const BASE = "/api/v1/calibration";
const QUIET = new Set(["idle", "stopped", "completed", "aborted"]);

export interface Told {
  good: boolean;
  message: string;
  remedy: string;
}

export const cameras = signal<readonly CalibratedView[] | null>(null);
export const session = signal<SessionView | null>(null);
/** What is under way; one thing at a time, for the camera takes one picture at a time. */
export const underway = signal("");
export const told = signal<Told | null>(null);
/** Which picture is shown large; null is the newest. */
export const chosen = signal<number | null>(null);

/** The frame that the board lies at, as the person says; "" is where it is wanted most. */
export const place = signal("");
/** Whether what the camera sees now is shown; null leaves it to whether a person holds the board. */
export const live = signal<boolean | null>(null);

/** Whether the cell does nothing that a board in the picture would disturb. */
export const resting = computed(() => QUIET.has(store.cell.value?.state ?? ""));

export const pictureOf = (of: SessionView, number: number): string => `${BASE}/session/${of.id}/views/${number}.jpg`;
export const sheetOf = (board: string): string => `${BASE}/boards/${encodeURIComponent(board)}.pdf`;

export async function refresh(): Promise<void> {
  await quietly(async () => {
    cameras.value = await get<CalibratedView[]>(`${BASE}/cameras`);
    session.value = await get<SessionView | null>(`${BASE}/session`);
  });
}

export const begin = (camera: string, method: SessionView["method"]): Promise<boolean> =>
  act(`begin-${camera}-${method}`, async () => {
    session.value = await post<SessionView>(`${BASE}/session`, { camera, method });
    place.value = "";
    live.value = null;
  });

export const check = (camera: string): Promise<boolean> =>
  act(`check-${camera}`, async () => {
    put(await post<CalibratedView>(`${BASE}/cameras/${encodeURIComponent(camera)}/check`, {}));
  });

export const lookNow = (of: SessionView, at: string): Promise<LiveView> => get<LiveView>(`${BASE}/session/${of.id}/live?place=${encodeURIComponent(at)}`);

export const take = (place: string): Promise<boolean> =>
  within("take", async (path) => {
    session.value = await post<SessionView>(`${path}/views`, { place });
  });

export const drop = (number: number): Promise<boolean> =>
  within(`drop-${number}`, async (path) => {
    session.value = await remove<SessionView>(`${path}/views/${number}`);
  });

export const compute = (): Promise<boolean> =>
  within("compute", async (path) => {
    session.value = await post<SessionView>(`${path}/compute`, {});
  });

export const accept = (): Promise<boolean> =>
  within("accept", async (path) => {
    put(await post<CalibratedView>(`${path}/accept`, {}));
    session.value = null;
  });

export const discard = (): Promise<boolean> =>
  within("discard", async (path) => {
    await remove(path);
    session.value = null;
  });

function put(camera: CalibratedView): void {
  cameras.value = (cameras.value ?? []).map((one) => (one.camera === camera.camera ? camera : one));
}

/** Do something with the session that is open. */
async function within(name: string, does: (path: string) => Promise<void>): Promise<boolean> {
  const open = session.value;
  return open !== null && act(name, () => does(`${BASE}/session/${open.id}`));
}

/** Do one thing and tell what is refused; false where it was not done. */
async function act(name: string, does: () => Promise<void>): Promise<boolean> {
  if (underway.value) return false;
  underway.value = name;
  told.value = null;
  try {
    await does();
    chosen.value = null;
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    told.value = { good: false, message: error.message, remedy: error.remedy };
    await refresh(); // another page may have gone on meanwhile
    return false;
  } finally {
    underway.value = "";
  }
}

async function quietly(does: () => Promise<void>): Promise<void> {
  try {
    await does();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    told.value ??= { good: false, message: error.message, remedy: error.remedy };
  }
}
