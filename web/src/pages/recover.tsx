/** Leads a person through a recovery, one step at a time: what happened, what is held, what was seen, what to decide. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { deviationWords } from "../card/deviation";
import { store } from "../cell";
import { Offer } from "../common/buttons";
import { Seen } from "../common/evidence";
import { Icon } from "../common/icon";
import { OfflineBanner } from "../common/line";
import { reasonWords } from "../common/not-moving";
import { NoticeBar } from "../common/notice";
import { Retreat } from "../common/retreat";
import { Top } from "../common/top";
import { changes, restOf, stageOf, stagesOf, type Stage } from "../recover/stage";
import type { Button, CellView, Question, RecoveryView } from "../wire";
import { clock, number, text, word, words } from "../words";

const GOES = ["clear", "reset", "unhold", "unsuspend", "start"]; // in the order in which a person gives them

export function Page() {
  const read = useSignal<ReadonlySet<Stage>>(new Set());
  const { recover, loading } = words.value;
  const cell = store.cell.value;
  const recovery = store.recovery.value;
  const questions = [...store.questions.value.values()].sort((a, b) => a.since_t - b.since_t);
  const stage = cell && stageOf(cell, recovery, questions, read.value);
  useEffect(() => {
    document.title = recover.title;
  }, [recover]);
  const met = useRef(new Set<Stage>());
  if (stage) met.current.add(stage);
  const next = (done: Stage) => {
    read.value = new Set([...read.value, done]);
  };
  const back = () => {
    read.value = new Set([...read.value].slice(0, -1));
  };
  return (
    <div class="recover">
      <Top page="recover" />
      <OfflineBanner />
      <main class="recover-main" data-testid="recover" data-stage={stage ?? restOf(store.troubles.value.values())}>
        {!cell || !store.loaded.value ? (
          <p class="quiet" role="status">
            {loading}
          </p>
        ) : !recovery || !stage ? (
          <Over cell={cell} />
        ) : (
          <>
            <Way stages={stagesOf(cell, recovery, questions, met.current)} now={stage} />
            <Step key={stage} stage={stage} cell={cell} recovery={recovery} question={questions[0]} left={questions.length} next={next} />
            <Retreat />
            {read.value.size > 0 && (
              <button type="button" class="act act-plain recover-back" data-testid="back" onClick={back}>
                <Icon name="back" /> {recover.back}
              </button>
            )}
          </>
        )}
      </main>
      <NoticeBar />
    </div>
  );
}

/** Which steps there are, and which one is on. */
function Way({ stages, now }: { stages: readonly Stage[]; now: Stage }) {
  const { recover } = words.value;
  const at = stages.indexOf(now);
  return (
    <ol class="recover-way" aria-label={recover.title}>
      {stages.map((stage, i) => (
        <li key={stage} aria-current={stage === now ? "step" : undefined} class={i < at ? "over" : ""}>
          {i < at ? <Icon name="check" /> : <span aria-hidden="true">{i + 1}</span>} {recover.stages[stage]}
        </li>
      ))}
    </ol>
  );
}

interface StepProps {
  stage: Stage;
  cell: CellView;
  recovery: RecoveryView;
  question: Question | undefined;
  left: number;
  next(done: Stage): void;
}

function Step({ stage, cell, recovery, question, left, next }: StepProps) {
  const { board, recover, safety } = words.value;
  const onward = (label: string) => (
    <button type="button" class="act act-primary act-wide" data-testid="next" onClick={() => next(stage)}>
      {label}
    </button>
  );
  switch (stage) {
    case "happened":
      return (
        <Panel title={recover.happened.title} actions={onward(recover.next)}>
          <p class="recover-lead">
            {word(words.value.cellStates, cell.state)}: {text(cell.condition.reason) || recover.happened.stands}
          </p>
          {recovery.since_t > 0 && <p>{recover.happened.since(clock(recovery.since_t))}</p>}
          <p>{recover.happened.still}</p>
        </Panel>
      );
    case "safety":
      return (
        <Panel title={recover.safety.title} actions={null}>
          <p class="recover-lead">{word(safety, cell.safety)}</p>
          <Reasons cell={cell} />
          <p role="status">{recover.safety.waits}</p>
        </Panel>
      );
    case "gripper": {
      const held = recovery.held;
      const takes = cell.buttons.filter(({ command }) => command.type === "take_part" && command.part === held?.part);
      const name = held ? text(held.name) || held.part : "";
      return (
        <Panel
          title={recover.gripper.title}
          actions={
            <>
              {held?.certain && onward(recover.gripper.leave)}
              {takes.map((button) => (
                <Offer key="take" button={button} primary={!held?.certain} />
              ))}
              {!held?.certain && takes.length === 0 && onward(recover.next)}
            </>
          }
        >
          <p class="recover-lead">{recover.gripper.holds(name)}</p>
          <p>{held?.certain ? recover.gripper.certain : recover.gripper.doubtful}</p>
        </Panel>
      );
    }
    case "looked":
      return (
        <Panel title={recover.looked.title} actions={onward(recover.next)}>
          <ul class="rows">
            {recovery.looked.map((seen) => (
              <li key={`${seen.unit}/${seen.step}`} class="row" data-testid="looked" data-verdict={seen.verdict}>
                <Seen evidence={seen.evidence} />
                <div class="row-main">
                  <p class="row-title">
                    <strong>{text(seen.title)}</strong> <span class="quiet">{unitName(seen.unit)}</span>
                  </p>
                  <p>{seen.verdict ? word(words.value.record.verdicts, seen.verdict) : seen.waits ? recover.looked.later : recover.looked.looking}</p>
                  {seen.offset_mm && seen.verdict !== "ok" && <p>{off(seen.offset_mm)}</p>}
                </div>
              </li>
            ))}
          </ul>
        </Panel>
      );
    case "decide":
      return question ? (
        <Panel
          key={`${question.unit}/${question.step}/${question.attempt}`}
          title={left > 1 ? recover.decide.more(left) : recover.decide.title}
          actions={
            <>
              {question.buttons.map((button, i) => (
                <Offer key={JSON.stringify(button.command)} button={button} primary={i === 0 && !button.danger} />
              ))}
              <button type="button" class="act act-plain" data-testid="later" onClick={() => next(stage)}>
                {recover.decide.later}
              </button>
            </>
          }
        >
          <p class="recover-lead">
            <strong>{text(question.title)}</strong> <span class="quiet">{unitName(question.unit)}</span>
          </p>
          <Seen evidence={question.evidence} />
          <p>{text(question.reason)}</p>
          {question.offset_mm && <p>{off(question.offset_mm)}</p>}
          {text(question.remedy) && (
            <p>
              {board.remedy}: {text(question.remedy)}
            </p>
          )}
        </Panel>
      ) : null;
    case "clear":
      return (
        <Panel title={recover.clear.title} actions={<Verbs cell={cell} labels={["acknowledge"]} />}>
          <p class="recover-lead">{recover.clear.look}</p>
          <p>{recover.clear.still}</p>
        </Panel>
      );
    default:
      return (
        <Panel title={recover.go.title} actions={changes(cell) ? null : <Verbs cell={cell} labels={GOES} />}>
          <p class="recover-lead">{word(words.value.cellStates, cell.state)}</p>
          <p role="status">{changes(cell) ? recover.go.waits : recover.go.moves}</p>
        </Panel>
      );
  }
}

/** One step: its heading takes the focus, so that a keyboard and a screen reader go along. */
function Panel({ title, actions, children }: { title: string; actions: ComponentChildren; children: ComponentChildren }) {
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), [title]);
  return (
    <section class="panel recover-step" aria-labelledby="recover-head">
      <h1 id="recover-head" tabIndex={-1} ref={head}>
        {title}
      </h1>
      {children}
      <div class="recover-actions">{actions}</div>
    </section>
  );
}

function Verbs({ cell, labels }: { cell: CellView; labels: readonly string[] }) {
  const offered = labels.flatMap((label) => cell.buttons.filter((button: Button) => button.label === label));
  if (offered.length === 0) return <p role="status">{words.value.recover.go.waits}</p>;
  return (
    <>
      {offered.slice(0, 1).map((button) => (
        <Offer key={button.label} button={button} primary />
      ))}
    </>
  );
}

function Reasons({ cell }: { cell: CellView }) {
  return (
    <ul>
      {cell.condition.not_moving.map((reason) => (
        <li key={JSON.stringify(reason)}>{reasonWords(reason)}</li>
      ))}
    </ul>
  );
}

function Over({ cell }: { cell: CellView }) {
  const { recover, start } = words.value;
  // while the journal can't be written the cell's state is that of before
  if (restOf(store.troubles.value.values()) === "dead") {
    return (
      <Panel title={recover.dead.title} actions={null}>
        <p class="recover-lead">{recover.dead.stands}</p>
        <p role="status">{recover.dead.waits}</p>
      </Panel>
    );
  }
  return (
    <Panel
      title={recover.over.title}
      actions={
        <>
          {cell.places.map((place) => (
            <a key={place} class="act act-primary" href={`/worker?place=${encodeURIComponent(place)}`}>
              {start.worker} {place}
            </a>
          ))}
          <a class="act act-plain" href="/board">
            {start.board}
          </a>
        </>
      }
    >
      <p class="recover-lead">{word(words.value.cellStates, cell.state)}</p>
      <p>{recover.over.text}</p>
    </Panel>
  );
}

function unitName(id: string): string {
  const unit = store.units.value.get(id);
  return unit ? words.value.board.unit(unit.order, unit.n) : id;
}

const off = (offset_mm: [number, number, number]): string =>
  deviationWords(offset_mm, null, null, words.value.deviation, (mm) => number(mm, 1));
