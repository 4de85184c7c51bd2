/** The check that asks for a picture: one large button, the picture once it is taken, and the way to take it again. Loaded when wanted. */

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { session } from "../ar/told";
import { pictures } from "../cell";
import { Icon } from "../common/icon";
import { OwnPhoto } from "../common/photo";
import type { Card } from "../wire";
import { words } from "../words";
import { Field } from "./asks";
import { field, type Entry } from "./entry";
import { Finder } from "./finder";
import { shrunk } from "./shrink";

/** Whether the page itself can see through a camera: not by http over a network, and not under a headset. */
const sees = (): boolean => window.isSecureContext && "mediaDevices" in navigator && session.value === null;

export default function PhotoCheck({ card, title, entry }: { card: Card; title: string; entry: Entry }) {
  const picture = pictures.of(card);
  const finding = useSignal(false);
  const unreadable = useSignal(false);
  const own = useRef<HTMLInputElement>(null);
  const { photo: say } = words.value;
  const take = (): void => {
    unreadable.value = false;
    if (sees()) finding.value = true;
    else own.current?.click();
  };
  const used = (taken: Uint8Array<ArrayBuffer>): void => {
    finding.value = false;
    void pictures.put(card, taken);
  };
  const chosen = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    finding.value = false;
    try {
      used(await shrunk(file));
    } catch {
      unreadable.value = true;
    }
  };
  return (
    <Field fault={picture ? null : entry.fault(field.photo)}>
      <div class="photo-check" data-testid="photo-check" data-taken={picture !== null}>
        <p>{say.ask}</p>
        {picture && <OwnPhoto picture={picture} title={title} testId="photo-taken" />}
        <button type="button" id={field.photo} class={`act act-wide photo-take ${picture ? "act-plain" : ""}`} data-testid="photo-take" onClick={take}>
          <Icon name="camera" />
          <span>{picture ? say.again : say.take}</span>
        </button>
        <input
          ref={own}
          type="file"
          accept="image/*"
          capture="environment"
          class="unseen"
          tabIndex={-1}
          aria-hidden="true"
          data-testid="photo-file"
          onChange={({ currentTarget }) => {
            void chosen(currentTarget.files?.[0]);
            currentTarget.value = ""; // the same file again is another picture
          }}
        />
        {unreadable.value && <p role="alert">{say.unreadable}</p>}
        {picture && pictures.unkept.value && <p role="alert">{say.unkept}</p>}
      </div>
      {finding.value && <Finder onUse={used} onOwn={() => own.current?.click()} onCancel={() => (finding.value = false)} />}
    </Field>
  );
}
