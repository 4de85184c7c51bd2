/** What is not on the WebSocket: static things, forms and records. */

import { said as spoken, words } from "./words";

/** A refusal of the server, in words. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly remedy: string,
    readonly code = "",
    readonly waitS = 0,
  ) {
    super(message);
  }
}

/** Get JSON. Raises Refused with the server's words. */
export const get = <T>(path: string): Promise<T> => call<T>(path, {});

/** Post JSON. Raises Refused with the server's words. */
export const post = <T>(path: string, body: unknown): Promise<T> =>
  call<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** Delete, and get JSON where any comes back. Raises Refused with the server's words. */
export const remove = <T>(path: string): Promise<T> => call<T>(path, { method: "DELETE" });

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    const { message, remedy } = words.value.refusals.offline;
    throw new Refused(message, remedy);
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body as T;
  const said = (body ?? {}) as Partial<Record<"message" | "remedy" | "code", unknown> & Record<"says" | "helps", Readonly<Record<string, string>>>>;
  const message = typeof said.message === "string" ? spoken(said.says, said.message) : words.value.refusals.unknown;
  const code = typeof said.code === "string" ? said.code : "";
  throw new Refused(message, typeof said.remedy === "string" ? spoken(said.helps, said.remedy) : "", code, Number(response.headers.get("retry-after") ?? 0));
}
