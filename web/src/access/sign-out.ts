/** The way out of a device that somebody is signed in at. */

import { commands, store } from "../cell";
import { post } from "../rest";

/** Leave the places where nothing is in hand, and sign out. What is kept on this device stays for whose word it is. */
export async function signOut(person: string): Promise<void> {
  for (const card of store.cards.value.values()) {
    const mine = store.lanes.value.get(card.place)?.operator === person;
    if (mine && ["idle", "blocked", "done"].includes(card.status)) await commands.send({ type: "leave_place", place: card.place });
  }
  await post("/api/v1/access/sign-out", {}).catch(() => undefined);
  location.reload(); // nothing of what was shown stays
}
