/** A button of the page: closed while anything is under way, busy while it is its own. */

import type { ComponentChildren } from "preact";
import { connection } from "../cell";
import { underway } from "./session";

interface ActProps {
  name: string;
  does: () => unknown;
  primary?: boolean;
  closed?: boolean;
  describedBy?: string | undefined;
  label?: string | undefined;
  children: ComponentChildren;
}

export function Act({ name, does, primary = false, closed = false, describedBy, label, children }: ActProps) {
  const shut = closed || underway.value !== "" || connection.line.value !== "online";
  return (
    <button
      type="button"
      class={`act act-${primary ? "primary" : "plain"}`}
      data-testid={name}
      aria-disabled={shut}
      aria-busy={underway.value === name}
      aria-describedby={describedBy}
      aria-label={label}
      onClick={() => {
        if (!shut) void does();
      }}
    >
      {children}
    </button>
  );
}
