/** Steps that need a person's decision, the longest waiting first. */

import { store } from "../cell";
import { tick } from "../clock";
import { Offer } from "../common/buttons";
import { Seen } from "../common/evidence";
import { Icon } from "../common/icon";
import { deviationWords } from "../card/deviation";
import { number, span, text, words } from "../words";

export function Questions() {
  const questions = [...store.questions.value.values()].sort((a, b) => a.since_t - b.since_t);
  const { board, deviation } = words.value;
  if (questions.length === 0) return null;
  return (
    <section class="panel panel-warn" aria-labelledby="questions" data-testid="questions">
      <h2 id="questions">
        <Icon name="alert" /> {board.questions}
      </h2>
      <ul class="rows">
        {questions.map((question) => {
          const unit = store.units.value.get(question.unit);
          return (
            <li key={`${question.unit}/${question.step}`} class="row" data-testid="question">
              <Seen evidence={question.evidence} />
              <div class="row-main">
                <p class="row-title">
                  <strong>{text(question.title)}</strong>
                  <span class="quiet"> {unit ? board.unit(unit.order, unit.n) : question.unit}</span>
                </p>
                <p>{text(question.reason)}</p>
                {question.offset_mm && <p>{deviationWords(question.offset_mm, null, null, deviation, (mm) => number(mm, 1))}</p>}
                {text(question.remedy) && (
                  <p class="quiet">
                    {board.remedy}: {text(question.remedy)}
                  </p>
                )}
                <p class="quiet">{board.since(span(tick.value - question.since_t))}</p>
              </div>
              <div class="row-actions">
                {question.buttons.map((button, i) => (
                  <Offer key={JSON.stringify(button.command)} button={button} primary={i === 0 && !button.danger} />
                ))}
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
