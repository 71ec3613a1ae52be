//! One walk over bytes along a shape: the only place where bytes are taken apart.

use std::ops::Range;
use std::sync::Arc;

use super::integer::{Integer, Unread};
use super::json_read::Item;
use super::refusal::{Stop, Why, more, refuse};
use super::shape::{Encoding, MAX_COUNTS, Number, Part, Role, Shape, What};
use super::{Codec, Kind, Message, Value};

/// One field's value as it was found.
#[derive(Debug)]
pub(super) enum Found<'b> {
    Number(i128),
    Text(Encoding, &'b [u8]),
    Bytes(&'b [u8]),
    Same(&'b Value),
    Value(Value),
}

impl Found<'_> {
    pub(super) fn value(self) -> Value {
        match self {
            Self::Number(value) => Value::Int(value),
            Self::Text(encoding, bytes) => encoding.decode(bytes),
            Self::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Self::Same(value) => value.clone(),
            Self::Value(value) => value,
        }
    }
}

/// A remark for a dump: these bytes are this field and mean that.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) range: Range<usize>,
    pub(super) field: String,
    pub(super) meaning: String,
}

/// One walk over bytes along a shape.
pub(super) struct Walk<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) pos: usize,
    end: Option<usize>,
    /// The stream has paused, or ended, behind these bytes.
    pub(super) paused: bool,
    pub(super) most: usize,
    pub(super) found: Vec<(usize, Found<'b>)>,
    pub(super) left: [usize; MAX_COUNTS],
    /// The JSON value that an earlier kind has read, with its place.
    pub(super) json_read: Option<(Range<usize>, Item)>,
    pub(super) marks: Option<Vec<Mark>>,
    /// The list or group that the walk is in, for the names in marks.
    pub(super) context: String,
    /// Look on after a refusal, to tell which kind fits best.
    pub(super) thorough: bool,
}

impl<'b> Walk<'b> {
    /// A walk over `bytes`; `end` is known when they are a datagram, or all that came until a pause.
    pub(super) fn new(codec: &Codec, bytes: &'b [u8], end: Option<usize>) -> Self {
        Self {
            bytes,
            pos: 0,
            end,
            paused: false,
            most: codec.max_message,
            found: Vec::new(),
            left: [0; MAX_COUNTS],
            json_read: None,
            marks: None,
            context: String::new(),
            thorough: false,
        }
    }

    /// Walks over one whole message.
    pub(super) fn shape<'c: 'b>(&mut self, shape: &'c Shape) -> Result<(), Stop<'c>> {
        self.pos = 0;
        self.found.clear();
        self.found.reserve(shape.fields.len());
        self.list(&shape.parts, self.end)
    }

    /// The message that the last walk found.
    pub(super) fn message(&mut self, kind: &Kind, shape: &Shape) -> Message {
        let field = |(slot, found): (usize, Found<'_>)| {
            let info = shape.fields.get(slot)?;
            Some((Arc::clone(&info.name), found.value()))
        };
        // Thousands of messages are kept: no more space than they need.
        let mut fields = Vec::with_capacity(self.found.len());
        fields.extend(self.found.drain(..).filter_map(field));
        Message {
            kind: Arc::clone(&kind.name),
            fields,
        }
    }

    pub(super) fn list<'c: 'b>(
        &mut self,
        parts: &'c [Part],
        end: Option<usize>,
    ) -> Result<(), Stop<'c>> {
        for part in parts {
            self.part(part, end)?;
        }
        Ok(())
    }

    fn part<'c: 'b>(&mut self, part: &'c Part, end: Option<usize>) -> Result<(), Stop<'c>> {
        let start = self.pos;
        let mut bound = end;
        let mut counted = None;
        for by in &part.counted_by {
            let limit = start + self.left[by.count];
            bound = Some(bound.map_or(limit, |bound| bound.min(limit)));
            if let Some(behind) = by.ends_before {
                let len = self.left[by.count].checked_sub(behind).ok_or_else(|| {
                    let why = Why::Overrun {
                        needed: behind,
                        left: self.left[by.count],
                    };
                    refuse(start, &part.path, why)
                })?;
                counted = Some(len);
            }
        }
        match &part.what {
            _ if part.optional && bound == Some(start) => {}
            What::Number(number) => self.number(part, number, bound)?,
            What::Window(window) => self.window(part, window, bound, counted)?,
        }
        for by in &part.counted_by {
            let left = &mut self.left[by.count];
            *left = left.saturating_sub(self.pos - start);
            if by.last && *left > 0 {
                let why = Why::LeftOver(*left);
                return Err(refuse(self.pos, &part.path, why));
            }
        }
        Ok(())
    }

    fn number<'c>(
        &mut self,
        part: &'c Part,
        number: &'c Number,
        bound: Option<usize>,
    ) -> Result<(), Stop<'c>> {
        let start = self.pos;
        let value = self.integer(number.form, &part.path, &part.path, bound)?;
        match number.role {
            Role::Constant { value: wanted, tag } if value != wanted => {
                let why = Why::NotNumber {
                    number,
                    found: value,
                    wanted,
                    tag,
                };
                return Err(refuse(start, &part.path, why));
            }
            Role::Value | Role::Constant { .. } => self.take(part, Found::Number(value)),
            Role::Length { count, plus } => {
                let counted = value - plus;
                if counted < 0 {
                    let why = Why::TooShort {
                        said: value,
                        least: plus,
                    };
                    return Err(refuse(start, &part.path, why));
                }
                self.left[count] = self.size(start, counted, &part.path)?;
            }
        }
        self.mark(start..self.pos, || {
            let meaning = match number.names.name(value) {
                Some(name) => format!("{value} ({name})"),
                None => value.to_string(),
            };
            (part.path.to_string(), meaning)
        });
        Ok(())
    }

    /// Reads an integer; `path` is where it is counted as missing.
    pub(super) fn integer<'c>(
        &mut self,
        form: Integer,
        path: &'c Arc<str>,
        label: &Arc<str>,
        bound: Option<usize>,
    ) -> Result<i128, Stop<'c>> {
        let there = bound.map_or(self.bytes.len(), |bound| bound.min(self.bytes.len()));
        let window = self.bytes.get(self.pos..there).unwrap_or_default();
        match form.read(window) {
            Ok((value, len)) => {
                self.pos += len;
                Ok(value)
            }
            Err(Unread::Wrong(reason)) => Err(refuse(self.pos, path, Why::NoNumber(reason))),
            Err(Unread::Needs(needed)) => {
                self.need(needed, path, label, bound)?;
                Err(more(label, needed, self.pos))
            }
        }
    }

    /// Makes sure that so many bytes are there, or says why they are not.
    pub(super) fn need<'c>(
        &self,
        needed: usize,
        path: &'c Arc<str>,
        label: &Arc<str>,
        bound: Option<usize>,
    ) -> Result<(), Stop<'c>> {
        if let Some(bound) = bound
            && self.pos + needed > bound
        {
            let left = bound.saturating_sub(self.pos);
            return Err(refuse(self.pos, path, Why::Overrun { needed, left }));
        }
        if self.pos + needed > self.most {
            return Err(refuse(self.pos, path, Why::Limit { most: self.most }));
        }
        if self.pos + needed > self.bytes.len() {
            return Err(more(label, needed, self.pos));
        }
        Ok(())
    }

    pub(super) fn take(&mut self, part: &Part, found: Found<'b>) {
        if let Some(slot) = part.slot {
            self.found.push((slot, found));
        }
    }

    pub(super) fn mark(&mut self, range: Range<usize>, words: impl FnOnce() -> (String, String)) {
        if let Some(marks) = &mut self.marks
            && !range.is_empty()
        {
            let (field, meaning) = words();
            let field = format!("{}{field}", self.context);
            marks.push(Mark {
                range,
                field,
                meaning,
            });
        }
    }
}
