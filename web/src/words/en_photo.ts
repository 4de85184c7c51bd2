/** What the pages say about pictures that people take of results, in English. */

export const photo = {
  ask: "A picture of the result belongs to this step.",
  take: "Take a picture",
  again: "Take it again",
  taken: (title: string) => `Your picture: ${title}`,
  kept: (title: string) => `A worker’s picture: ${title}`,
  lost: "The picture was removed; its fingerprint stays in the record.",
  missing: "Take a picture first.",
  unkept: "This device has no room to keep the picture: it is lost if the page is closed before it is sent.",
  unreadable: "That file is no picture that this browser can read. Take another one.",
  finder: {
    title: "Picture of the result",
    hint: "The whole part in the picture, sharp and well lit; no people in it.",
    live: "What the camera sees",
    starting: "The camera is starting …",
    shoot: "Take picture",
    use: "Use this picture",
    again: "Again",
    back: "Back",
    refused: "This page may not use the camera. Allow it in the browser’s settings, or take the picture with the device’s own camera.",
    failed: "The camera does not start. Take the picture with the device’s own camera.",
    own: "The device’s own camera",
  },
};
