/** How long an attempt took (s), of the robot alone: people's times are nobody's business. Null where nothing is said. */
export function spent(attempt: { readonly [key: string]: unknown }): number | null {
  const { started_t: from, ended_t: to, actors, operator } = attempt;
  const alone = Array.isArray(actors) && actors.length > 0 && actors.every((actor) => actor === "robot") && !operator;
  return alone && typeof from === "number" && typeof to === "number" ? to - from : null;
}
