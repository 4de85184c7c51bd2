/** A unit's steps as a layered graph: each step below everything that it comes after. Pure: places, no pixels. */

export interface Dependent {
  readonly id: string;
  readonly index: number;
  readonly after: readonly string[];
}

export interface Placed<T> {
  readonly step: T;
  readonly layer: number;
  readonly column: number; // within the layer, from 0
}

export interface Layered<T> {
  readonly placed: readonly Placed<T>[]; // by layer, then column
  readonly edges: readonly (readonly [from: string, to: string])[];
  readonly layers: number;
  readonly columns: number; // of the widest layer
}

/**
 * The layers of steps by their longest way from a beginning, and the dependencies that no other way already says.
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

  const rows: T[][] = [];
  for (const step of steps) (rows[depth.get(step.id) ?? 0] ??= []).push(step);
  const column = new Map<string, number>();
  const placed: Placed<T>[] = [];
  rows.forEach((row, layer) => {
    const pull = new Map(row.map((step) => [step.id, middle((direct.get(step.id) ?? []).map((id) => column.get(id) ?? 0))]));
    row.sort((a, b) => (pull.get(a.id) ?? 0) - (pull.get(b.id) ?? 0) || a.index - b.index);
    row.forEach((step, nth) => {
      column.set(step.id, nth);
      placed.push({ step, layer, column: nth });
    });
  });
  const edges = steps.flatMap((step) => (direct.get(step.id) ?? []).map((id) => [id, step.id] as const));
  return { placed, edges, layers: rows.length, columns: Math.max(0, ...rows.map(({ length }) => length)) };
}

const middle = (values: readonly number[]): number => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : 0);
