/** What a check rests on: its picture, and its record. */

import { useSignal } from "@preact/signals";
import { words } from "../words";

const RECORD = /^[0-9a-f]{2}\/[0-9a-f]{64}$/;

/** Where a check's picture can be fetched; "" where the evidence is no picture. */
export function picture(evidence: string): string {
  if (RECORD.test(evidence)) return `/api/v1/evidence/${evidence}/deviation.png`;
  if (!/\.(png|jpe?g|webp)$/i.test(evidence)) return "";
  return evidence.startsWith("/") ? evidence : `/api/v1/evidence/${evidence.split("/").map(encodeURIComponent).join("/")}`;
}

/** Where a check's record can be fetched: request, verdict, settings, calibration, hashes; "" where there is none. */
export const record = (evidence: string): string => (RECORD.test(evidence) ? `/api/v1/evidence/${evidence}/record.json` : "");

/** The picture, in full size behind a press; or the word that it was removed. Nothing where there never was one. */
export function Seen({ evidence }: { evidence: string }) {
  const lost = useSignal(false);
  const { board } = words.value;
  const source = picture(evidence);
  if (!source) return null;
  if (lost.value) return <p class="quiet evidence-lost">{board.evidenceLost}</p>;
  return (
    <a class="evidence-link" href={source} target="_blank" rel="noopener">
      <img
        class="evidence"
        src={source}
        alt={board.evidence}
        loading="lazy"
        onError={() => {
          lost.value = true;
        }}
      />
    </a>
  );
}
