/** The worker's page: the scene, the step card and the actions. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { TakeOver } from "../access/take-over";
import { Actions } from "../card/actions";
import { StepCard, useEntry } from "../card/card";
import { countOf } from "../card/count";
import { Ribbon } from "../card/ribbon";
import { useSettled } from "../card/settled";
import { store } from "../cell";
import { Contradictions } from "../common/contradictions";
import { OfflineBanner } from "../common/line";
import { NoticeBar } from "../common/notice";
import { KeptList } from "../kept/list";
import { Asked } from "../common/preview";
import { Retreat } from "../common/retreat";
import { Twin } from "../scene/twin";
import type { Card } from "../wire";
import { best, words } from "../words";

export function Page() {
  const asked = new URLSearchParams(location.search).get("place");
  const cell = store.cell.value;
  const place = asked ?? cell?.places[0] ?? null;
  const { card, settling } = useSettled(place === null ? null : (store.cards.value.get(place) ?? null));
  const { card: say, loading, start } = words.value;
  useEffect(() => {
    document.title = [card ? best(card.words)?.title : "", start.worker].filter(Boolean).join(" · ");
  }, [card?.step, card?.status, start]);
  const unknown = cell !== null && place !== null && !cell.places.includes(place);
  return (
    <div class="worker" data-status={card?.status ?? "loading"}>
      <Ribbon card={card} />
      <OfflineBanner place={place ?? ""} />
      {place !== null && <TakeOver place={place} />}
      <main class="work">
        <Twin place={place} />
        {card ? <Filled card={card} settling={settling} /> : <Empty words={unknown ? say.notFound(place) : loading} />}
      </main>
      <NoticeBar />
    </div>
  );
}

function Filled({ card, settling }: { card: Card; settling: boolean }) {
  const entry = useEntry(card);
  const hands = useSignal<typeof import("../hands/hands") | null>(null);
  useEffect(() => {
    let end = (): void => undefined;
    let gone = false;
    import("../hands/hands")
      .then((own) => {
        if (gone) return;
        end = own.listen();
        hands.value = own;
      })
      .catch(() => undefined); // without a line: the buttons are there
    return () => {
      gone = true;
      end();
    };
  }, []);
  useEffect(() => hands.value?.follow(card, entry), [card, hands.value]);
  const retreat = store.cell.value?.retreat;
  const first = retreat && retreat.status !== "none" && retreat.status !== "ended"; // it is asked or under way
  const arm = retreat && card.status !== "away" && (first || retreat.buttons.length > 0) && <Retreat place={card.place} />;
  const title = best(card.words)?.title ?? "";
  const said = [countOf(card, title, words.value.card.of), title].join(" ");
  return (
    <>
      <section
        class="card"
        aria-label={words.value.card.label}
        data-testid="card"
        data-status={settling ? "settling" : card.status}
        data-unit={card.unit}
        data-step={card.step}
        data-attempt={card.attempt}
      >
        <KeptList />
        {hands.value && <hands.value.Ear />}
        <div class="card-body" tabIndex={0} role="group" aria-label={words.value.card.label} key={`${card.unit} ${card.step} ${card.attempt} ${card.status}`}>
          {first && arm}
          {card.status !== "away" && <Asked lane={store.robot.value} />}
          <StepCard card={card} entry={entry} />
          {!first && arm}
          {card.status !== "away" && <Contradictions />}
        </div>
        <p class="unseen" aria-live="polite">
          {card.status === "step" ? said : ""}
        </p>
      </section>
      <Actions card={card} entry={entry} />
    </>
  );
}

function Empty({ words: said }: { words: string }) {
  return (
    <section class="card" data-testid="card" data-status="none">
      <KeptList />
      <div class="state">
        <p role="status">{said}</p>
      </div>
    </section>
  );
}
