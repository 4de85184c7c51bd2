/** What was typed for a step and not said yet, so that neither a reload nor a sign-out takes it. Acknowledged hazards are asked anew. */

export interface Draft {
  /** Whose it is, and which attempt of which step it is for. */
  attempt: string;
  values: Readonly<Record<string, string | boolean>>;
  lots: Readonly<Record<string, string>>;
}

const NAME = "tandem.draft";
const MOST = 8; // a device is handed on: each person finds their own again

/** The draft of one person for an attempt; null where there is none. */
export const draftOf = (attempt: string): Draft | null => kept().find((draft) => draft.attempt === attempt) ?? null;

export function keepDraft(draft: Draft): void {
  try {
    const others = kept().filter(({ attempt }) => attempt !== draft.attempt);
    localStorage.setItem(NAME, JSON.stringify([draft, ...others].slice(0, MOST)));
  } catch {
    // as below
  }
}

function kept(): readonly Draft[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(NAME) ?? "[]");
    return Array.isArray(found) ? (found as Draft[]) : [];
  } catch {
    return []; // storage can be switched off; what is typed is then lost with the page
  }
}
