//! What goes onto the wire.

use reference_codecs::EncodeError;
use reference_codecs::chatapp::{Datagram, Kind};

use super::faults::Fault;
use crate::faults::Faults;

/// What stands before the kind of a message. In a text its quotes would be escaped.
const KIND: &str = "\"type_\": \"";

/// What stands before the port of a registration, and behind it.
const CONTENT: &str = "{\"content\": ";
const BEHIND: &str = ", \"type_\"";

/// CHATAPP-C11: the bytes of a message. Fails when it is too long.
pub(super) fn encode(datagram: &Datagram, faults: Faults<Fault>) -> Result<Vec<u8>, EncodeError> {
    let bytes = datagram.encode()?;
    let object = String::from_utf8_lossy(&bytes);
    let name = datagram.kind.name();
    let spoilt = if faults.has(Fault::KindInCapitals) {
        let capitals = name.to_uppercase();
        object.replacen(&format!("{KIND}{name}"), &format!("{KIND}{capitals}"), 1)
    } else if faults.has(Fault::KindElsewhere) {
        object.replacen(KIND, "\"type\": \"", 1)
    } else if faults.has(Fault::ObjectInList) {
        format!("[{object}]")
    } else if faults.has(Fault::ObjectTwice) {
        object.repeat(2)
    } else if faults.has(Fault::PortInList) && datagram.kind == Kind::Reg {
        let listed = object.replacen(CONTENT, &format!("{CONTENT}["), 1);
        listed.replacen(BEHIND, &format!("]{BEHIND}"), 1)
    } else {
        return Ok(bytes);
    };
    Ok(spoilt.into_bytes())
}
