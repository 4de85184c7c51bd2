/** Sending commands: one press, one command, and a calm word when it is refused. */

import { computed, signal } from "@preact/signals";
import type { Connection } from "./connection";
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

  constructor(private readonly connection: Connection) {}

  /** Send a command once; a second press of the same `key` before the answer does nothing. */
  async send(command: Outside, key: string = keyOf(command)): Promise<Answer | null> {
    if (this.underway.value.has(key)) return null;
    this.underway.value = new Set(this.underway.value).add(key);
    this.notice.value = null;
    const answer = await this.connection.ask(uuid(), command);
    const left = new Set(this.underway.value);
    left.delete(key);
    this.underway.value = left;
    if (!answer.ok) this.notice.value = notice(answer);
    return answer;
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
  return { message: answer.message || refusals.unknown, remedy: answer.remedy };
}
