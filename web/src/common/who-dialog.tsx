/** Asked where nobody touched the device for a while: is it still the person who is signed in? */

import { useEffect, useRef } from "preact/hooks";
import { words } from "../words";

interface WhoDialogProps {
  who: string;
  onSame: () => void;
  onOther: () => void;
  onCancel: () => void;
}

export function WhoDialog({ who, onSame, onOther, onCancel }: WhoDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { presence } = words.value.kept;
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="dialog keep whose" aria-labelledby="presence-title" data-testid="presence" onCancel={onCancel} onClose={onCancel}>
      <h2 id="presence-title">{presence.title(who)}</h2>
      <p>{presence.text(who)}</p>
      <div class="dialog-actions">
        <button type="button" class="act act-plain" data-testid="presence-back" onClick={() => dialog.current?.close()}>
          {presence.back}
        </button>
        <button type="button" class="act act-plain" data-testid="presence-other" onClick={onOther}>
          {presence.other(who)}
        </button>
        <button type="button" class="act act-primary" data-testid="presence-same" onClick={onSame}>
          {presence.same(who)}
        </button>
      </div>
    </dialog>
  );
}
