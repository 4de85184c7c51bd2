/** The part to take: its picture, name, count, bin and the tool. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { called } from "../common/called";
import type { Card } from "../wire";
import { number, text, words } from "../words";

export function Part({ card }: { card: Card }) {
  const { card: say } = words.value;
  const name = text(card.part_name);
  if (!name && !card.tool) return null;
  const facts = [
    name && { label: say.part, value: [card.qty === 1 ? "" : say.pieces(number(card.qty)), name].filter(Boolean).join(" "), note: card.bin && say.bin(called(card.bin)) },
    card.tool && { label: say.tool, value: called(card.tool), note: "" },
  ].filter((fact) => typeof fact === "object");
  return (
    <div class="part">
      {card.ghost?.mesh && <Picture mesh={card.ghost.mesh} name={name} />}
      <dl>
        {facts.map(({ label, value, note }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {value}
              {note && <span class="from"> {note}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Picture({ mesh, name }: { mesh: string; name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const failed = useSignal(false);
  useEffect(() => {
    let gone = false;
    failed.value = false;
    import("../scene/thumb")
      .then(({ picture }) => (canvas.current && !gone ? picture(mesh, canvas.current) : undefined))
      .catch(() => {
        failed.value = true; // the name beside it is enough
      });
    return () => {
      gone = true;
    };
  }, [mesh]);
  return <canvas ref={canvas} class="picture" role="img" aria-label={name} hidden={failed.value} />;
}
