/** The countdown, with the signals that it listens to. */
export { countdown } from "../src/countdown";
export { signal } from "@preact/signals";
