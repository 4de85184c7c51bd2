/** Keep where the tool is, under a name, and take it along as YAML. */

import { signal, useSignal } from "@preact/signals";
import { store } from "../cell";
import { called } from "../common/called";
import { post, Refused } from "../rest";
import { view } from "../scene/static";
import { words } from "../words";
import type { Said } from "./hold";

const NAME = /^[a-z][a-z0-9_]{0,59}$/;
const yaml = signal("");

export function TeachPanel({ closed }: { closed: boolean }) {
  const name = useSignal("");
  const relative = useSignal("");
  const said = useSignal<Said | null>(null);
  const copied = useSignal(false);
  const { jog } = words.value;
  const frames = Object.keys(view.value?.frames ?? {});
  const parts = [...store.parts.value.keys()].sort();
  const teach = async (): Promise<void> => {
    copied.value = false;
    if (!NAME.test(name.value)) {
      said.value = { message: jog.badName, remedy: "" };
      return;
    }
    try {
      yaml.value = (await post<{ yaml: string }>("/api/v1/cell/teach", { name: name.value, relative_to: relative.value })).yaml;
      said.value = null;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      said.value = { message: error.message, remedy: error.remedy };
    }
  };
  return (
    <section aria-labelledby="teach">
      <h2 id="teach">{jog.teach}</h2>
      <form
        class="teach"
        onSubmit={(event) => {
          event.preventDefault();
          if (!closed) void teach();
        }}
      >
        <label class="field">
          <span>{jog.name}</span>
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            maxLength={60}
            placeholder="above_nest"
            value={name}
            aria-describedby="teach-said"
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
        </label>
        <label class="field">
          <span>{jog.relative}</span>
          <select
            value={relative.value}
            onChange={(event) => {
              relative.value = event.currentTarget.value;
            }}
          >
            <option value="">{jog.cell}</option>
            {[...frames, ...parts].map((one) => (
              <option key={one} value={one}>
                {frames.includes(one) ? called(one) : one}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="act act-small" data-testid="teach" aria-disabled={closed}>
          {jog.keep}
        </button>
      </form>
      <p id="teach-said" class="hint" role="status">
        {said.value ? `${said.value.message} ${said.value.remedy}` : ""}
      </p>
      {yaml.value && (
        <>
          <pre class="yaml" data-testid="yaml" tabIndex={0} aria-label={jog.yaml}>
            {yaml.value}
          </pre>
          <p class="teach-more">
            <button
              type="button"
              class="act act-small"
              onClick={() => {
                void navigator.clipboard?.writeText(yaml.value).then(() => {
                  copied.value = true;
                });
              }}
            >
              {copied.value ? jog.copied : jog.copy}
            </button>
            <a href="/api/v1/cell/taught" target="_blank" rel="noopener">
              {jog.all((store.cell.value?.taught ?? []).length)}
            </a>
          </p>
          <p class="quiet">{jog.paste}</p>
        </>
      )}
    </section>
  );
}
