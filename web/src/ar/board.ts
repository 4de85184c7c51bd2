/** A printed ChArUco board: where its corners and markers are. As `orchestrator/adapters/calibration/board.py` prints it. */

import type { BoardView, Vector } from "../wire";


/** The printed pattern as it really is: `scale` times as large as it should be. */
export class Board {
  readonly across_m: number;
  readonly down_m: number;
  readonly square_m: number;
  readonly marker_m: number;
  readonly columns: number;
  readonly rows: number;

  constructor(
    readonly view: BoardView,
    readonly scale = 1,
  ) {
    [this.columns, this.rows] = view.squares;
    this.square_m = view.square_m * scale;
    this.marker_m = view.marker_m * scale;
    this.across_m = this.columns * this.square_m;
    this.down_m = this.rows * this.square_m;
  }

  get markers(): number {
    return (this.columns * this.rows) >> 1;
  }

  /** The inner corners of the chessboard, row by row from the top left. */
  get corners(): Vector[] {
    const out: Vector[] = [];
    for (let row = 1; row < this.rows; row += 1) for (let column = 1; column < this.columns; column += 1) out.push(this.at(column, row));
    return out;
  }

  /** A marker's corners, clockwise from its top left as printed; markers are in the light squares, row by row. */
  marker(id: number): [Vector, Vector, Vector, Vector] {
    const light: [number, number][] = [];
    for (let row = 0; row < this.rows; row += 1) for (let column = 0; column < this.columns; column += 1) if ((row + column) % 2 === 1) light.push([column, row]);
    const [column, row] = light[id] ?? [0, 0];
    const rim = (1 - this.marker_m / this.square_m) / 2;
    const [left, right, top, bottom] = [column + rim, column + 1 - rim, row + rim, row + 1 - rim];
    return [this.at(left, top), this.at(right, top), this.at(right, bottom), this.at(left, bottom)];
  }

  /** How far a corner of the chessboard is from the nearest marker. */
  get free_m(): number {
    return ((this.square_m - this.marker_m) / 2) * Math.SQRT2;
  }

  private at(column: number, row: number): Vector {
    return [column * this.square_m - this.across_m / 2, this.down_m / 2 - row * this.square_m, 0];
  }
}
