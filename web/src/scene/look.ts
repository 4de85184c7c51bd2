/** Light, floor and the colours of the scene, taken from the page's design tokens. */

import {
  Color,
  DirectionalLight,
  DoubleSide,
  Group,
  HemisphereLight,
  Mesh,
  PlaneGeometry,
  ShaderMaterial,
  ShadowMaterial,
  type Object3D,
  type Vector3,
} from "three";

const NAMES = ["sky", "floor", "grid", "arm", "joint", "gripper", "bin", "stand", "ghost", "intent", "take", "off", "zone", "lost"] as const;
export type Palette = Record<(typeof NAMES)[number], Color>;

/** Read the scene's colours from the stylesheet (`--scene-…`). */
export function palette(element: Element): Palette {
  // a probe, because a token by itself still holds its colours for both light and dark
  const probe = document.createElement("i");
  probe.hidden = true;
  element.parentElement?.append(probe);
  const entries = NAMES.map((name) => {
    probe.style.color = `var(--scene-${name})`;
    return [name, new Color(getComputedStyle(probe).color)] as const;
  });
  probe.remove();
  return Object.fromEntries(entries) as Palette;
}

/** Soft light from all sides, as bright as `sky`, and one shadow-casting lamp over the middle of the cell. */
export function lights(centre: Vector3, sky: number): Object3D {
  const group = new Group();
  group.add(new HemisphereLight(0xffffff, 0xb9b2a6, sky));
  const lamp = new DirectionalLight(0xfff6e8, 1.7);
  lamp.position.set(centre.x + 0.7, centre.y - 0.9, 2.4);
  lamp.target.position.copy(centre);
  lamp.castShadow = true;
  lamp.shadow.mapSize.set(1024, 1024);
  lamp.shadow.radius = 3;
  lamp.shadow.bias = -0.0008;
  lamp.shadow.normalBias = 0.012;
  const { camera } = lamp.shadow;
  Object.assign(camera, { left: -1.2, right: 1.2, top: 1.2, bottom: -1.2, near: 0.5, far: 5 });
  group.add(lamp, lamp.target);
  return group;
}

/** The floor: shadows, and a grid of 100 mm with a stronger line each 500 mm, fading with distance. */
export class Floor {
  readonly object = new Group();
  private readonly grid: ShaderMaterial;

  constructor(colours: Palette) {
    const plane = new PlaneGeometry(12, 12);
    this.grid = new ShaderMaterial({
      transparent: true,
      depthWrite: false,
      side: DoubleSide,
      uniforms: { colour: { value: colours.grid }, ground: { value: colours.floor } },
      vertexShader: "varying vec2 at; void main() { at = position.xy; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }",
      fragmentShader: GRID,
    });
    const ground = new Mesh(plane, this.grid);
    ground.position.z = -0.004;
    ground.renderOrder = -2;
    const shade = new Mesh(plane, new ShadowMaterial({ opacity: 0.22, depthWrite: false }));
    shade.position.z = -0.003;
    shade.renderOrder = -1;
    shade.receiveShadow = true;
    this.object.add(ground, shade);
  }

  recolour(colours: Palette): void {
    this.grid.uniforms.colour = { value: colours.grid };
    this.grid.uniforms.ground = { value: colours.floor };
  }
}

const GRID = `
  varying vec2 at;
  uniform vec3 colour;
  uniform vec3 ground;
  float line(float pitch, float width) {
    vec2 cells = at / pitch;
    vec2 edge = abs(fract(cells - 0.5) - 0.5) / max(fwidth(cells), vec2(1e-5));
    return 1.0 - min(min(edge.x, edge.y) / width, 1.0);
  }
  void main() {
    float fade = 1.0 - smoothstep(0.9, 2.6, length(at));
    float strength = max(line(0.1, 1.0) * 0.35, line(0.5, 1.4) * 0.8);
    gl_FragColor = vec4(mix(ground, colour, strength * fade), smoothstep(0.0, 0.6, fade));
    #include <colorspace_fragment>
  }
`;
