// Pictures that are drawn for a test, brought in, and seen.

/**
 * So many different pictures. `noisy` ones can't be compressed: of the same measures, they are some 900 kB each.
 */
export async function pictures(page, count, { noisy = false, prefix = "picture" } = {}) {
  const drawn = await page.evaluate(
    async ([count, noisy, prefix]) => {
      const files = [];
      for (let number = 0; number < count; number++) {
        const canvas = new OffscreenCanvas(640, 480);
        const context = canvas.getContext("2d");
        if (noisy) {
          const image = context.createImageData(640, 480);
          for (let at = 0; at < image.data.length; at += 65536) crypto.getRandomValues(image.data.subarray(at, at + 65536));
          for (let at = 3; at < image.data.length; at += 4) image.data[at] = 255;
          context.putImageData(image, 0, 0);
        } else {
          context.fillStyle = `hsl(${number * 29} 60% 50%)`;
          context.fillRect(0, 0, 640, 480);
          context.fillStyle = "white";
          context.fillText(`${prefix} ${number}`, 20, 40);
        }
        const blob = await canvas.convertToBlob({ type: "image/png" });
        const bytes = new Uint8Array(await blob.arrayBuffer());
        let text = "";
        for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
        files.push(btoa(text));
      }
      return files;
    },
    [count, noisy, prefix],
  );
  return drawn.map((text, number) => ({ name: `${prefix}-${number}.png`, mimeType: "image/png", buffer: Buffer.from(text, "base64") }));
}

/** Gives files to "Add media". */
export const choose = (app, files) => app.page.locator("input[type=file][data-media]").setInputFiles(files);

/** The same, and waits until the canvas has so many nodes: as many as there are files, if it was empty. Shows all of them. */
export async function addMedia(app, files, nodes = files.length) {
  await choose(app, files);
  await app.page.waitForSelector(`[data-canvas][data-node-count="${nodes}"]`, { timeout: 60_000 });
  await app.saved();
  await app.canvas.element.press("1");
}

/** Waits until so many pictures can be seen. */
export const seen = (app, count) =>
  app.page.waitForFunction(
    (count) => document.querySelectorAll('[data-node-id] [data-asset-id][data-loaded="true"]').length === count,
    count,
  );
