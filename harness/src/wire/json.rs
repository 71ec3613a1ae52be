//! JSON bodies: what they must look like, and holding a value against that.

use std::ops::Range;
use std::sync::Arc;

use super::Value;
use super::json_read::{self, Item, Json, NoJson};
use super::refusal::{Refusal, Stop, Why, more, refuse};
use super::shape::{Encoding, Part};
use super::template::{Hole, Sort, Template};
use super::walk::{Found, Walk};

/// What a JSON body looks like.
#[derive(Debug)]
pub(super) struct JsonBody {
    pub(super) root: Form,
    /// Keys that are not described are refused.
    pub(super) exact: bool,
    pub(super) style: Style,
}

impl JsonBody {
    /// True when its last bracket ends it.
    pub(super) fn ends_itself(&self) -> bool {
        matches!(self.root.what, What::Object(_) | What::List(_))
    }
}

/// How JSON is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Style {
    /// Without spaces.
    #[default]
    Compact,
    /// A space behind each comma and colon.
    Spaced,
    /// As Python writes it: spaced, and ASCII only.
    Python,
}

/// One value of a JSON body.
#[derive(Debug)]
pub(super) struct Form {
    /// The keys that lead to it, or the name of the field that it is.
    pub(super) path: Arc<str>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// Always this value.
    Literal(Value),
    /// A field, alone.
    Whole(Hole),
    /// A text with fields in it.
    Mixed(Template),
    /// Keys in any order.
    Object(Vec<Member>),
    /// So many values in this order.
    List(Vec<Form>),
}

/// A key of an object.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) form: Form,
    /// It can be missing.
    pub(super) optional: bool,
}

/// A part of a JSON text that means something, for dumps.
type Seen = (Range<usize>, String, String);

impl<'b> Walk<'b> {
    /// Takes apart the JSON text from here to `end`; without an end it finds its own.
    pub(super) fn json<'c: 'b>(
        &mut self,
        part: &'c Part,
        body: &'c JsonBody,
        end: Option<usize>,
    ) -> Result<(), Stop<'c>> {
        let start = self.pos;
        let item = self.item(part, end)?;
        let mut matching = Matching {
            bytes: self.bytes,
            exact: body.exact,
            found: Vec::new(),
            seen: self.marks.is_some().then(Vec::new),
            thorough: self.thorough,
            score: 0,
        };
        let outcome = matching.form(&body.root, &item);
        let end = end.unwrap_or(item.range.end);
        self.json_read = Some((start..end, item));
        self.found.append(&mut matching.found);
        self.mark_json(part, start..end, matching.seen.unwrap_or_default());
        outcome.map_err(|mut refusal| {
            refusal.rank = (start, matching.score);
            Stop::Refused(refusal)
        })?;
        self.pos = end;
        Ok(())
    }

    /// The JSON value here; kinds that are tried in turn read it once.
    fn item<'c>(&mut self, part: &'c Part, end: Option<usize>) -> Result<Item, Stop<'c>> {
        let start = self.pos;
        if let Some((range, item)) = self.json_read.take()
            && range.start == start
            && end.is_none_or(|end| end == range.end)
        {
            return Ok(item);
        }
        let limit = end.unwrap_or(self.bytes.len()).min(self.bytes.len());
        let wrong = |at, reason| Err(refuse(at, &part.path, Why::NoJson(reason)));
        match json_read::read(&self.bytes[..limit], start) {
            Ok(item) => {
                let behind = json_read::skip_space(&self.bytes[..limit], item.range.end);
                match end {
                    Some(end) if behind < end => wrong(behind, "more stands behind the JSON value"),
                    _ => Ok(item),
                }
            }
            Err(NoJson::Wrong(at, reason)) => wrong(at, reason),
            Err(NoJson::Ended) if end.is_some() => wrong(limit, "the JSON value is not complete"),
            Err(NoJson::Ended) => {
                let needed = limit + 1 - start;
                self.need(needed, &part.path, &part.path, None)?;
                Err(more(&part.path, needed, start))
            }
        }
    }

    fn mark_json(&mut self, part: &Part, range: Range<usize>, mut seen: Vec<Seen>) {
        seen.sort_by_key(|(range, ..)| range.start);
        let mut at = range.start;
        let fill = |walk: &mut Self, range: Range<usize>| {
            let text = Encoding::Utf8.decode(&walk.bytes[range.clone()]);
            walk.mark(range, || (part.path.to_string(), text.to_string()));
        };
        for (inside, field, meaning) in seen {
            fill(self, at..inside.start);
            at = inside.end;
            self.mark(inside, || (field, meaning));
        }
        fill(self, at..range.end);
    }
}

/// Holds one JSON value against its form.
struct Matching<'b> {
    bytes: &'b [u8],
    exact: bool,
    found: Vec<(usize, Found<'b>)>,
    seen: Option<Vec<Seen>>,
    thorough: bool,
    /// How much fitted: a constant says more than a field.
    score: usize,
}

impl<'b> Matching<'b> {
    fn form<'c: 'b>(&mut self, form: &'c Form, item: &Item) -> Result<(), Refusal<'c>> {
        let refused = |why| refusal(item.range.start, &form.path, why);
        match (&form.what, &item.what) {
            (What::Literal(value), _) => {
                if !self.is(item, value) {
                    return Err(refused(Why::NotConstant {
                        value,
                        found: item.range.clone(),
                        tag: false,
                    }));
                }
                self.score += 2;
                self.see(item, &form.path);
                Ok(())
            }
            (What::Whole(hole), _) => self.whole(hole, &form.path, item),
            (What::Mixed(template), Json::Text { .. }) => {
                self.mixed(template, item).map_err(|()| {
                    refused(Why::NotText {
                        template,
                        found: item.range.clone(),
                    })
                })
            }
            (What::Object(members), Json::Object(there)) => {
                self.object(members, there, form, item.range.end - 1)
            }
            (What::List(forms), Json::List(items)) if forms.len() == items.len() => {
                let mut pairs = forms.iter().zip(items);
                pairs.try_for_each(|(form, item)| self.form(form, item))
            }
            (wanted, _) => Err(refused(Why::NotSort {
                wanted: match wanted {
                    What::Object(_) => "an object",
                    What::List(_) => "a list with as many values",
                    _ => "a text",
                },
                found: item.range.clone(),
            })),
        }
    }

    fn object<'c: 'b>(
        &mut self,
        members: &'c [Member],
        there: &[(Item, Item)],
        form: &'c Form,
        end: usize,
    ) -> Result<(), Refusal<'c>> {
        let mut refused = None;
        for member in members {
            // As most readers do, the last of several equal keys counts.
            let key = |(key, _): &&(Item, Item)| *key.text(self.bytes) == *member.key.as_bytes();
            let value = there.iter().rev().find(key).map(|(_, value)| value);
            let outcome = match value {
                Some(value) if member.optional && matches!(value.what, Json::Null) => Ok(()),
                Some(value) => self.form(&member.form, value),
                None if member.optional => Ok(()),
                None => Err(refusal(end, &form.path, Why::NoKey(&member.key))),
            };
            match outcome {
                Ok(()) => self.score += 1,
                Err(refusal) if self.thorough => {
                    refused.get_or_insert(refusal);
                }
                Err(refusal) => return Err(refusal),
            }
        }
        if let Some(refusal) = refused {
            return Err(refusal);
        }
        if self.exact {
            for (key, _) in there {
                let text = key.text(self.bytes);
                if !members.iter().any(|member| *member.key.as_bytes() == *text) {
                    let why = Why::UnknownKey(key.range.clone());
                    return Err(refusal(key.range.start, &form.path, why));
                }
            }
        }
        Ok(())
    }

    fn whole<'c: 'b>(
        &mut self,
        hole: &'c Hole,
        path: &'c Arc<str>,
        item: &Item,
    ) -> Result<(), Refusal<'c>> {
        let found = match (&hole.sort, &item.what) {
            _ if hole.slot.is_none() => None,
            (Sort::Json, _) => Some(Found::Value(item.value(self.bytes))),
            (Sort::Truth, Json::Truth(truth)) => Some(Found::Value(Value::Bool(*truth))),
            (Sort::Number { .. }, Json::Number) => match item.value(self.bytes) {
                Value::Int(number) => Some(Found::Number(number)),
                _ => return Err(not(hole, path, item)),
            },
            (Sort::Number { names, .. }, Json::Text { .. }) => {
                let text = item.text(self.bytes);
                let named = std::str::from_utf8(&text)
                    .ok()
                    .and_then(|name| names.value(name));
                Some(Found::Number(named.ok_or_else(|| not(hole, path, item))?))
            }
            (Sort::Text, Json::Text { .. }) => Some(self.text(item)),
            (Sort::Word, Json::Text { .. }) => {
                let text = item.text(self.bytes);
                if text.is_empty() || text.iter().any(u8::is_ascii_whitespace) {
                    return Err(not(hole, path, item));
                }
                Some(self.text(item))
            }
            _ => return Err(not(hole, path, item)),
        };
        if let (Some(slot), Some(found)) = (hole.slot, found) {
            self.found.push((slot, found));
        }
        self.see(item, path);
        Ok(())
    }

    fn mixed<'c: 'b>(&mut self, template: &'c Template, item: &Item) -> Result<(), ()> {
        let text = item.text(self.bytes);
        let mut taken = Vec::new();
        template.parse(&text, &mut taken).map_err(|_| ())?;
        let mut fields = Vec::new();
        for one in taken {
            let Some(slot) = one.hole.slot else { continue };
            let found = match one.number {
                Some(number) => Found::Number(number),
                None => Found::Value(Encoding::Utf8.decode(&text[one.range])),
            };
            fields.push(&*one.hole.path);
            self.found.push((slot, found));
        }
        if let Some(seen) = &mut self.seen {
            let meaning = item.value(self.bytes).to_string();
            seen.push((item.range.clone(), fields.join(", "), meaning));
        }
        Ok(())
    }

    fn text(&self, item: &Item) -> Found<'b> {
        match item.what {
            Json::Text { escaped: false } => {
                let inside = item.range.start + 1..item.range.end - 1;
                Found::Text(Encoding::Utf8, &self.bytes[inside])
            }
            _ => Found::Value(item.value(self.bytes)),
        }
    }

    fn is(&self, item: &Item, value: &Value) -> bool {
        match (&item.what, value) {
            (Json::Text { .. }, Value::Text(text)) => *item.text(self.bytes) == *text.as_bytes(),
            (Json::Text { .. }, Value::Bytes(bytes)) => *item.text(self.bytes) == **bytes,
            (Json::Null, Value::Null) => true,
            (Json::Truth(truth), Value::Bool(value)) => truth == value,
            (Json::Number, Value::Int(_) | Value::Float(_)) => item.value(self.bytes) == *value,
            _ => false,
        }
    }

    fn see(&mut self, item: &Item, path: &Arc<str>) {
        if let Some(seen) = &mut self.seen {
            let meaning = item.value(self.bytes).to_string();
            seen.push((item.range.clone(), path.to_string(), meaning));
        }
    }
}

fn refusal<'c>(at: usize, path: &'c Arc<str>, why: Why<'c>) -> Refusal<'c> {
    let rank = (at, 0);
    Refusal {
        at,
        rank,
        path,
        why,
    }
}

fn not<'c>(hole: &Hole, path: &'c Arc<str>, item: &Item) -> Refusal<'c> {
    let wanted = match hole.sort {
        Sort::Text | Sort::Json => "a text",
        Sort::Word => "a word",
        Sort::Number { .. } => "a whole number",
        Sort::Truth => "true or false",
    };
    let found = item.range.clone();
    refusal(item.range.start, path, Why::NotSort { wanted, found })
}
