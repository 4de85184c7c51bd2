/** The list of orders, with what may be done with each now. */

import { useSignal } from "@preact/signals";
import { may } from "../access/access";
import { store } from "../cell";
import { Offer } from "../common/buttons";
import { called, option } from "../common/called";
import { Icon } from "../common/icon";
import type { OrderView } from "../wire";
import { moment, word, words } from "../words";
import { NewOrder } from "./new-order";

const RANK = ["running", "paused", "stopping", "stored", "ended", "aborted", "cancelled"];

export function Orders() {
  const { board } = words.value;
  const making = useSignal(false);
  const orders = [...store.orders.value.values()].sort((a, b) => RANK.indexOf(a.state) - RANK.indexOf(b.state));
  return (
    <section class="panel" aria-labelledby="orders">
      <div class="panel-head">
        <h2 id="orders">{board.orders}</h2>
        {may("store_order") && (
          <button
            type="button"
            class="act act-plain act-small"
            data-testid="new-order"
            onClick={() => {
              making.value = true;
            }}
          >
            <Icon name="plus" /> {board.newOrder}
          </button>
        )}
      </div>
      {making.value && (
        <NewOrder
          onDone={() => {
            making.value = false;
          }}
        />
      )}
      {orders.length === 0 && <p class="quiet">{board.noOrders}</p>}
      <ul class="rows">
        {orders.map((order) => (
          <Order key={order.id} order={order} />
        ))}
      </ul>
    </section>
  );
}

function Order({ order }: { order: OrderView }) {
  const { board, orderStates } = words.value;
  const inWork = order.started - order.done - order.scrapped;
  const facts = [
    board.progress(order.done, order.quantity),
    inWork > 0 && board.started(inWork),
    order.scrapped > 0 && board.scrapped(order.scrapped),
    order.due_t !== null && board.due(moment(order.due_t)),
  ].filter((fact) => typeof fact === "string");
  return (
    <li class="row" data-testid="order" data-order={order.id} data-state={order.state}>
      <div class="row-main">
        <p class="row-title">
          <strong>{order.id}</strong> <span class={`pill pill-${order.state}`}>{word(orderStates, order.state)}</span>
        </p>
        <p class="quiet">
          {called(order.product)} · {Object.entries(order.options).map(([name, value]) => option(name, value)).join(", ")}
        </p>
        <Progress done={order.done} started={order.started} quantity={order.quantity} />
        <p class="quiet">{facts.join(" · ")}</p>
      </div>
      <div class="row-actions">
        {order.buttons.map((button) => (
          <Offer key={button.label} button={button} primary={button.label === "start" || button.label === "resume"} />
        ))}
      </div>
    </li>
  );
}

function Progress({ done, started, quantity }: { done: number; started: number; quantity: number }) {
  const share = (n: number): number => (100 * n) / Math.max(1, quantity);
  return (
    <svg class="progress" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect width="100" height="6" class="bar-ground" />
      <rect width={share(started)} height="6" class="bar-soft" />
      <rect width={share(done)} height="6" class="bar-fill" />
    </svg>
  );
}
