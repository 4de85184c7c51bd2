// What must hold of headings on the narrowest screen: no word breaks without a hyphen, and none runs out of its box.
const NARROW = { width: 360, height: 740 };

/** Words of headings that a narrow screen breaks or cuts, with the way they are read: near, or from 2 m. */
export async function broken(page) {
  const before = page.viewportSize();
  await page.setViewportSize(NARROW);
  const found = [];
  for (const size of ["near", "from 2 m"]) {
    await page.evaluate((afar) => (afar ? (document.documentElement.dataset.size = "large") : delete document.documentElement.dataset.size), size !== "near");
    found.push(...(await page.evaluate(measure)).map((word) => `${word}, ${size}`));
  }
  await page.evaluate(() => delete document.documentElement.dataset.size);
  await page.setViewportSize(before);
  return found;
}

function measure() {
  const lines = (range) => new Set([...range.getClientRects()].filter(({ width }) => width > 0).map(({ top }) => Math.round(top))).size;
  const within = (node, from, to) => {
    const range = document.createRange();
    range.setStart(node, from);
    range.setEnd(node, to);
    return range;
  };
  /** The same word in a line of its own: a word that is hyphenated is wider in pieces than whole. */
  const whole = (element, word) => {
    const probe = element.cloneNode(false);
    probe.textContent = word;
    probe.style.cssText = "position:absolute; visibility:hidden; white-space:nowrap; width:max-content; max-width:none";
    element.parentElement.append(probe);
    const { width } = probe.getBoundingClientRect();
    probe.remove();
    return width;
  };
  const found = [];
  for (const heading of document.querySelectorAll("h1, h2")) {
    if (!heading.checkVisibility() || heading.clientWidth < 2 || heading.classList.contains("unseen")) continue;
    if (heading.scrollWidth > heading.clientWidth + 1) found.push(`cut: ${heading.innerText}`);
    const texts = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      for (const { index, 0: word } of node.data.matchAll(/[\p{L}\p{N}]+/gu)) {
        const range = within(node, index, index + word.length);
        if (lines(range) < 2) continue;
        const pieces = [...range.getClientRects()].reduce((sum, { width }) => sum + width, 0);
        if (pieces < whole(heading, word) + 2) found.push(`broken: ${word}`);
      }
    }
  }
  return found;
}
