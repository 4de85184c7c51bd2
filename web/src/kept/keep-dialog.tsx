/** Asked before something is kept: what will become of it, and whether it is the person who is signed in. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../common/icon";
import { words } from "../words";

interface KeepDialogProps {
  who: string;
  onKeep: () => void;
  onCancel: () => void;
}

export function KeepDialog({ who, onKeep, onCancel }: KeepDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const other = useSignal(false);
  const { ask } = words.value.kept;
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="dialog keep" aria-labelledby="keep-title" data-testid="keep" onCancel={onCancel} onClose={onCancel}>
      <h2 id="keep-title">{other.value ? ask.other : ask.title}</h2>
      {other.value ? (
        <p role="status">{ask.otherText(who)}</p>
      ) : (
        <>
          <p>{ask.text}</p>
          <p class="keep-robot">
            <Icon name="robot" />
            <span>{ask.robot}</span>
          </p>
          <p class="keep-who">{ask.who(who)}</p>
        </>
      )}
      <div class="dialog-actions">
        <button type="button" class="act act-plain" onClick={() => dialog.current?.close()}>
          {ask.back}
        </button>
        {!other.value && (
          <>
            <button
              type="button"
              class="act act-plain"
              data-testid="keep-other"
              onClick={() => {
                other.value = true;
              }}
            >
              {ask.other}
            </button>
            <button type="button" class="act act-primary" data-testid="keep-yes" onClick={onKeep}>
              {ask.yes(who)}
            </button>
          </>
        )}
      </div>
    </dialog>
  );
}
