/** Who works at this place: asked once on a device, then one press. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { justSignedIn, me, named } from "../access/access";
import { commands, connection, presence, store } from "../cell";
import { operator } from "../settings";
import { words } from "../words";

const NAME = /^[\p{L}\p{N}_@./#:+,= -]{1,120}$/u;

export function SignIn({ place }: { place: string }) {
  const { signIn } = words.value;
  const own = me(); // who is signed in works as themselves
  const name = useSignal(own ?? operator.value);
  const asking = useSignal(own === null && operator.value === "");
  const wrong = useSignal(false);
  const key = `join ${place}`;
  const closed = connection.line.value !== "online" || commands.underway.value.has(key);
  const join = (who: string): void => {
    const plain = who.trim();
    wrong.value = !NAME.test(plain);
    if (wrong.value || closed) return;
    if (own === null) operator.value = plain;
    asking.value = false;
    presence.sure();
    void commands.send({ type: "join_place", place, operator: plain }, key);
  };
  const online = connection.line.value === "online";
  useEffect(() => {
    if (own && online && justSignedIn()) join(own); // from the badge to the step without another press
  }, [online]);
  return (
    <form
      class="sign-in"
      data-testid="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        join(own ?? (asking.value ? name.value : operator.value));
      }}
    >
      <h1>{signIn.title}</h1>
      {(store.cell.value?.places.length ?? 0) > 1 && (
        <nav class="segments" aria-label={signIn.place}>
          {store.cell.value?.places.map((other) => (
            <a key={other} class="segment" href={`/worker?place=${encodeURIComponent(other)}`} aria-current={other === place ? "page" : undefined}>
              {other}
            </a>
          ))}
        </nav>
      )}
      {asking.value && (
        <div class="ask">
          <label class="field" for="operator">
            <span>{signIn.name}</span>
            <span class="entry">
              <input
                id="operator"
                type="text"
                autoComplete="off"
                spellcheck={false}
                maxLength={120}
                value={name.value}
                aria-invalid={wrong.value}
                aria-describedby="operator-hint"
                onInput={(event) => {
                  name.value = event.currentTarget.value;
                  wrong.value = false;
                }}
              />
            </span>
          </label>
          <p class="hint" id="operator-hint">
            {signIn.hint}
          </p>
          <p class="fault" role="alert">
            {wrong.value ? signIn.invalid : ""}
          </p>
        </div>
      )}
      <button type="submit" class="act act-primary act-wide" aria-disabled={closed} data-testid="join">
        {asking.value ? signIn.start : signIn.as(named(own ?? operator.value))}
      </button>
      {!asking.value && own === null && (
        <button
          type="button"
          class="act act-plain act-wide"
          onClick={() => {
            name.value = "";
            asking.value = true;
          }}
        >
          {signIn.other}
        </button>
      )}
    </form>
  );
}
