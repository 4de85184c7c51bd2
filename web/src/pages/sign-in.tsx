/** Where the site's own sign-in sends the browser back to. What it sent along is handed in by this page, once. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { arrive } from "../access/access";
import { told } from "../access/told";
import { post } from "../rest";
import { words } from "../words";

export function Page() {
  const { product, access: say } = words.value;
  const refused = useSignal("");
  useEffect(() => {
    document.title = `${say.title} · ${product}`;
  }, [say]);
  useEffect(() => {
    const sent = new URLSearchParams(location.search);
    history.replaceState(null, "", location.pathname); // a code is not left in the history
    const given = { state: sent.get("state") ?? "", code: sent.get("code") ?? "", iss: sent.get("iss") ?? "" };
    void post<{ to: string }>("/api/v1/access/oidc/finish", given)
      .then(({ to }) => {
        arrive(to.startsWith("/worker"));
        location.replace(to);
      })
      .catch((error: unknown) => {
        refused.value = told(error);
      });
  }, []);
  return (
    <div class="entrance">
      <main class="entrance-main">
        {refused.value ? (
          <section class="panel">
            <p class="fault entrance-fault" role="alert" data-testid="entrance-fault">
              {refused.value}
            </p>
            <a class="act act-primary act-wide" href="/" data-testid="again">
              {say.again}
            </a>
          </section>
        ) : (
          <div role="status">
            <h1>{say.arriving}</h1>
          </div>
        )}
      </main>
    </div>
  );
}
