//! A writer of archives that can also lie: it puts down what it is told to.

/// An entry as it is to be written.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: Vec<u8>,
    /// What its own header calls it.
    pub local_name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub data: Vec<u8>,
    pub crc32: u32,
    pub bytes: u32,
    pub attributes: u32,
    /// Whether sizes and checksum follow the data.
    pub follows: bool,
    /// Extra fields of both headers.
    pub local_extra: Vec<u8>,
    pub extra: Vec<u8>,
    /// What the central header says of the size in 32 bits, if not the truth.
    pub central_sizes: Option<(u32, u32)>,
    /// The same of the entry's own header.
    pub local_sizes: Option<(u32, u32)>,
}

impl Entry {
    pub fn stored(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.into(),
            local_name: name.into(),
            method: 0,
            flags: 1 << 11,
            data: content.to_vec(),
            crc32: crc32fast::hash(content),
            bytes: u32::try_from(content.len()).unwrap(),
            attributes: 0o100_644 << 16,
            follows: false,
            local_extra: Vec::new(),
            extra: Vec::new(),
            central_sizes: None,
            local_sizes: None,
        }
    }

    pub fn deflated(name: &str, content: &[u8]) -> Self {
        let data = miniz_oxide::deflate::compress_to_vec(content, 6);
        Self { method: 8, data, ..Self::stored(name, content) }
    }

    fn common(&self, to: &mut Vec<u8>, blank: bool, sizes: Option<(u32, u32)>, name: usize, extra: usize) {
        let flags = if self.follows { self.flags | 1 << 3 } else { self.flags };
        for number in [20, flags, self.method, 0, 33] {
            to.extend(number.to_le_bytes());
        }
        let packed = u32::try_from(self.data.len()).unwrap();
        let (packed, bytes) = sizes.unwrap_or(if blank { (0, 0) } else { (packed, self.bytes) });
        for number in [if blank { 0 } else { self.crc32 }, packed, bytes] {
            to.extend(number.to_le_bytes());
        }
        for number in [name, extra] {
            to.extend(u16::try_from(number).unwrap().to_le_bytes());
        }
    }
}

/// Writes an archive.
pub fn archive(entries: &[Entry]) -> Vec<u8> {
    archive_with(entries, b"", &|_, _| {})
}

/// The same with a comment. `change` may add to the file before the directory begins; it is told where that is.
pub fn archive_with(entries: &[Entry], comment: &[u8], change: &dyn Fn(&mut Vec<u8>, usize)) -> Vec<u8> {
    let (mut file, mut at) = (Vec::new(), Vec::new());
    for entry in entries {
        at.push(u32::try_from(file.len()).unwrap());
        file.extend(0x0403_4b50_u32.to_le_bytes());
        entry.common(&mut file, entry.follows, entry.local_sizes, entry.local_name.len(), entry.local_extra.len());
        file.extend(&entry.local_name);
        file.extend(&entry.local_extra);
        file.extend(&entry.data);
        if entry.follows {
            for number in [0x0807_4b50, entry.crc32, u32::try_from(entry.data.len()).unwrap(), entry.bytes] {
                file.extend(number.to_le_bytes());
            }
        }
    }
    let from = file.len();
    change(&mut file, from);
    let from = file.len();
    for (entry, at) in entries.iter().zip(at) {
        file.extend(0x0201_4b50_u32.to_le_bytes());
        file.extend(0x0314_u16.to_le_bytes());
        entry.common(&mut file, false, entry.central_sizes, entry.name.len(), entry.extra.len());
        file.extend([0; 6]);
        file.extend(entry.attributes.to_le_bytes());
        file.extend(at.to_le_bytes());
        file.extend(&entry.name);
        file.extend(&entry.extra);
    }
    let length = file.len() - from;
    file.extend(0x0605_4b50_u32.to_le_bytes());
    file.extend([0; 4]);
    let count = u16::try_from(entries.len()).unwrap();
    file.extend(count.to_le_bytes());
    file.extend(count.to_le_bytes());
    file.extend(u32::try_from(length).unwrap().to_le_bytes());
    file.extend(u32::try_from(from).unwrap().to_le_bytes());
    file.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
    file.extend(comment);
    file
}

/// An extra field.
pub fn extra(id: u16, numbers: &[u64]) -> Vec<u8> {
    let mut field = id.to_le_bytes().to_vec();
    field.extend(u16::try_from(numbers.len() * 8).unwrap().to_le_bytes());
    field.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    field
}
