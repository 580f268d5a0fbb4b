//! A `.br` beside each file that shrinks, for our own server and for hosts that use them.

use std::{cmp::Reverse, path::Path};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;

use crate::{files, progress, split};

/// Kinds of files that are not compressed already.
const KINDS: [&str; 7] = ["css", "html", "js", "json", "svg", "wasm", "webmanifest"];

/// Compresses the files of a site and prints what a first visit downloads.
pub fn compress(site: &Path) -> Result<()> {
    progress::timed("Compressing", || {
        let mut rows = Vec::new();
        for file in files::list(site)? {
            if !file.extension().is_some_and(|kind| KINDS.iter().any(|known| kind == *known)) {
                continue;
            }
            let bytes = files::read(&file)?;
            let small = encode(&bytes).with_context(|| format!("compressing {}", file.display()))?;
            files::write(Path::new(&format!("{}.br", file.display())), &small)?;
            rows.push((small.len(), bytes.len(), files::web_path(file.strip_prefix(site)?)));
        }
        rows.sort_by_key(|&(small, ..)| Reverse(small));
        let (mut start, mut rest) = (0, 0);
        for (small, size, name) in rows {
            // The long tail is not worth a line each.
            if small >= 2_000 {
                eprintln!("{:>21} {:>8} br  {name}", progress::kilobytes(size), progress::kilobytes(small));
            }
            *(if name.ends_with(split::REST) { &mut rest } else { &mut start }) += small;
        }
        let [start, rest] = [start, rest].map(progress::kilobytes);
        Ok(((), format!("{start} to download for the first start, and {rest} that follow,")))
    })
}

fn encode(bytes: &[u8]) -> Result<Vec<u8>> {
    let settings = BrotliEncoderParams { quality: 11, lgwin: 24, size_hint: bytes.len(), ..Default::default() };
    let mut small = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut small, &settings)?;
    Ok(small)
}
