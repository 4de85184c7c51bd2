// A level of autonomy is called the same where it is shown and where it is chosen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

for (const language of ["en", "de"]) {
  test(`each level of autonomy has one name in ${language}`, async () => {
    const { [language]: words } = await load(`words/${language}.ts`);
    const chosen = Object.keys(words.autonomy).map((level) => words.buttons[`autonomy_${level}`]);
    assert.deepEqual(chosen, Object.values(words.autonomy));
  });
}
