//! Writing Protocol Buffers.

use protox::prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::integer::Integer;
use super::proto::{Member, What};
use super::proto_read::{self, BYTES, MAX_DEPTH, absent, repeats, wire_of};
use super::writer::Writer;
use super::{EncodeError, Value};

impl<'a> Writer<'a> {
    /// Writes the described fields in written order. What has the value that a missing field has
    /// is left out, unless its presence means something.
    pub(super) fn proto(&mut self, members: &'a [Member]) -> Result<(), EncodeError> {
        for member in members {
            let declared = &member.declared;
            match &member.what {
                What::Literal(value) => self.field(member, value)?,
                What::Whole { slot, .. } => match self.value(*slot).cloned() {
                    Some(value) => self.field(member, &value)?,
                    None if slot.is_none() || member.optional || self.left_out(*slot) => {}
                    None => return Err(self.missing_value(*slot, &member.path)),
                },
                What::Mixed(template) => {
                    if template.holes().any(|hole| self.left_out(hole.slot)) {
                        continue;
                    }
                    let mut text = Vec::new();
                    template.print(&mut text, |hole, out| self.print(hole, out))?;
                    self.field(member, &Value::Bytes(text))?;
                }
                What::Message(members) => {
                    if !self.is_sent(member) {
                        continue;
                    }
                    let outside = std::mem::take(&mut self.out);
                    let written = self.proto(members);
                    let inside = std::mem::replace(&mut self.out, outside);
                    written?;
                    self.key(&member.path, declared.number(), BYTES)?;
                    self.counted(&member.path, &inside)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a message in the message is there: none of its fields may be left out on purpose as
    /// a whole, and one at least has a value where it can be missing.
    fn is_sent(&self, member: &Member) -> bool {
        let What::Message(members) = &member.what else {
            return true;
        };
        let valued = |member: &Member| match &member.what {
            What::Whole { slot, .. } => self.value(*slot).is_some(),
            What::Mixed(template) => template.holes().any(|h| self.value(h.slot).is_some()),
            What::Message(_) => self.is_sent(member),
            What::Literal(_) => false,
        };
        !member.optional || members.iter().any(valued)
    }

    fn field(&mut self, member: &Member, value: &Value) -> Result<(), EncodeError> {
        let declared = &member.declared;
        let path = &*member.path;
        let bent = |path: &str| self.is_bent(path);
        let wanted = bent(path) || bent(&format!("len({path})")) || bent(&format!("key({path})"));
        let nothing = match value {
            Value::Bytes(bytes) => bytes.is_empty(),
            value => *value == absent(declared),
        };
        if nothing && !declared.supports_presence() && !wanted {
            return Ok(());
        }
        let number = declared.number();
        let kind = declared.kind();
        if repeats(declared) {
            let mut bytes = Vec::new();
            write_field(declared, value, 0, &mut bytes).map_err(|problem| wrong(path, problem))?;
            self.out.extend_from_slice(&bytes);
            return Ok(());
        }
        let mut bytes = Vec::new();
        write_bare(&kind, value, 0, &mut bytes).map_err(|problem| wrong(path, problem))?;
        let wire = wire_of(&kind);
        self.key(path, number, wire)?;
        if wire == BYTES {
            return self.counted(path, &bytes);
        }
        match self.bend(path) {
            Some(value) if wire == proto_read::VARINT => self.varint(path, value),
            Some(value) => {
                bytes.clear();
                write_bare(&kind, &Value::Int(value), 0, &mut bytes)
                    .map_err(|problem| wrong(path, problem))?;
                self.out.extend_from_slice(&bytes);
                Ok(())
            }
            None => {
                self.out.extend_from_slice(&bytes);
                Ok(())
            }
        }
    }

    fn key(&mut self, path: &str, number: u32, wire: u8) -> Result<(), EncodeError> {
        let path = format!("key({path})");
        let key = i128::from(number) << 3 | i128::from(wire);
        let key = self.bend(&path).unwrap_or(key);
        self.varint(&path, key)
    }

    fn counted(&mut self, path: &str, bytes: &[u8]) -> Result<(), EncodeError> {
        let path = format!("len({path})");
        let len = i128::try_from(bytes.len()).unwrap_or(i128::MAX);
        let len = self.bend(&path).unwrap_or(len);
        self.varint(&path, len)?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn varint(&mut self, path: &str, value: i128) -> Result<(), EncodeError> {
        let (min, max) = (i64::MIN.into(), u64::MAX.into());
        if varint(value, &mut self.out) {
            return Ok(());
        }
        Err(EncodeError::BendTooLarge {
            path: path.to_owned(),
            value,
            min,
            max,
        })
    }
}

fn wrong(path: &str, problem: String) -> EncodeError {
    EncodeError::WrongValue {
        field: path.to_owned(),
        problem,
    }
}

/// Negative numbers take ten bytes, as the format has it.
fn varint(value: i128, out: &mut Vec<u8>) -> bool {
    let raw = match i64::try_from(value) {
        Ok(value) => u64::from_le_bytes(value.to_le_bytes()).into(),
        Err(_) => value,
    };
    Integer::Varint.write(raw, out)
}

/// Appends a declared field with all its values.
fn write_field(
    declared: &FieldDescriptor,
    value: &Value,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let kind = declared.kind();
    let key = |wire: u8| i128::from(declared.number()) << 3 | i128::from(wire);
    let items = match value {
        Value::List(items) if repeats(declared) => &items[..],
        value if repeats(declared) => return Err(format!("expected a list, found {value}")),
        value => std::slice::from_ref(value),
    };
    if repeats(declared) && declared.is_packed() {
        let mut bytes = Vec::new();
        for item in items {
            write_bare(&kind, item, depth, &mut bytes)?;
        }
        varint(key(BYTES), out);
        varint(i128::try_from(bytes.len()).unwrap_or(i128::MAX), out);
        out.append(&mut bytes);
        return Ok(());
    }
    for item in items {
        let mut bytes = Vec::new();
        write_bare(&kind, item, depth, &mut bytes)?;
        varint(key(wire_of(&kind)), out);
        if wire_of(&kind) == BYTES {
            varint(i128::try_from(bytes.len()).unwrap_or(i128::MAX), out);
        }
        out.append(&mut bytes);
    }
    Ok(())
}

/// Appends a value without key and length.
fn write_bare(kind: &Kind, value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let refused = || format!("a {kind:?} cannot be {value}");
    match (kind, value) {
        (Kind::String | Kind::Bytes, Value::Text(text)) => out.extend_from_slice(text.as_bytes()),
        (Kind::String | Kind::Bytes, Value::Bytes(bytes)) => out.extend_from_slice(bytes),
        (Kind::Message(message), Value::Map(entries)) => {
            return write_map(message, entries, depth + 1, out);
        }
        (Kind::Bool, Value::Bool(truth)) => out.push(u8::from(*truth)),
        (Kind::Double, Value::Float(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Kind::Float, Value::Float(number)) => {
            out.extend_from_slice(&single(*number).to_le_bytes());
        }
        (Kind::Double | Kind::Float, Value::Int(number)) => {
            let number = number.to_string().parse().map_err(|_| refused())?;
            return write_bare(kind, &Value::Float(number), depth, out);
        }
        (Kind::Enum(declared), Value::Text(name)) => {
            let found = declared.get_value_by_name(name).ok_or_else(refused)?;
            varint(found.number().into(), out);
        }
        (_, Value::Int(number)) => {
            return write_number(kind, *number, out).ok_or_else(refused);
        }
        _ => return Err(refused()),
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a single-precision number is the nearest one that there is"
)]
fn single(number: f64) -> f32 {
    number as f32
}

fn write_number(kind: &Kind, number: i128, out: &mut Vec<u8>) -> Option<()> {
    match kind {
        Kind::Int32 | Kind::Enum(_) => drop(varint(i32::try_from(number).ok()?.into(), out)),
        Kind::Int64 => drop(varint(i64::try_from(number).ok()?.into(), out)),
        Kind::Uint32 => drop(varint(u32::try_from(number).ok()?.into(), out)),
        Kind::Uint64 => drop(varint(u64::try_from(number).ok()?.into(), out)),
        Kind::Sint32 => drop(varint(zigzag(i32::try_from(number).ok()?.into()), out)),
        Kind::Sint64 => drop(varint(zigzag(i64::try_from(number).ok()?.into()), out)),
        Kind::Fixed32 => out.extend_from_slice(&u32::try_from(number).ok()?.to_le_bytes()),
        Kind::Sfixed32 => out.extend_from_slice(&i32::try_from(number).ok()?.to_le_bytes()),
        Kind::Fixed64 => out.extend_from_slice(&u64::try_from(number).ok()?.to_le_bytes()),
        Kind::Sfixed64 => out.extend_from_slice(&i64::try_from(number).ok()?.to_le_bytes()),
        _ => return None,
    }
    Some(())
}

fn zigzag(number: i128) -> i128 {
    if number < 0 {
        -2 * number - 1
    } else {
        2 * number
    }
}

fn write_map(
    message: &MessageDescriptor,
    entries: &[(String, Value)],
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("nested too deeply".to_owned());
    }
    for (name, value) in entries {
        let declared = message
            .get_field_by_name(name)
            .ok_or_else(|| format!("`{}` declares no field `{name}`", message.full_name()))?;
        if *value != absent(&declared) || declared.supports_presence() {
            write_field(&declared, value, depth, out)?;
        }
    }
    Ok(())
}
