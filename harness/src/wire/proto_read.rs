//! Protocol Buffers in bytes: fields with their places, and values of any declared type.

use std::ops::Range;

use protox::prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::Value;
use super::integer::{Integer, Unread};
use super::shape::Encoding;

/// How deep messages can stand in each other.
pub(super) const MAX_DEPTH: usize = 64;

/// How many fields one message can have, those of the messages in it included.
pub(super) const MAX_FIELDS: usize = 100_000;

/// The forms in which a field can be written.
pub(super) const VARINT: u8 = 0;
pub(super) const FIXED64: u8 = 1;
pub(super) const BYTES: u8 = 2;
pub(super) const FIXED32: u8 = 5;

/// The greatest number that a field can have.
const MAX_NUMBER: i128 = (1 << 29) - 1;

/// One field as it stands on the wire.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) wire: u8,
    /// Its number and form.
    pub(super) key: Range<usize>,
    /// Its length, where it has one.
    pub(super) len: Range<usize>,
    pub(super) value: Range<usize>,
    /// The value of a varint.
    pub(super) varint: u64,
}

/// Why there is no field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoField {
    /// So many bytes are needed at this place; the number of the field, if it is there.
    Ended {
        at: usize,
        needed: usize,
        number: Option<u32>,
    },
    Wrong(usize, &'static str),
}

/// The field that stands at `at`.
pub(super) fn field(bytes: &[u8], at: usize) -> Result<Field, NoField> {
    let (key, behind) = varint(bytes, at, None)?;
    let wire = u8::try_from(key & 7).unwrap_or_default();
    let number = u32::try_from(key >> 3)
        .ok()
        .filter(|number| (1..=MAX_NUMBER).contains(&i128::from(*number)))
        .ok_or(NoField::Wrong(at, "no field can have this number"))?;
    let mut field = Field {
        number,
        wire,
        key: at..behind,
        len: behind..behind,
        value: behind..behind,
        varint: 0,
    };
    let size = match wire {
        VARINT => {
            let (value, end) = varint(bytes, behind, Some(number))?;
            field.varint = value;
            field.value = behind..end;
            return Ok(field);
        }
        FIXED64 => 8,
        FIXED32 => 4,
        BYTES => {
            let (len, end) = varint(bytes, behind, Some(number))?;
            field.len = behind..end;
            usize::try_from(len)
                .ok()
                .filter(|len| end.checked_add(*len).is_some())
                .ok_or(NoField::Wrong(behind, "a length beyond all limits"))?
        }
        3 | 4 => return Err(NoField::Wrong(at, "groups are not understood")),
        _ => return Err(NoField::Wrong(at, "no field is written in this form")),
    };
    let start = field.len.end;
    if bytes.len() < start + size {
        return Err(NoField::Ended {
            at: start,
            needed: size,
            number: Some(number),
        });
    }
    field.value = start..start + size;
    Ok(field)
}

fn varint(bytes: &[u8], at: usize, number: Option<u32>) -> Result<(u64, usize), NoField> {
    match Integer::Varint.read(bytes.get(at..).unwrap_or_default()) {
        Ok((value, len)) => Ok((u64::try_from(value).unwrap_or_default(), at + len)),
        Err(Unread::Wrong(reason)) => Err(NoField::Wrong(at, reason)),
        Err(Unread::Needs(needed)) => Err(NoField::Ended { at, needed, number }),
    }
}

/// The fields of a message that fills `range`.
pub(super) fn fields(bytes: &[u8], range: Range<usize>) -> Result<Vec<Field>, NoField> {
    let mut list = Vec::new();
    let mut at = range.start;
    while at < range.end {
        if list.len() == MAX_FIELDS {
            return Err(NoField::Wrong(at, "too many fields"));
        }
        let found = field(&bytes[..range.end], at).map_err(closed)?;
        at = found.value.end;
        list.push(found);
    }
    Ok(list)
}

/// What ends too early where the end is known is wrong.
pub(super) fn closed(why: NoField) -> NoField {
    match why {
        NoField::Ended { at, .. } => {
            NoField::Wrong(at, "the field is longer than what it stands in")
        }
        wrong @ NoField::Wrong(..) => wrong,
    }
}

/// The form in which a value of this kind is written, alone.
pub(super) fn wire_of(kind: &Kind) -> u8 {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => FIXED64,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => FIXED32,
        Kind::String | Kind::Bytes | Kind::Message(_) => BYTES,
        _ => VARINT,
    }
}

/// Whether a field can stand in a message several times, each time with one more value.
pub(super) fn repeats(declared: &FieldDescriptor) -> bool {
    declared.is_list() || declared.is_map()
}

/// Whether a field is written in a form that its declaration allows.
pub(super) fn fits(declared: &FieldDescriptor, wire: u8) -> bool {
    let own = wire_of(&declared.kind());
    wire == own || (repeats(declared) && wire == BYTES)
}

/// The form in words.
pub(super) fn wire_words(wire: u8) -> &'static str {
    match wire {
        VARINT => "a varint",
        FIXED64 => "eight bytes",
        BYTES => "bytes with a length",
        _ => "four bytes",
    }
}

/// The values of one field: several when they are packed.
pub(super) fn values(
    bytes: &[u8],
    declared: &FieldDescriptor,
    field: &Field,
    depth: usize,
) -> Result<Vec<Value>, NoField> {
    let kind = declared.kind();
    let own = wire_of(&kind);
    if field.wire != own && field.wire == BYTES {
        return packed(bytes, &kind, field);
    }
    one(bytes, &kind, field, depth).map(|value| vec![value])
}

fn packed(bytes: &[u8], kind: &Kind, field: &Field) -> Result<Vec<Value>, NoField> {
    let mut list = Vec::new();
    let mut at = field.value.start;
    let end = field.value.end;
    while at < end {
        if list.len() == MAX_FIELDS {
            return Err(NoField::Wrong(at, "too many values"));
        }
        let (raw, next) = match wire_of(kind) {
            VARINT => varint(&bytes[..end], at, None).map_err(closed)?,
            wire => {
                let next = at + if wire == FIXED64 { 8 } else { 4 };
                if next > end {
                    return Err(NoField::Wrong(
                        at,
                        "the field is longer than what it stands in",
                    ));
                }
                (0, next)
            }
        };
        list.push(number(kind, raw, &bytes[at..next]));
        at = next;
    }
    Ok(list)
}

fn one(bytes: &[u8], kind: &Kind, field: &Field, depth: usize) -> Result<Value, NoField> {
    let inside = &bytes[field.value.clone()];
    Ok(match kind {
        Kind::String => Encoding::Utf8.decode(inside),
        Kind::Bytes => Value::Bytes(inside.to_vec()),
        Kind::Message(message) => {
            return map(bytes, message, field.value.clone(), depth + 1);
        }
        kind => number(kind, field.varint, inside),
    })
}

/// A whole message as a map of the fields that are there; unknown ones are left out.
pub(super) fn map(
    bytes: &[u8],
    message: &MessageDescriptor,
    range: Range<usize>,
    depth: usize,
) -> Result<Value, NoField> {
    if depth > MAX_DEPTH {
        return Err(NoField::Wrong(range.start, "nested too deeply"));
    }
    let mut entries: Vec<(String, Value)> = Vec::new();
    for field in fields(bytes, range)? {
        let Some(declared) = message.get_field(field.number) else {
            continue;
        };
        if !fits(&declared, field.wire) {
            return Err(NoField::Wrong(
                field.key.start,
                "written in another form than declared",
            ));
        }
        let mut new = values(bytes, &declared, &field, depth)?;
        let known = entries.iter_mut().find(|(name, _)| name == declared.name());
        match (known, repeats(&declared)) {
            (Some((_, Value::List(items))), true) => items.append(&mut new),
            (None, true) => entries.push((declared.name().to_owned(), Value::List(new))),
            (Some((_, old)), false) => *old = new.pop().unwrap_or(Value::Null),
            (_, _) => {
                let value = new.pop().unwrap_or(Value::Null);
                entries.push((declared.name().to_owned(), value));
            }
        }
    }
    Ok(Value::Map(entries))
}

/// A number from its varint, or from its bytes.
fn number(kind: &Kind, raw: u64, bytes: &[u8]) -> Value {
    let four = || bytes.first_chunk().copied().unwrap_or_default();
    let eight = || bytes.first_chunk().copied().unwrap_or_default();
    let [a, b, c, d, ..] = raw.to_le_bytes();
    let low = [a, b, c, d];
    let zigzag = |raw: u64| i128::from(raw >> 1) ^ -i128::from(raw & 1);
    Value::Int(match kind {
        Kind::Double => return Value::Float(f64::from_le_bytes(eight())),
        Kind::Float => return Value::Float(f64::from(f32::from_le_bytes(four()))),
        Kind::Bool => return Value::Bool(raw != 0),
        Kind::Int32 | Kind::Enum(_) => i32::from_le_bytes(low).into(),
        Kind::Int64 => i64::from_le_bytes(raw.to_le_bytes()).into(),
        Kind::Uint32 => u32::from_le_bytes(low).into(),
        Kind::Sint32 => zigzag(u32::from_le_bytes(low).into()),
        Kind::Sint64 => zigzag(raw),
        Kind::Fixed32 => u32::from_le_bytes(four()).into(),
        Kind::Sfixed32 => i32::from_le_bytes(four()).into(),
        Kind::Fixed64 => u64::from_le_bytes(eight()).into(),
        Kind::Sfixed64 => i64::from_le_bytes(eight()).into(),
        _ => raw.into(),
    })
}

/// What a field counts as that is not there.
pub(super) fn absent(declared: &FieldDescriptor) -> Value {
    if repeats(declared) {
        return Value::List(Vec::new());
    }
    match declared.kind() {
        Kind::String => Value::Text(String::new()),
        Kind::Bytes => Value::Bytes(Vec::new()),
        Kind::Bool => Value::Bool(false),
        Kind::Double | Kind::Float => Value::Float(0.0),
        Kind::Message(_) => Value::Map(Vec::new()),
        Kind::Enum(_) if declared.supports_presence() => Value::Null,
        _ => Value::Int(0),
    }
}
