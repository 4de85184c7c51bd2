/** Units in work: their steps in order, grouped, each with a sign and a word for where it stands. */

import { store } from "../cell";
import { Offer } from "../common/buttons";
import { called } from "../common/called";
import { Icon } from "../common/icon";
import { Photo } from "../common/photo";
import type { StepView, UnitView } from "../wire";
import { text, word, words } from "../words";
import { StepGraph } from "./graph";
import { GoBack, GoingBack } from "./rewind";
import { SIGNS } from "./signs";

export function Units() {
  const { board } = words.value;
  const units = [...store.units.value.values()].sort((a, b) => a.started_t - b.started_t);
  return (
    <section class="panel" aria-labelledby="units">
      <h2 id="units">{board.units}</h2>
      {units.length === 0 && <p class="quiet">{board.noUnits}</p>}
      <div class="units">
        {units.map((unit) => (
          <Unit key={unit.id} unit={unit} />
        ))}
      </div>
    </section>
  );
}

function Unit({ unit }: { unit: UnitView }) {
  const { board } = words.value;
  const steps = [...store.steps.value.values()].filter((step) => step.unit === unit.id).sort((a, b) => a.index - b.index);
  const groups = new Map<string, StepView[]>();
  for (const step of steps) groups.set(step.group, [...(groups.get(step.group) ?? []), step]);
  return (
    <article class="unit" data-testid="unit-in-work" data-unit={unit.id}>
      <header class="panel-head">
        <h3>{board.unit(unit.order, unit.n)}</h3>
        <span class="quiet">
          {board.steps(unit.done, unit.steps)} {unit.nest && board.nest(called(unit.nest))}
        </span>
        <GoBack unit={unit} steps={steps} />
      </header>
      <GoingBack unit={unit} />
      <ol class="steps">
        {[...groups].map(([group, members]) => (
          <Group key={group} steps={members} />
        ))}
      </ol>
      <StepGraph unit={unit.id} name={board.unit(unit.order, unit.n)} steps={steps} />
    </article>
  );
}

const NOT_BEGUN: ReadonlySet<string> = new Set(["waiting", "ready", "undone"]);

/** Where a step can be made to wait for a word: a mark before it, as in a program's margin. */
function Breakpoint({ step }: { step: StepView }) {
  const button = step.buttons.find(({ command }) => command.type === "set_breakpoint" || command.type === "clear_breakpoint");
  const { buttons } = words.value;
  return (
    <span class="stop-mark" data-set={step.breakpoint} data-testid={step.breakpoint ? "breakpoint" : undefined}>
      {button && (
        <Offer key={JSON.stringify(button.command)} button={button}>
          <i aria-hidden="true" />
          <span class="unseen">
            {word(buttons, button.label)}: {text(step.title)}
          </span>
        </Offer>
      )}
    </span>
  );
}

function Group({ steps }: { steps: readonly StepView[] }) {
  const { stepStates, board, actors } = words.value;
  const lead = steps.find(({ status }) => !["done", "skipped"].includes(status)) ?? steps.at(-1);
  if (!lead) return null;
  const done = steps.filter(({ status }) => status === "done").length;
  const many = steps.length > 1;
  return (
    <li class={`step step-${lead.status}`} data-step={lead.id} data-status={lead.status}>
      <Breakpoint step={lead} />
      <span class="sign">
        <Icon name={SIGNS[lead.status] ?? "dot"} />
      </span>
      <span class="step-title">{text(lead.title) || lead.id}</span>
      {many && (
        <span class="beads" role="img" aria-label={board.steps(done, steps.length)}>
          {steps.map((step) => (
            <i key={step.id} class={`bead bead-${step.status}`} />
          ))}
        </span>
      )}
      <span class="step-who">
        {lead.who.map((who) => (
          <span key={who} class={`who ${lead.actors.some((actor) => store.lanes.value.get(actor)?.kind === who) ? "who-now" : ""}`} title={actors[who]}>
            <Icon name={who === "robot" ? "robot" : "person"} />
            <span class="unseen">{actors[who]}</span>
          </span>
        ))}
      </span>
      <span class="step-state">
        {word(stepStates, lead.status)}
        {lead.attempt > 1 && ` · ${board.attempts(lead.attempt)}`}
        {lead.waived && ` · ${board.waived}`}
        {lead.breakpoint && NOT_BEGUN.has(lead.status) && ` · ${board.stopsHere}`}
        {lead.overdue && " "}
        {lead.overdue && <span class="pill pill-warn">{board.overdue}</span>}
      </span>
      {steps.some(({ photo }) => photo) && (
        <span class="step-photos">
          {steps.map((step) => (
            <Photo key={step.photo} path={step.photo} title={text(step.title) || step.id} />
          ))}
        </span>
      )}
    </li>
  );
}
