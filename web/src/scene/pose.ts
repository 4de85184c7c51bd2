import { Quaternion, Vector3, type Object3D } from "three";
import type { Pose } from "../wire";

export const vector = (p: Pose["p"]): Vector3 => new Vector3(...p);

/** The wire's quaternions start with w, three's end with it. */
export const rotation = ([w, x, y, z]: Pose["q"]): Quaternion => new Quaternion(x, y, z, w);

export function put(object: Object3D, pose: Pose): void {
  object.position.set(...pose.p);
  const [w, x, y, z] = pose.q;
  object.quaternion.set(x, y, z, w);
}

/** Free the geometries and materials below an object that this object alone uses. */
export function free(object: Object3D): void {
  object.removeFromParent();
  object.traverse((child) => {
    const own = child as Partial<{ geometry: { dispose(): void }; material: unknown }>;
    if (child.userData.shared) return;
    own.geometry?.dispose();
    for (const material of [own.material].flat()) (material as { dispose?(): void } | undefined)?.dispose?.();
  });
}
