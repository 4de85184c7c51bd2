/** Going back to before a step: choose it, read what must be taken back and by whom, say why, and have it done. */

import { may } from "../access/access";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Offer } from "../common/buttons";
import { Icon } from "../common/icon";
import { get, post, Refused } from "../rest";
import type { RewindView, StepView, UnitView } from "../wire";
import { text, words } from "../words";

/** Where a unit on its way back is, and how to end that. */
export function GoingBack({ unit }: { unit: UnitView }) {
  const { rewind } = words.value;
  const going = unit.rewinding;
  if (!going) return null;
  return (
    <div class="found" data-testid="going-back">
      <Icon name="back" />
      <div>
        <p>{text(going.text)}</p>
        <p>
          {rewind.left(going.left)} {text(going.waits)}
        </p>
        <div class="row-actions">
          {going.buttons.map((button) => (
            <Offer key={button.label} button={button} />
          ))}
        </div>
      </div>
    </div>
  );
}

export function GoBack({ unit, steps }: { unit: UnitView; steps: readonly StepView[] }) {
  const open = useSignal(false);
  const done = steps.filter(({ status }) => ["done", "skipped", "attention"].includes(status));
  if (unit.rewinding || done.length === 0 || !may("rewind")) return null;
  return (
    <>
      <button type="button" class="act act-plain act-small" data-testid="go-back" onClick={() => (open.value = true)}>
        <Icon name="back" /> {words.value.rewind.open}
      </button>
      {open.value && <GoBackDialog unit={unit} steps={done} onClose={() => (open.value = false)} />}
    </>
  );
}

function GoBackDialog({ unit, steps, onClose }: { unit: UnitView; steps: readonly StepView[]; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const to = useSignal(steps.at(-1)?.id ?? "");
  const plan = useSignal<RewindView | null>(null);
  const reason = useSignal("");
  const refused = useSignal("");
  const { rewind, reason: say } = words.value;
  const path = `/api/v1/rewind/${encodeURIComponent(unit.id)}/${encodeURIComponent(to.value)}`;
  useEffect(() => dialog.current?.showModal(), []);
  const look = (): void => {
    const asked = to.value;
    plan.value = null;
    get<RewindView>(path).then(
      (found) => {
        if (to.value === asked) plan.value = found;
      },
      (error: unknown) => {
        refused.value = words_of(error);
      },
    );
  };
  useEffect(look, [to.value]);
  const send = async (): Promise<void> => {
    if (!reason.value.trim()) {
      refused.value = say.required;
      return;
    }
    try {
      await post(path, { reason: reason.value.trim(), todo: plan.value?.undo.map(({ step }) => step) ?? [] });
      onClose();
    } catch (error) {
      refused.value = words_of(error);
      look(); // it may mean something else by now
    }
  };
  const possible = plan.value !== null && !plan.value.refused;
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="rewind-title" onCancel={onClose} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <h2 id="rewind-title">{rewind.title(words.value.board.unit(unit.order, unit.n))}</h2>
        <label class="field">
          <span>{rewind.to}</span>
          <select
            value={to}
            data-testid="rewind-to"
            onChange={(event) => {
              refused.value = "";
              to.value = event.currentTarget.value;
            }}
          >
            {steps.map((step) => (
              <option key={step.id} value={step.id}>
                {text(step.title)}
              </option>
            ))}
          </select>
        </label>
        {plan.value && (
          <>
            <p>{rewind.plan}</p>
            <ol class="undo-plan" data-testid="rewind-plan">
              {plan.value.undo.map((undo) => (
                <li key={undo.step}>
                  <strong>{undo.by === "person" ? text(undo.text) : text(undo.title)}</strong>{" "}
                  <span class="quiet">
                    {undo.never ? rewind.never : undo.by === "person" ? rewind.byPerson : text(undo.text)}
                    {undo.needs.length > 0 && ` · ${undo.needs.join(", ")}`}
                    {undo.once && ` · ${rewind.once}`}
                  </span>
                </li>
              ))}
            </ol>
            {plan.value.refused && <p role="alert">{rewind.refused(text(plan.value.why))}</p>}
          </>
        )}
        {possible && (
          <label class="field">
            <span>{say.title}</span>
            <textarea
              rows={2}
              maxLength={2000}
              placeholder={say.placeholder}
              value={reason}
              onInput={(event) => {
                reason.value = event.currentTarget.value;
                refused.value = "";
              }}
            />
          </label>
        )}
        <p class="hint" role="alert">
          {refused.value}
        </p>
        <div class="dialog-actions">
          <button type="button" class="act act-plain" onClick={() => dialog.current?.close()}>
            {say.cancel}
          </button>
          {possible && (
            <button type="submit" class="act act-danger" data-testid="rewind-send">
              {rewind.send}
            </button>
          )}
        </div>
      </form>
    </dialog>
  );
}

const words_of = (error: unknown): string => (error instanceof Refused ? `${error.message} ${error.remedy}` : words.value.refusals.unknown);
