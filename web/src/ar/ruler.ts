/** Whether a board was printed in its true size: its ruler says so. */

export const RULER_MM = 100; // as printed below the pattern
const MOST_OFF = 0.03; // a printer that scales more was told to fit the page: then nothing else is to be trusted either

/** How many times too large the print is, from the ruler as measured (mm); null where it must be printed anew. */
export function scaleOf(measured_mm: number): number | null {
  const scale = measured_mm / RULER_MM;
  return Number.isFinite(scale) && Math.abs(scale - 1) <= MOST_OFF ? scale : null;
}

/** Under which name a device remembers what the ruler of a cell's board measured. */
export const rulerOf = (cell: string, board: string): string => `ruler.${cell}.${board}`;
