/** The pictures and films of an instruction, with words for who can't see them, and captions for who can't hear. */

import { language } from "../settings";
import type { StepWords } from "../wire";
import { words } from "../words";

const ROOT = "/assets/instructions/";
const LANGUAGE = /\.([A-Za-z0-9-]+)\.vtt$/;

export function Media({ words: say }: { words: StepWords }) {
  const media = Object.entries(say.media);
  if (media.length === 0) return null;
  return (
    <ul class="media" aria-label={words.value.card.pictures}>
      {media.map(([file, alt]) => (
        <li key={file}>{/\.(mp4|webm)$/i.test(file) ? <Film file={file} alt={alt} captions={say.captions[file]} /> : <img src={ROOT + file} alt={alt} loading="lazy" />}</li>
      ))}
    </ul>
  );
}

/** It runs without sound until somebody wants it; its captions are shown from the start. */
function Film({ file, alt, captions }: { file: string; alt: string; captions: string | undefined }) {
  const spoken = captions && (LANGUAGE.exec(captions)?.[1] ?? language.value);
  const name = spoken && (new Intl.DisplayNames(language.value, { type: "language" }).of(spoken) ?? spoken);
  return (
    <video src={ROOT + file} aria-label={alt} controls muted loop playsInline preload="metadata">
      {captions && spoken && <track key={captions} kind="captions" src={ROOT + captions} srcLang={spoken} label={name} default />}
    </video>
  );
}
