//! Windows in bytes: finding their end, and what is in them.

use std::ops::Range;
use std::sync::Arc;

use super::Value;
use super::integer::Integer;
use super::refusal::{Stop, Why, more, refuse};
use super::shape::{Content, Encoding, Fill, Frame, Part, Window};
use super::template::{Taken, Template};
use super::walk::{Found, Walk};

impl<'b> Walk<'b> {
    pub(super) fn window<'c: 'b>(
        &mut self,
        part: &'c Part,
        window: &'c Window,
        bound: Option<usize>,
        counted: Option<usize>,
    ) -> Result<(), Stop<'c>> {
        let len = match &window.frame {
            Frame::Inline => return self.inline(part, window, bound),
            Frame::Json => return self.endless_json(part, window),
            Frame::Split { begins } => return self.endless_proto(part, window, *begins),
            Frame::Until { ends, lenient_cr } => {
                return self.until(part, window, (ends, *lenient_cr), bound);
            }
            Frame::Prefixed { form, path } => self.prefix(part, *form, path, bound)?,
            Frame::Fixed { len, .. } => *len,
            Frame::Counted => counted.unwrap_or(0),
            Frame::Rest { behind } => bound
                .unwrap_or(self.bytes.len())
                .saturating_sub(self.pos)
                .saturating_sub(*behind),
        };
        if let Some(bound) = bound
            && self.pos + len > bound
        {
            let left = bound.saturating_sub(self.pos);
            let why = Why::Overrun { needed: len, left };
            return Err(refuse(self.pos, &part.path, why));
        }
        let end = self.pos + len;
        if let Frame::Fixed {
            fill: Some(fill), ..
        } = &window.frame
        {
            return self.filled(part, window, fill, end);
        }
        self.suffixed(part, window, end)
    }

    fn prefix<'c>(
        &mut self,
        part: &'c Part,
        form: Integer,
        path: &'c Arc<str>,
        bound: Option<usize>,
    ) -> Result<usize, Stop<'c>> {
        let start = self.pos;
        let value = self.integer(form, path, path, bound)?;
        let len = self.size(start, value, path)?;
        if let Some(bound) = bound
            && self.pos + len > bound
        {
            let left = bound.saturating_sub(self.pos);
            return Err(refuse(start, path, Why::Overrun { needed: len, left }));
        }
        let end = self.pos;
        self.mark(start..end, || {
            (path.to_string(), format!("{len} bytes of `{}`", part.path))
        });
        Ok(len)
    }

    /// A length that was read, when a message can have so many bytes.
    pub(super) fn size<'c>(
        &self,
        at: usize,
        value: i128,
        path: &'c Arc<str>,
    ) -> Result<usize, Stop<'c>> {
        usize::try_from(value)
            .ok()
            .filter(|len| self.pos.saturating_add(*len) <= self.most)
            .ok_or_else(|| refuse(at, path, Why::Limit { most: self.most }))
    }

    /// Content up to `end`, with the suffix if it is there.
    fn suffixed<'c: 'b>(
        &mut self,
        part: &'c Part,
        window: &'c Window,
        end: usize,
    ) -> Result<(), Stop<'c>> {
        if window.suffix.is_empty() {
            return self.content(part, window, end, end);
        }
        if let Content::Constant { bytes, .. } = &window.content {
            let len = end - self.pos;
            if len != bytes.len() && len != bytes.len() + window.suffix.len() {
                self.wrong_constant(part, window, end)?;
            }
        }
        self.need(end - self.pos, &part.path, &part.path, None)?;
        let inside = &self.bytes[self.pos..end];
        let cut = if inside.ends_with(&window.suffix) {
            end - window.suffix.len()
        } else {
            end
        };
        self.content(part, window, cut, end)?;
        self.mark(cut..end, || {
            (format!("suffix({})", part.path), "counted".to_owned())
        });
        self.pos = end;
        Ok(())
    }

    /// Content of a window of fixed size, and its padding.
    fn filled<'c: 'b>(
        &mut self,
        part: &'c Part,
        window: &'c Window,
        fill: &'c Fill,
        end: usize,
    ) -> Result<(), Stop<'c>> {
        let start = self.pos;
        let used = fill.used.map(|count| self.left[count]);
        if let Some(used) = used
            && start + used > end
        {
            let why = Why::Overrun {
                needed: used,
                left: end - start,
            };
            return Err(refuse(start, &part.path, why));
        }
        self.need(end - start, &part.path, &part.path, None)?;
        match (&window.content, used) {
            // Numbers may well end with the byte that is the padding.
            (Content::Fields(_) | Content::Group(_) | Content::List(_), None) => {
                self.inline(part, window, Some(end))?;
            }
            (_, Some(used)) => self.content(part, window, start + used, start + used)?,
            _ => {
                let cut = start + fill.content_of(&self.bytes[start..end]);
                self.content(part, window, cut, cut)?;
            }
        }
        let padding = self.pos..end;
        let other = |byte: &u8| *byte != fill.byte;
        if let Some(at) = self.bytes[padding.clone()].iter().position(other)
            && !fill.garbage
        {
            let at = padding.start + at;
            let why = Why::NotPadding {
                found: self.bytes[at],
                wanted: fill.byte,
            };
            return Err(refuse(at, &part.path, why));
        }
        self.mark(padding, || {
            (format!("padding({})", part.path), String::new())
        });
        self.pos = end;
        Ok(())
    }

    fn until<'c: 'b>(
        &mut self,
        part: &'c Part,
        window: &'c Window,
        (ends, lenient_cr): (&'c [Vec<u8>], bool),
        bound: Option<usize>,
    ) -> Result<(), Stop<'c>> {
        let start = self.pos;
        let there = bound.map_or(self.bytes.len(), |bound| bound.min(self.bytes.len()));
        let inside = self.bytes.get(start..there).unwrap_or_default();
        let Some((mut cut, len)) = first_end(inside, ends) else {
            let needed = inside.len() + 1;
            self.need(needed, &part.path, &part.path, bound)?;
            return Err(more(&part.path, needed, start));
        };
        let end = start + cut + len;
        if lenient_cr && inside[..cut].ends_with(b"\r") {
            cut -= 1;
        }
        self.content(part, window, start + cut, start + cut)?;
        self.mark(start + cut..end, || {
            (format!("end({})", part.path), String::new())
        });
        self.pos = end;
        Ok(())
    }

    /// Fields that find their own end.
    fn inline<'c: 'b>(
        &mut self,
        part: &'c Part,
        window: &'c Window,
        bound: Option<usize>,
    ) -> Result<(), Stop<'c>> {
        match &window.content {
            Content::Fields(parts) => self.list(parts, bound),
            Content::Group(items) => self.group(part, items, bound),
            Content::List(list) => self.values(part, list, bound),
            _ => self.content(part, window, self.pos, self.pos),
        }
    }

    fn endless_json<'c: 'b>(&mut self, part: &'c Part, window: &'c Window) -> Result<(), Stop<'c>> {
        match &window.content {
            Content::Json(body) => self.json(part, body, None),
            _ => Ok(()),
        }
    }

    fn endless_proto<'c: 'b>(
        &mut self,
        part: &'c Part,
        window: &'c Window,
        begins: u32,
    ) -> Result<(), Stop<'c>> {
        match &window.content {
            Content::Proto(body) => self.split(part, body, begins),
            _ => Ok(()),
        }
    }

    /// The content from here to `end`; `known_end` is that of the window with its suffix.
    fn content<'c: 'b>(
        &mut self,
        part: &'c Part,
        window: &'c Window,
        end: usize,
        known_end: usize,
    ) -> Result<(), Stop<'c>> {
        let start = self.pos;
        match &window.content {
            Content::Fields(_) | Content::Group(_) | Content::List(_) => {
                self.inline(part, window, Some(end))?;
                if self.pos < end {
                    let why = Why::LeftOver(end - self.pos);
                    return Err(refuse(self.pos, &part.path, why));
                }
                return Ok(());
            }
            Content::Constant { bytes, value, .. } => {
                if end - start != bytes.len() {
                    self.wrong_constant(part, window, end)?;
                }
                self.need(end - start, &part.path, &part.path, None)?;
                if self.bytes[start..end] != bytes[..] {
                    self.wrong_constant(part, window, end)?;
                }
                self.take(part, Found::Same(value));
            }
            Content::Text(encoding) => {
                self.need(known_end - start, &part.path, &part.path, None)?;
                self.take(part, Found::Text(*encoding, &self.bytes[start..end]));
            }
            Content::Templates(templates) => {
                self.need(known_end - start, &part.path, &part.path, None)?;
                return self.templates(part, templates, end);
            }
            Content::Json(body) => {
                self.need(known_end - start, &part.path, &part.path, None)?;
                return self.json(part, body, Some(end));
            }
            Content::Proto(body) => {
                self.need(known_end - start, &part.path, &part.path, None)?;
                return self.proto(part, body, end);
            }
            Content::Bytes => {
                self.need(known_end - start, &part.path, &part.path, None)?;
                self.take(part, Found::Bytes(&self.bytes[start..end]));
            }
        }
        self.pos = end;
        self.mark_content(part, window, start..end);
        Ok(())
    }

    fn mark_content(&mut self, part: &Part, window: &Window, range: Range<usize>) {
        if self.marks.is_none() {
            return;
        }
        let bytes = &self.bytes[range.clone()];
        let meaning = match &window.content {
            Content::Text(encoding) => encoding.decode(bytes).to_string(),
            Content::Constant { value, .. } => value.to_string(),
            _ => Value::Bytes(bytes.to_vec()).to_string(),
        };
        self.mark(range, || (part.path.to_string(), meaning));
    }

    /// The first template that fits the text from here to `end`.
    fn templates<'c: 'b>(
        &mut self,
        part: &'c Part,
        templates: &'c [Template],
        end: usize,
    ) -> Result<(), Stop<'c>> {
        let start = self.pos;
        let text = &self.bytes[start..end];
        let mut taken = Vec::new();
        let mut best: Option<(usize, &Template)> = None;
        for template in templates {
            match template.parse(text, &mut taken) {
                Ok(()) => {
                    self.take_holes(part, &taken, start..end);
                    self.pos = end;
                    return Ok(());
                }
                Err(at) if best.is_none_or(|(reached, _)| at > reached) => {
                    best = Some((at, template));
                }
                Err(_) => {}
            }
        }
        let Some((at, template)) = best else {
            return Ok(());
        };
        let why = Why::NotText {
            template,
            found: start..end,
        };
        Err(refuse(start + at, &part.path, why))
    }

    fn take_holes(&mut self, part: &Part, taken: &[Taken<'_>], range: Range<usize>) {
        let start = range.start;
        let mut at = start;
        for one in taken {
            let inside = start + one.range.start..start + one.range.end;
            let text = &self.bytes[inside.clone()];
            if let Some(slot) = one.hole.slot {
                let found = match one.number {
                    Some(number) => Found::Number(number),
                    None => Found::Text(Encoding::Utf8, text),
                };
                self.found.push((slot, found));
                self.mark_text(&part.path, at..inside.start);
                let path = &one.hole.path;
                match one.number {
                    Some(number) => {
                        self.mark(inside.clone(), || (path.to_string(), number.to_string()));
                    }
                    None => self.mark_text(path, inside.clone()),
                }
                at = inside.end;
            }
        }
        self.mark_text(&part.path, at..range.end);
    }

    fn mark_text(&mut self, path: &str, range: Range<usize>) {
        if self.marks.is_some() {
            let meaning = Encoding::Utf8.decode(&self.bytes[range.clone()]);
            self.mark(range, || (path.to_owned(), meaning.to_string()));
        }
    }

    fn wrong_constant<'c>(
        &self,
        part: &'c Part,
        window: &'c Window,
        end: usize,
    ) -> Result<(), Stop<'c>> {
        let Content::Constant { value, tag, .. } = &window.content else {
            return Ok(());
        };
        let why = Why::NotConstant {
            value,
            found: self.pos..end,
            tag: *tag,
        };
        Err(refuse(self.pos, &part.path, why))
    }
}

impl Fill {
    /// How many of the bytes are content, when nothing else says so.
    fn content_of(&self, bytes: &[u8]) -> usize {
        let first = bytes.iter().position(|byte| *byte == self.byte);
        let last = bytes.iter().rposition(|byte| *byte != self.byte);
        match first {
            Some(first) if self.garbage => first,
            _ => last.map_or(0, |at| at + 1),
        }
    }
}

/// The end that is complete first, and of those that end there the longest.
pub(super) fn first_end(bytes: &[u8], ends: &[Vec<u8>]) -> Option<(usize, usize)> {
    let find = |end: &Vec<u8>| {
        let at = match end[..] {
            [byte] => bytes.iter().position(|other| *other == byte),
            _ => bytes.windows(end.len()).position(|window| window == end),
        };
        at.map(|at| (at, end.len()))
    };
    let complete = |(at, len): &(usize, usize)| (at + len, *at);
    ends.iter().filter_map(find).min_by_key(complete)
}
