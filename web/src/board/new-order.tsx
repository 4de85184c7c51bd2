/** The form of a new order: product, options, quantity. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { called } from "../common/called";
import { get, post, Refused } from "../rest";
import { words } from "../words";

type Value = boolean | number | string;

interface Product {
  product: string;
  options: Record<string, Value[]>;
  problems: string[];
}

const MOST = 100_000;

export function NewOrder({ onDone }: { onDone: () => void }) {
  const { newOrder, loading, card } = words.value;
  const products = useSignal<Product[] | null>(null);
  const chosen = useSignal("");
  const options = useSignal<Record<string, Value>>({});
  const quantity = useSignal("1");
  const number = useSignal("");
  const refused = useSignal("");
  const busy = useSignal(false);

  const choose = (name: string): void => {
    chosen.value = name;
    const product = products.value?.find((one) => one.product === name);
    const first = Object.entries(product?.options ?? {}).flatMap(([key, [value]]) => (value === undefined ? [] : [[key, value] as const]));
    options.value = Object.fromEntries(first);
  };
  const fail = (error: unknown): void => {
    refused.value = error instanceof Refused ? `${error.message} ${error.remedy}` : String(error);
  };

  useEffect(() => {
    get<Product[]>("/api/v1/procedures").then((found) => {
      products.value = found;
      choose(found.find((one) => one.problems.length === 0)?.product ?? "");
    }, fail);
  }, []);

  const product = products.value?.find((one) => one.product === chosen.value);
  const count = Number(quantity.value);
  const good = Number.isInteger(count) && count >= 1 && count <= MOST;

  const send = async (): Promise<void> => {
    if (!product || !good || busy.value) return;
    busy.value = true;
    refused.value = "";
    const id = number.value.trim();
    try {
      await post("/api/v1/orders", { product: product.product, options: options.value, quantity: count, ...(id ? { id } : {}) });
      onDone();
    } catch (error) {
      fail(error);
    } finally {
      busy.value = false;
    }
  };

  return (
    <form
      class="new-order"
      data-testid="new-order-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {products.value === null && !refused.value && <p class="quiet">{loading}</p>}
      {products.value && !product && <p class="quiet">{newOrder.none}</p>}
      {products.value && products.value.length > 0 && (
        <label class="field">
          <span>{newOrder.product}</span>
          <select value={chosen.value} onChange={(event) => choose(event.currentTarget.value)}>
            {products.value.map((one) => (
              <option key={one.product} value={one.product} disabled={one.problems.length > 0}>
                {called(one.product)}
              </option>
            ))}
          </select>
        </label>
      )}
      {Object.entries(product?.options ?? {}).map(([name, values]) => (
        <fieldset key={name} class="choice">
          <legend>{called(name)}</legend>
          <div class="segments">
            {values.map((value) => (
              <button
                key={String(value)}
                type="button"
                class="segment"
                aria-pressed={options.value[name] === value}
                onClick={() => {
                  options.value = { ...options.value, [name]: value };
                }}
              >
                {typeof value === "string" ? called(value) : String(value)}
              </button>
            ))}
          </div>
        </fieldset>
      ))}
      <div class="pair">
        <label class="field">
          <span>{newOrder.quantity}</span>
          <input
            type="text"
            inputMode="numeric"
            value={quantity.value}
            aria-invalid={!good}
            onInput={(event) => {
              quantity.value = event.currentTarget.value;
            }}
          />
        </label>
        <label class="field">
          <span>{newOrder.number}</span>
          <input
            type="text"
            autoComplete="off"
            maxLength={60}
            pattern="[\w.\-]+"
            placeholder="auto"
            value={number.value}
            onInput={(event) => {
              number.value = event.currentTarget.value;
            }}
          />
        </label>
      </div>
      <p class="fault" role="alert">
        {refused.value || (good ? "" : card.notANumber)}
      </p>
      <div class="dialog-actions">
        <button type="button" class="act act-plain act-small" onClick={onDone}>
          {newOrder.cancel}
        </button>
        <button type="submit" class="act act-primary act-small" disabled={!product || !good || busy.value}>
          {newOrder.create}
        </button>
      </div>
    </form>
  );
}
