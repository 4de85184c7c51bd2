/** How finely to draw: fewer pixels while things move on a slow device, all of them once the picture rests. */

import type { WebGLRenderer } from "three";

const SLOW_MS = 60; // frames that take longer than this make motion jerky
const LONGEST_REST_MS = 250; // the arm is still seen to move
const FINEST = 1.75; // device pixel ratio; more cannot be seen at arm's length
const COARSEST = 0.7;
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;

/** Whether this device draws without a graphics processor. */
export function drawsInSoftware(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2");
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = gl && info ? String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return SOFTWARE.test(name);
}

export class Quality {
  private readonly still: number;
  private moving: number;
  private current = 0;
  private slow = 0;
  private frame = 0;
  private rest = 0;

  constructor(
    private readonly renderer: WebGLRenderer,
    private readonly software: boolean,
  ) {
    // without multisampling, a finer picture at rest smooths the edges instead
    this.still = software ? 1.5 : Math.min(devicePixelRatio, FINEST);
    this.moving = software ? 0.85 : this.still;
  }

  /** Make ready for a frame of a picture that moves or rests. */
  prepare(moves: boolean, width: number, height: number, resized: boolean): void {
    const ratio = moves ? this.moving : this.still;
    if (ratio === this.current && !resized) return;
    this.current = ratio;
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
  }

  /** Whether shadows are drawn anew in this frame of motion; a slow device lets them lag a little. */
  shadows(moves: boolean): boolean {
    this.frame += 1;
    return !this.software || !moves || this.frame % 4 === 0;
  }

  /** How long to leave the device to all else before the next frame of motion: as long as the last one took, 0 where frames come easily. */
  get rest_ms(): number {
    return this.rest;
  }

  /** Learn from how long a frame of motion took, 0 for the first after a picture that rested. */
  learn(took_ms: number): void {
    this.rest = took_ms > SLOW_MS ? Math.min(took_ms, LONGEST_REST_MS) : 0;
    this.slow = took_ms < 2000 ? this.slow * 0.8 + (took_ms > SLOW_MS ? 0.2 : 0) : 0;
    if (this.slow < 0.7 || this.moving <= COARSEST) return;
    this.slow = 0;
    this.moving = Math.max(COARSEST, this.moving * 0.8);
  }
}
