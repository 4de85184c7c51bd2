/** In the head of each page: who is signed in, and the way out; or, loudly, that nobody has to sign in. */

import { useRef } from "preact/hooks";
import { connection, store } from "../cell";
import { Icon } from "../common/icon";
import { words } from "../words";
import { access, may } from "./access";
import { OwnRecordPart } from "./own-record";
import { signOut } from "./sign-out";

export function WhoButton({ short = false }: { short?: boolean }) {
  const sheet = useRef<HTMLDialogElement>(null);
  const { access: say } = words.value;
  const view = access.value;
  if (!view) return null;
  if (!view.login)
    return (
      <span class="pill pill-warn who-nobody" title={say.openText} data-testid="no-login">
        {(store.cell.value?.approvals ?? 1) > 1 || store.cell.value?.four_eyes ? say.openApprovals : short ? say.openShort : say.open}
      </span>
    );
  if (!view.person) return null;
  const online = connection.line.value === "online";
  return (
    <>
      <button type="button" class="act act-plain act-small who-me" data-testid="who" onClick={() => sheet.current?.showModal()}>
        <Icon name="person" /> {view.person.name}
      </button>
      <dialog ref={sheet} class="dialog" aria-labelledby="who-title">
        <h2 id="who-title">{view.person.name}</h2>
        <p>
          {say.roles[view.person.role]} · {view.device}
        </p>
        <p class="quiet">{online ? say.outText : say.outOffline}</p>
        {online && <OwnRecordPart />}
        <div class="dialog-actions">
          {may("store_order") && (
            <a class="act act-plain" href="/join">
              {say.devices}
            </a>
          )}
          <button type="button" class="act act-plain" onClick={() => sheet.current?.close()}>
            {say.stay}
          </button>
          <button type="button" class="act act-primary" aria-disabled={!online} data-testid="sign-out" onClick={() => online && void signOut(view.person?.id ?? "")}>
            {say.out}
          </button>
        </div>
      </dialog>
    </>
  );
}
