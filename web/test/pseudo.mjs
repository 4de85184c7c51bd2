// The file of a language that nobody speaks: English between brackets, its gaps as they are. It is complete.
export const PSEUDO = `import { en, type Words } from "../en";
import { sentences, type Cell } from "../sentences";
const marked = (value: unknown): unknown =>
  typeof value === "string" ? \`⟦\${value}⟧\`
  : typeof value === "function" ? (...given: unknown[]) => marked(value(...given))
  : Array.isArray(value) ? value.map(marked)
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, marked(one)]))
  : value;
export const complete = true;
export const words = marked(en) as Words;
export const cell = Object.fromEntries(sentences.map((one) => [one, \`⟦\${one}⟧\`])) as Cell;
`;
