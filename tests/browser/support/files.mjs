// Files to bring in, made here: pictures, a sound, a video, and things that must not run.

import { deflateSync } from "node:zlib";

/** The checksum of PNG and of archives. */
export function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

function part(name, data) {
  const named = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const whole = Buffer.alloc(named.length + 8);
  whole.writeUInt32BE(data.length);
  named.copy(whole, 4);
  whole.writeUInt32BE(crc32(named), named.length + 4);
  return whole;
}

/** The bytes of a PNG of one colour, `[red, green, blue]`. */
export function png([red, green, blue], width = 320, height = 240) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  // Eight bits for each of three colours.
  head.set([8, 2], 8);
  const row = Buffer.alloc(1 + width * 3);
  for (let x = 0; x < width; x++) row.set([red, green, blue], 1 + x * 3);
  const pixels = deflateSync(Buffer.concat(Array(height).fill(row)));
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([signature, part("IHDR", head), part("IDAT", pixels), part("IEND", Buffer.alloc(0))]);
}

/** The bytes of a sound: a tone of so many seconds, 8,000 samples each. */
export function wav(seconds) {
  const samples = 8000 * seconds;
  const sound = Buffer.alloc(44 + samples * 2);
  sound.write("RIFF", 0);
  sound.writeUInt32LE(36 + samples * 2, 4);
  sound.write("WAVEfmt ", 8);
  sound.writeUInt32LE(16, 16);
  // Plain samples of one channel.
  sound.writeUInt16LE(1, 20);
  sound.writeUInt16LE(1, 22);
  sound.writeUInt32LE(8000, 24);
  sound.writeUInt32LE(16000, 28);
  sound.writeUInt16LE(2, 32);
  sound.writeUInt16LE(16, 34);
  sound.write("data", 36);
  sound.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at++) sound.writeInt16LE(8000 * Math.sin(at / 3), 44 + at * 2);
  return sound;
}

/** The bytes of a video that the page records from a canvas: a bar that wanders over a colour, for about so many milliseconds. */
export async function webm(page, milliseconds = 1500) {
  const bytes = await page.evaluate(async (milliseconds) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [320, 180];
    const context = canvas.getContext("2d");
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: "video/webm;codecs=vp8" });
    const pieces = [];
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    const stopped = new Promise((done) => (recorder.onstop = done));
    recorder.start();
    const begun = performance.now();
    for (let now = begun; now < begun + milliseconds; now = performance.now()) {
      context.fillStyle = "teal";
      context.fillRect(0, 0, 320, 180);
      context.fillStyle = "orange";
      context.fillRect(((now - begun) / milliseconds) * 300, 0, 20, 180);
      await new Promise((done) => setTimeout(done, 50));
    }
    recorder.stop();
    await stopped;
    const blob = new Blob(pieces);
    // As text: a long array of numbers is slow to hand over.
    return new Promise((done) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result.split(",")[1]);
      reader.readAsDataURL(blob);
    });
  }, milliseconds);
  return Buffer.from(bytes, "base64");
}

/** A picture that tries to run, and to load from `outside` (an address that ends with a slash), in every way that SVG has. */
export const hostileSvg = (outside) => `<?xml version="1.0"?>
<?xml-stylesheet href="${outside}stylesheet.css" type="text/css"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="320" height="240" viewBox="0 0 320 240"
  onload="window.pwned='onload'; alert('onload'); fetch('${outside}onload')">
  <script>window.pwned = "script"; alert("script"); fetch("${outside}script");</script>
  <script href="${outside}script.js"/>
  <style>@import url("${outside}import.css"); @font-face { font-family: f; src: url("${outside}font.woff2") } text { font-family: f } .c { fill: url("${outside}fill.svg#f") } .b { background: url("${outside}background.png") }</style>
  <rect class="c b" width="320" height="240" fill="rgb(30,120,60)" style="background-image: url(${outside}style.png)"/>
  <rect width="320" height="240" style="fill: rgb(30,120,60)"/>
  <image href="${outside}image.png" width="10" height="10"/>
  <image xlink:href="${outside}xlink.png" width="10" height="10"/>
  <use href="${outside}use.svg#a"/>
  <text x="20" y="200">Text</text>
  <a href="javascript:window.pwned='link'"><text x="20" y="100">Link</text></a>
  <set attributeName="onmouseover" to="window.pwned='set'"/>
  <animate attributeName="href" values="javascript:window.pwned='animate'"/>
  <foreignObject width="100" height="100">
    <body xmlns="http://www.w3.org/1999/xhtml">
      <iframe src="${outside}iframe.html"></iframe>
      <iframe srcdoc="&lt;script&gt;parent.pwned='srcdoc'&lt;/script&gt;"></iframe>
      <img src="${outside}img.png" onerror="window.pwned='onerror'"/>
      <link rel="stylesheet" href="${outside}link.css"/>
      <object data="${outside}object.svg"></object>
      <video src="${outside}video.mp4" autoplay="autoplay"></video>
    </body>
  </foreignObject>
</svg>`;

/** A page that tries the same. */
export const hostileHtml = (outside) => `<!DOCTYPE html>
<html><head><meta http-equiv="refresh" content="0;url=${outside}refresh"><link rel="stylesheet" href="${outside}page.css">
<script>window.pwned = "page"; alert("page"); fetch("${outside}page-script");</script>
<script src="${outside}page.js"></script></head>
<body onload="window.pwned='body'"><img src="${outside}page.png" onerror="window.pwned='page-onerror'">
<iframe src="${outside}page-iframe"></iframe></body></html>`;

/** A file as `setInputFiles` takes it. */
export const file = (name, buffer, mimeType = "application/octet-stream") => ({ name, mimeType, buffer: Buffer.from(buffer) });
