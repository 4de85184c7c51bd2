/** Language, level of detail, light and, for a worker, size, as a sheet with large choices. */

import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useRef } from "preact/hooks";
import { detail, DETAILS, language, size, SIZES, theme, THEMES } from "../settings";
import { languageNames, words } from "../words";
import type { Signal } from "@preact/signals";
import { Icon } from "./icon";

export function SettingsButton({ more }: { more?: () => Promise<{ HandsSettings: ComponentType }> }) {
  const More = useSignal<ComponentType | null>(null);
  const sheet = useRef<HTMLDialogElement>(null);
  const { settings } = words.value;
  return (
    <>
      <button type="button" class="round" aria-label={settings.open} data-testid="settings" onClick={() => {
          sheet.current?.showModal();
          more?.().then(({ HandsSettings }) => (More.value = HandsSettings), () => undefined); // without a line: the rest is there
        }}
      >
        <Icon name="gear" />
      </button>
      <dialog ref={sheet} class="dialog" aria-labelledby="settings-title">
        <h2 id="settings-title">{settings.title}</h2>
        <Choice name={settings.language} value={language} options={languageNames} />
        <Choice name={settings.detail} value={detail} options={DETAILS.map((key) => [key, settings.details[key]] as const)} />
        <Choice name={settings.theme} value={theme} options={THEMES.map((key) => [key, settings.themes[key]] as const)} />
        {more && <Choice name={settings.size} value={size} options={SIZES.map((key) => [key, settings.sizes[key]] as const)} />}
        {More.value && <More.value />}
        <div class="dialog-actions">
          <button type="button" class="act act-primary" onClick={() => sheet.current?.close()}>
            {settings.close}
          </button>
        </div>
      </dialog>
    </>
  );
}

interface ChoiceProps<T extends string> {
  name: string;
  value: Signal<T>;
  options: readonly (readonly [T, string])[];
}

export function Choice<T extends string>({ name, value, options }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend>{name}</legend>
      <div class="segments">
        {options.map(([key, label]) => (
          <button
            key={key}
            type="button"
            class="segment"
            aria-pressed={value.value === key}
            onClick={() => {
              value.value = key;
            }}
          >
            {label}
          </button>
        ))}
      </div>
    </fieldset>
  );
}
