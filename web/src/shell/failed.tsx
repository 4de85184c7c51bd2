/** Instead of a page whose code did not come: what that means, and the way to it. Part of every first visit, so it is there. */

import { Icon } from "../common/icon";
import { words } from "../words";

export function Failed() {
  const { failed } = words.value.shell;
  return (
    <div class="entrance">
      <main class="entrance-main">
        <section class="entrance-who failed" role="alert" data-testid="page-failed">
          <span class="badge badge-blocked" aria-hidden="true">
            <Icon name="nowifi" />
          </span>
          <h1>{failed.title}</h1>
          <p>{failed.text}</p>
          <button type="button" class="act act-primary" data-testid="reload" onClick={() => location.reload()}>
            {failed.reload}
          </button>
          {location.pathname !== "/" && (
            <a class="act act-plain" href="/">
              {failed.home}
            </a>
          )}
        </section>
      </main>
    </div>
  );
}
