/** Which of several alike a step is. */

/** "2 of 8" as `of` says it, "" where there is one alone or the step's own title says so already. */
export function countOf({ k, n }: { k: number; n: number }, title: string, of: (k: number, n: number) => string): string {
  const said = n > 1 ? of(k, n) : "";
  return said && new RegExp(`(?<!\\d)${said}(?!\\d)`).test(title) ? "" : said;
}
