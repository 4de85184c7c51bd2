/** A unit's steps as a graph: who does each, where it stands, what it comes after. It scrolls in its own box. */

import { useState } from "preact/hooks";
import { Icon } from "../common/icon";
import type { StepView } from "../wire";
import { text, word, words } from "../words";
import { layered, type Placed } from "./layers";
import { SIGNS } from "./signs";

const NODE = { width: 172, height: 84 };
const GAP = { x: 16, y: 30 };
const EDGE = 6; // room around the whole

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
  const graph = layered(steps);
  const width = 2 * EDGE + graph.columns * (NODE.width + GAP.x) - GAP.x;
  const height = 2 * EDGE + graph.layers * (NODE.height + GAP.y) - GAP.y;
  const inLayer = new Map<number, number>();
  for (const { layer } of graph.placed) inLayer.set(layer, (inLayer.get(layer) ?? 0) + 1);
  const at = ({ layer, column }: Placed<StepView>) => ({
    x: EDGE + (column + (graph.columns - (inLayer.get(layer) ?? 1)) / 2) * (NODE.width + GAP.x),
    y: EDGE + layer * (NODE.height + GAP.y),
  });
  const places = new Map(graph.placed.map((one) => [one.step.id, at(one)]));
  const titles = new Map(steps.map((step) => [step.id, text(step.title) || step.id]));
  const head = `arrow-${unit}`;
  return (
    <div class="graph-box" tabIndex={0} role="group" aria-label={`${board.graph}: ${name}`}>
      <div class="graph-plane" style={{ width: `${width}px`, height: `${height}px` }}>
        <svg width={width} height={height} aria-hidden="true">
          <defs>
            <marker id={head} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
              <path d="M0 0 8 4 0 8z" />
            </marker>
          </defs>
          {graph.edges.map(([from, to]) => {
            const a = places.get(from);
            const b = places.get(to);
            if (!a || !b) return null;
            const [x1, y1, x2, y2] = [a.x + NODE.width / 2, a.y + NODE.height, b.x + NODE.width / 2, b.y - 1];
            const bend = GAP.y * 0.6;
            return <path key={`${from} ${to}`} class="graph-edge" data-edge={`${from} ${to}`} marker-end={`url(#${head})`} d={`M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`} />;
          })}
        </svg>
        <ol class="graph-nodes">
          {graph.placed.map(({ step }) => (
            <Node key={step.id} step={step} at={places.get(step.id) ?? { x: 0, y: 0 }} after={graph.edges.filter(([, to]) => to === step.id).map(([from]) => titles.get(from) ?? from)} />
          ))}
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
    <li class={`node node-${kind} node-${step.status}`} data-node={step.id} data-who={kind} title={title} style={{ left: `${at.x}px`, top: `${at.y}px`, width: `${NODE.width}px`, height: `${NODE.height}px` }}>
      <span class="node-title">{title}</span>
      <span class="node-foot">
        {step.who.map((who) => (
          <Icon key={who} name={who === "robot" ? "robot" : "person"} />
        ))}
        <span>{both ? board.together : step.who.map((who) => actors[who]).join("")}</span>
      </span>
      <span class="node-foot">
        <Icon name={SIGNS[step.status] ?? "dot"} />
        <span>{word(stepStates, step.status)}</span>
      </span>
      {after.length > 0 && <span class="unseen">{board.after(after.join(", "))}</span>}
    </li>
  );
}
