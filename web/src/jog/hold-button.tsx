/** A button that acts only while it is held: by pointer, or by Space or Enter. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Hold, Twist } from "./hold";

interface HoldButtonProps {
  hold: Hold;
  name: string;
  label: string;
  twist: () => Twist;
  closed: boolean;
  children: ComponentChildren;
}

export function HoldButton({ hold, name, label, twist, closed, children }: HoldButtonProps) {
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
      aria-label={label}
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
      {children}
    </button>
  );
}
