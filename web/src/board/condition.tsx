/** The cell's state, mode, safety and autonomy, and what may be changed now. */

import { store } from "../cell";
import { Offer } from "../common/buttons";
import { Icon } from "../common/icon";
import { Retreat } from "../common/retreat";
import { robotCondition } from "../common/safety";
import { word, words } from "../words";
import { Standing } from "./standing";

export function ConditionPanel() {
  const cell = store.cell.value;
  const { autonomy, board, cellStates, modes, rehearsal, safety, simulated, supervised } = words.value;
  if (!cell) return null;
  const robot = robotCondition();
  const calm = (cell.safety === "normal" || cell.safety === "reduced") && !cell.supervised;
  return (
    <section class="panel condition" aria-labelledby="cell-name">
      <div class="panel-head">
        <h2 id="cell-name">
          {board.cell} {cell.name}
        </h2>
        {cell.simulated && <span class="pill">{cell.rehearsal ? rehearsal : simulated}</span>}
      </div>
      <ul class="facts">
        <li data-testid="cell-state" data-state={cell.state}>
          <Icon name={cell.state === "execute" ? "check" : cell.state === "held" || cell.state === "stopped" ? "pause" : "clock"} />
          {word(cellStates, cell.state)}
        </li>
        <li>{word(modes, cell.mode)}</li>
        <li class={calm ? "" : "tone-bad"}>
          <Icon name={calm ? "check" : "alert"} />
          {cell.supervised && cell.safety === "normal" ? supervised : word(safety, cell.safety)}
        </li>
        <li>{word(autonomy, cell.autonomy)}</li>
      </ul>
      <p class={`robot-says tone-${robot.tone}`}>
        <Icon name={robot.icon} /> <span>{robot.words}</span>
      </p>
      <Standing condition={cell.condition} />
      <Retreat />
      <div class="row-actions">
        {cell.buttons.filter(({ command }) => command.type !== "set_autonomy").map((button) => (
          <Offer key={JSON.stringify(button.command)} button={button} primary={["start", "unhold", "acknowledge"].includes(button.label)} />
        ))}
      </div>
    </section>
  );
}
