/** Who is signed in at this device, and what they may ask for. Without a login whoever is here may do everything. */

import { signal } from "@preact/signals";

export interface Person {
  id: string;
  name: string;
  role: "worker" | "programmer" | "supervisor" | "auditor";
}

/** As `GET /api/v1/access` tells it. */
export interface AccessView {
  login: boolean;
  device: string;
  person: Person | null;
  people: readonly { id: string; name: string }[];
  may: readonly string[];
  fingerprint: string;
  /** What the site's own sign-in is called; "" or nothing where there is none. */
  provider?: string;
}

const REMEMBERED = "tandem.access";
const WAIT_MS = 3_000; // a network that swallows everything: then as it was
const FRESH = "tandem.fresh";

/** Null until it is known. */
export const access = signal<AccessView | null>(null);

/** Whether somebody has to sign in before anything of the cell is shown here. */
export const shut = (view: AccessView | null = access.value): boolean => view !== null && view.login && view.person === null;

/** Whether whoever is here may ask for something at all; what a single command needs the cell says. */
export const may = (what: string): boolean => access.value === null || !access.value.login || access.value.may.includes(what);

/** Whether whoever is signed in only looks on: the device itself then asks for what makes the cell safer. */
export const looksOn = (): boolean => access.value?.person?.role === "auditor" && access.value.device !== "";

/** The pseudonym of who is signed in; null where nobody has to. */
export const me = (): string | null => (access.value?.login ? (access.value.person?.id ?? "") : null);

/** The name behind a pseudonym, as far as this device knows it. */
export const named = (pseudonym: string): string => access.value?.people.find(({ id }) => id === pseudonym)?.name ?? pseudonym;

/** Ask who is signed in. Without an answer it is as it was: work without a line goes on. */
export async function refresh(): Promise<void> {
  try {
    const answer = await fetch("/api/v1/access", { cache: "no-store", signal: AbortSignal.timeout(WAIT_MS) });
    if (!answer.ok) throw new Error(String(answer.status));
    access.value = (await answer.json()) as AccessView;
    localStorage.setItem(REMEMBERED, JSON.stringify(access.value));
  } catch {
    access.value ??= remembered();
  }
}

function remembered(): AccessView | null {
  try {
    return JSON.parse(localStorage.getItem(REMEMBERED) ?? "null") as AccessView | null;
  } catch {
    return null;
  }
}

/** Note that somebody has just signed in; `toWork`: at the page of a worker place. */
export function arrive(toWork: boolean): void {
  try {
    if (toWork) sessionStorage.setItem(FRESH, "yes");
    else sessionStorage.removeItem(FRESH);
  } catch {
    // then a place is joined by one press
  }
}

/** Whether somebody has just signed in at a worker place; said once. */
export function justSignedIn(): boolean {
  try {
    const fresh = sessionStorage.getItem(FRESH) !== null;
    sessionStorage.removeItem(FRESH);
    return fresh;
  } catch {
    return false;
  }
}
