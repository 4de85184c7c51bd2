// Pictures of a board as a camera would take them: exact perspective, several samples a pixel, blur and noise.

/** The marker codes of OpenCV's 4x4 dictionary come with js-aruco2: OpenCV's smaller ones are its beginning. */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { AR } = require("js-aruco2");
require("js-aruco2/src/dictionaries/aruco_4x4_1000.js");

const [CODES] = [new AR.Dictionary("ARUCO_4X4_1000").codeList];
const FINE = 3; // samples a pixel, each way

/** Random numbers from a seed (mulberry32), as one of a normal distribution. */
export function gauss(seed) {
  let a = seed >>> 0;
  const flat = () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - flat())) * Math.cos(2 * Math.PI * flat());
}

/** Whether a point of the board's plane (m) is printed black; outside the paper null. */
export function black(board, x, y) {
  const [columns, rows] = board.squares;
  const across = x / board.square_m + columns / 2;
  const down = rows / 2 - y / board.square_m;
  const rim = 0.3; // white around the pattern, in squares
  if (across < -rim || down < -rim || across > columns + rim || down > rows + rim) return null;
  if (across < 0 || down < 0 || across >= columns || down >= rows) return false;
  const [column, row] = [Math.floor(across), Math.floor(down)];
  if ((column + row) % 2 === 0) return true;
  const share = board.marker_m / board.square_m;
  const u = ((across - column - (1 - share) / 2) / share) * 6;
  const v = ((down - row - (1 - share) / 2) / share) * 6;
  if (u < 0 || v < 0 || u >= 6 || v >= 6) return false;
  const [i, j] = [Math.floor(u), Math.floor(v)];
  if (i === 0 || j === 0 || i === 5 || j === 5) return true;
  let id = 0; // light squares before this one, row by row
  for (let r = 0; r <= row; r += 1) for (let c = 0; c < (r === row ? column : columns); c += 1) if ((r + c) % 2 === 1) id += 1;
  return CODES[id][(j - 1) * 4 + (i - 1)] === "0";
}

/**
 * A picture (RGBA) of the board: `camera` has width, height, focal_px, centre_px and bend; `turn` (nine numbers) and `at`
 * (m) place the board before it. Light falls off to one side, edges are blurred by `blur_px`, `noise` is one sigma in grey values.
 */
export function picture(board, camera, turn, at, { noise = 2, blur_px = 0.8, seed = 1 } = {}) {
  const { width, height, focal_px, centre_px, bend = 0 } = camera;
  const light = new Float64Array(width * height);
  const [cx, cy] = centre_px;
  const normal = [turn[2], turn[5], turn[8]];
  const far = normal[0] * at[0] + normal[1] * at[1] + normal[2] * at[2];
  const corners = box(board, camera, turn, at);
  for (let v = 0; v < height; v += 1) {
    for (let u = 0; u < width; u += 1) {
      const wall = 95 + 25 * Math.sin(u / 37) * Math.cos(v / 29);
      let sum = 0;
      const inside = u >= corners[0] && u <= corners[2] && v >= corners[1] && v <= corners[3];
      if (!inside) {
        light[v * width + u] = wall;
        continue;
      }
      for (let k = 0; k < FINE * FINE; k += 1) {
        const a = (u - 0.5 + ((k % FINE) + 0.5) / FINE - cx) / focal_px;
        const b = (v - 0.5 + (Math.floor(k / FINE) + 0.5) / FINE - cy) / focal_px;
        let [x, y] = [a, b];
        for (let i = 0; bend !== 0 && i < 6; i += 1) {
          const d = 1 + bend * (x * x + y * y);
          [x, y] = [a / d, b / d];
        }
        const s = far / (normal[0] * x + normal[1] * y + normal[2]);
        const p = [s * x - at[0], s * y - at[1], s - at[2]];
        const bx = turn[0] * p[0] + turn[3] * p[1] + turn[6] * p[2];
        const by = turn[1] * p[0] + turn[4] * p[1] + turn[7] * p[2];
        const dark = black(board, bx, by);
        sum += dark === null ? wall : (dark ? 38 : 205) * (1 - 0.25 * (u / width));
      }
      light[v * width + u] = sum / FINE ** 2;
    }
  }
  const soft = blurred(light, width, height, blur_px);
  const random = gauss(seed);
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < soft.length; i += 1) {
    const value = soft[i] + noise * random();
    data.set([value, value, value, 255], i * 4);
  }
  return { width, height, data };
}

/** The pixels that the paper can cover. */
function box(board, { width, height, focal_px, centre_px }, turn, at) {
  const [x, y] = [((board.squares[0] + 1) * board.square_m) / 2, ((board.squares[1] + 1) * board.square_m) / 2];
  const seen = [[-x, -y], [x, -y], [x, y], [-x, y]].map(([a, b]) => {
    const p = [0, 3, 6].map((row, i) => turn[row] * a + turn[row + 1] * b + at[i]);
    return [centre_px[0] + (focal_px * p[0]) / p[2], centre_px[1] + (focal_px * p[1]) / p[2]];
  });
  const us = seen.map(([u]) => u);
  const vs = seen.map(([, v]) => v);
  return [Math.max(0, Math.min(...us) - 12), Math.max(0, Math.min(...vs) - 12), Math.min(width, Math.max(...us) + 12), Math.min(height, Math.max(...vs) + 12)];
}

function blurred(light, width, height, sigma) {
  const reach = Math.ceil(sigma * 3);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
  const whole = kernel.reduce((a, b) => a + b, 0);
  const pass = (from, step, size, along) => {
    const out = new Float64Array(from.length);
    for (let i = 0; i < from.length; i += 1) {
      const at = along(i);
      let sum = 0;
      for (let k = -reach; k <= reach; k += 1) {
        const clamped = Math.min(size - 1, Math.max(0, at + k));
        sum += kernel[k + reach] * from[i + (clamped - at) * step];
      }
      out[i] = sum / whole;
    }
    return out;
  };
  const across = pass(light, 1, width, (i) => i % width);
  return pass(across, width, height, (i) => Math.floor(i / width));
}

/** A turn that leans a board by `tilt` degrees about an axis in its plane at `towards` degrees, and rolls it; facing the camera. */
export function leaning(tilt, towards, roll = 0) {
  const rad = Math.PI / 180;
  const [t, a, r] = [tilt * rad, towards * rad, roll * rad];
  const facing = [1, 0, 0, 0, -1, 0, 0, 0, -1]; // the board's z towards the camera, its y up in the picture
  const [x, y] = [Math.cos(a), Math.sin(a)];
  const [c, s] = [Math.cos(t), Math.sin(t)];
  const lean = [c + x * x * (1 - c), x * y * (1 - c), y * s, x * y * (1 - c), c + y * y * (1 - c), -x * s, -y * s, x * s, c];
  const rolled = [Math.cos(r), -Math.sin(r), 0, Math.sin(r), Math.cos(r), 0, 0, 0, 1];
  return multiply(lean, multiply(rolled, facing));
}

export const multiply = (a, b) => Array.from({ length: 9 }, (_, i) => [0, 1, 2].reduce((sum, k) => sum + a[3 * Math.floor(i / 3) + k] * b[3 * k + (i % 3)], 0));
