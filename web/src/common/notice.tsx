/** A refusal, said calmly, with what to do about it. */

import { commands } from "../cell";
import { words } from "../words";
import { Icon } from "./icon";

export function NoticeBar() {
  const notice = commands.notice.value;
  return (
    <div role="status" aria-live="polite" class="notice-host">
      {notice && (
        <div class={notice.calm ? "notice notice-calm" : "notice"} data-testid={notice.calm ? "told" : "refusal"}>
          <Icon name={notice.calm ? "check" : "alert"} />
          <p>
            <strong>{notice.message}</strong> {notice.remedy}
          </p>
          <button type="button" class="act act-plain act-small" onClick={() => commands.dismiss()}>
            {words.value.refusals.close}
          </button>
        </div>
      )}
    </div>
  );
}
