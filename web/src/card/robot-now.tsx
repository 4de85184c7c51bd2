/** What the robot does while the person reads the card; where a motion is about to begin, in how many seconds. */

import { robotCondition } from "../common/safety";
import type { LaneView } from "../wire";
import { text, words } from "../words";

const LONGEST_S = 88; // of a countdown, as wide as any that has two digits

/** The ribbon tells it aloud. Here the countdown takes the place of the words; while it works their box has room for both. */
export function RobotNow({ robot }: { robot: LaneView }) {
  const condition = robotCondition();
  const does = text(robot.text);
  return (
    <p class="robot-now" data-testid="robot-now">
      <span>{condition.left_s > 0 ? condition.words : does}</span>
      {robot.status === "working" && (
        <span class="robot-now-room" aria-hidden="true">
          {words.value.robot.soon(does, LONGEST_S)}
        </span>
      )}
    </p>
  );
}

/** That a step is done with the robot, or when its motion begins: in one line either way. */
export function Together() {
  const condition = robotCondition();
  return <span>{condition.left_s > 0 ? condition.words : words.value.card.together}</span>;
}
