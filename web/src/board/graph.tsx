/** A unit's steps as a graph: who does each, where it stands, what it comes after. It scrolls in its own box. */

import { useMemo, useState } from "preact/hooks";
import { Icon } from "../common/icon";
import type { StepView } from "../wire";
import { text, word, words } from "../words";
import { curve, laidOut } from "./layout";
import { SIGNS } from "./signs";

const SIZES = { width: 172, height: 84, across: 16, down: 30, edge: 6 };

/** Closed until somebody wants it; while it is closed nothing is laid out. */
export function StepGraph({ unit, name, steps }: { unit: string; name: string; steps: readonly StepView[] }) {
  const [open, setOpen] = useState(false);
  const { board } = words.value;
  return (
    <details class="graph" data-testid="graph" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{board.graph}</summary>
      {open && <Drawn unit={unit} name={name} steps={steps} />}
    </details>
  );
}

function Drawn({ unit, name, steps }: { unit: string; name: string; steps: readonly StepView[] }) {
  const { board } = words.value;
  const shape = JSON.stringify(steps.map(({ id, index, after }) => [id, index, after]));
  const graph = useMemo(() => laidOut(steps, SIZES), [shape]);
  const now = new Map(steps.map((step) => [step.id, step]));
  const title = (id: string): string => text(now.get(id)?.title ?? {}) || id;
  const head = `arrow-${unit}`;
  return (
    <div class="graph-box" tabIndex={0} role="group" aria-label={`${board.graph}: ${name}`}>
      <div class="graph-plane" style={{ width: `${graph.width}px`, height: `${graph.height}px` }}>
        <svg width={graph.width} height={graph.height} aria-hidden="true">
          <defs>
            <marker id={head} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
              <path d="M0 0 8 4 0 8z" />
            </marker>
          </defs>
          {graph.arrows.map(({ from, to, points }) => (
            <path key={`${from} ${to}`} class="graph-edge" data-edge={`${from} ${to}`} marker-end={`url(#${head})`} d={curve(points)} />
          ))}
        </svg>
        <ol class="graph-nodes">
          {graph.boxes.map(({ step: { id }, x, y }) => {
            const step = now.get(id);
            return step && <Node key={id} step={step} at={{ x, y }} after={graph.arrows.filter(({ to }) => to === id).map(({ from }) => title(from))} />;
          })}
        </ol>
      </div>
    </div>
  );
}

function Node({ step, at, after }: { step: StepView; at: { x: number; y: number }; after: readonly string[] }) {
  const { board, actors, stepStates } = words.value;
  const both = step.who.length > 1;
  const kind = both ? "both" : (step.who[0] ?? "none");
  const title = text(step.title) || step.id;
  return (
    <li class={`node node-${kind} node-${step.status}`} data-node={step.id} data-who={kind} title={title} style={{ left: `${at.x}px`, top: `${at.y}px`, width: `${SIZES.width}px`, height: `${SIZES.height}px` }}>
      <span class="node-title">{title}</span>
      <span class="node-foot">
        {step.who.map((who) => (
          <Icon key={who} name={who === "robot" ? "robot" : "person"} />
        ))}
        <span>{step.together ? board.together : both ? board.either : step.who.map((who) => actors[who]).join("")}</span>
      </span>
      <span class="node-foot">
        <Icon name={SIGNS[step.status] ?? "dot"} />
        <span>{word(stepStates, step.status)}</span>
      </span>
      {after.length > 0 && <span class="unseen">{board.after(after.join(", "))}</span>}
    </li>
  );
}
