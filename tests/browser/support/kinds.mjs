// The kinds of nodes that the tests work with: what finds them, and what they have.

/** Gives a text. */
export const PROMPT = {
  query: "Text prompt",
  type: "prompt",
  output: "out:text",
  fields: { Text: { role: "textbox", value: "A lighthouse on a basalt headland" } },
};

/** Takes anything, and a text; gives anything. Its settings are of every sort. */
export const STEP = {
  query: "Generic step",
  type: "generic",
  input: "in:in",
  textInput: "in:prompt",
  output: "out:out",
  fields: {
    Instruction: { role: "textbox", value: "Paint the scene" },
    Strength: { role: "textbox", value: "0.25" },
    Seed: { role: "textbox", value: "9007199254740993" },
    Quality: { role: "combobox" },
    Enabled: { role: "switch" },
  },
};

/** A picture by its address. */
export const PICTURE = {
  query: "Image by URL",
  type: "image",
  output: "out:image",
  address: "URL",
};
