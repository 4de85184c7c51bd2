/** A part's picture, drawn from its mesh: one small renderer for all of them. */

import { DirectionalLight, HemisphereLight, Mesh, PerspectiveCamera, Scene, Vector3, WebGLRenderer } from "three";
import { load } from "./meshes";

const SIZE = 240;

let renderer: WebGLRenderer | null = null;

/** Draw `mesh` into `canvas`. Rejects where there is no mesh or no WebGL. */
export async function picture(mesh: string, canvas: HTMLCanvasElement): Promise<void> {
  const { geometry, material, box } = await load(mesh);
  renderer ??= new WebGLRenderer({ antialias: true, alpha: true });
  renderer.setSize(SIZE, SIZE, false);
  const scene = new Scene();
  const sun = new DirectionalLight(0xffffff, 2.6);
  sun.position.set(0.6, -1, 1.6);
  const matte = material.clone();
  matte.metalness = 0.1;
  scene.add(new HemisphereLight(0xffffff, 0x8d8a84, 1.7), sun, new Mesh(geometry, matte));
  const centre = box.getCenter(new Vector3());
  const radius = box.getSize(new Vector3()).length() / 2;
  const camera = new PerspectiveCamera(28, 1, radius / 10, radius * 20);
  camera.up.set(0, 0, 1);
  camera.position.copy(centre).addScaledVector(new Vector3(1, -0.75, 0.85).normalize(), radius * 4.2);
  camera.lookAt(centre);
  renderer.render(scene, camera);
  matte.dispose();
  canvas.width = SIZE;
  canvas.height = SIZE;
  canvas.getContext("2d")?.drawImage(renderer.domElement, 0, 0);
}
