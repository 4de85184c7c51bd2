/** The start page: which place, board or cell view, and what runs now. */

import { may, named } from "../access/access";
import { store } from "../cell";
import { called } from "../common/called";
import { Icon, type IconName } from "../common/icon";
import { OfflineBanner } from "../common/line";
import { robotCondition } from "../common/safety";
import { Top } from "../common/top";
import { word, words } from "../words";

export function Page() {
  const { start, claim, loading, simulated, rehearsal, orderStates, cellStates } = words.value;
  const cell = store.cell.value;
  const running = [...store.orders.value.values()].filter(({ state }) => ["running", "paused", "stopping", "stored"].includes(state));
  const condition = robotCondition();
  return (
    <div class="start">
      <Top page="start" />
      <OfflineBanner />
      <main class="start-main">
        <div class="hero">
          <h1>{cell?.name ?? words.value.product}</h1>
          <p class="claim-line">{claim}</p>
          {cell?.simulated && <span class="pill">{cell.rehearsal ? rehearsal : simulated}</span>}
        </div>
        {!cell && (
          <p class="quiet" role="status">
            {loading}
          </p>
        )}
        <nav class="tiles" aria-label={words.value.product}>
          {(cell?.places ?? []).map((place) => {
            const who = store.lanes.value.get(place)?.operator;
            return (
              <Tile key={place} href={`/worker?place=${encodeURIComponent(place)}`} icon="person" title={`${start.worker} ${place}`} text={start.workerText} note={who ? start.present(named(who)) : start.free} strong />
            );
          })}
          <Tile href="/board" icon="gear" title={start.board} text={start.boardText} note={cell ? word(cellStates, cell.state) : ""} />
          <Tile href="/cell" icon="robot" title={start.cell} text={start.cellText} note={cell ? condition.words : ""} />
          {may("start_jog") && <Tile href="/jog" icon="hand" title={start.jog} text={start.jogText} note={cell ? word(words.value.modes, cell.mode) : ""} />}
          <Tile href="/calibrate" icon="eye" title={start.calibrate} text={start.calibrateText} note="" />
        </nav>
        <section class="running" aria-labelledby="running">
          <h2 id="running">{start.orders}</h2>
          {running.length === 0 && <p class="quiet">{start.nothing}</p>}
          <ul>
            {running.map((order) => (
              <li key={order.id}>
                <strong>{order.id}</strong>
                <span>{called(order.product)}</span>
                <span>{word(orderStates, order.state)}</span>
                <span>{start.unit(order.done, order.quantity)}</span>
              </li>
            ))}
          </ul>
        </section>
      </main>
      <footer class="foot">{start.safety}</footer>
    </div>
  );
}

interface TileProps {
  href: string;
  icon: IconName;
  title: string;
  text: string;
  note: string;
  strong?: boolean;
}

function Tile({ href, icon, title, text, note, strong = false }: TileProps) {
  return (
    <a class={`tile ${strong ? "tile-strong" : ""}`} href={href}>
      <Icon name={icon} />
      <span class="tile-title">{title}</span>
      <span class="tile-text">{text}</span>
      <span class="tile-note">{note}</span>
    </a>
  );
}
