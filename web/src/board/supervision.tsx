/** How much the robot may do without asking, and what it asks for now. */

import { store } from "../cell";
import { Offer } from "../common/buttons";
import { Asked, askedButtons } from "../common/preview";
import { word, words } from "../words";

export function Supervision() {
  const cell = store.cell.value;
  const { autonomy, supervision } = words.value;
  if (!cell) return null;
  const levels = cell.buttons.filter(({ command }) => command.type === "set_autonomy");
  return (
    <section class="panel" aria-labelledby="supervision" data-testid="supervision" data-level={cell.autonomy}>
      <div class="panel-head">
        <h2 id="supervision">{supervision.title}</h2>
        <span class="pill">{word(autonomy, cell.autonomy)}</span>
      </div>
      <p class="quiet">{word(supervision.means, cell.autonomy)}</p>
      <Asked lane={store.robot.value} />
      <div class="row-actions">
        {askedButtons().map((button) => (
          <Offer key={JSON.stringify(button.command)} button={button} primary={button.label !== "refuse"} />
        ))}
      </div>
      <div class="row-actions" role="group" aria-label={supervision.choose}>
        {levels.map((button) => (
          <Offer key={JSON.stringify(button.command)} button={button} />
        ))}
      </div>
    </section>
  );
}
