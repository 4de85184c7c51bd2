/** Drawn signs. Each stands beside a word or carries its own name; colour is never all that they say. */

const PATHS = {
  check: "M4 12.5l5 5L20 6.5",
  cross: "M6 6l12 12M18 6L6 18",
  dot: "M12 12h.01",
  circle: "M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16z",
  half: "M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16zM12 4v16M12 12h7.9M12 8h6.8M12 16h6.8",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 1 0 0-5.6z",
  alert: "M12 3.5L22 20.5H2zM12 10v5M12 17.8h.01",
  back: "M9 6l-5 5l5 5M4 11h10a6 6 0 0 1 6 6v1",
  skip: "M4 12h14M13 7l5 5l-5 5",
  clock: "M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16zM12 8v4.5l3 2",
  person: "M12 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7zM5 20c0-4 3-6.5 7-6.5s7 2.5 7 6.5",
  robot: "M6 20h8M8 20v-4l-2-5 6-5 5 3M17 9l2.5 1.5M17 9l.5-3M8.5 10.5h.01",
  hand: "M8 13V5.5a1.5 1.5 0 0 1 3 0V11M11 11V4.5a1.5 1.5 0 0 1 3 0V11M14 11V6a1.5 1.5 0 0 1 3 0v8c0 4-2 6.5-5.5 6.5-3 0-4.500-1.500-6-4.500l-1.500-3a1.500 1.500 0 0 1 2.600-1.500L8 13",
  gear: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  plus: "M12 5v14M5 12h14",
  wifi: "M3 9.5a13 13 0 0 1 18 0M6.5 13a8 8 0 0 1 11 0M10 16.5a3 3 0 0 1 4 0M12 19.5h.01",
  nowifi: "M3 9.5a13 13 0 0 1 18 0M6.5 13a8 8 0 0 1 11 0M12 19.5h.01M4 4l16 16",
  pause: "M8 5v14M16 5v14",
  camera: "M4 8h3.500l1.500-2.500h6L16.500 8H20v11H4zM12 10a3.500 3.500 0 1 0 0 7a3.500 3.500 0 1 0 0-7z",
  microphone: "M12 4a2.500 2.500 0 0 0-2.500 2.500V12a2.500 2.500 0 0 0 5 0V6.500A2.500 2.500 0 0 0 12 4zM6.500 11.500a5.500 5.500 0 0 0 11 0M12 17v3.500M9 20.500h6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
