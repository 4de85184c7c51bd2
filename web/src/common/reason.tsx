/** Asks why, before something that goes into the record; or asks once more, before something that cannot be taken back. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { words } from "../words";

interface ReasonDialogProps {
  title: string;
  required: boolean;
  /** Ask, too, what shows that a result is right. */
  shown?: boolean;
  danger: boolean;
  /** Reasons to press instead of typing; those of a problem with a part where nothing else is said. */
  quick?: readonly string[];
  onSend: (reason: string, shown: string) => void;
  onCancel: () => void;
}

export function ReasonDialog({ title, required, shown = false, danger, quick: offered, onSend, onCancel }: ReasonDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const reason = useSignal("");
  const proof = useSignal("");
  const missing = useSignal(false);
  const { reason: say, sure } = words.value;
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="reason-title" onCancel={onCancel} onClose={onCancel}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if ((required && !reason.value.trim()) || (shown && !proof.value.trim())) missing.value = true;
          else onSend(reason.value.trim(), proof.value.trim());
        }}
      >
        <h2 id="reason-title">{required ? title : sure.title(title)}</h2>
        {required && (
          <>
            <label class="field">
              <span>{say.title}</span>
              <textarea
                rows={3}
                maxLength={2000}
                placeholder={say.placeholder}
                value={reason}
                aria-invalid={missing.value && !reason.value.trim()}
                aria-describedby="reason-missing"
                onInput={(event) => {
                  reason.value = event.currentTarget.value;
                  missing.value = false;
                }}
              />
            </label>
            {!shown && (
              <div class="quick">
                {(offered ?? say.quick).map((quick) => (
                  <button
                    key={quick}
                    type="button"
                    class="chip-button"
                    aria-pressed={reason.value === quick}
                    onClick={() => {
                      reason.value = quick;
                      missing.value = false;
                    }}
                  >
                    {quick}
                  </button>
                ))}
              </div>
            )}
            {shown && (
              <label class="field">
                <span>{say.shown}</span>
                <textarea
                  rows={2}
                  maxLength={2000}
                  placeholder={say.shownHow}
                  value={proof}
                  data-testid="reason-shown"
                  aria-invalid={missing.value && !proof.value.trim()}
                  aria-describedby="reason-missing"
                  onInput={(event) => {
                    proof.value = event.currentTarget.value;
                    missing.value = false;
                  }}
                />
              </label>
            )}
            <p id="reason-missing" class="hint" role="alert">
              {missing.value ? (shown ? say.bothRequired : say.required) : ""}
            </p>
          </>
        )}
        <div class="dialog-actions">
          <button type="button" class="act act-plain" onClick={() => dialog.current?.close()}>
            {say.cancel}
          </button>
          <button type="submit" class={`act act-${danger ? "danger" : "primary"}`} data-testid="reason-send">
            {required ? say.send : sure.yes}
          </button>
        </div>
      </form>
    </dialog>
  );
}
