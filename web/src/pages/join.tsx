/** How a device comes to belong here: it trusts the site's certificate and joins by a code; who leads makes the codes. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { access, may, named, refresh } from "../access/access";
import { Top } from "../common/top";
import { get, post, Refused, remove } from "../rest";
import { clock, moment, words } from "../words";

interface Code {
  code: string;
  until_t: number;
  url: string;
  svg: string;
}

interface Device {
  id: string;
  name: string;
  joined_t: number;
  own: boolean;
}

export function Page() {
  const { join: say } = words.value;
  const view = access.value;
  useEffect(() => {
    document.title = say.title;
  }, [say]);
  return (
    <div class="join">
      <Top page="join" />
      <main class="join-main">
        <h1>{say.title}</h1>
        {view && !view.login && <p>{say.noLogin}</p>}
        {view?.login && view.device === "" && (
          <>
            <Trust />
            <Joining />
          </>
        )}
        {view?.login && view.device !== "" && (
          <section class="panel" data-testid="joined">
            <h2>{say.joined(view.device)}</h2>
            <a class="act act-primary" href="/">
              {say.go}
            </a>
          </section>
        )}
        {view?.login && view.person && may("store_order") && <Lead />}
        {view?.login && <Trust again />}
      </main>
    </div>
  );
}

function Trust({ again = false }: { again?: boolean }) {
  const { join: say } = words.value;
  const view = access.value;
  if (!view?.fingerprint || (again && view.device === "")) return null;
  return (
    <section class="panel" data-testid="trust">
      <h2>{say.trust}</h2>
      <p>{say.trustText}</p>
      <p>
        <span class="quiet">{say.fingerprint}</span>
        <code class="fingerprint">{view.fingerprint}</code>
      </p>
      <a class="act act-plain" href="/ca.crt" download="tandem-ca.crt">
        {say.download}
      </a>
      <ul class="quiet">
        {say.how.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

function Joining() {
  const { join: say, access: told } = words.value;
  const code = useSignal(location.hash.replace(/^#/, ""));
  const name = useSignal("");
  const refused = useSignal("");
  useEffect(() => {
    if (location.hash) history.replaceState(null, "", location.pathname); // a code is not left in the history
  }, []);
  const join = async (): Promise<void> => {
    refused.value = "";
    try {
      await post("/api/v1/access/join", { code: code.value, name: name.value });
      await refresh();
    } catch (error) {
      const known = error instanceof Refused ? (error.code === "wrong" ? say.wrong : told.refusals[error.code]?.(error.waitS)) : undefined;
      refused.value = known ?? (error instanceof Refused ? `${error.message} ${error.remedy}` : String(error));
    }
  };
  return (
    <form
      class="panel"
      data-testid="joining"
      onSubmit={(event) => {
        event.preventDefault();
        if (code.value && name.value) void join();
      }}
    >
      <h2>{say.join}</h2>
      <label class="field" for="code">
        <span>{say.code}</span>
        <span class="entry">
          <input id="code" type="text" autoComplete="off" autoCapitalize="characters" spellcheck={false} maxLength={40} value={code.value} onInput={(event) => (code.value = event.currentTarget.value)} />
        </span>
      </label>
      <label class="field" for="device-name">
        <span>{say.name}</span>
        <span class="entry">
          <input id="device-name" type="text" autoComplete="off" maxLength={60} placeholder={say.example} value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} />
        </span>
      </label>
      <p class="fault" role="alert">
        {refused.value}
      </p>
      <button type="submit" class="act act-primary act-wide" aria-disabled={!code.value || !name.value} data-testid="join-device">
        {say.join}
      </button>
    </form>
  );
}

function Lead() {
  const { join: say } = words.value;
  const code = useSignal<Code | null>(null);
  const devices = useSignal<readonly Device[]>([]);
  const refused = useSignal("");
  const tell = (error: unknown): void => {
    refused.value = error instanceof Refused ? `${error.message} ${error.remedy}` : String(error);
  };
  const look = async (): Promise<void> => {
    devices.value = await get<Device[]>("/api/v1/access/devices");
  };
  useEffect(() => void look().catch(tell), []);
  return (
    <>
      <section class="panel" data-testid="codes">
        <h2>{say.another}</h2>
        {code.value ? (
          <div class="code">
            <img src={`data:image/svg+xml,${encodeURIComponent(code.value.svg)}`} alt={say.scan} width="260" height="260" />
            <div>
              <p>{say.scan}</p>
              <p class="code-text" data-testid="code">
                {code.value.code}
              </p>
              <p class="quiet">{say.until(clock(code.value.until_t))}</p>
            </div>
          </div>
        ) : null}
        <button
          type="button"
          class="act act-primary"
          data-testid="make-code"
          onClick={() =>
            void post<Code>("/api/v1/access/codes", {})
              .then((made) => (code.value = made))
              .catch(tell)
          }
        >
          {code.value ? say.makeAnother : say.make}
        </button>
        <p class="fault" role="alert">
          {refused.value}
        </p>
      </section>
      <section class="panel" aria-labelledby="devices">
        <h2 id="devices">{say.devices}</h2>
        <ul class="device-list">
          {devices.value.map((device) => (
            <li key={device.id}>
              <span>
                <strong>{named(device.name)}</strong>
                {device.own && <span class="pill">{say.own}</span>}
                <span class="quiet"> {moment(device.joined_t)}</span>
              </span>
              <button
                type="button"
                class="act act-danger act-small"
                data-testid={`revoke-${device.id}`}
                onClick={() => {
                  if (confirm(say.revokeText(device.name))) void remove(`/api/v1/access/devices/${encodeURIComponent(device.id)}`).then(look).catch(tell);
                }}
              >
                {say.revoke}
              </button>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
