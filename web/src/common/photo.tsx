/** Pictures that people took of results: those that the cell keeps, and those that are on this device. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { words } from "../words";

/** A picture that the cell keeps, in full size behind a press; or the word that it was removed. `path` as the cell gives it. */
export function Photo({ path, title }: { path: string; title: string }) {
  const lost = useSignal(false);
  const { photo } = words.value;
  if (!path) return null;
  if (lost.value) return <p class="quiet evidence-lost">{photo.lost}</p>;
  const source = `/api/v1/evidence/${path}`;
  return (
    <a class="evidence-link photo-link" href={source} target="_blank" rel="noopener" data-testid="photo">
      <img
        class="evidence"
        src={source}
        alt={photo.kept(title)}
        loading="lazy"
        onError={() => {
          lost.value = true;
        }}
      />
    </a>
  );
}

/** Where the cell keeps a picture, by its SHA-256; "" where there is none. */
export const pathOf = (sha256: unknown): string =>
  typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256) ? `photos/${sha256.slice(0, 2)}/${sha256}.jpg` : "";

/** A picture on this device. */
export function OwnPhoto({ picture, title, testId }: { picture: Uint8Array<ArrayBuffer>; title: string; testId: string }) {
  const url = useMemo(() => URL.createObjectURL(new Blob([picture], { type: "image/jpeg" })), [picture]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img class="own-photo" src={url} alt={words.value.photo.taken(title)} data-testid={testId} />;
}
