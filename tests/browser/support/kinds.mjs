// Two kinds of node that fit each other, as the tests name them.

/** Gives a text. */
export const PROMPT = {
  query: "Prompt",
  type: "prompt",
  input: "in:text",
  output: "out:text",
  fields: { Text: { role: "textbox", value: "A lighthouse on a basalt headland" } },
};

/** Takes a text, gives a picture. */
export const GENERATE = {
  query: "Generate image",
  type: "image.generate",
  input: "in:prompt",
  output: "out:image",
  fields: {},
};

/** Shows a picture by its address. */
export const PICTURE = { query: "Load image", address: "Address" };
