//! Contents behind a big-endian size, shared by the dialects that have one.

use super::MAX_CONTENT;
use crate::decode::{EncodeError, Fields, Stop};

/// A content behind its 16-bit size.
pub(super) fn sized16<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8], Stop> {
    fields.str16()
}

/// A content behind its 32-bit size.
pub(super) fn sized32<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8], Stop> {
    let size = fields.u32()?;
    // What no address space holds is as far out of reach as its end.
    fields.take(usize::try_from(size).unwrap_or(usize::MAX))
}

/// Appends a content behind its 16-bit size.
pub(super) fn put16(content: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    put16_size(content.len(), out)?;
    out.extend_from_slice(content);
    Ok(())
}

/// Appends a content behind its 32-bit size.
pub(super) fn put32(content: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.extend_from_slice(&[0, 0]);
    put16(content, out)
}

/// Appends a 16-bit size.
pub(super) fn put16_size(len: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let size = u16::try_from(len).map_err(|_| too_long(len, MAX_CONTENT))?;
    out.extend_from_slice(&size.to_be_bytes());
    Ok(())
}

/// The error for a message with so many bytes where only `limit` fit.
pub(super) fn too_long(len: usize, limit: usize) -> EncodeError {
    EncodeError::TooLong {
        field: "text",
        len,
        limit,
    }
}
