/** Hands a picture in, before the word that rests on it. */

import type { Answer, ConfirmStep } from "../wire";

/** The cell's answer, with the name under which the picture is kept where it is yes. */
export type Uploaded = Answer & { sha256: string };

type Said = Pick<Answer, "message" | "remedy" | "says" | "helps">;

/** Answers after which the same picture is worth another try, beside a line that is gone. */
const LATER: ReadonlySet<number> = new Set([401, 408, 429, 500, 502, 503, 504]);

/** Send a picture once; never rejects. The same picture again has no second effect. */
export async function upload(id: string, { unit, step, attempt, place, operator }: ConfirmStep, picture: Uint8Array<ArrayBuffer>): Promise<Uploaded> {
  const of = new URLSearchParams({ unit, step, attempt: String(attempt), place, operator: operator ?? "" });
  const no = (code: string, said: Partial<Said> = {}): Uploaded => ({ id, ok: false, code, message: said.message ?? "", remedy: said.remedy ?? "", says: said.says ?? {}, helps: said.helps ?? {}, sha256: "" });
  try {
    const headers = { "content-type": "image/jpeg", "idempotency-key": id };
    const response = await fetch(`/api/v1/photos?${of.toString()}`, { method: "POST", headers, body: picture });
    const said = (await response.json().catch(() => ({}))) as Partial<Said & Pick<Uploaded, "code" | "sha256">>;
    if (response.ok && said.sha256) return { id, ok: true, code: "", message: "", remedy: "", says: {}, helps: {}, sha256: said.sha256 };
    if (LATER.has(response.status)) return no("busy");
    return no(said.code ?? "lost", said);
  } catch {
    return no("lost");
  }
}
