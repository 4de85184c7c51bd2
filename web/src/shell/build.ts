/** Which build of the pages this is; the server's own stands in /build.json. */
export const build: string = globalThis.document?.querySelector<HTMLMetaElement>("meta[name=build]")?.content ?? "";
