/** The choice among texts by language. */

/** The best of texts by language: the reader's, its base, English, any. Undefined only where there is none at all. */
export function best<T>(texts: Readonly<Record<string, T>>, wanted: string): T | undefined {
  for (const key of [wanted, wanted.split("-")[0] ?? wanted, "en"]) if (texts[key]) return texts[key];
  return Object.values(texts).find(Boolean);
}
