/** Holding the robot from a device at which nobody is signed in: one large button, and what became of it. */

import { useSignal } from "@preact/signals";
import { Icon } from "../common/icon";
import { words } from "../words";

const WAIT_MS = 3_000; // a network that swallows everything must not keep the button shut

type Said = "held" | "stands" | "soon" | "unheard";

export function HoldRobot() {
  const { hold: say } = words.value.access;
  const said = useSignal<Said | "">("");
  const busy = useSignal(false);
  const press = async (): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    said.value = "";
    said.value = await ask();
    busy.value = false;
  };
  return (
    <section class="hold-robot" aria-label={say.press}>
      <p class={said.value === "unheard" ? "hold-said fault" : "hold-said"} role="status" data-testid="hold-said" data-said={said.value}>
        {said.value ? say[said.value] : say.text}
      </p>
      <button type="button" class="hold-press" aria-busy={busy.value} data-testid="hold-robot" onClick={() => void press()}>
        <Icon name="pause" /> {say.press}
      </button>
    </section>
  );
}

async function ask(): Promise<Said> {
  try {
    const answer = await fetch("/api/v1/cell/hold", { method: "POST", signal: AbortSignal.timeout(WAIT_MS) });
    if (answer.ok) return "held";
    const { code } = (await answer.json()) as { code?: string };
    if (answer.status === 409 && code === "illegal_move") return "stands";
    return answer.status === 429 ? "soon" : "unheard";
  } catch {
    return "unheard";
  }
}
