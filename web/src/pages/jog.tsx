/** Manual mode: move the robot by hand, slowly, while a button is held; and keep where it stands. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { may } from "../access/access";
import { commands, connection, store } from "../cell";
import { Offer } from "../common/buttons";
import { Icon } from "../common/icon";
import { OfflineBanner } from "../common/line";
import { NoticeBar } from "../common/notice";
import { Choice } from "../common/settings";
import { Top } from "../common/top";
import { Hold, type Twist } from "../jog/hold";
import { HoldButton } from "../jog/hold-button";
import { useLetGo } from "../jog/let-go";
import { reasons } from "../jog/reasons";
import { reading, rpy, useReading } from "../jog/reading";
import { TeachPanel } from "../jog/teach";
import { post } from "../rest";
import type { Layer } from "../scene/layers";
import { Twin } from "../scene/twin";
import { uuid } from "../uuid";
import type { CellView, Vector } from "../wire";
import { number, word, words } from "../words";

const FASTEST_M_S = 0.25;
const FASTEST_RAD_S = 0.5;
const AXES = ["x", "y", "z"] as const;
const LAYERS: ReadonlySet<Layer> = new Set<Layer>(["frames", "bins", "zones"]);
const OFFERED = new Set(["acknowledge", "stop", "clear", "reset", "production", "manual"]);

const hold = new Hold(
  {
    renew: (press, twist) => post("/api/v1/cell/jog", { press, ...twist }),
    release: (press) => {
      const path = `/api/v1/cell/jog?press=${encodeURIComponent(press)}`;
      fetch(path, { method: "DELETE", keepalive: true }).catch(() => undefined); // unheard, it lapses by itself
    },
  },
  uuid,
);

export function Page() {
  const frame = useSignal<"base" | "tool" | "joint">("base");
  const percent = useSignal(20);
  const { jog } = words.value;
  const cell = store.cell.value;
  const online = connection.line.value === "online";
  const closed = !may("start_jog") || !online || !cell || cell.manual_reasons.length > 0;
  useReading();
  useEffect(() => {
    document.title = jog.title;
  }, [jog]);
  useLetGo(hold, closed);
  return (
    <div class="cell-page jog-page">
      <Top page="jog" />
      <OfflineBanner />
      <main class="cell-main">
        <h1 class="unseen">{jog.title}</h1>
        <Twin place={null} layers={LAYERS} camera="" />
        <aside class="side" aria-label={jog.title}>
          <Permission cell={cell} closed={closed} />
          <section aria-labelledby="move">
            <h2 id="move" class="unseen">
              {jog.move}
            </h2>
            <Choice name={jog.frame} value={frame} options={(["base", "tool", "joint"] as const).map((key) => [key, jog.frames[key]] as const)} />
            <label class="field">
              <span>
                {jog.speed}: <output>{jog.speeds(number((percent.value / 100) * FASTEST_M_S * 1000, 1), number(((percent.value / 100) * FASTEST_RAD_S * 180) / Math.PI, 1))}</output>
              </span>
              <input
                type="range"
                min={2}
                max={100}
                step={2}
                value={percent}
                onInput={(event) => {
                  percent.value = Number(event.currentTarget.value);
                }}
              />
            </label>
            {frame.value === "joint" ? (
              <Joints closed={closed} share={() => percent.peek() / 100} />
            ) : (
              <Axes closed={closed} frame={frame.value} share={() => percent.peek() / 100} />
            )}
            <p class="jog-said" role="status" data-testid="jog-said">
              {hold.said.value ? (
                <>
                  <Icon name="alert" /> <span>{hold.said.value.message} {hold.said.value.remedy}</span>
                </>
              ) : (
                <span class="quiet">{jog.how}</span>
              )}
            </p>
          </section>
          <Where />
          <section aria-labelledby="gripper">
            <h2 id="gripper">{jog.gripper}</h2>
            <div class="pair">
              {([false, true] as const).map((close) => (
                <button
                  key={String(close)}
                  type="button"
                  class="act act-small"
                  data-testid={close ? "gripper-close" : "gripper-open"}
                  aria-disabled={closed || commands.busy.value}
                  onClick={() => {
                    if (!closed) void commands.send({ type: "move_gripper", close });
                  }}
                >
                  {close ? jog.close : jog.open}
                </button>
              ))}
            </div>
          </section>
          <TeachPanel closed={closed} />
        </aside>
      </main>
      <NoticeBar />
    </div>
  );
}

/** Which mode it is, whether moving by hand is possible, and if not, why. */
function Permission({ cell, closed }: { cell: CellView | null; closed: boolean }) {
  const { jog, modes, loading } = words.value;
  if (!cell) return <p class="quiet">{loading}</p>;
  const why = reasons(cell);
  return (
    <section aria-labelledby="mode" data-testid="permission" data-closed={closed}>
      <h2 id="mode">
        {jog.mode} {word(modes, cell.mode)}
      </h2>
      {closed ? (
        <div class="jog-why" role="status">
          <p>
            <Icon name="alert" /> {jog.not}
          </p>
          <ul>
            {why.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </div>
      ) : (
        <p class="jog-may" role="status">
          <Icon name="check" /> {cell.manual_by ? jog.moved(cell.manual_by) : jog.may}
        </p>
      )}
      <div class="pair">
        {cell.buttons
          .filter(({ label }) => OFFERED.has(label))
          .map((button) => (
            <Offer key={JSON.stringify(button.command)} button={button} primary={closed && ["manual", "acknowledge"].includes(button.label)} />
          ))}
      </div>
    </section>
  );
}

function Axes({ closed, frame, share }: { closed: boolean; frame: "base" | "tool"; share: () => number }) {
  const { jog } = words.value;
  const twist = (axis: number, sign: number, turns: boolean) => (): Twist => {
    const along: Vector = [0, 0, 0];
    along[axis] = sign * share() * (turns ? FASTEST_RAD_S : FASTEST_M_S);
    return turns ? { frame, angular_rad_s: along } : { frame, linear_m_s: along };
  };
  return (
    <div class="pads">
      {[false, true].map((turns) => (
        <div key={String(turns)} class="pad" role="group" aria-label={turns ? jog.turn : jog.move}>
          <p aria-hidden="true">{turns ? jog.turn : jog.move}</p>
          {AXES.flatMap((axis, index) =>
            [-1, 1].map((sign) => {
              const name = `${turns ? "r" : ""}${axis}${sign < 0 ? "-" : "+"}`;
              return (
                <HoldButton
                  key={name}
                  hold={hold}
                  name={name}
                  shown={`${turns ? "R" : ""}${axis.toUpperCase()} ${sign < 0 ? "−" : "+"}`}
                  does={(turns ? jog.turns : jog.moves)(axis, sign > 0)}
                  twist={twist(index, sign, turns)}
                  closed={closed}
                />
              );
            }),
          )}
        </div>
      ))}
    </div>
  );
}

function Joints({ closed, share }: { closed: boolean; share: () => number }) {
  const { jog } = words.value;
  const count = reading.value?.joints_rad.length ?? 0;
  return (
    <div class="pad pad-wide" role="group" aria-label={jog.joints}>
      {Array.from({ length: count }, (_, index) =>
        [-1, 1].map((sign) => {
          const name = `j${index + 1}${sign < 0 ? "-" : "+"}`;
          const joints = (): Twist => ({ frame: "joint", joints_rad_s: Array.from({ length: count }, (_joint, n) => (n === index ? sign * share() * FASTEST_RAD_S : 0)) });
          return (
            <HoldButton
              key={name}
              hold={hold}
              name={name}
              shown={`J${index + 1} ${sign < 0 ? "−" : "+"}`}
              does={jog.joint(index + 1, sign > 0)}
              twist={joints}
              closed={closed}
            />
          );
        }),
      )}
    </div>
  );
}

/** Where the tool is, in numbers. */
function Where() {
  const { jog } = words.value;
  const now = reading.value;
  const degrees = (angle: number): string => fixed((angle * 180) / Math.PI);
  const turn = now ? rpy(now.tcp) : null;
  return (
    <section aria-labelledby="where">
      <h2 id="where">{jog.where}</h2>
      <dl class="reading" data-testid="reading">
        {AXES.map((axis, index) => (
          <div key={axis}>
            <dt>{axis.toUpperCase()}</dt>
            <dd data-testid={`tcp-${axis}`}>{now ? `${fixed((now.tcp.p[index] ?? 0) * 1000)} mm` : "–"}</dd>
            <dt>{`R${axis.toUpperCase()}`}</dt>
            <dd>{turn ? `${degrees(turn[index] ?? 0)}°` : "–"}</dd>
          </div>
        ))}
        {[0, 1, 2].map((row) => (
          <div key={row}>
            {[row, row + 3].map((index) => (
              <>
                <dt>{`J${index + 1}`}</dt>
                <dd>{now ? `${degrees(now.joints_rad[index] ?? 0)}°` : "–"}</dd>
              </>
            ))}
          </div>
        ))}
        <div>
          <dt>{jog.opening}</dt>
          <dd>{now ? `${fixed(now.opening_m * 1000)} mm` : "–"}</dd>
        </div>
      </dl>
    </section>
  );
}

const fixed = (value: number): string => {
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return new Intl.NumberFormat(document.documentElement.lang || "en", digits).format(Math.abs(value) < 0.05 ? 0 : value);
};
