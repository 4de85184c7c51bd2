// Where the real cell stands in an emulated room: turned by 35 degrees, its table 0.86 m high.
const [C, S] = [Math.cos(0.61), Math.sin(0.61)];

/** A point of the cell (m, z up) in the room (m, y up). */
export const ROOM = ([x, y, z]) => [0.2 + C * x - S * y, 0.86 + z, -0.9 - S * x - C * y];

/** How far beside the real cell a point of it is drawn, metres. */
export async function beside(page, goal) {
  const world = JSON.parse(await page.locator(".mirror-frame").getAttribute("data-world"));
  const drawn = [0, 1, 2].map((i) => world[i] * goal[0] + world[4 + i] * goal[1] + world[8 + i] * goal[2] + world[12 + i]);
  return Math.hypot(...ROOM(goal).map((v, i) => v - drawn[i]));
}

/** Wait until the panel asks for a point, or for another one and counts no more. */
export const asked = (page, name, yes) =>
  page.waitForFunction(
    ([point, wanted]) => {
      const said = document.querySelector("[data-testid=strip]")?.textContent ?? "";
      return !/Hold still|Touch it|onto it/.test(said) && said.includes(`middle of ${point}`) === wanted;
    },
    [name.replaceAll("_", " "), yes],
    { timeout: 30_000 },
  );
