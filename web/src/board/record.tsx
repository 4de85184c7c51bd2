/** A unit's as-built record, readable, and as JSON. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { named as person } from "../access/access";
import { record, Seen } from "../common/evidence";
import { pathOf, Photo } from "../common/photo";
import { get, Refused } from "../rest";
import { moment, number, span, word, words } from "../words";
import { spent } from "./spent";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Fields = Record<string, Json>;

const fields = (value: Json | undefined): Fields => (value !== null && typeof value === "object" && !Array.isArray(value) ? value : {});
const list = (value: Json | undefined): Fields[] => (Array.isArray(value) ? value.map(fields) : []);

export function Record({ unit }: { unit: string }) {
  const { record: say, loading } = words.value;
  const found = useSignal<Fields | null>(null);
  const refused = useSignal("");
  useEffect(() => {
    get<Fields>(`/api/v1/units/${unit.split("/").map(encodeURIComponent).join("/")}`).then(
      (record) => {
        found.value = record;
      },
      (error: unknown) => {
        refused.value = error instanceof Refused ? `${error.message} ${error.remedy}` : say.missing;
      },
    );
  }, [unit]);
  const download = (): void => {
    const file = new Blob([JSON.stringify(found.value, null, 2)], { type: "application/json" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `${unit.replaceAll(/[^\w.-]+/g, "_")}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <section class="panel record" aria-labelledby="record-title" data-testid="record">
      <div class="panel-head">
        <h1 id="record-title">{say.title(unit)}</h1>
        <div class="row-actions">
          <a class="act act-plain act-small" href="/board">
            {say.back}
          </a>
          {found.value && (
            <button type="button" class="act act-primary act-small" onClick={download}>
              {say.download}
            </button>
          )}
        </div>
      </div>
      {refused.value && <p role="alert">{refused.value}</p>}
      {!found.value && !refused.value && <p class="quiet">{loading}</p>}
      {found.value && <Content record={found.value} />}
    </section>
  );
}

function Content({ record }: { record: Fields }) {
  const { record: say } = words.value;
  const { steps, signatures, ...head } = record;
  return (
    <>
      <Facts of={head} />
      <h2>{say.steps}</h2>
      <Table rows={list(steps).flatMap(attempts)} />
      {list(signatures).length > 0 && (
        <>
          <h2>{say.signatures}</h2>
          <Table rows={list(signatures).map(signature)} />
        </>
      )}
    </>
  );
}

/** A row for a person's word: what it meant, of what, by whom, when, and to which revision. */
const signature = ({ meaning, step, attempt, who, t, revision, reason }: Fields): Fields => ({
  meaning: word(words.value.record.meanings, String(meaning)),
  step: step ?? "",
  attempt: attempt || null,
  signedBy: person(String(who)),
  when_t: t ?? null,
  revision: revision ?? "",
  reason: reason ?? "",
});

/** A row for each attempt at a step; a step without any keeps its row, with its status. */
function attempts(step: Fields): Fields[] {
  const tries = list(step.attempts);
  const of = { step: step.step ?? "", waived: waiver(step) };
  if (tries.length === 0) return [{ step: of.step, result: step.status ?? "", waived: of.waived }];
  return tries.map((attempt, i) => {
    const measured = fields(attempt.measured);
    return {
      step: of.step,
      attempt: attempt.n ?? null,
      actors: [...(Array.isArray(attempt.actors) ? attempt.actors : []), attempt.operator ?? ""].filter(Boolean),
      ended_t: attempt.ended_t ?? null,
      time_s: spent(attempt),
      result: [attempt.outcome ?? "", attempt.message ?? ""].filter(Boolean),
      values: { ...fields(attempt.values), ...fields(attempt.lots) },
      check: measured.verdict ?? "",
      seen: measured.evidence ?? "",
      photo: attempt.photo ?? "",
      offset_mm: measured.offset_mm ?? null,
      seen_again: i === tries.length - 1 ? (fields(step.seen_again).verdict ?? "") : "",
      waived: i === tries.length - 1 ? of.waived : "",
    };
  });
}

/** What stands in for evidence, in words: who decided so, why, and what was wrong as they did. */
function waiver(step: Fields): string {
  const kept = fields(step.waiver);
  const plain = typeof step.waived === "string" ? step.waived : "";
  if (!kept.kind) return plain;
  const { waivers, waivedBy } = words.value.record;
  const wrong = fields(kept.measured).verdict ? word(words.value.record.verdicts, String(fields(kept.measured).verdict)) : String(kept.message ?? "");
  return waivedBy(word(waivers, String(kept.kind)), String(kept.by), plain, String(kept.shown ?? ""), wrong);
}

function Facts({ of }: { of: Fields }) {
  return (
    <dl class="record-facts">
      {Object.entries(of).map(([key, value]) => (
        <div key={key}>
          <dt>{named(key)}</dt>
          <dd>{shown(key, value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Columns are what the rows have, in the order of their first appearance: the record may grow without this page. */
function Table({ rows }: { rows: readonly Fields[] }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => rows.some((row) => !empty(row[key])));
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={words.value.board.record}>
      <table>
        <thead>
          <tr>
            {columns.map((key) => (
              <th key={key} scope="col">
                {named(key)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {columns.map((key) => (
                <td key={key}>{key === "seen" ? <Kept evidence={row[key]} /> : key === "photo" ? <Photo path={pathOf(row[key])} title={shown("", row.step ?? "")} /> : shown(key, row[key] ?? null)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What a check rests on: its picture, and a link to its record. */
function Kept({ evidence }: { evidence: Json | undefined }) {
  const path = typeof evidence === "string" ? evidence : "";
  const file = record(path);
  if (!file) return <>–</>;
  return (
    <div class="record-evidence">
      <Seen evidence={path} />
      <a href={file} target="_blank" rel="noopener">
        {words.value.record.recordFile}
      </a>
    </div>
  );
}

const named = (key: string): string => {
  const { record: say } = words.value;
  const known: { [key: string]: string } = {
    order: say.order,
    product: say.product,
    state: say.state,
    serial: say.serial,
    started: say.started,
    ended: say.ended,
    options: say.options,
    step: say.step,
    actors: say.who,
    values: say.values,
    offset_mm: say.deviation,
    attempt: say.attempt,
    check: say.evidence,
    seen: say.seen,
    seen_again: say.seenAgain,
    photo: say.photo,
    result: say.result,
    time_s: say.time,
    waived: say.waived,
    meaning: say.meaning,
    signedBy: say.signedBy,
    when: say.when,
    revision: say.revision,
    reason: say.reason,
  };
  return word(known, key.replace(/_t$/, ""));
};

const empty = (value: Json | undefined): boolean =>
  value === undefined || value === null || value === "" || value === false || (typeof value === "object" && Object.keys(value).length === 0);

function shown(key: string, value: Json): string {
  if (empty(value)) return "–";
  if (typeof value === "number" && key === "time_s") return span(value);
  if (typeof value === "number") return key.endsWith("_t") || key === "t" ? moment(value) : number(value);
  if (typeof value === "string" && (key === "check" || key === "seen_again")) return word(words.value.record.verdicts, value);
  if (typeof value === "string") return /^[0-9a-f]{40,}$/.test(value) ? `${value.slice(0, 12)}…` : value;
  if (typeof value === "boolean") return "✓";
  if (Array.isArray(value)) return value.map((one) => shown("", one)).join(", ");
  return Object.entries(value as Fields)
    .filter(([, one]) => !empty(one))
    .map(([name, one]) => `${word({}, name.replace(/_t$/, ""))}: ${shown(name, one)}`)
    .join("; ");
}
