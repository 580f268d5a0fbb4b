//! The records of a ZIP archive, as [APPNOTE](https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT) 6.3 has them: little
//! endian, sizes in bytes.

/// Of a file's own header, before its data.
pub(super) const LOCAL: u32 = 0x0403_4b50;
/// Of a file's header in the central directory.
pub(super) const CENTRAL: u32 = 0x0201_4b50;
/// Of the end of the central directory.
pub(super) const END: u32 = 0x0605_4b50;
/// Of the same with 64-bit numbers.
pub(super) const END_64: u32 = 0x0606_4b50;
/// Of what says where that is.
pub(super) const LOCATOR_64: u32 = 0x0706_4b50;
/// Of sizes that follow the data.
pub(super) const DESCRIPTOR: u32 = 0x0807_4b50;

/// How long these records are without what varies.
pub(super) const LOCAL_BYTES: usize = 30;
pub(super) const CENTRAL_BYTES: usize = 46;
pub(super) const END_BYTES: usize = 22;
pub(super) const END_64_BYTES: usize = 56;
pub(super) const LOCATOR_64_BYTES: usize = 20;

/// Says that the number is in the extra field with 64 bits.
pub(super) const MAX_32: u64 = 0xffff_ffff;
pub(super) const MAX_16: u64 = 0xffff;
/// The extra field with 64-bit numbers.
pub(super) const EXTRA_64: u16 = 1;
/// The extra field with another name in UTF-8.
pub(super) const EXTRA_NAME: u16 = 0x7075;

/// Flag: a password is needed.
pub(super) const FLAG_ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Flag: sizes and checksum follow the data.
pub(super) const FLAG_DESCRIPTOR: u16 = 1 << 3;
/// Flag: the data is a patch to another file.
pub(super) const FLAG_PATCH: u16 = 1 << 5;
/// Flag: the name is in UTF-8.
pub(super) const FLAG_UTF8: u16 = 1 << 11;

/// Reads numbers one after the other.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().map(u16::from_le_bytes).ok()
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().map(u32::from_le_bytes).ok()
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().map(u64::from_le_bytes).ok()
    }
}

/// Of an extra field, what has that number. Err: the fields do not fill it exactly.
pub(super) fn extra(all: &[u8], wanted: u16) -> Result<Option<&[u8]>, ()> {
    let mut fields = Fields(all);
    let mut found = None;
    while !fields.0.is_empty() {
        let (id, size) = (fields.u16().ok_or(())?, fields.u16().ok_or(())?);
        let content = fields.take(size.into()).ok_or(())?;
        if id == wanted && found.replace(content).is_some() {
            return Err(());
        }
    }
    Ok(found)
}
