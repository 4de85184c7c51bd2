/** Sending commands: one press, one command, and a calm word when it is refused. */

import { computed, signal } from "@preact/signals";
import { named } from "./access/access";
import type { Connection } from "./connection";
import type { Outbox } from "./kept/outbox";
import type { Pictures } from "./kept/pictures";
import { described, keepable } from "./kept/word";
import type { Store } from "./store";
import { uuid } from "./uuid";
import { said, word, words } from "./words";
import type { Answer, Outside } from "./wire";

export interface Notice {
  message: string;
  remedy: string;
  /** Nothing went wrong: it is only told. */
  calm?: boolean;
}

export class Commands {
  /** Commands under way, by what was pressed; its button stays closed until the answer. */
  readonly underway = signal<ReadonlySet<string>>(new Set());
  readonly notice = signal<Notice | null>(null);
  readonly busy = computed(() => this.underway.value.size > 0);

  constructor(
    private readonly connection: Connection,
    private readonly outbox: Outbox,
    private readonly store: Store,
    private readonly pictures: Pictures,
  ) {}

  /** Send a command once; a second press of the same `key` before the answer does nothing. */
  async send(command: Outside, key: string = keyOf(command)): Promise<Answer | null> {
    if (this.underway.value.has(key)) return null;
    this.underway.value = new Set(this.underway.value).add(key);
    this.notice.value = null;
    const answer = await this.hand(uuid(), command);
    const left = new Set(this.underway.value);
    left.delete(key);
    this.underway.value = left;
    if (!answer.ok && answer.code !== "kept") this.notice.value = notice(answer, this.where(command));
    if (answer.ok && command.type === "report_problem") this.notice.value = { ...words.value.refusals.reported, calm: true };
    return answer;
  }

  /** What a worker says about the work goes by the outbox; everything else counts now or not at all. */
  private hand(id: string, command: Outside): Promise<Answer> {
    const now = this.connection.line.value === "online";
    const operator = keepable(command) ? this.at(command.place) : "";
    if (!keepable(command) || !operator || !(now || this.keeps(command))) return this.connection.ask(id, command);
    const card = this.store.cards.value.get(command.place);
    const picture = command.type === "confirm_step" ? this.pictures.of(command) : null;
    const given = this.outbox.give({ id, command, operator, t: this.connection.now(), picture, ...described(card) });
    if (picture) {
      void given.then(({ ok, code }) => {
        if (ok || code === "kept") void this.pictures.drop(command); // the word has it
      });
    }
    return given;
  }

  /** Whether a command may be given without a line. What the robot waits for in a handover may not. */
  keeps(command: Outside): boolean {
    if (!keepable(command) || !this.at(command.place)) return false;
    return command.type === "report_problem" || this.store.cards.value.get(command.place)?.together === false;
  }

  /** Who works at a place, as far as the page knows; "" where nobody does. */
  at(place: string): string {
    return this.store.lanes.value.get(place)?.operator ?? "";
  }

  /** The worker places of the step that a command is about, with who works there. */
  private where(command: Outside): string {
    if (command.type !== "confirm_step") return "";
    const places = this.store.steps.value.get(`${command.unit}/${command.step}`)?.actors.filter((actor) => actor !== "robot") ?? [];
    return places.map((place) => [word({}, place), named(this.at(place))].filter(Boolean).join(", ")).join("; ");
  }

  dismiss(): void {
    this.notice.value = null;
  }
}

/** What makes two presses the same. */
export const keyOf = (command: Outside): string => JSON.stringify(command);

/** What is said of a refusal; `where` are the places at which the step was worked on, as far as the page knows. */
function notice(answer: Answer, where: string): Notice {
  const { refusals } = words.value;
  if (answer.code === "offline") return refusals.offline;
  if (answer.code === "lost") return refusals.lost;
  if (answer.code === "full") return refusals.full;
  if (answer.code === "said_already") return { ...refusals.saidAlready(where), calm: true };
  return { message: said(answer.says, answer.message) || refusals.unknown, remedy: said(answer.helps, answer.remedy) };
}
