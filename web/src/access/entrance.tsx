/** The way in: a badge, or a name and a PIN, with keys for gloves. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import icon from "../icon.svg";
import { Icon } from "../common/icon";
import { SettingsButton } from "../common/settings";
import { post, Refused } from "../rest";
import { words } from "../words";
import { access, arrive, refresh } from "./access";
import { useBadge } from "./badge";
import { HoldRobot } from "./hold";
import { ProviderButton } from "./provider";
import { told } from "./told";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "clear", "0", "back"] as const;

export function Entrance({ onEntered }: { onEntered: () => void }) {
  const { product, access: say } = words.value;
  useEffect(() => {
    document.title = `${say.title} · ${product}`;
  }, [say]);
  return (
    <div class="entrance">
      <header class="top">
        <span class="brand">
          <img src={icon} alt="" width="32" height="32" />
          <span>{product}</span>
        </span>
        {access.value?.device && <span class="quiet">{access.value.device}</span>}
        <span class="spring" />
        <SettingsButton />
      </header>
      <main class="entrance-main">{access.value?.device ? <Ways onEntered={onEntered} /> : <Strange />}</main>
      {access.value?.device && <HoldRobot />}
    </div>
  );
}

function Strange() {
  const { access: say } = words.value;
  return (
    <section class="panel" data-testid="not-joined">
      <h1>{say.strange}</h1>
      <p>{say.strangeText}</p>
      <a class="act act-primary act-wide" href="/join">
        {say.join}
      </a>
    </section>
  );
}

function Ways({ onEntered }: { onEntered: () => void }) {
  const { access: say } = words.value;
  const person = useSignal<{ id: string; name: string } | null>(null);
  const badge = useSignal("");
  const secret = useSignal("");
  const refused = useSignal("");
  const busy = useSignal(false);
  const signIn = async (body: Record<string, string>): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    refused.value = "";
    try {
      await post("/api/v1/access/sign-in", body);
      arrive(location.pathname.startsWith("/worker"));
      await refresh();
      onEntered();
      return;
    } catch (error) {
      secret.value = "";
      if (error instanceof Refused && error.code === "secret") badge.value = body.badge ?? "";
      else refused.value = told(error);
    }
    busy.value = false;
  };
  useBadge((read) => {
    person.value = null;
    badge.value = "";
    void signIn({ badge: read });
  });
  const enter = (): void => {
    if (secret.value) void signIn(person.value ? { person: person.value.id, secret: secret.value } : { badge: badge.value, secret: secret.value });
  };
  const back = (): void => {
    person.value = null;
    badge.value = "";
    secret.value = "";
    refused.value = "";
  };
  return (
    <>
      {person.value || badge.value ? (
        <Pad title={person.value ? person.value.name : say.badgeAndPin} secret={secret} busy={busy.value} onEnter={enter} onBack={back} />
      ) : (
        <section class="entrance-who" aria-labelledby="who">
          <h1 id="who">{say.title}</h1>
          <p class="quiet">
            <Icon name="person" /> {say.badge}
          </p>
          <div class="who-list">
            {access.value?.people.map((each) => (
              <button key={each.id} type="button" class="act act-plain who-name" data-testid={`person-${each.id}`} onClick={() => (person.value = each)}>
                {each.name}
              </button>
            ))}
          </div>
          <ProviderButton onRefused={(text) => (refused.value = text)} />
        </section>
      )}
      <p class="fault entrance-fault" role="alert" data-testid="entrance-fault">
        {refused.value}
      </p>
    </>
  );
}

interface PadProps {
  title: string;
  secret: { value: string };
  busy: boolean;
  onEnter: () => void;
  onBack: () => void;
}

function Pad({ title, secret, busy, onEnter, onBack }: PadProps) {
  const { access: say } = words.value;
  const typed = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const press = (key: (typeof KEYS)[number]): void => {
    secret.value = key === "clear" ? "" : key === "back" ? secret.value.slice(0, -1) : secret.value + key;
  };
  return (
    <form
      class="pin-pad"
      data-testid="pad"
      onSubmit={(event) => {
        event.preventDefault();
        onEnter();
      }}
    >
      <h1>{title}</h1>
      <label class="field" for="secret">
        <span>{say.secret}</span>
        <span class="entry">
          <input
            ref={field}
            id="secret"
            type="password"
            autoComplete="off"
            inputMode={typed.value ? "text" : "none"}
            maxLength={200}
            value={secret.value}
            onInput={(event) => {
              secret.value = event.currentTarget.value;
            }}
          />
        </span>
      </label>
      <div class="pad-keys">
        {KEYS.map((key) => (
          <button key={key} type="button" class="act act-plain pad-key" aria-label={key === "clear" || key === "back" ? say.keys[key] : undefined} data-testid={`key-${key}`} onClick={() => press(key)}>
            {key === "clear" ? "C" : key === "back" ? "⌫" : key}
          </button>
        ))}
      </div>
      <button type="submit" class="act act-primary act-wide" aria-disabled={busy || secret.value === ""} data-testid="enter">
        {say.enter}
      </button>
      <div class="pad-more">
        <button type="button" class="act act-plain act-small" data-testid="other-person" onClick={onBack}>
          {say.other}
        </button>
        <button
          type="button"
          class="act act-plain act-small"
          aria-pressed={typed.value}
          onClick={() => {
            typed.value = !typed.value;
            field.current?.focus();
          }}
        >
          {say.password}
        </button>
      </div>
    </form>
  );
}
