/** A unit's steps as a layered graph: each step below everything that it comes after. Pure: places in rows, no pixels. */

export interface Dependent {
  readonly id: string;
  readonly index: number;
  readonly after: readonly string[];
}

/** A place in a row: of a step, or (null) of an arrow that passes the row on its way. `above` and `below` are what it is joined to. */
export interface Slot<T> {
  readonly step: T | null;
  readonly above: Slot<T>[];
  readonly below: Slot<T>[];
}

/** An arrow, with the slots that it passes. */
export interface Edge<T> {
  readonly from: string;
  readonly to: string;
  readonly through: readonly Slot<T>[];
}

export interface Layered<T> {
  readonly rows: readonly (readonly Slot<T>[])[]; // from the top, each from the left
  readonly edges: readonly Edge<T>[];
}

const SWEEPS = 4; // each down and up

/**
 * The rows of steps by their longest way from a beginning, and the dependencies that no other way already says.
 * Names that are no step of the list are left out, and so is a dependency that would close a ring.
 */
export function layered<T extends Dependent>(steps: readonly T[]): Layered<T> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const depth = new Map<string, number>();
  const before = new Map<string, Set<string>>(); // everything that a step comes after, near and far
  const direct = new Map<string, string[]>();
  const open = new Set<string>();

  const visit = (step: T): void => {
    if (depth.has(step.id)) return;
    open.add(step.id);
    const near: string[] = [];
    for (const id of new Set(step.after)) {
      const earlier = byId.get(id);
      if (!earlier || open.has(id)) continue;
      visit(earlier);
      near.push(id);
    }
    open.delete(step.id);
    depth.set(step.id, near.reduce((most, id) => Math.max(most, (depth.get(id) ?? 0) + 1), 0));
    before.set(step.id, new Set(near.flatMap((id) => [id, ...(before.get(id) ?? [])])));
    direct.set(step.id, near.filter((id) => !near.some((other) => before.get(other)?.has(id))));
  };
  for (const step of steps) visit(step);

  const rows: Slot<T>[][] = [];
  const slots = new Map<string, Slot<T>>();
  const put = (layer: number, step: T | null): Slot<T> => {
    const slot: Slot<T> = { step, above: [], below: [] };
    (rows[layer] ??= []).push(slot);
    return slot;
  };
  for (const step of [...steps].sort((a, b) => a.index - b.index)) slots.set(step.id, put(depth.get(step.id) ?? 0, step));
  const edges: Edge<T>[] = [];
  for (const step of steps) {
    for (const from of direct.get(step.id) ?? []) {
      const through: Slot<T>[] = [];
      let last = slots.get(from) as Slot<T>;
      for (let layer = (depth.get(from) ?? 0) + 1; layer < (depth.get(step.id) ?? 0); layer += 1) {
        const thread = put(layer, null);
        join(last, thread);
        through.push(thread);
        last = thread;
      }
      join(last, slots.get(step.id) as Slot<T>);
      edges.push({ from, to: step.id, through });
    }
  }
  return { rows: untangled(rows), edges };
}

function join<T>(above: Slot<T>, below: Slot<T>): void {
  above.below.push(below);
  below.above.push(above);
}

/** The rows in the order in which the fewest arrows cross, of some in which each slot stands near what it is joined to. */
function untangled<T>(rows: readonly (readonly Slot<T>[])[]): readonly (readonly Slot<T>[])[] {
  let current = rows.map((row) => [...row]);
  let best = current;
  let fewest = Infinity;
  const note = (): void => {
    const found = crossings(current);
    if (found >= fewest) return;
    fewest = found;
    best = current.map((row) => [...row]);
  };
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    for (let i = 1; i < current.length; i += 1) arrange(current, i, i - 1);
    note();
    for (let i = current.length - 2; i >= 0; i -= 1) arrange(current, i, i + 1);
    note();
    current = current.map((row) => [...row]);
  }
  return best;
}

/** Sort a row by the middle of what its slots are joined to in a neighbouring one; what is joined to nothing there stays. */
function arrange<T>(rows: Slot<T>[][], at: number, by: number): void {
  const row = rows[at] ?? [];
  const column = new Map((rows[by] ?? []).map((slot, i) => [slot, i]));
  const scale = Math.max(1, (rows[by] ?? []).length - 1) / Math.max(1, row.length - 1);
  const pull = new Map(
    row.map((slot, i) => {
      const near = by < at ? slot.above : slot.below;
      return [slot, near.length ? near.reduce((sum, one) => sum + (column.get(one) ?? 0), 0) / near.length : i * scale];
    }),
  );
  row.sort((a, b) => (pull.get(a) ?? 0) - (pull.get(b) ?? 0));
}

function crossings<T>(rows: readonly (readonly Slot<T>[])[]): number {
  let found = 0;
  for (const [i, row] of rows.entries()) {
    const column = new Map((rows[i + 1] ?? []).map((slot, at) => [slot, at]));
    const ends = row.map((slot) => slot.below.map((one) => column.get(one) ?? 0));
    for (const [a, left] of ends.entries()) {
      for (const right of ends.slice(a + 1)) for (const to of left) found += right.filter((other) => other < to).length;
    }
  }
  return found;
}
