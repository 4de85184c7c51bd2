/** The viewfinder: what the camera sees, one press for the picture, and a look at it before it counts. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../common/icon";
import { OwnPhoto } from "../common/photo";
import { words } from "../words";
import { shrunk, SIDE_PX } from "./shrink";

export interface FinderProps {
  onUse: (picture: Uint8Array<ArrayBuffer>) => void;
  /** Take it with the device's own camera instead. */
  onOwn: () => void;
  onCancel: () => void;
}

const WANTED = { facingMode: { ideal: "environment" }, width: { ideal: SIDE_PX }, height: { ideal: 1200 } } as const;

type Camera = "starting" | "live" | "refused" | "failed";

export function Finder({ onUse, onOwn, onCancel }: FinderProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const camera = useSignal<Camera>("starting");
  const taken = useSignal<Uint8Array<ArrayBuffer> | null>(null);
  const { finder: say } = words.value.photo;
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    let gone = false;
    let stream: MediaStream | null = null;
    const stop = (): void => stream?.getTracks().forEach((track) => track.stop());
    navigator.mediaDevices
      .getUserMedia({ video: WANTED, audio: false })
      .then(async (found) => {
        stream = found;
        if (gone || !video.current) return stop();
        found.getVideoTracks()[0]?.addEventListener("ended", () => (camera.value = "failed"));
        video.current.srcObject = found;
        await video.current.play();
        camera.value = "live";
        return undefined;
      })
      .catch((error: unknown) => {
        stop();
        if (!gone) camera.value = error instanceof DOMException && error.name === "NotAllowedError" ? "refused" : "failed";
      });
    return () => {
      gone = true;
      stop();
    };
  }, []);
  const shoot = async (): Promise<void> => {
    if (!video.current) return;
    try {
      taken.value = await shrunk(video.current);
    } catch {
      camera.value = "failed";
    }
  };
  const dead = camera.value === "refused" || camera.value === "failed";
  const shown = taken.value;
  return (
    <dialog ref={dialog} class="dialog finder" aria-labelledby="finder-title" data-testid="finder" data-camera={camera.value} onCancel={onCancel} onClose={onCancel}>
      <h2 id="finder-title">{say.title}</h2>
      {dead && !shown ? (
        <p role="alert">{camera.value === "refused" ? say.refused : say.failed}</p>
      ) : (
        <>
          <p>{say.hint}</p>
          <div class="finder-frame">
            <video ref={video} class="finder-live" aria-label={say.live} muted playsInline />
            {camera.value === "starting" && <p role="status">{say.starting}</p>}
            {shown && <OwnPhoto picture={shown} title={say.title} testId="finder-still" />}
          </div>
        </>
      )}
      <div class="dialog-actions">
        <button type="button" class="act act-plain" onClick={() => dialog.current?.close()}>
          {say.back}
        </button>
        {dead && !shown && (
          <button type="button" class="act act-primary" data-testid="finder-own" onClick={onOwn}>
            <Icon name="camera" /> {say.own}
          </button>
        )}
        {shown && (
          <>
            <button type="button" class="act act-plain" data-testid="finder-again" onClick={() => (taken.value = null)}>
              {say.again}
            </button>
            <button type="button" class="act act-primary" data-testid="finder-use" onClick={() => onUse(shown)}>
              <Icon name="check" /> {say.use}
            </button>
          </>
        )}
        {!dead && !shown && (
          <button type="button" class="act act-primary" data-testid="finder-shoot" aria-disabled={camera.value !== "live"} onClick={() => camera.value === "live" && void shoot()}>
            <Icon name="camera" /> {say.shoot}
          </button>
        )}
      </div>
    </dialog>
  );
}
