// Cards of every kind, as a cell would tell them, for tests that look at a page in each of its states.

const both = (en, de) => ({ en, de });
const button = (label, command, more = {}) => ({ label, command, needs_reason: false, needs_shown: false, danger: false, about: {}, not_by: [], ...more });
const words = (title, text, more, rest = {}) => ({ title, do: text, more, ask: {}, hazards: {}, media: {}, captions: {}, ...rest });
const spec = (kind, more = {}) => ({ kind, nominal: null, low: null, high: null, unit: "", pattern: "", choices: [], passing: [], ...more });

/** Every state of the card at a place: what topics the cell then tells. `step` is a card of the cell's own with a step on it. */
export function states(step, cellNow, robot) {
  const cell = { ...cellNow, state: "execute", safety: "normal", acknowledged: true, retreat: null, condition: { ...cellNow.condition, not_moving: [], pauses: [] } };
  const at = { unit: step.unit, step: step.step, attempt: step.attempt };
  const confirm = button("confirm", { type: "confirm_step", ...at, place: step.place, operator: "Kim" });
  const problem = button("problem", { type: "report_problem", ...at, place: step.place }, { needs_reason: true });
  const undo = button("undo", { type: "undo_step", unit: step.unit, step: "load" }, { needs_reason: true });
  const plain = { ...step, asks: [], lots: [], hazards: {}, offset_mm: null, note: {}, overdue: "", together: false, attempt: 1, live: false, started_t: null, buttons: [confirm, problem, undo] };
  const still = { ...robot, status: "idle", text: {}, intent: null, started_t: null };
  const press = {
    en: words("Press the lower bearing onto the shaft", "Turn the shaft over, press a bearing against the shoulder under the gear, and stand the shaft back.", "Press on the inner ring only, with the sleeve.", {
      hazards: { pinch: "Keep fingers out from under the ram. Work the lever with the other hand.", ram: "The ram falls when its lever is let go." },
      media: { "gear_reducer/press_lower.png": "The shaft turned over, a bearing above it" },
      ask: { torque_Nm: "Torque on the driver's display?", turning: "How does it turn?", snapped: "It has snapped in at both ends", code: "Code on the name plate" },
    }),
    de: words("Unteres Lager auf die Abtriebswelle pressen", "Welle umdrehen, ein Lager bis an den Bund unter dem Zahnrad pressen, Welle wieder auf die Presse stellen.", "Nur auf den Innenring drücken, mit der Hülse.", {
      hazards: { pinch: "Finger nicht unter den Stößel. Hebel mit der anderen Hand bedienen.", ram: "Der Stößel fällt, wenn der Hebel losgelassen wird." },
      media: { "gear_reducer/press_lower.png": "Die Welle umgedreht, darüber ein Lager" },
      ask: { torque_Nm: "Drehmoment auf der Anzeige des Schraubers?", turning: "Wie dreht er sich?", snapped: "An beiden Enden eingerastet", code: "Code auf dem Typenschild" },
    }),
  };
  const question = (offset_mm) => ({
    ...at,
    title: both(press.en.title, press.de.title),
    reason: both("The bearing is displaced: 2.1 mm.", "Das Lager sitzt versetzt: 2,1 mm."),
    remedy: both("Take it out and press it in again.", "Herausnehmen und noch einmal einpressen."),
    offset_mm,
    evidence: "",
    since_t: 0,
    buttons: [],
  });
  const choices = [
    button("retry", { type: "choose", ...at, choice: "retry" }),
    button("rework", { type: "choose", ...at, choice: "rework", rework: "load" }),
    button("force", { type: "choose", ...at, choice: "force" }, { needs_reason: true, danger: true }),
  ];
  const moves = (begins_t) => ({ ...robot.intent, motion: "m", text: both("brings the cover", "bringt den Deckel"), preview: [], end: [], proposed: false, buttons: [], needs: 0, approved_by: [], supervised: "", released_by: "", started_t: begins_t, begins_t, duration_s: 5 });
  const base = { cell, "lane/robot": still };
  const card = (more) => ({ ...base, [`card/${step.place}`]: { ...plain, words: press, ...more } });
  return {
    step: { ...card({}), "lane/robot": { ...still, status: "working", text: both("Bring Housing to nest", "Gehäuse bereitlegen: Aufnahme") } },
    hazard: card({ hazards: { pinch: "warning", ram: "danger" } }),
    number: card({ asks: [{ value: "torque_Nm", spec: spec("number", { nominal: 20, low: 18.5, high: 21.5, unit: "Nm" }) }], tool: "driver", k: 3, n: 8 }),
    choice: card({ asks: [{ value: "turning", spec: spec("choice", { choices: ["smooth", "rough", "stuck"], passing: ["smooth"] }) }] }),
    claim: card({ asks: [{ value: "snapped", spec: spec("claim") }], lots: ["bearing"] }),
    failed: card({ attempt: 2, live: true, offset_mm: [-2.1, 0.4, 0], note: both("displaced by 2.1 mm", "um 2,1 mm versetzt") }),
    together: { ...card({ together: true }), "lane/robot": { ...still, status: "working", text: both("Hand over the cover", "Deckel übergeben"), intent: moves(Date.now() / 1000 + 60) } },
    checking: card({ status: "checking", buttons: [] }),
    question: { ...card({ status: "attention", buttons: choices, offset_mm: [-2.1, 0.4, 0] }), [`question/${step.unit}/${step.step}`]: question([-2.1, 0.4, 0]) },
    approve: {
      ...card({}),
      "lane/robot": { ...still, status: "waiting", text: both("Bring the cover", "Deckel bringen"), intent: { ...moves(null), proposed: true, needs: 1, buttons: [button("approve", { type: "approve_motion", motion: "m" }), button("refuse", { type: "refuse_motion", motion: "m" }, { needs_reason: true })] } },
    },
    idle: { ...card({ status: "idle", buttons: [], words: {}, step: "", note: {} }), "lane/robot": { ...still, status: "working", text: both("Bring Housing to nest", "Gehäuse bereitlegen: Aufnahme") } },
    held: {
      ...card({ status: "blocked", buttons: [], words: {}, step: "" }),
      cell: { ...cell, state: "held", acknowledged: false, condition: { ...cell.condition, not_moving: [{ code: "safety", parameters: { safety: "protective_stop" }, text: {} }, { code: "acknowledge", parameters: {}, text: {} }, { code: "cell", parameters: { state: "held" }, text: {} }] } },
    },
    long: card({ words: Object.fromEntries(Object.entries(press).map(([key, said]) => [key, { ...said, title: "Abtriebswellenlagerdeckelverschraubungsvorrichtung einlegen" }])) }),
    done: card({ status: "done", buttons: [], words: {}, step: "", ghost: null, focus: null }),
    away: card({ status: "away", buttons: [], words: {}, step: "", ghost: null, focus: null }),
  };
}
