//! What can be told of bytes that are no message, for clients with faults.

use super::faults::Fault;
use crate::faults::Faults;

/// Whether they begin as a table.
pub(super) fn is_table(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("\"update_table\"")
}

/// CHATAPP-C10: ends the program where it cannot bear such bytes.
pub(super) fn kills(faults: Faults<Fault>, bytes: &[u8]) {
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    let dies = bytes.is_empty() && faults.has(Fault::EmptyKills)
        || std::str::from_utf8(bytes).is_err() && faults.has(Fault::OddBytesKill)
        || !is_object && faults.has(Fault::NoObjectKills)
        || is_table(bytes) && faults.has(Fault::OddTableKills);
    if dies {
        std::process::abort();
    }
}
