/** js-aruco2 2.0.0 as far as it is used here; it comes without types. */

declare module "js-aruco2" {
  interface Marker {
    id: number;
    corners: { x: number; y: number }[];
    hammingDistance: number;
  }
  interface Picture {
    width: number;
    height: number;
    data: Uint8ClampedArray;
  }
  export const AR: {
    DICTIONARIES: Record<string, unknown>;
    Detector: new (config: { dictionaryName: string; maxHammingDistance: number }) => { grey: { data: Uint8Array }; detect(picture: Picture): Marker[] };
  };
}

declare module "js-aruco2/src/dictionaries/*";
