/** The slim line above: which order and unit, the time left, what the robot does, and whether the cell is there. */

import { useRef } from "preact/hooks";
import icon from "../icon.svg";
import { WhoButton } from "../access/who";
import { store } from "../cell";
import { Icon } from "../common/icon";
import { LineSign } from "../common/line";
import { NotMoving, notMoving } from "../common/not-moving";
import { called } from "../common/called";
import { robotCondition } from "../common/safety";
import { SettingsButton } from "../common/settings";
import type { Card, UnitView } from "../wire";
import { words } from "../words";
import { minutesLeft } from "./left";

export function Ribbon({ card }: { card: Card | null }) {
  const { ribbon, product } = words.value;
  const order = card?.order ? store.orders.value.get(card.order) : undefined;
  const unit = card?.unit ? store.units.value.get(card.unit) : undefined;
  const condition = robotCondition();
  const reasons = notMoving().length;
  return (
    <header class="ribbon">
      <a class="brand" href="/" aria-label={product}>
        <img src={icon} alt="" width="32" height="32" />
      </a>
      <div class="ribbon-order">
        <strong data-testid="unit">{card?.unit_n ? ribbon.unit(card.unit_n, card.quantity) : ribbon.noUnit}</strong>
        {card?.order && <span class="quiet">{order ? `${card.order} · ${called(order.product)}` : card.order}</span>}
      </div>
      {unit && (
        <div class="ribbon-far">
          <div class="ribbon-progress" role="img" aria-label={words.value.board.steps(unit.done, unit.steps)}>
            <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect width="100" height="8" class="bar-ground" />
              <rect width={(100 * unit.done) / Math.max(1, unit.steps)} height="8" class="bar-fill" />
            </svg>
            <span aria-hidden="true">
              {unit.done}/{unit.steps}
            </span>
          </div>
          <TimeLeft unit={unit} />
        </div>
      )}
      <div class="ribbon-robot">
        <p class={`robot-says tone-${condition.tone}`} role="status" data-testid="robot">
          <Icon name={condition.icon} />
          <span>{condition.words}</span>
        </p>
        {reasons > 0 && (
          <details data-testid="why">
            <summary class="act act-plain act-small">{ribbon.why(reasons)}</summary>
            <NotMoving />
          </details>
        )}
      </div>
      <WhoButton short />
      <LineSign />
      <SettingsButton more={() => import("../hands/settings")} />
    </header>
  );
}

/** How long the unit still takes, as the procedure's times say; nothing while that can't be told. */
function TimeLeft({ unit }: { unit: UnitView }) {
  const shown = useRef<{ unit: string; minutes: number } | null>(null);
  if (unit.left_s === null) return null;
  const minutes = minutesLeft(unit.left_s, shown.current?.unit === unit.id ? shown.current.minutes : null);
  shown.current = { unit: unit.id, minutes };
  return (
    <span class="ribbon-left" data-testid="left">
      {words.value.ribbon.left(minutes)}
    </span>
  );
}
