/** The supervisor's board. */

import { useEffect } from "preact/hooks";
import { looksOn } from "../access/access";
import { HoldRobot } from "../access/hold";
import { ConditionPanel } from "../board/condition";
import { Events } from "../board/events";
import { FinishedUnits } from "../board/finished";
import { Lanes } from "../board/lanes";
import { Orders } from "../board/orders";
import { OverdueSteps } from "../board/overdue";
import { Questions } from "../board/questions";
import { Record } from "../board/record";
import { Supervision } from "../board/supervision";
import { Units } from "../board/units";
import { store } from "../cell";
import { Contradictions } from "../common/contradictions";
import { OfflineBanner } from "../common/line";
import { NoticeBar } from "../common/notice";
import { Top } from "../common/top";
import { words } from "../words";

export function Page() {
  const unit = new URLSearchParams(location.search).get("unit");
  const { board, loading } = words.value;
  useEffect(() => {
    document.title = board.title;
  }, [board]);
  return (
    <div class="board">
      <Top page="board" />
      <OfflineBanner />
      <main class={unit ? "board-main board-one" : "board-main"}>
        {unit ? (
          <Record unit={unit} />
        ) : store.loaded.value ? (
          <>
            <h1 class="unseen">{board.title}</h1>
            <div class="column">
              <Questions />
              <Contradictions />
              <OverdueSteps />
              <Orders />
              <FinishedUnits />
            </div>
            <div class="column column-wide">
              <Lanes />
              <Units />
            </div>
            <div class="column">
              <ConditionPanel />
              <Supervision />
              <Events />
            </div>
          </>
        ) : (
          <p class="quiet" role="status">
            {loading}
          </p>
        )}
      </main>
      {looksOn() && <HoldRobot />}
      <NoticeBar />
    </div>
  );
}
