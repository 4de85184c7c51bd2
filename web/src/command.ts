/** Sending commands: one press, one command, and a calm word when it is refused. */

import { computed, signal } from "@preact/signals";
import type { Connection } from "./connection";
import type { Outbox } from "./kept/outbox";
import type { Pictures } from "./kept/pictures";
import { described, keepable } from "./kept/word";
import type { Store } from "./store";
import { uuid } from "./uuid";
import { words } from "./words";
import type { Answer, Outside } from "./wire";

export interface Notice {
  message: string;
  remedy: string;
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
    if (!answer.ok && answer.code !== "kept") this.notice.value = notice(answer);
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

  dismiss(): void {
    this.notice.value = null;
  }
}

/** What makes two presses the same. */
export const keyOf = (command: Outside): string => JSON.stringify(command);

function notice(answer: Answer): Notice {
  const { refusals } = words.value;
  if (answer.code === "offline") return refusals.offline;
  if (answer.code === "lost") return refusals.lost;
  if (answer.code === "full") return refusals.full;
  return { message: answer.message || refusals.unknown, remedy: answer.remedy };
}
