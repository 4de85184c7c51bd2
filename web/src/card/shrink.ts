/** A picture as it is kept and sent: upright, at most 1600 pixels long, JPEG. Drawn anew, so nothing else is in it. */

export const SIDE_PX = 1600; // as the server keeps it
const QUALITY = 0.85;

/** Return a file or a camera's picture so. Rejects what the browser can't read. */
export async function shrunk(source: Blob | HTMLVideoElement): Promise<Uint8Array<ArrayBuffer>> {
  const bitmap = await createImageBitmap(source, source instanceof Blob ? { imageOrientation: "from-image" } : {});
  try {
    const share = Math.min(1, SIDE_PX / Math.max(bitmap.width, bitmap.height));
    const sheet = document.createElement("canvas");
    sheet.width = Math.max(1, Math.round(bitmap.width * share));
    sheet.height = Math.max(1, Math.round(bitmap.height * share));
    const pen = sheet.getContext("2d");
    if (!pen) throw new Error("no canvas");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, 0, 0, sheet.width, sheet.height);
    const drawn = await new Promise<Blob | null>((resolve) => sheet.toBlob(resolve, "image/jpeg", QUALITY));
    if (!drawn) throw new Error("no picture");
    return new Uint8Array(await drawn.arrayBuffer());
  } finally {
    bitmap.close();
  }
}
