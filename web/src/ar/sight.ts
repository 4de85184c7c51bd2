/** Finds a board in a picture: its markers say which corner is which, the chessboard between them says where exactly. */

import { AR } from "js-aruco2";
import type { Board } from "./board";
import { median } from "./algebra";
import { homography, through, type Match } from "./facing";
import type { Pixel } from "./lens";
import { saddle, type Grey } from "./saddle";

/** What a picture says of the board. */
export interface Sight {
  matches: Match[];
  markers: number;
  /** One sigma of a corner's place, pixels: chessboard corners, or those of markers where the board is too small for them. */
  sigma_px: number;
}

const WRONG_BITS = 2; // fewer than this many may be misread: the nearest codes of these dictionaries are 4 apart or more
const LEAST_MARKERS = 2;
const LEAST_CORNERS = 6;
const ASTRAY = 4; // times the median: such a marker was read where none is
const ASTRAY_PX = 3;
const RADIUS_PX = [3, 9] as const;
const FINE_PX = 0.12; // corners of a chessboard, as the tests' pictures show
const COARSE_PX = 1; // js-aruco2 gives markers' corners in whole pixels

type Dictionaries = Record<string, { nBits: number; codeList: unknown[] }>;

export class Finder {
  private readonly detector: InstanceType<typeof AR.Detector>;

  private constructor(
    private readonly board: Board,
    codes: Dictionaries[string],
  ) {
    const name = `TANDEM_${board.view.dictionary}_${board.markers}`;
    // the board's own markers alone: fewer to be mistaken for each other
    (AR.DICTIONARIES as Dictionaries)[name] = { nBits: codes?.nBits ?? 0, codeList: codes?.codeList.slice(0, board.markers) ?? [] };
    this.detector = new AR.Detector({ dictionaryName: name, maxHammingDistance: WRONG_BITS });
  }

  /** Make ready for a board. Rejects for a dictionary that is not known here. */
  static async of(board: Board): Promise<Finder> {
    const [bits] = board.view.dictionary.split("_");
    if (bits === "4x4") await import("js-aruco2/src/dictionaries/aruco_4x4_1000.js");
    else if (bits === "5x5") await import("js-aruco2/src/dictionaries/aruco_5x5_1000.js");
    else if (bits === "6x6") await import("js-aruco2/src/dictionaries/aruco_6x6_1000.js");
    const codes = (AR.DICTIONARIES as Dictionaries)[`ARUCO_${bits?.toUpperCase()}_1000`]; // smaller ones are its beginning
    if (!codes) throw new Error(`no markers of dictionary ${board.view.dictionary}`);
    return new Finder(board, codes);
  }

  /**
   * Look for the board in a picture (RGBA), a part of a larger one that begins at `corner`. Null where it is not seen, or
   * too little of it.
   */
  look(picture: { width: number; height: number; data: Uint8ClampedArray }, corner: Pixel = [0, 0]): Sight | null {
    const found = this.find(picture);
    return found && { ...found, matches: found.matches.map(({ at, px }) => ({ at, px: [px[0] + corner[0], px[1] + corner[1]] })) };
  }

  private find(picture: { width: number; height: number; data: Uint8ClampedArray }): Sight | null {
    const found = this.detector.detect(picture).filter(({ id }) => id < this.board.markers);
    const once = found.filter(({ id }) => found.filter((other) => other.id === id).length === 1);
    let rough = once.map(({ id, corners }) => this.board.marker(id).map((at, i): Match => ({ at, px: [corners[i]?.x ?? 0, corners[i]?.y ?? 0] })));
    let plane: number[] | null = null;
    const { width } = picture;
    const map = (matches: Match[]): number[] | null => homography(matches.map(({ at, px }) => [at, [px[0] / width, px[1] / width]] as const));
    const where = (h: number[], at: Match["at"]): Pixel => {
      const [u, v] = through(h, at);
      return [u * width, v * width];
    };
    for (;;) {
      if (rough.length < LEAST_MARKERS) return null;
      plane = map(rough.flat());
      if (!plane) return null;
      const h = plane;
      const off = rough.map((four) => Math.max(...four.map(({ at, px }) => apart(where(h, at), px))));
      const most = Math.max(ASTRAY_PX, ASTRAY * median(off));
      const worst = off.indexOf(Math.max(...off));
      if ((off[worst] ?? 0) <= most) break;
      rough = rough.filter((_, i) => i !== worst);
    }
    const plain: Grey = { width: picture.width, height: picture.height, data: this.detector.grey.data };
    const fine = this.corners(plain, (at) => where(plane, at));
    if (fine.length >= LEAST_CORNERS && !inRow(fine)) return { matches: fine, markers: rough.length, sigma_px: FINE_PX };
    return { matches: rough.flat(), markers: rough.length, sigma_px: COARSE_PX };
  }

  private corners(grey: Grey, where: (at: Match["at"]) => Pixel): Match[] {
    const step = this.board.square_m / 2;
    const out: Match[] = [];
    for (const at of this.board.corners) {
      const px = where(at);
      const sides = [where([at[0] + step, at[1], 0]), where([at[0], at[1] + step, 0])].map((side) => apart(side, px) / step);
      const radius = Math.min(RADIUS_PX[1], Math.min(...sides) * this.board.free_m * 0.9);
      const exact = radius < RADIUS_PX[0] ? null : saddle(grey, px, radius);
      if (exact) out.push({ at, px: exact });
    }
    return out;
  }
}

const apart = (a: Pixel, b: Pixel): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

function inRow(matches: readonly Match[]): boolean {
  return [0, 1].some((axis) => new Set(matches.map(({ at }) => Math.round((at[axis] ?? 0) * 1e5))).size < 2);
}
