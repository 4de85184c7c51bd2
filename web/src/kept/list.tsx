/** What stands on this device: words that wait for the line, words that were sent since, words that the cell did not take. */

import type { ComponentChildren } from "preact";
import { named } from "../access/access";
import { connection, outbox } from "../cell";
import { Icon } from "../common/icon";
import { OwnPhoto } from "../common/photo";
import { clock, number, said as spoken, text, word, words } from "../words";
import type { Word } from "./word";

export function KeptList() {
  const { kept: say } = words.value;
  const waiting = outbox.waiting.value;
  const taken = outbox.taken.value;
  const returned = outbox.returned.value;
  if (waiting.length + taken.length + returned.length === 0) return null;
  const online = connection.line.value === "online";
  return (
    <aside class="kept" aria-label={say.label} data-testid="kept">
      {returned.length > 0 && (
        <section class="kept-group kept-returned" role="alert" data-testid="kept-returned">
          <h2>
            <Icon name="alert" /> {say.returned}
          </h2>
          {returned.map((one) => (
            <Returned key={one.id} word={one} />
          ))}
        </section>
      )}
      {taken.length > 0 && (
        <section class="kept-group kept-taken" role="status" data-testid="kept-taken">
          <h2>
            <Icon name="check" /> {say.taken(taken.length)}
          </h2>
          {taken.map((one) => (
            <Given key={one.id} word={one} />
          ))}
          <div class="kept-foot">
            <p>{say.takenText}</p>
            <button type="button" class="act act-plain act-small" onClick={() => outbox.read()}>
              {say.close}
            </button>
          </div>
        </section>
      )}
      {waiting.length > 0 && (
        <section class="kept-group kept-waiting" role="status" data-testid="kept-waiting" data-count={waiting.length}>
          <h2>
            <Icon name="clock" /> {say.waiting(waiting.length)}
          </h2>
          <p>{online ? say.sending : say.waitingText}</p>
          {waiting.map((one) => (
            <Given key={one.id} word={one}>
              {!online && (
                <button type="button" class="act act-plain act-small" onClick={() => void outbox.drop(one)}>
                  {say.takeBack}
                </button>
              )}
            </Given>
          ))}
        </section>
      )}
    </aside>
  );
}

function Given({ word: one, children }: { word: Word; children?: ComponentChildren }) {
  const { kept: say } = words.value;
  const said = entered(one);
  return (
    <div class="kept-word">
      <div>
        <strong>{text(one.title) || one.command.step}</strong>
        <span class="kept-said">
          {say.said[one.command.type]}
          {said.map(([name, value]) => ` · ${name} ${value}`).join("")}
        </span>
        <span class="kept-by">{say.by(clock(one.t), named(one.operator))}</span>
      </div>
      {one.picture && <OwnPhoto picture={one.picture} title={text(one.title)} testId="kept-photo" />}
      {children}
    </div>
  );
}

function Returned({ word: one }: { word: Word }) {
  const { kept: say } = words.value;
  const why = say.refusals[one.refused?.code ?? ""] ?? { message: spoken(one.refused?.says, one.refused?.message ?? ""), remedy: spoken(one.refused?.helps, one.refused?.remedy ?? "") };
  const said = entered(one);
  return (
    <div class="kept-word">
      <div>
        <strong>{text(one.title) || one.command.step}</strong>
        <p>
          {why.message} {why.remedy}
        </p>
        {said.length > 0 && (
          <>
            <p class="kept-by">{say.entered}</p>
            <dl>
              {said.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </>
        )}
        <span class="kept-by">{[say.said[one.command.type], say.by(clock(one.t), named(one.operator))].join(" · ")}</span>
      </div>
      {one.picture && <OwnPhoto picture={one.picture} title={text(one.title)} testId="kept-photo" />}
      <button type="button" class="act act-plain act-small" data-testid="kept-understood" onClick={() => void outbox.drop(one)}>
        {say.understood}
      </button>
    </div>
  );
}

/** What the person typed and chose, as they would say it. */
function entered({ command, asked, units }: Word): (readonly [string, string])[] {
  const { kept: say } = words.value;
  if (command.type === "report_problem") return command.note ? [["", command.note]] : [];
  if (command.type === "confirm_undo") return [];
  const values = Object.entries(command.values ?? {}).map(([name, value]) => {
    const shown = typeof value === "number" ? `${number(value)} ${units[name] ?? ""}`.trim() : value === true ? say.yes : String(value);
    const plain = word({}, units[name] ? name.replace(/_[A-Za-z]+$/, "") : name); // a number's name ends in its unit
    return [text(asked[name] ?? {}) || plain, shown] as const;
  });
  return [...values, ...Object.entries(command.lots ?? {}).map(([part, lot]) => [say.lot(part), lot] as const)];
}
