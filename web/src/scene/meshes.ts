/** Meshes of parts, loaded once. GLBs hold metres with z up, as the whole scene does: nothing is turned. */

import { Box3, BufferGeometry, EdgesGeometry, Mesh, MeshStandardMaterial, type Color } from "three";
import { GLTFLoader, type GLTF } from "three/addons/loaders/GLTFLoader.js";
import { mergeGeometries, mergeVertices, toCreasedNormals } from "three/addons/utils/BufferGeometryUtils.js";

const RETRY_MS = 2_000;
const CREASE_RAD = 0.55; // facets of a round part meet flatter, edges of a part sharper

export interface PartMesh {
  geometry: BufferGeometry;
  edges: EdgesGeometry;
  material: MeshStandardMaterial;
  box: Box3;
}

const loader = new GLTFLoader();
const cache = new Map<string, Promise<PartMesh>>();

/** Load `mesh` (a path below instructions/). Rejects where the file is not there. */
export function load(mesh: string): Promise<PartMesh> {
  const known = cache.get(mesh);
  if (known) return known;
  const found = fetchMesh(mesh);
  cache.set(mesh, found);
  found.catch(() => cache.delete(mesh)); // it may come later
  return found;
}

/** As soon as the server is there. */
async function fetched(url: string): Promise<GLTF> {
  for (;;) {
    try {
      return await loader.loadAsync(url);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it answered, and has no such mesh
      await new Promise((later) => setTimeout(later, RETRY_MS));
    }
  }
}

async function fetchMesh(mesh: string): Promise<PartMesh> {
  const path = mesh.split("/").map(encodeURIComponent).join("/");
  const { scene } = await fetched(`/assets/instructions/${path}`);
  scene.updateMatrixWorld(true);
  const pieces: BufferGeometry[] = [];
  let colour: Color | null = null;
  let metalness = 0;
  scene.traverse((child) => {
    if (!(child instanceof Mesh)) return;
    const plain = new BufferGeometry();
    plain.setAttribute("position", child.geometry.getAttribute("position").clone());
    plain.setIndex(child.geometry.getIndex());
    pieces.push(plain.applyMatrix4(child.matrixWorld));
    const [material] = [child.material].flat() as [MeshStandardMaterial];
    colour ??= material.color;
    metalness = Math.max(metalness, material.metalness ?? 0);
  });
  const whole = pieces.length === 1 ? pieces[0] : mergeGeometries(pieces);
  if (!whole) throw new Error(`${mesh} holds no mesh`);
  const geometry = mergeVertices(toCreasedNormals(whole, CREASE_RAD), 1e-7); // shared corners are computed once
  geometry.computeBoundingBox();
  return {
    geometry,
    edges: new EdgesGeometry(whole, 28),
    // full metal looks black in a room that is mostly sky; a third is what the eye takes for machined metal
    material: new MeshStandardMaterial({ color: colour ?? 0xb8bdc4, metalness: metalness * 0.35, roughness: 0.42 }),
    box: geometry.boundingBox ?? new Box3(),
  };
}
