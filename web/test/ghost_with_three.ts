export { Box3, Color, Vector3 } from "three";
export { Ghost } from "../src/scene/ghost";
