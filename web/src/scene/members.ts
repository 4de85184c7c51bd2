/** What is in the scene, whoever looks at it: kept up to date from the cell's state; drawn by a stage, onto a camera's picture, or in a headset. */

import { effect } from "@preact/signals";
import { Group, Vector3 } from "three";
import { deviationWords } from "../card/deviation";
import { serverNow } from "../clock";
import { robotCondition } from "../common/safety";
import type { Freshness, PoseStream } from "../poses";
import { calm } from "../settings";
import type { Store } from "../store";
import type { Card, LiveLook, Pose, SceneView, Vector } from "../wire";
import { best, number, text, words } from "../words";
import { Bins } from "./bins";
import { Deviation } from "./deviation";
import { Ghost } from "./ghost";
import { Intent } from "./intent";
import type { Lettering } from "./labels";
import { Layers, type Layer } from "./layers";
import { EndPose } from "./end_pose";
import { legOf, tipAtEnd } from "./leg";
import { Floor, lights, palette, type Palette } from "./look";
import { Marks } from "./marks";
import { Parts } from "./parts";
import { vector } from "./pose";
import { Robot } from "./robot";
import { Stands } from "./stands";

export interface MembersOptions {
  view: SceneView;
  store: Store;
  poses: PoseStream;
  /** The worker place whose card is shown in the scene; null where nobody works. */
  place: string | null;
  layers: ReadonlySet<Layer>;
  labels: Lettering;
  /** Where the stylesheet's colours are read. */
  host: Element;
  /** How bright the sky is. */
  sky: number;
  /** Called whenever something is to be drawn anew. */
  changed: () => void;
}

/** What `update` found. */
export interface Going {
  /** In how many seconds the ghost moves again; 0 while it flies, null: never. */
  flying: number | null;
  /** Whether the robot's bead is under way. */
  going: boolean;
  /** Whether poses still change. */
  live: boolean;
}

const TOP_M = 0.04;
const HAZARDS = ["danger", "warning", "caution", "notice"] as const;
const LATER_M = 0.15; // nearer to where the robot stands next nobody could tell its words from those about later
const SAID_M = 0.05; // above what the robot is said to do
const HAZARD_STEP_M = 0.05;

export class Members {
  /** The cell's frame: metres, z up. */
  readonly world = new Group();
  readonly floor: Floor;
  readonly robot: Robot;
  readonly parts: Parts;
  readonly ghost: Ghost;
  readonly marks: Marks;
  readonly deviation: Deviation;
  readonly intent: Intent;
  readonly endPose: EndPose;
  readonly stands: Stands;
  readonly bins: Bins;
  readonly layers: Layers;
  card: Card | null = null;
  private look: LiveLook | null = null;
  private readonly planned = new Group();
  private shown: ReadonlySet<Layer>;
  private real = false;
  private precise = true;
  private readonly ends: (() => void)[];

  constructor(
    private readonly options: MembersOptions,
    /** The middle of the work: light falls there. */
    private readonly centre: Vector3,
  ) {
    const { view, store, poses, place, labels, host, changed } = options;
    const colours = palette(host);
    this.floor = new Floor(colours);
    this.robot = new Robot(view.links, colours);
    this.parts = new Parts(colours, changed);
    this.ghost = new Ghost(colours, changed);
    this.marks = new Marks(colours);
    this.deviation = new Deviation(colours);
    this.intent = new Intent(colours);
    this.endPose = new EndPose(view.links, colours);
    this.stands = new Stands(view, colours);
    this.bins = new Bins(view.bins, colours, () => this.point());
    this.layers = new Layers(view, colours, labels);
    this.shown = options.layers;
    for (const { object } of [this.floor, this.stands, this.bins, this.robot, this.parts, this.layers, this.intent, { object: this.planned }, this.marks, this.ghost, this.deviation]) this.world.add(object);
    this.planned.add(this.endPose.object);
    this.world.add(lights(centre, options.sky));
    this.ends = [
      effect(() => {
        this.parts.set(store.parts.value);
        changed();
      }),
      effect(() => {
        this.bins.fill(store.bins.value);
        changed();
      }),
      effect(() => {
        this.card = place === null ? null : (store.cards.value.get(place) ?? null);
        words.value; // labels follow the language
        this.look = this.card && store.looks.of(this.card);
        this.point();
      }),
      effect(() => {
        const intent = store.robot.value?.intent ?? null;
        const now = (link: string): Pose | null => poses.at("robot", link, performance.now() / 1000);
        const tip = now("tcp");
        this.intent.set(intent, () => legOf(intent?.preview ?? [], tip && vector(tip.p), intent && tipAtEnd(intent, view.links, now)));
        this.endPose.set(intent, now);
        this.name();
      }),
      poses.listen(changed),
    ];
    this.show(options.layers);
  }

  /** Where the card's step happens, metres in the cell's frame; null where the card is about no place. */
  get goal(): Vector3 | null {
    const { card } = this;
    const pose = this.busy ? (card?.ghost?.end ?? card?.focus) : null;
    return pose ? vector(pose.p) : null;
  }

  show(layers: ReadonlySet<Layer>): void {
    this.shown = layers;
    this.layers.show(layers);
    this.visible();
    this.name();
  }

  /** Draw onto the real cell: what really stands there is not drawn again. */
  onto(real: boolean): void {
    this.real = real;
    this.visible();
  }

  /** Whether what must be in its exact place is drawn. */
  exact(precise: boolean): void {
    if (precise === this.precise) return;
    this.precise = precise;
    this.visible();
    this.point();
    this.name();
  }

  /** Move on to `now_ms`. */
  update(now_ms: number): Going {
    const { poses } = this.options;
    const now_s = now_ms / 1000;
    const still = calm();
    const freshness: Freshness = this.robot.update(poses, now_s);
    this.parts.update(poses, now_s);
    const flying = this.ghost.update(now_s, still);
    const going = this.intent.update(serverNow(), still);
    this.endPose.update(serverNow());
    this.tell(freshness === "lost");
    return { flying, going, live: poses.moving("robot", now_s) || poses.moving("parts", now_s) };
  }

  recolour(): void {
    const colours: Palette = palette(this.options.host);
    for (const member of [this.floor, this.stands, this.robot, this.parts, this.marks, this.deviation, this.intent, this.endPose, this.bins, this.layers]) member.recolour(colours);
    this.ghost.recolour(colours, performance.now() / 1000);
    this.point();
  }

  dispose(): void {
    for (const end of this.ends) end();
    this.options.labels.drop("");
  }

  /** Where whoever sees the card stands. */
  private get stand(): Pose | null {
    const { view, place } = this.options;
    return (place === null ? null : view.places[place]) ?? null;
  }

  /** How far the part is off: as it is looked at now, else as the last check has measured it. */
  private get off(): Vector | null {
    const { look, card } = this;
    if (!look || look.paused) return card?.offset_mm ?? null;
    return look.verdict === "displaced" ? look.offset_mm : null;
  }

  private get busy(): boolean {
    return this.card !== null && ["step", "attention", "checking"].includes(this.card.status);
  }

  private visible(): void {
    const { real, precise, shown } = this;
    for (const { object } of [this.floor, this.robot, this.parts, this.stands]) object.visible = !real;
    this.bins.object.visible = !real && shown.has("bins");
    this.layers.object.visible = precise;
    for (const drawn of [this.intent.object, this.planned]) drawn.visible = precise && shown.has("intent");
    this.marks.object.visible = precise;
    this.deviation.object.visible = precise;
    this.ghost.object.visible = precise;
    this.options.changed();
  }

  /** Point at what the card is about. */
  private point(): void {
    const { card } = this;
    const { labels } = this.options;
    const { scene, card: say, deviation } = words.value;
    const ghost = card && this.busy ? card.ghost : null;
    const goal = ghost?.end ?? (card && this.busy ? card.focus : null);
    const off = this.busy ? this.off : null;
    const bin = card && this.busy && card.bin ? (this.bins.boxes.get(card.bin) ?? null) : null;
    this.ghost.set(ghost, performance.now() / 1000);
    this.marks.set(bin, ghost ? null : goal);
    this.deviation.set(off, goal);
    labels.drop("card:");
    if (this.precise && goal) {
      const at = vector(goal.p).add(new Vector3(0, 0, TOP_M));
      const { tip } = this.deviation;
      if (this.look?.verdict === "ok" && !this.look.paused) labels.put("card:goal", words.value.live.within, at, "goal");
      else if (off && tip) {
        labels.put("card:off", deviationWords(off, goal, this.stand, deviation, (mm) => number(mm, 1)), tip, "off");
      } else labels.put("card:goal", scene.goal, at, "goal");
      if (tip) at.setZ(Math.max(at.z, tip.z));
      const hazards = Object.entries(card?.hazards ?? {}).sort(([, a], [, b]) => HAZARDS.indexOf(b) - HAZARDS.indexOf(a));
      hazards.forEach(([name, level], i) => {
        const told = best(card?.words ?? {})?.hazards[name] ?? name;
        labels.put(`card:hazard:${name}`, `${say.signal[level]}: ${told}`, at.clone().add(new Vector3(0, 0, HAZARD_STEP_M * (i + 1))), level);
      });
    }
    if (this.precise && bin && card?.status === "step") labels.put("card:bin", scene.take, bin.getCenter(new Vector3()).setZ(bin.max.z + 0.02), "take");
    this.options.changed();
  }

  /** Say in the scene what the robot is about to do; at a place, where it stands, why, and what a person can do: other pages list it. */
  private name(): void {
    const { labels, place, poses, store } = this.options;
    const { end } = this.intent;
    const { words: said, held } = robotCondition();
    const intent = held === null || store.cell.value?.retreat?.motion ? store.robot.value?.intent : null;
    labels.drop("intent");
    labels.drop("stands");
    const here = held === null || intent || place === null ? null : poses.at("robot", "tcp", performance.now() / 1000);
    if (here) labels.put("stands", [said, held].filter(Boolean).join(". "), vector(here.p).add(new Vector3(0, 0, SAID_M)), "lost");
    if (this.precise && intent && end && this.shown.has("intent")) {
      const asked = held === null || !intent.proposed ? said : words.value.robot.proposes(text(intent.text), intent.needs - intent.approved_by.length);
      labels.put("intent", asked, end.clone().add(new Vector3(0, 0, SAID_M)), "intent");
      const { last } = this.intent;
      if (last && last.distanceTo(end) > LATER_M) labels.put("intent:later", words.value.scene.later, last.clone().add(new Vector3(0, 0, SAID_M)), "later");
    }
    this.options.changed();
  }

  private tell(lost: boolean): void {
    const { labels, view } = this.options;
    if (lost && view.links.length > 0) {
      labels.put("lost", words.value.robot.unseen, this.centre.clone().add(new Vector3(-0.2, 0, 0.4)), "lost");
    } else labels.drop("lost");
  }
}
