export { PerspectiveCamera, Vector3 } from "three";
export { fit } from "../src/scene/fit";
