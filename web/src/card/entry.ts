/** What the person has entered for the step on the card: acknowledged hazards, values and lots. */

import { signal } from "@preact/signals";
import type { Ask, Card, ConfirmStep } from "../wire";
import { draftOf, keepDraft } from "./draft";

export type Fault = "hazard" | "value" | "claim" | "number" | "pattern" | "outside" | "photo";

/** A field that is not ready, and why. */
export interface Missing {
  field: string;
  fault: Fault;
}

export class Entry {
  readonly acknowledged = signal<ReadonlySet<string>>(new Set());
  readonly values = signal<Readonly<Record<string, string | boolean>>>({});
  readonly lots = signal<Readonly<Record<string, string>>>({});
  /** Shown beside the fields, once the person tried to go on. */
  readonly missing = signal<readonly Missing[]>([]);
  /** Whether the picture that the card asks for was taken. */
  pictured = false;
  private insisted = "";
  private attempt = "";
  private group = "";

  /**
   * Start afresh where the card is about another attempt or at it is another person, whose word would count. Hazards
   * stay acknowledged through one step's repetitions.
   */
  follow(card: Card, who: string): void {
    const attempt = [who, card.unit, card.step, card.attempt].join("\n");
    if (attempt === this.attempt) return;
    const group = [who, card.unit, card.step.split("@")[0]].join("\n");
    if (group !== this.group) this.acknowledged.value = new Set();
    this.attempt = attempt;
    this.group = group;
    const draft = draftOf(attempt);
    this.values.value = draft?.values ?? {};
    this.lots.value = draft?.lots ?? {};
    this.missing.value = [];
    this.insisted = "";
  }

  acknowledge(hazard: string, yes: boolean): void {
    const next = new Set(this.acknowledged.value);
    if (yes) next.add(hazard);
    else next.delete(hazard);
    this.acknowledged.value = next;
    this.settle(field.hazard(hazard));
  }

  setValue(name: string, value: string | boolean): void {
    this.values.value = { ...this.values.value, [name]: value };
    this.settle(field.value(name));
  }

  setLot(part: string, lot: string): void {
    this.lots.value = { ...this.lots.value, [part]: lot };
    this.settle(field.lot(part));
  }

  /** The finished command, or null: then `missing` says what is not ready. A value outside its limits takes two presses. */
  complete(card: Card, command: ConfirmStep): ConfirmStep | null {
    const found = this.check(card);
    const hard = found.filter(({ fault }) => fault !== "outside");
    const soft = JSON.stringify([found, this.values.value]);
    if (hard.length > 0 || (found.length > 0 && this.insisted !== soft)) {
      this.missing.value = found;
      this.insisted = hard.length === 0 ? soft : "";
      return null;
    }
    const values: NonNullable<ConfirmStep["values"]> = {};
    for (const { value, spec } of card.asks) {
      const given = this.values.value[value];
      values[value] = spec.kind === "number" ? (parse(String(given)) ?? 0) : spec.kind === "claim" ? true : String(given).trim();
    }
    const lots = Object.fromEntries(card.lots.map((part) => [part, (this.lots.value[part] ?? "").trim()]));
    return { ...command, values: { ...command.values, ...values }, lots: { ...command.lots, ...lots } };
  }

  /** Every field that is not ready, in the order of the card. */
  check(card: Card): Missing[] {
    const found: Missing[] = [];
    for (const [hazard, level] of Object.entries(card.hazards)) {
      const must = level === "danger" || level === "warning";
      if (must && !this.acknowledged.value.has(hazard)) found.push({ field: field.hazard(hazard), fault: "hazard" });
    }
    for (const ask of card.asks) {
      const fault = judge(ask, this.values.value[ask.value], card.unit);
      if (fault) found.push({ field: field.value(ask.value), fault });
    }
    for (const part of card.lots) {
      if (!(this.lots.value[part] ?? "").trim()) found.push({ field: field.lot(part), fault: "value" });
    }
    if (card.photo && !this.pictured) found.push({ field: field.photo, fault: "photo" });
    return found;
  }

  fault(name: string): Fault | null {
    return this.missing.value.find((one) => one.field === name)?.fault ?? null;
  }

  /** The picture was taken, or is not there any more. */
  setPictured(yes: boolean): void {
    if (yes && !this.pictured) this.missing.value = this.missing.value.filter((one) => one.field !== field.photo);
    this.pictured = yes;
  }

  private settle(name: string): void {
    keepDraft({ attempt: this.attempt, values: this.values.value, lots: this.lots.value });
    this.missing.value = this.missing.value.filter((one) => one.field !== name);
  }
}

/** The ids of the card's fields. */
export const field = {
  hazard: (name: string): string => `hazard-${name}`,
  value: (name: string): string => `value-${name}`,
  lot: (part: string): string => `lot-${part}`,
  photo: "photo",
};

/** Why a given value is not ready, or null. A scan may have to show the unit's own serial number. */
export function judge({ spec }: Ask, given: string | boolean | undefined, serial: string): Fault | null {
  if (spec.kind === "claim") return given === true ? null : "claim";
  const typed = String(given ?? "").trim();
  if (!typed) return "value";
  if (spec.kind === "number") {
    const value = parse(typed);
    if (value === null) return "number";
    return (spec.low !== null && value < spec.low) || (spec.high !== null && value > spec.high) ? "outside" : null;
  }
  if (spec.kind === "scan" && spec.pattern && !matches(spec.pattern, typed, serial)) return "pattern";
  return null;
}

/** Read a number as people type it: with point or comma. Null where it is none. */
export function parse(typed: string): number | null {
  const plain = typed.trim().replace(",", ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : null;
}

/** The one code that a scan takes, such as the unit's serial number; null where its pattern takes several. */
export function onlyCode({ kind, pattern }: Ask["spec"], serial: string): string | null {
  if (kind !== "scan" || !pattern) return null;
  const code = pattern.replaceAll("$serial", () => serial);
  return code === serial || !/[\\^$*+?()[\]{}|]/.test(code) ? code : null;
}

function matches(pattern: string, typed: string, serial: string): boolean {
  if (typed === pattern.replaceAll("$serial", serial)) return true; // authors may give the very text
  try {
    const literal = serial.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`^(?:${pattern.replaceAll("$serial", () => literal)})$`).test(typed);
  } catch {
    return true; // a pattern that only the server understands is the server's to check
  }
}
