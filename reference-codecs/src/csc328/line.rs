//! `line`: the words of the document, each message ended by a newline.

use super::framing::too_long;
use super::word::Word;
use super::{ClientMessage, Codec, MAX_CONTENT, ServerMessage};
use crate::decode::{EncodeError, Fields, Malformed, Stop};

/// The dialect `line`.
pub(super) struct Line;

impl Codec for Line {
    fn frame<'a>(&self, fields: &mut Fields<'a>) -> Result<&'a [u8], Stop> {
        let rest = fields.rest();
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or(Stop::Incomplete(1))?;
        fields.take(end + 1)?;
        let line = rest.get(..end).unwrap_or_default();
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn enclose(&self, content: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if content.len() > MAX_CONTENT {
            return Err(too_long(content.len(), MAX_CONTENT));
        }
        if content.contains(&b'\n') {
            let field = "a text of several lines";
            return Err(EncodeError::NotCarried { field });
        }
        out.extend_from_slice(content);
        if content.ends_with(b"\r") {
            // The one that a reader takes away.
            out.push(b'\r');
        }
        out.push(b'\n');
        Ok(())
    }

    fn read_client(&self, content: &[u8]) -> Result<ClientMessage, Malformed> {
        Word.read_client(content)
    }

    fn write_client(&self, message: &ClientMessage) -> Result<Vec<u8>, EncodeError> {
        Word.write_client(message)
    }

    fn read_server(&self, content: &[u8]) -> Result<ServerMessage, Malformed> {
        Word.read_server(content)
    }

    fn write_server(&self, message: &ServerMessage, stamp: u64) -> Result<Vec<u8>, EncodeError> {
        Word.write_server(message, stamp)
    }
}
