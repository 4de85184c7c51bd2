/** Where the boxes and arrows of a step graph are drawn (px): an arrow that spans several rows runs between their boxes. Pure. */

import { layered, type Dependent, type Slot } from "./layers";

export interface Sizes {
  readonly width: number; // of a box
  readonly height: number;
  readonly across: number; // between two beside one another
  readonly down: number; // between two rows
  readonly edge: number; // around the whole
}

type Point = readonly [x: number, y: number];

export interface Layout<T> {
  readonly boxes: readonly { readonly step: T; readonly x: number; readonly y: number }[]; // by row, from the left
  readonly arrows: readonly { readonly from: string; readonly to: string; readonly points: readonly Point[] }[];
  readonly width: number;
  readonly height: number;
}

const SWEEPS = 6;
const STRAIGHT = 4; // how much more an arrow's way than a box wants to stay below what it comes from

/** Lay steps out. `points` of an arrow are where it leaves each row and enters the next, in turn. */
export function laidOut<T extends Dependent>(steps: readonly T[], sizes: Sizes): Layout<T> {
  const { rows, edges } = layered(steps);
  const middle = new Map<Slot<T>, number>();
  const place = (row: readonly Slot<T>[], wanted: (slot: Slot<T>) => readonly Slot<T>[]): void => {
    const apart = row.map((slot, i) => (i === 0 ? 0 : (breadth(row[i - 1], sizes) + breadth(slot, sizes)) / 2 + sizes.across));
    const goals = row.map((slot) => mean(wanted(slot).map((one) => middle.get(one) ?? 0)) ?? middle.get(slot) ?? 0);
    const found = spread(goals, apart, row.map(({ step }) => (step ? 1 : STRAIGHT)));
    for (const [i, slot] of row.entries()) middle.set(slot, found[i] ?? 0);
  };
  for (const row of rows) place(row, ({ above }) => above);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const row of rows.toReversed()) place(row, ({ below }) => below);
    for (const row of rows) place(row, ({ above }) => above);
  }
  const all = rows.flat();
  const left = Math.min(...all.map((slot) => (middle.get(slot) ?? 0) - breadth(slot, sizes) / 2));
  const right = Math.max(...all.map((slot) => (middle.get(slot) ?? 0) + breadth(slot, sizes) / 2));
  const x = (slot: Slot<T>): number => Math.round((middle.get(slot) ?? 0) - left) + sizes.edge;
  const y = (row: number): number => sizes.edge + row * (sizes.height + sizes.down);
  const at = new Map<string, { slot: Slot<T>; row: number }>();
  for (const [row, slots] of rows.entries()) for (const slot of slots) if (slot.step) at.set(slot.step.id, { slot, row });
  const arrows = edges.flatMap(({ from, to, through }) => {
    const [a, b] = [at.get(from), at.get(to)];
    if (!a || !b) return [];
    const passed = through.flatMap((slot, i): Point[] => [[x(slot), y(a.row + 1 + i)], [x(slot), y(a.row + 1 + i) + sizes.height]]);
    return [{ from, to, points: [[x(a.slot), y(a.row) + sizes.height], ...passed, [x(b.slot), y(b.row) - 1]] as Point[] }];
  });
  const boxes = rows.flatMap((slots, row) => slots.flatMap((slot) => (slot.step ? [{ step: slot.step, x: x(slot) - sizes.width / 2, y: y(row) }] : [])));
  if (rows.length === 0) return { boxes, arrows, width: 2 * sizes.edge, height: 2 * sizes.edge };
  return { boxes, arrows, width: Math.ceil(right - left) + 2 * sizes.edge, height: y(rows.length) - sizes.down + sizes.edge };
}

/** An arrow as the `d` of an SVG path: bent between two rows, straight past one. */
export function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let d = `M${first.join(" ")}`;
  let [x, y] = first;
  for (const [i, [toX, toY]] of rest.entries()) {
    const bend = 0.6 * (toY - y);
    d += i % 2 === 0 ? `C${x} ${y + bend} ${toX} ${toY - bend} ${toX} ${toY}` : `L${toX} ${toY}`;
    [x, y] = [toX, toY];
  }
  return d;
}

/** How wide a slot is: an arrow needs no more than its line. */
const breadth = (slot: Slot<unknown> | undefined, sizes: Sizes): number => (slot?.step ? sizes.width : 0);

const mean = (values: readonly number[]): number | null => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null);

/**
 * Places in a row, as near to the `goals` as can be (least squares, by weight) with each at least its `apart` right of the one before.
 * Neighbours that would come too near are moved as one.
 */
function spread(goals: readonly number[], apart: readonly number[], weights: readonly number[]): number[] {
  let offset = 0;
  const offsets = apart.map((one) => (offset += one));
  const blocks: { at: number; weight: number; n: number }[] = [];
  for (const [i, goal] of goals.entries()) {
    let block = { at: goal - (offsets[i] ?? 0), weight: weights[i] ?? 1, n: 1 };
    for (let last = blocks.at(-1); last && last.at > block.at; last = blocks.at(-1)) {
      blocks.pop();
      const weight = last.weight + block.weight;
      block = { at: (last.at * last.weight + block.at * block.weight) / weight, weight, n: last.n + block.n };
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ at, n }) => Array<number>(n).fill(at)).map((at, i) => at + (offsets[i] ?? 0));
}
