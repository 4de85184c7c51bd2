/** Asks the browser what this device can do. */

import type { Device } from "./ways";

interface Asked {
  isSecureContext: boolean;
  navigator: Navigator;
}

/** What this device has; `board` says whether the cell has one to look at. Never rejects: what can't be asked is not there. */
export async function ask(board: boolean, page: Asked = window): Promise<Device> {
  const { navigator } = page;
  const yes = (found: Promise<boolean> | undefined): Promise<boolean> => (found ?? Promise.resolve(false)).catch(() => false);
  const [headset, camera, allowed] = await Promise.all([
    yes(navigator.xr?.isSessionSupported("immersive-ar")),
    yes(navigator.mediaDevices?.enumerateDevices?.().then((all) => all.some(({ kind }) => kind === "videoinput"))),
    yes(navigator.permissions?.query({ name: "camera" as PermissionName }).then(({ state }) => state === "granted")),
  ]);
  return { secure: page.isSecureContext, headset, camera, allowed, board };
}
