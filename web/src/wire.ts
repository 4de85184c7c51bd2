// Generated from orchestrator/wire.py by `python -m orchestrator.http.schema --typescript`. Do not edit.

export const SUBPROTOCOL = "tandem.v1";
export const SLOW_CLIENT = 4008;

/** What a device may keep and hand in later. */
export const KEPT = ["confirm_step", "confirm_undo", "report_problem"] as const;

export type Vector = [number, number, number];

/** Unit quaternion (w, x, y, z). */
export type Quaternion = [number, number, number, number];

/** The state by topic. */
export interface Topics {
  cell?: CellView;
  [topic: `order/${string}`]: OrderView;
  [topic: `unit/${string}`]: UnitView;
  [topic: `step/${string}`]: StepView;
  [topic: `lane/${string}`]: LaneView;
  [topic: `card/${string}`]: Card;
  [topic: `question/${string}`]: Question;
  [topic: `part/${string}`]: PartView;
  [topic: `bin/${string}`]: BinLevel;
  [topic: `trouble/${string}`]: TroubleView;
  recovery?: RecoveryView;
}

/**
 * A person says that the cell is clear after a stop or a restart.
 *
 * `n` is which alarm they were shown; from outside it must be there, 0 is whatever asks now.
 */
export interface Acknowledge {
  type: "acknowledge";
  n: number;
}

/** What became of a command. */
export interface Answer {
  id: string;
  ok: boolean;
  code: string;
  message: string;
  remedy: string;
  says: Record<string, string>;
  helps: Record<string, string>;
}

/** Somebody says that they are coming to the place `of` that called; from a place it is who works there. */
export interface AnswerHelp {
  type: "answer_help";
  of: string;
  place?: "" | string;
}

/** What became of this client's command. */
export interface AnswerMessage {
  v: 1;
  epoch: string;
  seq: number;
  t: number;
  type: "answer";
  payload: Answer;
}

/** A person lets a previewed motion go ahead; from a worker place it is the word of who works there. */
export interface ApproveMotion {
  type: "approve_motion";
  motion: string;
  place?: "" | string;
}

/** A value that the person gives. */
export interface Ask {
  value: string;
  spec: ValueSpec;
}

/** How much the robot may do without asking. */
export type Autonomy = "full" | "approve" | "single_step";

/** How many pieces a counted bin holds. A grid is emptied from its first slot on. */
export interface BinLevel {
  name: string;
  count: number;
  capacity: number;
  low: boolean;
}

/**
 * A supply bin: the part kinds in it and the slots' poses (one, the bin's own, when it has no grid).
 *
 * One whose parts lie loose, for a camera to find, has its corners in place of slots.
 */
export interface BinView {
  name: string;
  parts: string[];
  meshes: string[];
  slots: Pose[];
  grid: boolean;
  loose: boolean;
}

/** A fixed ChArUco board that a screen's camera may look at: what is printed, and its middle's pose, z out of it. */
export interface BoardView {
  name: string;
  squares: [number, number];
  square_m: number;
  marker_m: number;
  dictionary: string;
  pose: Pose;
}

/**
 * A command that is legal now, ready to be sent back with an id; `label` is a key of the screen's own words.
 *
 * `needs_shown`: whoever presses it says what shows that a result is right (field `shown`).
 * `about`: what it is about has this name; {} where the command's own ids say enough.
 * `not_by`: who would be refused, by pseudonym; to them it is not offered.
 */
export interface Button {
  label: string;
  command: Outside;
  needs_reason: boolean;
  needs_shown: boolean;
  danger: boolean;
  about: Record<string, string>;
  not_by: string[];
}

/** A camera and what is known of it. `why` says why none of its checks count now, "" where they do. */
export interface CalibratedView {
  camera: string;
  fixed: boolean;
  calibration: string;
  parts: ("intrinsics" | "extrinsics" | "hand_eye")[];
  made_t: number;
  by: string;
  max_age_h: number | null;
  age_h: number | null;
  last_check: CalibrationCheck | null;
  checked_by: string;
  boards: string[];
  why: string;
}

/** A look at a fixed board: how far it seems from its place through this calibration, UTC s. */
export interface CalibrationCheck {
  camera: string;
  calibration: string;
  t: number;
  off_mm: number;
  off_deg: number;
  rms_px: number;
  pictures: number;
  ok: boolean;
  by: string;
}

/** The person at a place calls for somebody to come; the step that they are at stays theirs. */
export interface CallHelp {
  type: "call_help";
  place: string;
}

/** What a person at a place sees and may do now. */
export interface Card {
  place: string;
  status: "away" | "idle" | "step" | "checking" | "attention" | "blocked" | "done";
  note: Record<string, string>;
  unit: string;
  unit_n: number;
  order: string;
  quantity: number;
  step: string;
  attempt: number;
  k: number;
  n: number;
  words: Record<string, StepWords>;
  hazards: Record<string, "danger" | "warning" | "caution" | "notice">;
  asks: Ask[];
  lots: string[];
  photo: boolean;
  tool: string;
  bin: string;
  part_name: Record<string, string>;
  qty: number;
  ghost: Ghost | null;
  focus: Pose | null;
  offset_mm: Vector | null;
  live: boolean;
  together: boolean;
  paused_t: number | null;
  paused_s: number;
  started_t: number | null;
  expected_s: number | null;
  overdue: "" | "remind" | "offer" | "ask";
  buttons: Button[];
  upcoming: Record<string, string>[];
}

/** PackML commands; `settle` is the state-complete of a transient state and comes from the engine alone. */
export type CellVerb = "start" | "hold" | "unhold" | "suspend" | "unsuspend" | "stop" | "abort" | "clear" | "reset" | "complete" | "settle";

/**
 * The cell at a glance. `reasons` says in words why the robot does not move; empty when it may.
 *
 * `manual_reasons` says the same of moving it by hand, `manual_by` who does so now; taught poses by name. `approvals`:
 * how many people must approve a motion that is asked for. `rehearsal`: the arm is not simulated, all else is.
 * `supervised`: nobody tells the robot's safety state, so `safety` says only that it is heard of.
 */
export interface CellView {
  name: string;
  state: string;
  mode: string;
  safety: string;
  autonomy: string;
  reason: string;
  reasons: string[];
  condition: Condition;
  simulated: boolean;
  acknowledged: boolean;
  buttons: Button[];
  places: string[];
  robots: string[];
  manual_reasons: string[];
  manual_by: string;
  taught: string[];
  contradictions: Contradiction[];
  retreat: RetreatView | null;
  approvals: number;
  four_eyes: boolean;
  rehearsal: boolean;
  supervised: boolean;
}

/** A PackML command to the cell. */
export interface ChangeCell {
  type: "change_cell";
  verb: CellVerb;
  reason?: string;
}

/** Start, pause, resume, stop, abort, cancel or clear an order. */
export interface ChangeOrder {
  type: "change_order";
  order: string;
  verb: OrderVerb;
  reason?: string;
}

/**
 * A person answers the question that a failed step raised.
 *
 * `part_out`: they have looked, and what somebody, or the gripper as the orchestrator stopped, had in hand before is
 * not in its place. It must be said where no camera looks and others, or the robot, go on with it, and where a result
 * is taken back of which nobody knows whether its part is in. `shown`: what shows that a result that is forced is
 * right (a gauge and its figure, who looked); it must be said where nothing was measured. `answers` is the question
 * that was shown; from outside it must be there, "" is the one that stands now.
 */
export interface Choose {
  type: "choose";
  unit: string;
  step: string;
  attempt: number;
  choice: "retry" | "recheck" | "other_actor" | "rework" | "wait" | "skip" | "force" | "scrap" | "abort";
  rework?: string | null;
  reason?: string;
  part_out?: boolean;
  shown?: string;
  answers: string;
}

/** A breakpoint shall stop nobody any more. */
export interface ClearBreakpoint {
  type: "clear_breakpoint";
  order: string;
  step: string;
  unit?: "" | string;
}

/**
 * A person says that nobody is at what was taken from the hands of a place: the robot may go there.
 *
 * `n` is which time the place was shown to be unclear; from outside it must be there, 0 is as it stands now.
 */
export interface ClearPlace {
  type: "clear_place";
  place: string;
  n: number;
}

export type ClientMessage =
  | Hello
  | CommandMessage
  | Follow
  | Ping;

/**
 * A client asks for a command; who asks is the server's to say.
 *
 * `kept`: the client kept it while it had no line, and hands it in now.
 */
export interface CommandMessage {
  type: "command";
  v?: 1;
  id: string;
  command: Outside;
  kept?: Kept | null;
}

/**
 * Why the cell stands or waits: what its transient state waits for, the first reason, what went wrong since.
 *
 * `not_moving` is the cell's `reasons`, to be said in the reader's language.
 */
export interface Condition {
  waits: Record<string, string>;
  reason: Record<string, string>;
  trouble: Record<string, string>[];
  not_moving: Reason[];
  pauses: PauseView[];
}

/**
 * A person says that the step's result is there, with what they measured and which lots they used.
 *
 * `operator` is whom the card was shown to, "" whoever is signed in at the place. `photo` is the SHA-256 of the
 * picture that they took, as it was kept, "" where none is wanted.
 */
export interface ConfirmStep {
  type: "confirm_step";
  unit: string;
  step: string;
  attempt: number;
  place: string;
  values?: Record<string, number | string | boolean>;
  lots?: Record<string, string>;
  operator?: string;
  photo?: string;
}

/** A person, as of `ConfirmStep`, says that a result is taken back: its part is off, and out of the unit. */
export interface ConfirmUndo {
  type: "confirm_undo";
  unit: string;
  step: string;
  attempt: number;
  place: string;
  operator?: string;
}

/** A part of which the sources say otherwise ("" where it has no name), and how that is settled. */
export interface Contradiction {
  part: string;
  title: Record<string, string>;
  says: Said[];
  settle: Record<string, string>;
  since_t: number;
  buttons: Button[];
}

/** What has become of a press that brings the arm to its next pose: it moves, is there, or is over, and why. */
export interface DriveView {
  state: "moving" | "arrived" | "over";
  code: string;
  message: string;
  remedy: string;
}

/** A topic is no more. */
export interface Drop {
  topic: string;
}

/** A topic is no more. */
export interface DropMessage {
  v: 1;
  epoch: string;
  seq: number;
  t: number;
  type: "drop";
  payload: Drop;
}

/** A figure of a result, its unit in its name; `most` is what it may be at most, None where nothing is demanded. */
export interface Figure {
  name: string;
  value: number;
  most: number | null;
}

/**
 * A client wants live looks at the part that somebody at a place corrects in an attempt, and asks so every 4 s.
 *
 * They end 10 s after the last such message, with the step, and where `step` is "".
 */
export interface Follow {
  type: "follow";
  v?: 1;
  place?: string;
  unit?: string;
  step?: string;
  attempt?: number;
}

/** A calibration that was computed and does not count yet. */
export interface Found {
  id: string;
  figures: Figure[];
  moved_mm: number;
  moved_deg: number;
}

/** The part to place: its mesh flies from the bin to the seat. Poses in the world frame. */
export interface Ghost {
  part: string;
  kind: string;
  mesh: string;
  start: Pose | null;
  end: Pose;
}

/**
 * The person at a place, whose step takes too long, lets the robot do it: their hands are out of its way.
 *
 * `part_out`: they say as well that its part is not in; it must be said where no camera looks.
 */
export interface GiveStep {
  type: "give_step";
  unit: string;
  step: string;
  attempt: number;
  place: string;
  part_out?: boolean;
}

/** One line of the event list. */
export interface Happened {
  seq: number;
  t: number;
  type: string;
  subject: string;
  text: string;
  says: Record<string, string>;
}

/** A new line of the event list. */
export interface HappenedMessage {
  v: 1;
  epoch: string;
  seq: number;
  t: number;
  type: "happened";
  payload: Happened;
}

/** What the gripper holds; not `certain` where ledger and gripper don't agree. */
export interface HeldView {
  part: string;
  unit: string;
  name: Record<string, string>;
  certain: boolean;
}

/** A client introduces itself, with what it saw last. */
export interface Hello {
  type: "hello";
  v?: 1;
  epoch?: string;
  seq?: number;
  poses?: boolean;
  place?: string;
  device?: string;
}

/**
 * Whether the person at a place calls for help: since when, and who is coming ("" where nobody knows who).
 *
 * `own` is what may be said at that place, `others` what anybody else may say.
 */
export interface HelpView {
  since_t: number | null;
  coming: string;
  coming_t: number | null;
  own: Button[];
  others: Button[];
}

/**
 * What the robot is about to do or does: the TCP's way and its end, and how long it takes.
 *
 * The arm begins at `begins_t` (s, the cell's time; None while that is not known) and stands at the end as the drawn
 * links in `end`, ordered as the scene's. While it is `proposed` it waits for `needs` different people; `approved_by`
 * have said yes. `supervised` is the skill's reason for asking, "" where the level of autonomy asks; `released_by` who
 * let its step begin, where the cell wants another person to approve.
 */
export interface Intent {
  motion: string;
  text: Record<string, string>;
  preview: Pose[];
  duration_s: number;
  started_t: number;
  proposed: boolean;
  buttons: Button[];
  needs: number;
  approved_by: string[];
  supervised: string;
  released_by: string;
  begins_t: number | null;
  end: Pose[];
}

/** A person comes to a worker place. */
export interface JoinPlace {
  type: "join_place";
  place: string;
  operator: string;
  qualifications?: string[];
}

/** A device kept this command while it had no line: whose word it is, and when they gave it (s, UTC). */
export interface Kept {
  operator: string;
  t: number;
}

/**
 * What one actor does now; with a button where its next step waits for a person to say next.
 *
 * `ahead` is what comes next for it, as of the last step that began or ended; none while the cell or the unit stands.
 */
export interface LaneView {
  actor: string;
  kind: "robot" | "human";
  operator: string;
  status: "away" | "idle" | "working" | "checking" | "waiting" | "attention";
  text: Record<string, string>;
  unit: string;
  step: string;
  started_t: number | null;
  expected_s: number | null;
  paused_t: number | null;
  paused_s: number;
  pausing: Button[];
  intent: Intent | null;
  help: HelpView | null;
  buttons: Button[];
  ahead: Planned[];
}

/** The person leaves the worker place. */
export interface LeavePlace {
  type: "leave_place";
  place: string;
}

/** A link of the robot; its pose comes in the pose stream under its name. */
export interface LinkView {
  name: string;
  bodies: Primitive[];
}

/**
 * How far off a part is while a person moves it, as a camera has just seen it. No check: that decides.
 *
 * `verdict` is "" until there is one. `paused`: a look that counts comes first. `offset_mm` is in the axes of the
 * card's `focus`; `turn_deg`, about the same axes, is there where it is turned too far. `text` says what is seen
 * instead, or what keeps it from being seen.
 */
export interface LiveLook {
  unit: string;
  step: string;
  attempt: number;
  verdict: "" | "ok" | "displaced" | "missing" | "flipped" | "wrong" | "cannot_see";
  paused: boolean;
  offset_mm: Vector | null;
  turn_deg: Vector | null;
  text: Record<string, string>;
}

/**
 * What a camera sees now: nothing of it is taken in. `why` says why it could not be, "" where it could.
 *
 * `jpeg` is base64, "" where no picture came.
 */
export interface LiveView {
  jpeg: string;
  corners_px: [number, number][];
  of: number;
  code: string;
  why: string;
  remedy: string;
}

/**
 * A result that was interrupted, as the camera saw it afterwards; `verdict` is "" while it looks.
 *
 * `waits`: the arm must move first, out of the way or with the camera, which it does once the cell goes on.
 */
export interface LookedView {
  unit: string;
  step: string;
  title: Record<string, string>;
  verdict: string;
  waits: boolean;
  offset_mm: Vector | null;
  evidence: string;
}

/** Cell modes. */
export type Mode = "production" | "manual" | "maintenance";

/** Open or close the gripper by hand, in manual mode. */
export interface MoveGripper {
  type: "move_gripper";
  close: boolean;
}

/** Verbs of ISA-95 job control; `end` comes from the engine when the last unit has left. */
export type OrderVerb = "start" | "pause" | "resume" | "stop" | "abort" | "cancel" | "clear" | "end";

/** An order and how far it is; `breakpoints` are steps that wait for a word in every unit of it. */
export interface OrderView {
  id: string;
  product: string;
  options: Record<string, unknown>;
  quantity: number;
  started: number;
  done: number;
  scrapped: number;
  state: string;
  due_t: number | null;
  buttons: Button[];
  breakpoints: string[];
}

export type Outside =
  | ChangeOrder
  | ChangeCell
  | SetMode
  | SetAutonomy
  | Pause
  | Resume
  | JoinPlace
  | LeavePlace
  | ConfirmStep
  | ReportProblem
  | CallHelp
  | AnswerHelp
  | WithdrawHelp
  | Choose
  | GiveStep
  | TakeStep
  | ClearPlace
  | UndoStep
  | Rewind
  | ConfirmUndo
  | StopRewind
  | RefillBin
  | TakePart
  | SettlePart
  | Acknowledge
  | ApproveMotion
  | RefuseMotion
  | ReleaseStep
  | SetBreakpoint
  | ClearBreakpoint
  | MoveGripper
  | Retreat
  | StopRetreat;

/** A part instance as the ledger knows it. `pose` is in the world; parts in a gripper follow the pose stream. */
export interface PartView {
  id: string;
  kind: string;
  mesh: string;
  pose: Pose;
  holder: string;
  certainty: string;
  source: string;
}

/** Bring the cell, or one lane, to speed zero on the same plan; nothing new begins there. Orders: `change_order`. */
export interface Pause {
  type: "pause";
  what: "cell" | "lane";
  name?: "" | string;
  reason?: string;
}

/**
 * What is paused, since when, and when that becomes a hold (None: it does not). `robot`: it keeps the robot still.
 *
 * `target` is `cell`, `lane/` and whose, or `order/` and which.
 */
export interface PauseView {
  target: string;
  text: Record<string, string>;
  by: string;
  reason: string;
  since_t: number;
  until_t: number | null;
  robot: boolean;
}

/** A client asks whether the server is there. */
export interface Ping {
  type: "ping";
  v?: 1;
}

/** A step that has not begun: from when until when (s, UTC) a lane is at it, if everybody keeps to their times. */
export interface Planned {
  unit: string;
  step: string;
  from_t: number;
  to_t: number;
}

/** The server is there: the answer to a ping, and the end of a catch-up. */
export interface PongMessage {
  v: 1;
  epoch: string;
  seq: number;
  t: number;
  type: "pong";
  payload: null;
}

/**
 * A rigid transform: where a frame sits in its parent.
 *
 * `p` is the position in metres; `q` the unit quaternion (w, x, y, z).
 */
export interface Pose {
  p: Vector;
  q: Quaternion;
}

/**
 * Latest poses of one topic, by link or part name; of the robot also its TCP, its joints and its fingers.
 *
 * A topic that begins with `look/` has a live look in place of poses; it is the whole of it, and ends unsaid.
 */
export interface PoseFrame {
  topic: string;
  t: number;
  poses: Record<string, Pose>;
  joints_rad: number[];
  opening_m: number;
  look: LiveLook | null;
}

/** Poses that changed since the last such message of this topic; none at all: everything stands still. */
export interface PoseMessage {
  v: 1;
  epoch: string;
  seq: number;
  t: number;
  type: "pose";
  payload: PoseFrame;
}

/**
 * A drawable body, in its link's frame.
 *
 * `size_m` holds a box's edges, a cylinder's radius and length along z, or a sphere's radius.
 */
export interface Primitive {
  shape: "box" | "cylinder" | "sphere";
  size_m: Vector;
  pose: Pose;
  role: string;
}

/** A topic has this value from now on. */
export type Put =
  | { topic: "cell"; value: CellView }
  | { topic: `order/${string}`; value: OrderView }
  | { topic: `unit/${string}`; value: UnitView }
  | { topic: `step/${string}`; value: StepView }
  | { topic: `lane/${string}`; value: LaneView }
  | { topic: `card/${string}`; value: Card }
  | { topic: `question/${string}`; value: Question }
  | { topic: `part/${string}`; value: PartView }
  | { topic: `bin/${string}`; value: BinLevel }
  | { topic: `trouble/${string}`; value: TroubleView }
  | { topic: "recovery"; value: RecoveryView };

/** A topic has a new value. */
export interface PutMessage {
  v: 1;
  epoch: string;
  seq: number;
  t: number;
  type: "put";
  payload: Put;
}

/** A step that needs a person's decision. */
export interface Question {
  unit: string;
  step: string;
  attempt: number;
  title: Record<string, string>;
  reason: Record<string, string>;
  remedy: Record<string, string>;
  offset_mm: Vector | null;
  evidence: string;
  since_t: number;
  buttons: Button[];
}

/**
 * Why the robot does not move: a code with its parameters for a screen's own words, and the words of the cell.
 *
 * Codes: cell {state}, suspended, mode {mode}, safety {safety}, acknowledge, by_hand {who}, approval {motion, more},
 * zone {zone, who, unit, step}, unclear {zone, place}, single_step and breakpoint {unit, step},
 * device {device, unit, step}, screen {place, unit, step}, paused {what, name}; "" where there is none.
 */
export interface Reason {
  code: string;
  parameters: Record<string, string>;
  text: Record<string, string>;
}

/** What there is to recover from: since when the robot stands, what is held, what was seen since. */
export interface RecoveryView {
  since_t: number;
  held: HeldView | null;
  looked: LookedView[];
}

/** A person filled a bin up to `count` pieces. */
export interface RefillBin {
  type: "refill_bin";
  bin: string;
  count: number;
  lot?: string;
}

/** A person says of a previewed motion: not like this. It will not run, and its step becomes a question. */
export interface RefuseMotion {
  type: "refuse_motion";
  motion: string;
  reason?: string;
  place?: "" | string;
}

/** A message of this client could not be understood; nothing was changed. `payload.id` is "" where none was read. */
export interface RefusedMessage {
  v: 1;
  epoch: string;
  seq: number;
  t: number;
  type: "refused";
  payload: Answer;
}

/** How a screen finds the real cell: points to touch by name, a board to look at; and how exactly it must know. */
export interface RegistrationView {
  max_off_m: number;
  max_age_s: number;
  touch: Record<string, Vector>;
  board: BoardView | null;
}

/**
 * A person says next: a step that waits for that word may begin. `attempt` is its last one so far.
 *
 * From a worker place it is the word of who works there.
 */
export interface ReleaseStep {
  type: "release_step";
  unit: string;
  step: string;
  attempt: number;
  place?: "" | string;
}

/** A person says that the step can't be done. */
export interface ReportProblem {
  type: "report_problem";
  unit: string;
  step: string;
  attempt: number;
  place: string;
  code?: string;
  note?: string;
}

/** End a pause: go on with the same plan. */
export interface Resume {
  type: "resume";
  what: "cell" | "lane";
  name?: "" | string;
}

/**
 * A person wants the arm of a held cell out of where it is: it is planned and previewed, and moves when approved.
 *
 * The approval (`approve_motion`) is the word that nobody is in its way, and is asked for at every level of autonomy.
 */
export interface Retreat {
  type: "retreat";
}

/**
 * How a retreat of the arm stands in a held or stopped cell; its way is the robot's `intent`.
 *
 * `refused` says why it may not be asked for now; `outcome`, `code` and `ended` how the last one ended, and why.
 */
export interface RetreatView {
  status: "none" | "planning" | "previewed" | "moving" | "stopping" | "ended";
  by: string;
  motion: string;
  text: Record<string, string>;
  refused: Reason[];
  outcome: string;
  code: string;
  ended: Record<string, string>;
  buttons: Button[];
}

/**
 * Go back to before a step: what builds on it is taken back first, result after result, by a person.
 *
 * `todo` are the steps whose results were shown to go, in that order; from outside they must be there, () is what
 * must go as it stands now.
 */
export interface Rewind {
  type: "rewind";
  unit: string;
  step: string;
  reason?: string;
  todo: string[];
}

/** What going back to before a step means, last built first; `refused`, in each language `why`: it can't be done. */
export interface RewindView {
  unit: string;
  to: string;
  refused: string;
  why: Record<string, string>;
  undo: UndoView[];
}

/** A unit that goes back to before step `to`: how many results are still to be taken back, and why nobody does. */
export interface Rewinding {
  to: string;
  left: number;
  text: Record<string, string>;
  waits: Record<string, string>;
  buttons: Button[];
}

/** What one source says of a part. */
export interface Said {
  source: "ledger" | "gripper" | "camera" | "person";
  text: Record<string, string>;
}

/** What stands still in the cell. */
export interface SceneView {
  cell: string;
  links: LinkView[];
  frames: Record<string, Pose>;
  nests: Record<string, string[]>;
  zones: Record<string, [Vector, Vector]>;
  bins: BinView[];
  cameras: Record<string, Pose>;
  places: Record<string, Pose>;
  registration: RegistrationView;
  names: Record<string, Record<string, string>>;
}

export type ServerMessage =
  | SnapshotMessage
  | PutMessage
  | DropMessage
  | HappenedMessage
  | PoseMessage
  | AnswerMessage
  | RefusedMessage
  | PongMessage;

/** A calibration under way. */
export interface SessionView {
  id: string;
  camera: string;
  method: "intrinsics" | "extrinsics" | "hand_eye";
  board: string;
  by: string;
  size_px: [number, number];
  simulated: boolean;
  taken: Taken[];
  covered: number;
  cells: number[][];
  places: string[];
  next: Spot | null;
  wants: Want[];
  found: Found | null;
}

/** Say how much the robot may do without asking. */
export interface SetAutonomy {
  type: "set_autonomy";
  autonomy: Autonomy;
}

/** A step, or all of an `each` group by its name, shall wait for a word: in all units of an order, or in one. */
export interface SetBreakpoint {
  type: "set_breakpoint";
  order: string;
  step: string;
  unit?: "" | string;
}

/** Switch between production, manual and maintenance. */
export interface SetMode {
  type: "set_mode";
  mode: Mode;
}

/** A person has looked: a doubtful part is where the ledger has it. */
export interface SettlePart {
  type: "settle_part";
  part: string;
}

/** Everything, for a client that is new or was away too long. */
export interface Snapshot {
  topics: Topics;
  log: Happened[];
}

/** Forget what you had: this is everything. */
export interface SnapshotMessage {
  v: 1;
  epoch: string;
  seq: number;
  t: number;
  type: "snapshot";
  payload: Snapshot;
}

/**
 * Where to bring the board for the next picture: in the picture (intrinsics) or at a frame (extrinsics).
 *
 * With hand_eye it stays at the frame, and the arm goes where the camera sees it so.
 */
export interface Spot {
  side: "left" | "middle" | "right";
  level: "upper" | "middle" | "lower";
  far_mm: number;
  tilt_deg: number;
  place: string;
  outline_px: [number, number][];
}

/** One step of a unit in work. */
export interface StepView {
  unit: string;
  id: string;
  group: string;
  k: number;
  n: number;
  index: number;
  title: Record<string, string>;
  status: string;
  who: ("robot" | "human")[];
  together: boolean;
  actors: string[];
  attempt: number;
  after: string[];
  started_t: number | null;
  ended_t: number | null;
  expected_s: number | null;
  offset_mm: Vector | null;
  verdict: string;
  waived: boolean;
  breakpoint: boolean;
  buttons: Button[];
  overdue: "" | "remind" | "offer" | "ask";
  photo: string;
}

/** The words of a step in one language. */
export interface StepWords {
  title: string;
  do: string;
  more: string;
  ask: Record<string, string>;
  hazards: Record<string, string>;
  media: Record<string, string>;
  captions: Record<string, string>;
}

/** The arm shall stand: a retreat under way is stopped, one that is previewed is dropped. */
export interface StopRetreat {
  type: "stop_retreat";
}

/** Go back no further. */
export interface StopRewind {
  type: "stop_rewind";
  unit: string;
  reason?: string;
}

/** A person has taken a part out of the gripper or the cell; it will not be used. */
export interface TakePart {
  type: "take_part";
  part: string;
}

/** The person at a place takes over what another has in hand for too long. */
export interface TakeStep {
  type: "take_step";
  unit: string;
  step: string;
  attempt: number;
  place: string;
}

/** A picture of a session with the board in it, and where its corners are. */
export interface Taken {
  number: number;
  place: string;
  corners_px: [number, number][];
  of: number;
  far_mm: number;
  tilt_deg: number;
  rms_px: number;
}

export type TopicValue =
  | CellView
  | OrderView
  | UnitView
  | StepView
  | LaneView
  | Card
  | Question
  | PartView
  | BinLevel
  | TroubleView
  | RecoveryView;

/** A part of the system that is dead or lies; `about` names which (a camera, a place), `detail` is its own words. */
export interface TroubleView {
  kind: "journal" | "camera" | "evidence" | "world" | "clock" | "device" | "skill" | "motion" | "schedule" | "signing";
  about: string;
  detail: string;
  since_t: number;
}

/**
 * A person has taken a done step back, with all that builds on it.
 *
 * `part_out`: they have looked, and its part is not in any more; a robot may put the next one there at once.
 * `attempt`: the one that they saw done, 0 where they do not say: a later one is not taken back by its word.
 */
export interface UndoStep {
  type: "undo_step";
  unit: string;
  step: string;
  attempt?: number;
  reason?: string;
  part_out?: boolean;
}

/** One result that must be taken back: by a person, or by nobody where it is only measured again. */
export interface UndoView {
  step: string;
  title: Record<string, string>;
  text: Record<string, string>;
  by: "person" | "nobody";
  instruction: string;
  needs: string[];
  once: boolean;
  never: boolean;
}

/** A unit in work: how many of its steps are done, and its own breakpoints. */
export interface UnitView {
  id: string;
  order: string;
  n: number;
  nest: string;
  steps: number;
  done: number;
  started_t: number;
  breakpoints: string[];
  rewinding: Rewinding | null;
  left_s: number | null;
}

/** What a value must be. Numbers keep the author's unit, which is also the value name's suffix. */
export interface ValueSpec {
  kind: "claim" | "number" | "scan" | "choice";
  nominal: number | null;
  low: number | null;
  high: number | null;
  unit: string;
  pattern: string;
  choices: string[];
  passing: string[];
}

/** What is still missing: `more` pictures, tilted ones or other places; or corners `where` none were seen. */
export interface Want {
  what: "pictures" | "coverage" | "tilt" | "places";
  more: number;
  where: "" | "left" | "right" | "top" | "bottom";
  must: boolean;
}

/** The person at a place needs nobody any more: it was settled, or somebody has come. */
export interface WithdrawHelp {
  type: "withdraw_help";
  place: string;
}
