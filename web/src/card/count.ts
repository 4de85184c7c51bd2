/** Which of several alike a step is. */

/** "2 of 8" as `of` says it, "" where there is one alone or the step's own title says so already. */
export function countOf({ k, n }: { k: number; n: number }, title: string, of: (k: number, n: number) => string): string {
  const said = n > 1 ? of(k, n) : "";
  const plain = said.replace(/[^\p{L}\d\s]/gu, "\\$&"); // a language may write it as it likes: (2/8)
  return said && new RegExp(`(?<!\\d)${plain}(?!\\d)`).test(title) ? "" : said;
}
