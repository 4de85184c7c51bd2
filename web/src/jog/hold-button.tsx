/** A button that acts only while it is held: by pointer, or by Space or Enter. */

import { useEffect, useRef } from "preact/hooks";
import type { Hold, Twist } from "./hold";

interface HoldButtonProps {
  hold: Hold;
  name: string;
  /** What is written on it, and what it does: together they are its name. */
  shown: string;
  does: string;
  twist: () => Twist;
  closed: boolean;
}

export function HoldButton({ hold, name, shown, does, twist, closed }: HoldButtonProps) {
  const host = useRef<HTMLButtonElement>(null);
  const held = hold.held.value === name;
  const begin = (): void => {
    if (!closed) hold.start(name, twist);
  };
  const end = (): void => {
    if (hold.held.peek() === name) hold.stop();
  };
  useEffect(() => end, []);
  return (
    <button
      ref={host}
      type="button"
      class="hold"
      data-testid={`hold-${name}`}
      data-held={held}
      aria-label={`${shown}: ${does}`}
      aria-pressed={held}
      aria-disabled={closed}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        begin();
      }}
      onPointerMove={({ clientX, clientY, currentTarget }) => {
        const { left, right, top, bottom } = currentTarget.getBoundingClientRect();
        if (held && (clientX < left || clientX > right || clientY < top || clientY > bottom)) end();
      }}
      onPointerUp={end}
      onPointerCancel={end}
      onLostPointerCapture={end}
      onBlur={end}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (event.key !== " " && event.key !== "Enter") {
          if (held) end();
          return;
        }
        event.preventDefault();
        if (!event.repeat) begin();
      }}
      onKeyUp={end}
    >
      {shown}
    </button>
  );
}
