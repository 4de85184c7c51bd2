/** The way to the site's own sign-in, where the cell has one. */

import { useSignal } from "@preact/signals";
import { post } from "../rest";
import { words } from "../words";
import { access } from "./access";
import { told } from "./told";

export function ProviderButton({ onRefused }: { onRefused: (text: string) => void }) {
  const { access: say } = words.value;
  const name = access.value?.provider;
  const busy = useSignal(false);
  if (!name) return null;
  const go = async (): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    onRefused("");
    try {
      const { url } = await post<{ url: string }>("/api/v1/access/oidc", { to: `${location.pathname}${location.search}` });
      location.assign(url);
    } catch (error) {
      onRefused(told(error));
    }
    busy.value = false; // whoever goes back finds the button open
  };
  return (
    <button type="button" class="act act-plain who-provider" aria-disabled={busy.value} data-testid="provider" onClick={() => void go()}>
      {say.provider(name)}
    </button>
  );
}
