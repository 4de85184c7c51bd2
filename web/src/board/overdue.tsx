/** Steps that wait too long for a person and are no question yet: who was reminded, and to whom it was offered. */

import { store } from "../cell";
import { Icon } from "../common/icon";
import { tick } from "../clock";
import { span, text, word, words } from "../words";

export function OverdueSteps() {
  const { board } = words.value;
  const late = [...store.steps.value.values()].filter(({ overdue }) => overdue === "remind" || overdue === "offer");
  if (late.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="overdue" data-testid="overdue">
      <h2 id="overdue">
        <Icon name="clock" /> {board.overdue}
      </h2>
      <ul class="rows">
        {late.map((step) => {
          const unit = store.units.value.get(step.unit);
          const active = step.status === "active" && step.started_t !== null;
          return (
            <li key={`${step.unit}/${step.id}`} class="row" data-testid="overdue-step">
              <div class="row-main">
                <p class="row-title">
                  <strong>{text(step.title)}</strong>
                  <span class="quiet"> {unit ? board.unit(unit.order, unit.n) : step.unit}</span>
                </p>
                <p class="quiet">
                  {active && `${step.actors.join(", ")} · ${span(tick.value - (step.started_t ?? 0))} · `}
                  {word(board.overdueSteps, step.overdue)}
                </p>
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
