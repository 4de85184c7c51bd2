/** The step card: what the person sees and does now, in each of its states. */

import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { commands, connection, outbox, pictures, store } from "../cell";
import { Icon } from "../common/icon";
import { Seen } from "../common/evidence";
import { NotMoving } from "../common/not-moving";
import { isAbout } from "../kept/word";
import { view } from "../scene/static";
import { detail } from "../settings";
import type { Card, StepWords } from "../wire";
import { best, number, text, words } from "../words";
import { Media } from "./media";
import { Asks } from "./asks";
import { countOf } from "./count";
import { deviationWords } from "./deviation";
import { Entry } from "./entry";
import { Hazards } from "./hazards";
import { isLive, Live, LiveOffer } from "./live";
import { Part } from "./part";
import { RobotNow, Together } from "./robot-now";
import { SignIn } from "./sign-in";
import { Timer } from "./timer";

const NOTHING: StepWords = { title: "", do: "", more: "", ask: {}, hazards: {}, media: {}, captions: {} };

export function useEntry(card: Card): Entry {
  const entry = useMemo(() => new Entry(), []);
  entry.follow(card, commands.at(card.place));
  entry.setPictured(pictures.of(card) !== null);
  return entry;
}

export function StepCard({ card, entry }: { card: Card; entry: Entry }) {
  switch (card.status) {
    case "away":
      return <SignIn place={card.place} />;
    case "step":
      return <Step card={card} entry={entry} />;
    case "checking":
      return <Checking card={card} />;
    case "attention":
      return <Attention card={card} />;
    default:
      return <Nothing card={card} />;
  }
}

function Step({ card, entry }: { card: Card; entry: Entry }) {
  const say = best(card.words) ?? NOTHING;
  const level = detail.value;
  return (
    <>
      <Heading card={card} title={say.title || text(card.part_name) || card.step} />
      {(!isLive(card) || card.overdue) && <Found card={card} />}
      <Live card={card} />
      <Hazards card={card} words={say} entry={entry} />
      {level !== "expert" && say.do && <p class="do">{say.do}</p>}
      {level === "novice" && say.more && <p class="more">{say.more}</p>}
      <Part card={card} />
      <LiveOffer card={card} />
      {level !== "expert" && <Media words={say} />}
      {!outbox.waiting.value.some((word) => isAbout(word, card)) && (
        <>
          <Asks card={card} words={say} entry={entry} />
          {card.photo && <PhotoCheck card={card} title={say.title} entry={entry} />}
        </>
      )}
    </>
  );
}

type PhotoProps = Parameters<typeof import("./photo").default>[0];

/** The check that asks for a picture, once it is loaded; with the line it is tried again. */
function PhotoCheck(props: PhotoProps) {
  const loaded = useSignal<ComponentType<PhotoProps> | null>(null);
  const line = connection.line.value;
  useEffect(() => {
    if (!loaded.value) void import("./photo").then(({ default: found }) => (loaded.value = found)).catch(() => undefined);
  }, [line]);
  const Found = loaded.value;
  return Found && <Found {...props} />;
}

function Heading({ card, title }: { card: Card; title: string }) {
  const { card: own } = words.value;
  const count = countOf(card, title, own.of);
  return (
    <>
      <div class="card-head">
        {count && (
          <span class="pill" data-testid="of">
            {count}
          </span>
        )}
        {card.attempt > 1 && <span class="pill pill-warn">{own.attempt(card.attempt)}</span>}
        {card.together && (
          <span class="pill pill-together">
            <Icon name="robot" /> <Together />
          </span>
        )}
      </div>
      <h1 class="title" data-testid="title">
        {title}
      </h1>
    </>
  );
}

/** What the last check found, in words and, where it was measured, as seen from this place. */
function Found({ card }: { card: Card }) {
  const note = text(card.note);
  const place = view.value?.places[card.place] ?? null;
  const seat = card.ghost?.end ?? card.focus;
  const { deviation, card: own } = words.value;
  const where = card.offset_mm ? deviationWords(card.offset_mm, seat, place, deviation, (mm) => number(mm, 1)) : "";
  if (!note && !where) return null;
  return (
    <div class="found" data-testid="found">
      <Icon name={card.overdue ? "clock" : "eye"} />
      <p>
        {(where || card.attempt > 1) && !card.overdue && <span class="found-label">{where ? own.lastCheck : own.lastTime}</span>}
        {where ? <strong>{where}</strong> : note}
      </p>
    </div>
  );
}

function Checking({ card }: { card: Card }) {
  const { card: own } = words.value;
  const say = best(card.words) ?? NOTHING;
  return (
    <>
      <Heading card={card} title={say.title || card.step} />
      <div class="state state-busy" data-testid="state-checking">
        <span class="scan" aria-hidden="true">
          <Icon name="eye" />
        </span>
        <h2>{own.checking}</h2>
        <p>{text(card.note) || own.checkingText}</p>
      </div>
    </>
  );
}

function Attention({ card }: { card: Card }) {
  const { card: own } = words.value;
  const say = best(card.words) ?? NOTHING;
  const question = store.questions.value.get(`${card.unit}/${card.step}`);
  const found = question?.offset_mm || !question; // measured: said as seen from this place, instead of the reason
  return (
    <>
      <Heading card={card} title={say.title || card.step} />
      <div class="state state-warn" data-testid="state-attention">
        <h2>
          <Icon name="alert" /> {own.attention}
        </h2>
        {question && !found && <p class="do">{text(question.reason)}</p>}
        {question && text(question.remedy) && <p>{text(question.remedy)}</p>}
      </div>
      {found && !isLive(card) && <Found card={card} />}
      <Live card={card} />
      <LiveOffer card={card} />
      {question && <Seen evidence={question.evidence} />}
    </>
  );
}

function Nothing({ card }: { card: Card }) {
  const { card: own } = words.value;
  const robot = store.robot.value;
  const note = text(card.note);
  const [head, said] = {
    idle: [note || own.idle, own.idleText],
    blocked: [own.blocked, note],
    done: [own.done, own.doneText],
  }[card.status as "idle" | "blocked" | "done"];
  return (
    <div class="state" data-testid={`state-${card.status}`}>
      <span class={`badge badge-${card.status}`} aria-hidden="true">
        <Icon name={card.status === "done" ? "check" : card.status === "blocked" ? "pause" : "clock"} />
      </span>
      <h1>{head}</h1>
      {card.status === "blocked" ? <NotMoving /> : <p>{said}</p>}
      {robot && card.status !== "done" && text(robot.text) && text(robot.text) !== note && (
        <div class="beside">
          <span class="beside-label">
            <Icon name="robot" /> {own.robotNow}
          </span>
          <RobotNow robot={robot} />
          <Timer {...robot} />
        </div>
      )}
      {card.upcoming.length > 0 && (
        <div class="beside">
          <span class="beside-label">
            <Icon name="person" /> {own.next}
          </span>
          <ol class="upcoming">
            {card.upcoming.slice(0, 3).map((texts, i) => (
              <li key={i}>{text(texts)}</li>
            ))}
          </ol>
        </div>
      )}
    </div>
  );
}
