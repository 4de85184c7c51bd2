/** The state of the cell as the server tells it: one signal per kind of topic. */

import { batch, computed, signal, type Signal } from "@preact/signals";
import { Looks } from "./looks";
import type {
  BinLevel,
  Card,
  CellView,
  Happened,
  LaneView,
  OrderView,
  PartView,
  Question,
  RecoveryView,
  ServerMessage,
  Snapshot,
  StepView,
  TopicValue,
  TroubleView,
  UnitView,
} from "./wire";

const LOG_LENGTH = 500;

export type Table<T> = ReadonlyMap<string, T>;

export class Store {
  readonly cell = signal<CellView | null>(null);
  readonly orders = signal<Table<OrderView>>(new Map());
  readonly units = signal<Table<UnitView>>(new Map());
  readonly steps = signal<Table<StepView>>(new Map());
  readonly lanes = signal<Table<LaneView>>(new Map());
  readonly cards = signal<Table<Card>>(new Map());
  readonly questions = signal<Table<Question>>(new Map());
  readonly parts = signal<Table<PartView>>(new Map());
  readonly bins = signal<Table<BinLevel>>(new Map());
  readonly recovery = signal<RecoveryView | null>(null);
  readonly troubles = signal<Table<TroubleView>>(new Map());
  /** What live looks see; of the pose class, and in no snapshot. */
  readonly looks = new Looks();
  readonly log = signal<readonly Happened[]>([]);
  /** Whether a first snapshot has come. */
  readonly loaded = signal(false);
  readonly robot = computed(() => [...this.lanes.value.values()].find((lane) => lane.kind === "robot") ?? null);

  private readonly tables: Record<string, Signal<Table<unknown>>> = {
    order: this.orders,
    unit: this.units,
    step: this.steps,
    lane: this.lanes,
    card: this.cards,
    question: this.questions,
    part: this.parts,
    bin: this.bins,
    trouble: this.troubles,
  } as Record<string, Signal<Table<unknown>>>;

  /** Take in one message of the state class. */
  apply(message: ServerMessage): void {
    switch (message.type) {
      case "snapshot":
        this.replace(message.payload);
        break;
      case "put":
        this.put(message.payload.topic, message.payload.value);
        break;
      case "drop":
        this.drop(message.payload.topic);
        break;
      case "happened":
        this.log.value = [...this.log.value, message.payload].slice(-LOG_LENGTH);
        break;
    }
  }

  /** Everything that is known now but the list of events, as a server would tell it. */
  snapshot(): Snapshot {
    const topics: Snapshot["topics"] = {};
    if (this.cell.value) topics.cell = this.cell.value;
    if (this.recovery.value) topics.recovery = this.recovery.value;
    for (const [kind, { value: rows }] of Object.entries(this.tables)) {
      for (const [id, value] of rows) Object.assign(topics, { [`${kind}/${id}`]: value });
    }
    return { topics, log: [] };
  }

  private replace({ topics, log }: Snapshot): void {
    batch(() => {
      this.cell.value = null;
      this.recovery.value = null;
      for (const table of Object.values(this.tables)) table.value = new Map();
      const fresh = new Map<string, Map<string, unknown>>();
      for (const [topic, value] of Object.entries(topics) as [string, TopicValue][]) {
        const { kind, id } = split(topic);
        if (kind === "cell") this.cell.value = value as CellView;
        else if (kind === "recovery") this.recovery.value = value as RecoveryView;
        else if (kind in this.tables) (fresh.get(kind) ?? fresh.set(kind, new Map()).get(kind))?.set(id, value);
      }
      for (const [kind, rows] of fresh) this.table(kind).value = rows;
      this.log.value = [...log];
      this.loaded.value = true;
    });
  }

  private put(topic: string, value: TopicValue): void {
    const { kind, id } = split(topic);
    if (kind === "cell") this.cell.value = value as CellView;
    else if (kind === "recovery") this.recovery.value = value as RecoveryView;
    else if (kind in this.tables) this.table(kind).value = new Map(this.table(kind).value).set(id, value);
  }

  private drop(topic: string): void {
    const { kind, id } = split(topic);
    if (kind === "cell") this.cell.value = null;
    else if (kind === "recovery") this.recovery.value = null;
    else if (kind in this.tables) {
      const rows = new Map(this.table(kind).value);
      rows.delete(id);
      this.table(kind).value = rows;
    }
  }

  private table(kind: string): Signal<Table<unknown>> {
    const table = this.tables[kind];
    if (!table) throw new Error(`no table for topics of kind ${kind}`);
    return table;
  }
}

function split(topic: string): { kind: string; id: string } {
  const slash = topic.indexOf("/");
  return slash < 0 ? { kind: topic, id: "" } : { kind: topic.slice(0, slash), id: topic.slice(slash + 1) };
}
