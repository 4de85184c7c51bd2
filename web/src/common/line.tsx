/** The line to the cell: a small sign when it holds, a banner when it does not. */

import { connection, outbox } from "../cell";
import { tick } from "../clock";
import { words } from "../words";
import { seenAt } from "../kept/seen";
import { NewerBanner } from "../shell/banner";
import { SecureNote } from "../shell/secure";
import { clock } from "../words";
import { HelpCalls } from "./help-calls";
import { Icon } from "./icon";
import { RecoverHint } from "./recover-hint";
import { Troubles } from "./troubles";

export function LineSign() {
  const dialling = connection.line.value === "connecting" && connection.lostSince.value !== null;
  const line = dialling ? "offline" : connection.line.value; // else the sign would blink at each try
  return (
    <span class={`line line-${line}`} data-testid="line" data-line={line}>
      <Icon name={line === "online" ? "wifi" : "nowifi"} />
      <span class="line-word">{words.value.line[line]}</span>
    </span>
  );
}

const GRACE_MS = 700; // a blink of the network is not worth a banner
const TOLD_MS = 10_000; // how long a page says that the line is back

/** What a page says above everything else: that the line is down, and what of the cell's own parts is. */
export function OfflineBanner({ place = "" }: { place?: string }) {
  const since = connection.lostSince.value;
  tick.value; // counts the seconds
  const lost_ms = since === null ? 0 : Date.now() - since;
  const { offline, kept } = words.value;
  const back = connection.regained.value;
  const told = back !== null && back.after_ms > GRACE_MS && Date.now() - back.t < TOLD_MS;
  return (
    <>
      <SecureNote />
      <div role="status" aria-live="polite">
        <NewerBanner />
        <Troubles />
        <RecoverHint />
        <HelpCalls place={place} />
        {lost_ms > GRACE_MS && (
          <div class="banner" data-testid="offline">
            <Icon name="nowifi" />
            <p>
              <strong>
                {offline.title} <span aria-hidden="true">{offline.since(Math.round(lost_ms / 1000))}</span>
              </strong>{" "}
              {seenAt.value === null ? offline.text : kept.remembered(clock(seenAt.value))}
            </p>
          </div>
        )}
        {told && (
          <div class="banner banner-back" data-testid="back-online">
            <Icon name="wifi" />
            <p>
              <strong>{offline.back}</strong> {offline.sent(outbox.waiting.value.length, outbox.taken.value.length)}
            </p>
          </div>
        )}
      </div>
    </>
  );
}
