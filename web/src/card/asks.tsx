/** What the person enters: numbers with their limits, choices, claims, scanned codes, lots and serials. */

import type { ComponentChildren } from "preact";
import type { Ask, Card, StepWords, ValueSpec } from "../wire";
import { called } from "../common/called";
import { number, word, words as own } from "../words";
import { Icon } from "../common/icon";
import { field, onlyCode, type Entry, type Fault } from "./entry";

export function Asks({ card, words, entry }: { card: Card; words: StepWords; entry: Entry }) {
  if (card.asks.length + card.lots.length === 0) return null;
  return (
    <div class="asks">
      {card.asks.map((ask) => (
        <AskField key={ask.value} ask={ask} question={words.ask[ask.value] ?? word({}, ask.value)} serial={card.unit} entry={entry} />
      ))}
      {card.lots.map((part) => (
        <LotField key={part} part={part} entry={entry} />
      ))}
    </div>
  );
}

function AskField({ ask, question, serial, entry }: { ask: Ask; question: string; serial: string; entry: Entry }) {
  const id = field.value(ask.value);
  const fault = entry.fault(id);
  const given = entry.values.value[ask.value];
  const { card: say } = own.value;
  switch (ask.spec.kind) {
    case "claim":
      return (
        <Field fault={fault}>
          <button
            type="button"
            id={id}
            class="claim"
            role="switch"
            aria-checked={given === true}
            data-testid={`ask-${ask.value}`}
            data-kind="claim"
            onClick={() => entry.setValue(ask.value, given !== true)}
          >
            <span class="knob" aria-hidden="true">
              <span />
            </span>
            <span>{question}</span>
          </button>
        </Field>
      );
    case "choice":
      return (
        <Field fault={fault}>
          <fieldset class="choice" id={id} tabIndex={-1} data-testid={`ask-${ask.value}`} data-kind="choice">
            <legend>{question}</legend>
            <div class="segments">
              {ask.spec.choices.map((choice) => (
                <button
                  key={choice}
                  type="button"
                  class="segment"
                  aria-pressed={given === choice}
                  data-passing={ask.spec.passing.includes(choice)}
                  onClick={() => entry.setValue(ask.value, choice)}
                >
                  {choice === "yes" ? say.yes : called(choice)}
                </button>
              ))}
            </div>
          </fieldset>
        </Field>
      );
    default: {
      const isNumber = ask.spec.kind === "number";
      return (
        <Field fault={fault}>
          <label class="field" for={id}>
            <span>{question}</span>
            <span class="entry">
              <input
                id={id}
                type="text"
                inputMode={isNumber ? "decimal" : "text"}
                autoComplete="off"
                spellcheck={false}
                placeholder={isNumber ? say.enter : say.scan}
                value={typeof given === "string" ? given : ""}
                aria-invalid={fault !== null}
                aria-describedby={`${id}-limits`}
                data-testid={`ask-${ask.value}`}
                data-kind={ask.spec.kind}
                onInput={(event) => entry.setValue(ask.value, event.currentTarget.value)}
              />
              {ask.spec.unit && <span class="unit">{ask.spec.unit}</span>}
            </span>
          </label>
          <p class="hint" id={`${id}-limits`}>
            {isNumber ? limits(ask.spec) : expected(ask.spec, serial)}
          </p>
        </Field>
      );
    }
  }
}

function LotField({ part, entry }: { part: string; entry: Entry }) {
  const id = field.lot(part);
  const { card: say } = own.value;
  const fault = entry.fault(id);
  return (
    <Field fault={fault}>
      <label class="field" for={id}>
        <span>{say.lot(part)}</span>
        <span class="entry">
          <input
            id={id}
            type="text"
            autoComplete="off"
            spellcheck={false}
            placeholder={say.scan}
            value={entry.lots.value[part] ?? ""}
            aria-invalid={fault !== null}
            data-testid={`lot-${part}`}
            data-kind="lot"
            onInput={(event) => entry.setLot(part, event.currentTarget.value)}
          />
        </span>
      </label>
    </Field>
  );
}

export function Field({ fault, children }: { fault: Fault | null; children: ComponentChildren }) {
  const { card: say } = own.value;
  const why: Record<Fault, string> = {
    hazard: say.missing.hazard,
    value: say.missing.value,
    claim: say.missing.claim,
    number: say.notANumber,
    pattern: say.doesNotMatch,
    outside: say.outside,
    photo: own.value.photo.missing,
  };
  return (
    <div class="ask" data-fault={fault ?? undefined}>
      {children}
      <p class="fault" role="alert">
        {fault && (
          <>
            <Icon name="alert" /> {why[fault]}
          </>
        )}
      </p>
    </div>
  );
}

/** What a scan must show, in words; "" where it may show one of many codes. */
function expected(spec: ValueSpec, serial: string): string {
  const { card: say } = own.value;
  const code = onlyCode(spec, serial);
  return code === null ? "" : code === serial ? say.scanSerial(serial) : say.scanCode(code);
}

/** The limits of a number, in words: "10.5 to 13.5 Nm · Target 12 Nm". */
export function limits({ low, high, nominal, unit }: ValueSpec): string {
  const { card: say } = own.value;
  const range =
    low !== null && high !== null
      ? say.limits(number(low), number(high), unit)
      : low !== null
        ? say.atLeast(number(low), unit)
        : high !== null
          ? say.atMost(number(high), unit)
          : "";
  return [nominal === null ? "" : say.nominal(number(nominal), unit), range].filter(Boolean).join(" · ");
}
