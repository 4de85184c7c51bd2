/** Words that a language's file leaves out are English, one by one. */

/** Some of the words, each as it would be. */
export type Partly<T> = T extends (...given: never[]) => unknown ? T : T extends readonly unknown[] ? T : T extends object ? { readonly [K in keyof T]?: Partly<T[K]> } : T;

export function whole<T>(english: T, own: Partly<T> | undefined): T {
  if (own === undefined || own === null) return english;
  if (typeof english !== "object" || english === null || Array.isArray(english)) return own as T;
  const said = own as Readonly<Record<string, never>>;
  return { ...said, ...Object.fromEntries(Object.entries(english).map(([key, one]) => [key, whole(one, said[key])])) } as T;
}
