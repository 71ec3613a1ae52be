//! Writes the parts of a shape.

use std::sync::Arc;

use super::encode::Sent;
use super::integer::Integer;
use super::shape::{
    Content, Encoding, Fill, Frame, MAX_COUNTS, Number, Part, Role, Shape, What, Window,
};
use super::{Bend, EncodeError, Kind, Value};

/// A length that is written when all that it counts is written.
struct Open<'a> {
    at: usize,
    part: &'a Part,
    form: Integer,
    count: usize,
    plus: i128,
}

/// Writes one message.
pub(super) struct Writer<'a> {
    kind: &'a Kind,
    shape: &'a Shape,
    pub(super) values: &'a [Sent],
    bends: &'a [Bend],
    pub(super) bent: Vec<bool>,
    pub(super) out: Vec<u8>,
    pub(super) sizes: [usize; MAX_COUNTS],
    open: Vec<Open<'a>>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        kind: &'a Kind,
        shape: &'a Shape,
        values: &'a [Sent],
        bends: &'a [Bend],
    ) -> Self {
        Self {
            kind,
            shape,
            values,
            bends,
            bent: vec![false; bends.len()],
            out: Vec::with_capacity(64),
            sizes: [0; MAX_COUNTS],
            open: Vec::new(),
        }
    }

    /// The bytes of the whole message.
    pub(super) fn write(mut self) -> Result<Vec<u8>, EncodeError> {
        self.list(&self.shape.parts)?;
        match self.bent.iter().position(|bent| !bent) {
            None => Ok(self.out),
            Some(at) => Err(self.unknown_bend(&self.bends[at].path)),
        }
    }

    /// A writer that goes on with the values of one part.
    pub(super) fn inner<'i>(&mut self, values: &'i [Sent]) -> Writer<'i>
    where
        'a: 'i,
    {
        Writer {
            values,
            bent: std::mem::take(&mut self.bent),
            out: std::mem::take(&mut self.out),
            sizes: [0; MAX_COUNTS],
            open: Vec::new(),
            ..Writer::new(self.kind, self.shape, values, self.bends)
        }
    }

    pub(super) fn list(&mut self, parts: &'a [Part]) -> Result<(), EncodeError> {
        let before = self.open.len();
        for part in parts {
            let start = self.out.len();
            let absent = self.is_absent(part);
            if !absent {
                match &part.what {
                    What::Number(number) => self.number(part, number)?,
                    What::Window(window) => self.window(part, window)?,
                }
            }
            for by in &part.counted_by {
                self.sizes[by.count] += self.out.len() - start;
            }
        }
        // The last first, so that those of variable width move nothing still to be written.
        while self.open.len() > before {
            self.close_last()?;
        }
        Ok(())
    }

    fn number(&mut self, part: &'a Part, number: &'a Number) -> Result<(), EncodeError> {
        let value = match number.role {
            Role::Constant { value, .. } => value,
            Role::Value => match self.value(part.slot) {
                Some(Value::Int(value)) => *value,
                _ => return Err(self.missing(part)),
            },
            Role::Length { count, plus } => {
                self.open.push(Open {
                    at: self.out.len(),
                    part,
                    form: number.form,
                    count,
                    plus,
                });
                let width = number.form.width().unwrap_or(0);
                self.out.resize(self.out.len() + width, 0);
                return Ok(());
            }
        };
        if let Some(bent) = self.bend(&part.path) {
            return self.write_bent(number.form, &part.path, bent);
        }
        if number.form.write(value, &mut self.out) {
            return Ok(());
        }
        let problem = format!("{value} does not fit");
        Err(wrong(part, problem))
    }

    fn window(&mut self, part: &'a Part, window: &'a Window) -> Result<(), EncodeError> {
        let start = self.out.len();
        match &window.frame {
            Frame::Prefixed { form, path } => self.prefixed(part, window, *form, path),
            Frame::Fixed { len, fill } => {
                self.content(part, window)?;
                let fields = window.content.finds_its_end();
                self.fill(part, *len, fill.as_ref(), (start, fields))
            }
            Frame::Until { ends, lenient_cr } => {
                self.content(part, window)?;
                self.end(part, ends, *lenient_cr, start)
            }
            Frame::Counted | Frame::Rest { .. } => {
                self.content(part, window)?;
                self.out.extend_from_slice(&window.suffix);
                Ok(())
            }
            Frame::Inline | Frame::Json | Frame::Split { .. } => self.content(part, window),
        }
    }

    fn prefixed(
        &mut self,
        part: &'a Part,
        window: &'a Window,
        form: Integer,
        path: &Arc<str>,
    ) -> Result<(), EncodeError> {
        let start = self.out.len();
        self.content(part, window)?;
        self.out.extend_from_slice(&window.suffix);
        let end = self.out.len();
        let len = end - start;
        if let Some(value) = self.bend(path) {
            self.write_bent(form, path, value)?;
        } else if !form.write(signed(len), &mut self.out) {
            let problem = format!("{len} bytes, and `{path}` counts to {}", form.max());
            return Err(not_representable(part, problem));
        }
        // The prefix was written behind what it counts.
        let width = self.out.len() - end;
        self.out[start..].rotate_right(width);
        Ok(())
    }

    fn content(&mut self, part: &'a Part, window: &'a Window) -> Result<(), EncodeError> {
        match &window.content {
            Content::Fields(parts) => return self.list(parts),
            Content::Templates(templates) => return self.templates(templates),
            Content::List(list) => return self.values(part, list),
            Content::Group(items) => return self.group(part, items),
            Content::Json(body) => return self.json(&body.root, body.style),
            Content::Proto(body) => return self.proto(&body.members),
            Content::Constant { bytes, .. } => self.out.extend_from_slice(bytes),
            Content::Text(encoding) => return self.text(part, *encoding),
            Content::Bytes => match self.value(part.slot) {
                Some(Value::Bytes(bytes)) => self.out.extend_from_slice(bytes),
                _ => return Err(self.missing(part)),
            },
        }
        Ok(())
    }

    fn text(&mut self, part: &Part, encoding: Encoding) -> Result<(), EncodeError> {
        match self.value(part.slot) {
            Some(Value::Bytes(bytes)) => self.out.extend_from_slice(bytes),
            Some(Value::Text(text)) => {
                let bytes = encoding.encode(text).ok_or_else(|| {
                    let problem = format!("{} has no bytes for it", encoding.word());
                    not_representable(part, problem)
                })?;
                self.out.extend_from_slice(&bytes);
            }
            _ => return Err(self.missing(part)),
        }
        Ok(())
    }

    fn fill(
        &mut self,
        part: &Part,
        len: usize,
        fill: Option<&Fill>,
        (start, fields): (usize, bool),
    ) -> Result<(), EncodeError> {
        let written = self.out.len() - start;
        let Some(fill) = fill else {
            if written == len {
                return Ok(());
            }
            let problem = format!("it has always {len} bytes, this has {written}");
            return Err(not_representable(part, problem));
        };
        if written > len {
            let problem = format!("it has at most {len} bytes, this has {written}");
            return Err(not_representable(part, problem));
        }
        let inside = &self.out[start..];
        let lost = match fill.used {
            Some(_) => false,
            None if fields => false,
            None if fill.garbage => inside.contains(&fill.byte),
            None => inside.last() == Some(&fill.byte),
        };
        if lost {
            let problem = format!("{:#04x} is its padding", fill.byte);
            return Err(not_representable(part, problem));
        }
        if let Some(count) = fill.used {
            self.sizes[count] = written;
        }
        self.out.resize(start + len, fill.byte);
        Ok(())
    }

    fn end(
        &mut self,
        part: &Part,
        ends: &[Vec<u8>],
        lenient_cr: bool,
        start: usize,
    ) -> Result<(), EncodeError> {
        let first = ends.first().map_or(&[][..], Vec::as_slice);
        let len = self.out.len() - start;
        self.out.extend_from_slice(first);
        let seen = super::window::first_end(&self.out[start..], ends);
        let cut = lenient_cr && self.out[start..start + len].ends_with(b"\r");
        if seen == Some((len, first.len())) && !cut {
            return Ok(());
        }
        let problem = "it contains what ends it".to_owned();
        Err(not_representable(part, problem))
    }

    /// Writes the length that was left open last.
    fn close_last(&mut self) -> Result<(), EncodeError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        let named = self.bend(&open.part.path);
        let counted = self.shape.counted_path(open.count);
        if let Some(value) = named.or(counted.and_then(|path| self.bend(&path))) {
            write_bent(open.form, &open.part.path, value, &mut bytes)?;
        } else {
            let value = signed(self.sizes[open.count]) + open.plus;
            if !open.form.write(value, &mut bytes) {
                let max = open.form.max();
                let problem = format!("{value} bytes, and it counts to {max}");
                return Err(not_representable(open.part, problem));
            }
        }
        let width = open.form.width().unwrap_or(0);
        for by in &open.part.counted_by {
            self.sizes[by.count] += bytes.len() - width;
        }
        self.splice(open.at, width, bytes);
        Ok(())
    }

    /// Replaces `width` bytes at `at`; open lengths behind move along.
    fn splice(&mut self, at: usize, width: usize, bytes: Vec<u8>) {
        let grown = bytes.len() - width;
        if grown > 0 {
            for open in self.open.iter_mut().filter(|open| open.at > at) {
                open.at += grown;
            }
        }
        self.out.splice(at..at + width, bytes);
    }

    pub(super) fn value(&self, slot: Option<usize>) -> Option<&'a Value> {
        self.values.get(slot?)?.value.as_ref()
    }

    /// True for a part that is left out: it can be, and has no value.
    fn is_absent(&self, part: &Part) -> bool {
        part.optional && part.slot.is_some() && self.value(part.slot).is_none()
    }

    fn missing(&self, part: &Part) -> EncodeError {
        self.missing_value(part.slot, &part.path)
    }

    /// A field that has to be there has no value.
    pub(super) fn missing_value(&self, slot: Option<usize>, field: &str) -> EncodeError {
        if self.left_out(slot) {
            return EncodeError::NotRepresentable {
                field: field.to_owned(),
                problem: "it cannot be left out".to_owned(),
            };
        }
        EncodeError::Missing {
            kind: self.kind.name.to_string(),
            field: field.to_owned(),
        }
    }

    /// True for a field that is to be left out on purpose.
    pub(super) fn left_out(&self, slot: Option<usize>) -> bool {
        let sent = slot.and_then(|slot| self.values.get(slot));
        sent.is_some_and(|sent| sent.absent)
    }

    /// Whether a scenario asks for another number than there should be.
    pub(super) fn is_bent(&self, path: &str) -> bool {
        self.bends.iter().any(|bend| bend.path == path)
    }

    pub(super) fn bend(&mut self, path: &str) -> Option<i128> {
        let at = self.bends.iter().position(|bend| bend.path == path)?;
        self.bent[at] = true;
        Some(self.bends[at].value)
    }

    fn write_bent(&mut self, form: Integer, path: &str, value: i128) -> Result<(), EncodeError> {
        write_bent(form, path, value, &mut self.out)
    }

    fn unknown_bend(&self, path: &str) -> EncodeError {
        EncodeError::UnknownBend {
            kind: self.kind.name.to_string(),
            path: path.to_owned(),
            known: self.shape.bendable().join(", "),
        }
    }
}

fn write_bent(
    form: Integer,
    path: &str,
    value: i128,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    if form.write(value, out) {
        return Ok(());
    }
    Err(EncodeError::BendTooLarge {
        path: path.to_owned(),
        value,
        min: form.min(),
        max: form.max(),
    })
}

fn signed(len: usize) -> i128 {
    i128::try_from(len).unwrap_or(i128::MAX)
}

fn wrong(part: &Part, problem: String) -> EncodeError {
    EncodeError::WrongValue {
        field: part.path.to_string(),
        problem,
    }
}

fn not_representable(part: &Part, problem: String) -> EncodeError {
    EncodeError::NotRepresentable {
        field: part.path.to_string(),
        problem,
    }
}
