/** What the pages say about words that wait for the cell, about remembered pictures and about newer pages, in English. */

export const kept = {
  ask: {
    title: "Keep it on this device?",
    text: "There is no connection just now. What you say is kept here, and sent once the connection is back.",
    robot: "The robot may go on as soon as it is sent. Keep your hands out of its way from now on.",
    who: (who: string) => `Are you ${who}?`,
    yes: (who: string) => `I am ${who}: keep it`,
    other: "I am someone else",
    otherText: (who: string) => `Then it is not kept: it would count as ${who}’s work. Sign in once the connection is back.`,
    back: "Back",
  },
  presence: {
    title: (who: string) => `Are you ${who}?`,
    text: (who: string) => `Nobody has touched this device for a while. What you say now counts as ${who}’s work.`,
    same: (who: string) => `I am ${who}`,
    other: (who: string) => `Someone else: sign ${who} out`,
    back: "Back",
  },
  label: "Kept on this device",
  waiting: (n: number) => (n === 1 ? "Kept on this device" : `${n} entries are kept on this device`),
  waitingText: "Sent as soon as the connection is back. The robot may go on then: keep your hands out of its way.",
  sending: "They are being sent …",
  takeBack: "Take it back",
  taken: (n: number) => (n === 1 ? "What was kept has been sent" : `${n} kept entries have been sent`),
  takenText: "The cell has taken everything.",
  returned: "The cell did not take this",
  entered: "You had entered",
  understood: "Understood",
  close: "Close",
  said: { confirm_step: "Done", confirm_undo: "Taken off", report_problem: "Problem" },
  lot: (part: string) => `Lot or serial number: ${part}`,
  yes: "yes",
  by: (time: string, who: string) => `${time}, ${who}`,
  remembered: (time: string) => `You see the card as it was at ${time}.`,
  refusals: {
    stale: { message: "The work has gone on meanwhile.", remedy: "Look at the card: if this is still to be said, say it again." },
    no_step: { message: "This unit is no longer in work.", remedy: "Tell your supervisor if these entries belong into its record." },
    other_person: { message: "Someone else is signed in here by now.", remedy: "It counts only for who said it. Sign in and say it again." },
    nobody: { message: "Nobody is signed in here any more.", remedy: "Sign in and say it again." },
    with_robot: { message: "The robot waits for this word, so it counts only in the moment.", remedy: "Look at the robot, then say it again." },
  } as Record<string, { message: string; remedy: string }>,
};

export const shell = {
  newer: "There is a new version of these pages.",
  newerText: "It comes by itself when nobody is typing.",
  load: "Load it now",
  insecure: {
    title: "Camera, AR and work without a connection need a secure address",
    more: "Why, and how",
    text: "This page came by http:// over the network. Browsers then switch off the camera, AR headsets, the wake lock, and opening a page without a connection. Everything else works, and what you say while the line is down is still kept.",
    how: "Ask whoever runs the cell for its https:// address: it needs a certificate that this device trusts. On the cell’s own computer http://localhost counts as secure, and so it does on a tablet or headset at its USB cable after “adb reverse tcp:8080 tcp:8080”.",
    close: "Understood",
  },
};
