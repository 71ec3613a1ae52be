//! Messages that are JSON objects, the same for every protocol and dialect that has them.

use serde::{Deserialize, Serialize};

use crate::decode::{EncodeError, Malformed, Reason};

/// Reads the object that `content` is; it begins `at` bytes into its message.
pub(crate) fn read<'a, T: Deserialize<'a>>(content: &'a [u8], at: usize) -> Result<T, Malformed> {
    serde_json::from_slice(content).map_err(|error| Malformed {
        offset: at,
        field: "json",
        reason: Reason::NotJson(error.to_string()),
    })
}

/// The object as bytes.
pub(crate) fn write(document: &impl Serialize) -> Result<Vec<u8>, EncodeError> {
    serde_json::to_vec(document).map_err(|_| EncodeError::NotCarried {
        field: "what JSON cannot say",
    })
}

/// The error for an object of a kind that the protocol does not have.
pub(crate) fn unknown_kind(field: &'static str, kind: &str, at: usize) -> Malformed {
    Malformed {
        offset: at,
        field,
        reason: Reason::UnknownKind(kind.to_owned()),
    }
}
