// What differs between two pictures of a page.

/** How many colours the first picture (PNG bytes) has, and how many pixels differ in the second. */
export function compare(page, pictures) {
  return page.evaluate(async (both) => {
    const pixels = [];
    for (const bytes of both) {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      pixels.push(new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer));
    }
    const [a, b] = pixels;
    return { colours: new Set(a).size, differing: a.reduce((sum, value, i) => sum + (value === b[i] ? 0 : 1), 0) };
  }, pictures.map((picture) => [...picture]));
}
