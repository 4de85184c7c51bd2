// The words of a page's head, and of the switches over its scene: none is cut off, and none stands on another. Only an
// order's name, which somebody gave, may end in an ellipsis.

const NAMES = ".ribbon-order .quiet";
const HEAD = ".top, .ribbon, .calib-head, .banner, .views, .ways-row";

/** Words in a head that are cut off by what holds them or by the screen's edge, or that stand on words beside them. */
export const amiss = (page) =>
  page.evaluate(([parts, names]) => {
    const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[aria-hidden=true]");
    const unseen = (element) => getComputedStyle(element).clipPath !== "none"; // for screen readers alone
    const shown = (above, rects) => {
      const end = Math.min(...above.filter((one) => one.matches(names)).map((one) => one.getBoundingClientRect().right));
      return rects.map(({ left, right, top, bottom }) => ({ left, right: Math.min(right, end), top, bottom }));
    };
    const rows = [];
    for (const head of [...document.querySelectorAll(parts)].filter(seen)) {
      const words = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
      for (let text = words.nextNode(); text; text = words.nextNode()) {
        const above = [];
        for (let one = text.parentElement; one && one !== document.documentElement; one = one.parentElement) above.push(one);
        if (!text.data.trim() || !seen(above[0]) || above.some((one) => unseen(one) || one.tagName === "DIALOG")) continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        const holds = (one) => getComputedStyle(one).overflow !== "visible" && !one.matches(names);
        const holders = above.filter(holds).map((one) => one.getBoundingClientRect());
        rows.push({ head, says: text.data.trim(), rects: shown(above, [...range.getClientRects()]), holders: [...holders, { left: 0, right: innerWidth, top: 0, bottom: innerHeight }] });
      }
    }
    const SLACK = 2; // px: a line's box is higher than its letters
    const cut = rows.filter(({ rects, holders }) =>
      rects.some((r) => holders.some((h) => r.left < h.left - 1 || r.right > h.right + 1 || r.top < h.top - 2 * SLACK || r.bottom > h.bottom + 2 * SLACK)),
    );
    const on = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - SLACK && b.top < a.bottom - SLACK;
    const covered = rows.flatMap((a, i) => rows.slice(i + 1).filter((b) => a.rects.some((ra) => b.rects.some((rb) => on(ra, rb)))).map((b) => `on one another: ${a.says} / ${b.says}`));
    return [...cut.map(({ says }) => `cut: ${says}`), ...covered];
  }, [HEAD, NAMES]);
