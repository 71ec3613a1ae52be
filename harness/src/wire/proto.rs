//! Protocol Buffers bodies: what they must look like, and holding fields against that.

use std::ops::Range;
use std::sync::Arc;

use protox::prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::proto_read::{self, Field, NoField};
use super::refusal::{Refusal, Stop, Why, more, refuse};
use super::shape::Part;
use super::template::Template;
use super::walk::{Found, Walk};
use super::{Class, Value};

/// What a Protocol Buffers body looks like.
#[derive(Debug)]
pub(super) struct ProtoBody {
    pub(super) message: MessageDescriptor,
    pub(super) members: Vec<Member>,
    /// Fields that are not described are refused.
    pub(super) exact: bool,
}

/// One described field of a message.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) declared: FieldDescriptor,
    /// Its name in complaints and dumps.
    pub(super) path: Arc<str>,
    pub(super) what: What,
    /// It can be missing.
    pub(super) optional: bool,
}

#[derive(Debug)]
pub(super) enum What {
    /// Always this value.
    Literal(Value),
    /// A field of the message as a whole; without a slot the value is dropped.
    Whole { slot: Option<usize>, class: Class },
    /// A text with fields in it.
    Mixed(Template),
    /// A message in the message.
    Message(Vec<Member>),
}

/// A part of the bytes that means something, for dumps.
type Seen = (Range<usize>, String, String);

/// What a look at the first bytes of a stream of messages without lengths gave.
struct Scan {
    fields: Vec<Field>,
    end: usize,
    /// Nothing of the message can follow.
    closed: bool,
    /// A field that has begun: where bytes are missing, and how many.
    begun: Option<(usize, usize)>,
}

impl<'b> Walk<'b> {
    /// Takes apart the body that goes from here to `end`.
    pub(super) fn proto<'c: 'b>(
        &mut self,
        part: &'c Part,
        body: &'c ProtoBody,
        end: usize,
    ) -> Result<(), Stop<'c>> {
        let fields = proto_read::fields(self.bytes, self.pos..end);
        let fields = fields.map_err(|why| wrong(part, why))?;
        self.hold(part, body, &fields, (end, false)).map(|_| ())
    }

    /// Takes apart a body that has no length: it ends where a field `begins` follows another field,
    /// and where the stream pauses. It has ended, too, when all that is described is there: what
    /// may follow without being described changes nothing.
    pub(super) fn split<'c: 'b>(
        &mut self,
        part: &'c Part,
        body: &'c ProtoBody,
        begins: u32,
    ) -> Result<(), Stop<'c>> {
        let start = self.pos;
        let scan = self.scan(part, begins)?;
        if let Some((at, needed)) = scan.begun
            && at.saturating_add(needed) - start > self.most
        {
            return Err(refuse(at, &part.path, Why::Limit { most: self.most }));
        }
        let closed =
            scan.closed || (self.paused && scan.begun.is_none() && !scan.fields.is_empty());
        let incomplete = self.hold(part, body, &scan.fields, (scan.end, !closed))?;
        if closed {
            return Ok(());
        }
        let missing = match incomplete {
            Some(path) => path,
            None if body.exact || scan.fields.is_empty() => &part.path,
            None => return Ok(()),
        };
        let (at, needed) = scan.begun.unwrap_or((scan.end, 1));
        Err(more(missing, needed, at))
    }

    fn scan<'c>(&self, part: &'c Part, begins: u32) -> Result<Scan, Stop<'c>> {
        let mut scan = Scan {
            fields: Vec::new(),
            end: self.pos,
            closed: false,
            begun: None,
        };
        let not_first = |found| refuse(self.pos, &part.path, Why::NotFirst { begins, found });
        let mut others = false;
        while scan.end < self.bytes.len() {
            let found = proto_read::field(self.bytes, scan.end);
            let number = match &found {
                Ok(field) => Some(field.number),
                Err(NoField::Ended { number, .. }) => *number,
                Err(NoField::Wrong(..)) => None,
            };
            match number {
                Some(number) if scan.fields.is_empty() && number != begins => {
                    return Err(not_first(number));
                }
                Some(number) if others && number == begins => {
                    scan.closed = true;
                    break;
                }
                _ => {}
            }
            match found {
                Ok(field) => {
                    others |= field.number != begins;
                    scan.end = field.value.end;
                    scan.fields.push(field);
                    if scan.fields.len() > proto_read::MAX_FIELDS {
                        let why = NoField::Wrong(scan.end, "too many fields");
                        return Err(wrong(part, why));
                    }
                }
                Err(NoField::Ended { at, needed, .. }) => {
                    scan.begun = Some((at, needed));
                    break;
                }
                Err(why) => return Err(wrong(part, why)),
            }
        }
        Ok(scan)
    }

    /// Holds fields against the body; gives what is not there and may still come.
    fn hold<'c: 'b>(
        &mut self,
        part: &'c Part,
        body: &'c ProtoBody,
        fields: &[Field],
        (end, open): (usize, bool),
    ) -> Result<Option<&'c Arc<str>>, Stop<'c>> {
        let mut matching = Matching {
            bytes: self.bytes,
            body: &part.path,
            exact: body.exact,
            open,
            missing: None,
            found: Vec::new(),
            seen: self.marks.is_some().then(Vec::new),
            thorough: self.thorough,
            score: 0,
        };
        let outcome = matching.message(&body.members, &body.message, fields, (end, 0));
        self.found.append(&mut matching.found);
        for (range, field, meaning) in matching.seen.unwrap_or_default() {
            self.mark(range, || (field, meaning));
        }
        outcome.map_err(|mut refusal| {
            refusal.rank = (self.pos, matching.score);
            Stop::Refused(refusal)
        })?;
        self.pos = end;
        Ok(matching.missing)
    }
}

fn wrong(part: &Part, why: NoField) -> Stop<'_> {
    let (at, reason) = match proto_read::closed(why) {
        NoField::Wrong(at, reason) => (at, reason),
        NoField::Ended { at, .. } => (at, "it is not complete"),
    };
    refuse(at, &part.path, Why::NoProto(reason))
}

/// Holds the fields of one message against what is described.
struct Matching<'b, 'c> {
    bytes: &'b [u8],
    body: &'c Arc<str>,
    exact: bool,
    /// More fields may follow.
    open: bool,
    missing: Option<&'c Arc<str>>,
    found: Vec<(usize, Found<'b>)>,
    seen: Option<Vec<Seen>>,
    thorough: bool,
    /// How much fitted: a constant says more than a field.
    score: usize,
}

impl<'b, 'c: 'b> Matching<'b, 'c> {
    fn message(
        &mut self,
        members: &'c [Member],
        declared: &MessageDescriptor,
        fields: &[Field],
        (end, depth): (usize, usize),
    ) -> Result<(), Refusal<'c>> {
        let mut refused = None;
        for field in fields {
            let known = members
                .iter()
                .find(|member| member.declared.number() == field.number);
            let outcome = self.known(known, declared, field);
            self.see(known, declared, field);
            self.keep(outcome, &mut refused)?;
        }
        for member in members {
            let outcome = self.member(member, fields, end, depth);
            self.score += usize::from(outcome.is_ok());
            self.keep(outcome, &mut refused)?;
        }
        refused.map_or(Ok(()), Err)
    }

    /// The first refusal ends it, unless it is to be told which kind fits best.
    fn keep(
        &self,
        outcome: Result<(), Refusal<'c>>,
        refused: &mut Option<Refusal<'c>>,
    ) -> Result<(), Refusal<'c>> {
        match outcome {
            Err(refusal) if self.thorough => {
                refused.get_or_insert(refusal);
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Whether a field is declared, and written as it is declared.
    fn known(
        &self,
        known: Option<&'c Member>,
        message: &MessageDescriptor,
        field: &Field,
    ) -> Result<(), Refusal<'c>> {
        let path = known.map_or(self.body, |member| &member.path);
        let refused = |why| Err(refusal(field.key.start, path, why));
        if known.is_none() && self.exact {
            return refused(Why::UnknownField(field.number));
        }
        match message.get_field(field.number) {
            Some(declared) if !proto_read::fits(&declared, field.wire) => refused(Why::OtherForm {
                number: field.number,
                found: proto_read::wire_words(field.wire),
                wanted: proto_read::wire_words(proto_read::wire_of(&declared.kind())),
            }),
            _ => Ok(()),
        }
    }

    fn member(
        &mut self,
        member: &'c Member,
        fields: &[Field],
        end: usize,
        depth: usize,
    ) -> Result<(), Refusal<'c>> {
        let declared = &member.declared;
        let mut there = fields.iter().filter(|f| f.number == declared.number());
        let last = there.clone().next_back();
        if self.open && (last.is_none() || proto_read::repeats(declared)) {
            self.missing.get_or_insert(&member.path);
            return Ok(());
        }
        let Some(last) = last else {
            return match declared.supports_presence() {
                _ if member.optional => Ok(()),
                true => Err(refusal(end, &member.path, Why::NoKey(&member.path))),
                false => self.value(member, proto_read::absent(declared), end..end),
            };
        };
        let wrong = |why| match proto_read::closed(why) {
            NoField::Wrong(at, reason) => refusal(at, &member.path, Why::NoProto(reason)),
            NoField::Ended { at, .. } => refusal(at, &member.path, Why::NoProto("")),
        };
        if let (What::Message(members), protox::prost_reflect::Kind::Message(message)) =
            (&member.what, declared.kind())
        {
            let range = last.value.clone();
            let inner = proto_read::fields(self.bytes, range.clone()).map_err(wrong)?;
            let open = std::mem::replace(&mut self.open, false);
            let outcome = self.message(members, &message, &inner, (range.end, depth + 1));
            self.open = open;
            return outcome;
        }
        let value = if proto_read::repeats(declared) {
            let mut items = Vec::new();
            there
                .try_for_each(|field| {
                    let mut more = proto_read::values(self.bytes, declared, field, depth)?;
                    items.append(&mut more);
                    Ok(())
                })
                .map_err(wrong)?;
            Value::List(items)
        } else {
            let values = proto_read::values(self.bytes, declared, last, depth).map_err(wrong)?;
            values.into_iter().next_back().unwrap_or(Value::Null)
        };
        self.value(member, value, last.value.clone())
    }

    fn value(
        &mut self,
        member: &'c Member,
        found: Value,
        place: Range<usize>,
    ) -> Result<(), Refusal<'c>> {
        let start = place.start;
        match &member.what {
            What::Literal(wanted) if *wanted != found => {
                let why = Why::NotValue { wanted, found };
                return Err(refusal(start, &member.path, why));
            }
            What::Literal(_) => self.score += 1,
            What::Whole { slot, .. } => {
                self.found
                    .extend(slot.map(|slot| (slot, Found::Value(found))));
            }
            What::Mixed(template) => {
                let mut taken = Vec::new();
                let text = &self.bytes[place.clone()];
                if template.parse(text, &mut taken).is_err() {
                    let found = place;
                    let why = Why::NotText { template, found };
                    return Err(refusal(start, &member.path, why));
                }
                self.found.extend(taken.into_iter().filter_map(|one| {
                    let value = match one.number {
                        Some(number) => Value::Int(number),
                        None => super::shape::Encoding::Utf8.decode(&text[one.range]),
                    };
                    Some((one.hole.slot?, Found::Value(value)))
                }));
            }
            What::Message(_) => {}
        }
        Ok(())
    }

    fn see(&mut self, known: Option<&Member>, message: &MessageDescriptor, field: &Field) {
        let Some(seen) = &mut self.seen else { return };
        let declared = message.get_field(field.number);
        let path = match (known, &declared) {
            (Some(member), _) => member.path.to_string(),
            (None, Some(declared)) => declared.name().to_owned(),
            (None, None) => format!("field {}", field.number),
        };
        let form = proto_read::wire_words(field.wire);
        let meaning = format!("field {}, {form}", field.number);
        seen.push((field.key.clone(), format!("key({path})"), meaning));
        if !field.len.is_empty() {
            let meaning = format!("{} bytes of `{path}`", field.value.len());
            seen.push((field.len.clone(), format!("len({path})"), meaning));
        }
        // A message in the message shows its own fields.
        if matches!(known, Some(member) if matches!(member.what, What::Message(_))) {
            return;
        }
        let value = declared
            .filter(|declared| proto_read::fits(declared, field.wire))
            .and_then(|declared| proto_read::values(self.bytes, &declared, field, 0).ok())
            .map(|mut values| match values.len() {
                1 => values.remove(0),
                _ => Value::List(values),
            });
        let meaning = match (known.map(|member| &member.what), value) {
            (Some(What::Whole { class, .. }), Some(value)) => class.show(&value),
            (_, Some(value)) => value.to_string(),
            (_, None) => Value::Bytes(self.bytes[field.value.clone()].to_vec()).to_string(),
        };
        seen.push((field.value.clone(), path, meaning));
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
