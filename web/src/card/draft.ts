/** What was typed for a step and not said yet, so that a reload does not take it. Acknowledged hazards are asked anew. */

export interface Draft {
  /** Which attempt of which step it is for. */
  attempt: string;
  values: Readonly<Record<string, string | boolean>>;
  lots: Readonly<Record<string, string>>;
}

const NAME = "tandem.draft";

/** The draft of an attempt; null where there is none. */
export function draftOf(attempt: string): Draft | null {
  try {
    const draft = JSON.parse(localStorage.getItem(NAME) ?? "null") as Draft | null;
    return draft?.attempt === attempt ? draft : null;
  } catch {
    return null; // storage can be switched off; what is typed is then lost with the page
  }
}

export function keepDraft(draft: Draft): void {
  try {
    localStorage.setItem(NAME, JSON.stringify(draft));
  } catch {
    // as above
  }
}
