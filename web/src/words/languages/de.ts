/** German. A further language is one file here: its words in the shape of `Words`, as `words`. */

export { de as words } from "../de";
