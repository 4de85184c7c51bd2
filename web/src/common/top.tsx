/** The head of the pages that are not the worker's: brand, ways to the others, line and settings. */

import type { ComponentChildren } from "preact";
import icon from "../icon.svg";
import { may } from "../access/access";
import { WhoButton } from "../access/who";
import { store } from "../cell";
import { words } from "../words";
import { LineSign } from "./line";
import { SettingsButton } from "./settings";

export function Top({ page, children }: { page: "start" | "board" | "cell" | "jog" | "calibrate" | "recover" | "join"; children?: ComponentChildren }) {
  const { product, start } = words.value;
  return (
    <header class="top">
      <a class="brand" href="/">
        <img src={icon} alt="" width="32" height="32" />
        <span>{product}</span>
      </a>
      {page !== "start" && (
        <nav class="nav" aria-label={product}>
          <a href="/board" aria-current={page === "board" ? "page" : undefined}>
            {start.board}
          </a>
          <a href="/cell" aria-current={page === "cell" ? "page" : undefined}>
            {start.cell}
          </a>
          {may("start_jog") && (
            <a href="/jog" aria-current={page === "jog" ? "page" : undefined}>
              {start.jog}
            </a>
          )}
          <a href="/calibrate" aria-current={page === "calibrate" ? "page" : undefined}>
            {start.calibrate}
          </a>
          {(store.cell.value?.places ?? []).slice(0, 3).map((place) => (
            <a key={place} href={`/worker?place=${encodeURIComponent(place)}`}>
              {start.worker} {place}
            </a>
          ))}
        </nav>
      )}
      {children}
      <span class="spring" />
      <WhoButton />
      {page !== "join" && <LineSign />}
      <SettingsButton />
    </header>
  );
}
