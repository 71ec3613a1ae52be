//! What a description becomes: the parts of one kind's messages in one direction, in wire order.

use std::borrow::Cow;
use std::sync::Arc;

use super::class::Names;
use super::integer::Integer;
use super::json::JsonBody;
use super::proto::{Member, ProtoBody, What as Described};
use super::template::Template;
use super::{FieldInfo, Value};

/// How many lengths one message can have that stand apart from what they measure.
pub(super) const MAX_COUNTS: usize = 16;

/// One kind in one direction.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) parts: Vec<Part>,
    pub(super) fields: Vec<FieldInfo>,
    /// Bytes that stand at a fixed place in every message of this shape, mostly the tag.
    pub(super) sure: Option<Sure>,
    /// What is written in this shape is read back as it is, see [`super::plain`].
    pub(super) plain: bool,
    /// How many [`Role::Length`]s there are.
    pub(super) counts: usize,
}

/// Bytes that stand at a fixed place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sure {
    pub(super) offset: usize,
    pub(super) bytes: Vec<u8>,
}

/// Something that has bytes of its own.
#[derive(Debug)]
pub(super) struct Part {
    /// Its name in complaints and dumps.
    pub(super) path: Arc<str>,
    /// Its place among the fields of the message.
    pub(super) slot: Option<usize>,
    pub(super) what: What,
    /// The lengths that count its bytes.
    pub(super) counted_by: Vec<Counted>,
    /// It can be missing where its window ends.
    pub(super) optional: bool,
}

/// That a detached length counts a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// Which length.
    pub(super) count: usize,
    /// When this length alone says where the part ends: the counted bytes behind the part.
    pub(super) ends_before: Option<usize>,
    /// Nothing behind this part is counted by it.
    pub(super) last: bool,
}

#[derive(Debug)]
pub(super) enum What {
    Number(Number),
    Window(Window),
}

#[derive(Debug)]
pub(super) struct Number {
    pub(super) form: Integer,
    pub(super) role: Role,
    pub(super) names: Names,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A value of the message.
    Value,
    /// Always the same.
    Constant { value: i128, tag: bool },
    /// The length of other parts, plus a constant.
    Length { count: usize, plus: i128 },
}

/// A stretch of bytes whose end is known before its content is looked at.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) frame: Frame,
    /// Stands behind the content, counted by the length.
    pub(super) suffix: Vec<u8>,
    pub(super) content: Content,
}

/// How the end of a window is known.
#[derive(Debug)]
pub(super) enum Frame {
    /// By a length right before it.
    Prefixed { form: Integer, path: Arc<str> },
    /// It has always as many bytes.
    Fixed { len: usize, fill: Option<Fill> },
    /// By a length that stands apart.
    Counted,
    /// It goes to the end of what it stands in, but for so many bytes.
    Rest { behind: usize },
    /// By the first of these that comes; the first is sent.
    Until {
        ends: Vec<Vec<u8>>,
        lenient_cr: bool,
    },
    /// The fields inside find their own end.
    Inline,
    /// It is a JSON object or list, which ends with its last bracket.
    Json,
    /// It ends before this field of the next message, or where the stream pauses.
    Split { begins: u32 },
}

/// How a window of fixed size is filled up.
#[derive(Debug)]
pub(super) struct Fill {
    pub(super) byte: u8,
    /// What stands behind the content is not looked at.
    pub(super) garbage: bool,
    /// The detached length that says how much of the window is content.
    pub(super) used: Option<usize>,
}

#[derive(Debug)]
pub(super) enum Content {
    Text(Encoding),
    Bytes,
    Constant {
        bytes: Vec<u8>,
        value: Value,
        tag: bool,
    },
    Fields(Vec<Part>),
    /// A text; the first that fits is it, the first is sent.
    Templates(Vec<Template>),
    Json(JsonBody),
    Proto(ProtoBody),
    List(List),
    Group(Items),
}

impl Content {
    /// True when it consists of parts that have ends of their own.
    pub(super) fn finds_its_end(&self) -> bool {
        matches!(self, Self::Fields(_) | Self::Group(_) | Self::List(_))
    }
}

/// Values of one type, one behind the other.
#[derive(Debug)]
pub(super) struct List {
    pub(super) items: Items,
    pub(super) times: Times,
}

/// How many there are.
#[derive(Debug)]
pub(super) enum Times {
    /// As the number right before them says.
    Prefixed { form: Integer, path: Arc<str> },
    /// Always as many.
    Fixed(usize),
    /// As a number that stands apart says.
    Apart(usize),
    /// As many as there are up to the end of the window.
    ToEnd,
}

/// What one value of a list, or a group, consists of.
#[derive(Debug)]
pub(super) struct Items {
    pub(super) parts: Vec<Part>,
    pub(super) fields: Vec<FieldInfo>,
    /// It is one value, and no map of fields.
    pub(super) single: bool,
}

/// How text is written in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Ascii,
    Latin1,
    Utf16 { little: bool },
}

impl Shape {
    /// The paths of all numbers, and `len(…)` of all counted windows.
    pub(super) fn bendable(&self) -> Vec<Arc<str>> {
        let mut paths = Vec::new();
        collect_bendable(&self.parts, &mut paths);
        paths.extend((0..self.counts).filter_map(|count| self.counted_path(count)));
        paths
    }
}

impl Shape {
    /// `len(x)` for a length that stands apart and counts `x` alone.
    pub(super) fn counted_path(&self, count: usize) -> Option<Arc<str>> {
        let mut names = Vec::new();
        collect_counted(&self.parts, count, &mut names);
        match &names[..] {
            [name] => Some(Arc::from(format!("len({name})"))),
            _ => None,
        }
    }
}

fn collect_counted<'a>(parts: &'a [Part], count: usize, names: &mut Vec<&'a str>) {
    for part in parts {
        let counted = part.counted_by.iter().any(|by| by.count == count);
        let mut used = false;
        if let What::Window(window) = &part.what {
            if let Frame::Fixed {
                fill: Some(fill), ..
            } = &window.frame
            {
                used = fill.used == Some(count);
            }
            match &window.content {
                Content::Fields(parts) => collect_counted(parts, count, names),
                Content::Group(items) => collect_counted(&items.parts, count, names),
                Content::List(list) => collect_counted(&list.items.parts, count, names),
                _ => {}
            }
        }
        if counted || used {
            names.push(&part.path);
        }
    }
}

fn collect_bendable(parts: &[Part], paths: &mut Vec<Arc<str>>) {
    for part in parts {
        match &part.what {
            What::Number(_) => paths.push(Arc::clone(&part.path)),
            What::Window(window) => {
                if let Frame::Prefixed { path, .. } = &window.frame {
                    paths.push(Arc::clone(path));
                }
                match &window.content {
                    Content::Fields(parts) => collect_bendable(parts, paths),
                    Content::Group(items) => collect_bendable(&items.parts, paths),
                    Content::List(list) => {
                        if let Times::Prefixed { path, .. } = &list.times {
                            paths.push(Arc::clone(path));
                        }
                        collect_bendable(&list.items.parts, paths);
                    }
                    Content::Proto(body) => collect_members(&body.members, paths),
                    _ => {}
                }
            }
        }
    }
}

fn collect_members(members: &[Member], paths: &mut Vec<Arc<str>>) {
    for member in members
        .iter()
        .filter(|member| !super::proto_read::repeats(&member.declared))
    {
        paths.push(Arc::from(format!("key({})", member.path)));
        match super::proto_read::wire_of(&member.declared.kind()) {
            super::proto_read::BYTES => paths.push(Arc::from(format!("len({})", member.path))),
            _ => paths.push(Arc::clone(&member.path)),
        }
        if let Described::Message(members) = &member.what {
            collect_members(members, paths);
        }
    }
}

impl Part {
    /// The bytes that it takes in every message, if they are always as many.
    pub(super) fn width(&self) -> Option<usize> {
        if self.optional {
            return None;
        }
        match &self.what {
            What::Number(number) => number.form.width(),
            What::Window(window) => match (&window.frame, &window.content) {
                (Frame::Fixed { len, .. }, _) => Some(*len),
                (Frame::Inline, Content::Fields(parts)) => widths(parts),
                (Frame::Inline, Content::Group(items)) => widths(&items.parts),
                (Frame::Inline, Content::List(list)) => match list.times {
                    Times::Fixed(times) => widths(&list.items.parts)?.checked_mul(times),
                    _ => None,
                },
                _ => None,
            },
        }
    }

    /// The fewest bytes that it takes.
    pub(super) fn least(&self) -> usize {
        if self.optional {
            return 0;
        }
        match &self.what {
            What::Number(number) => number.form.least(),
            What::Window(window) => match (&window.frame, &window.content) {
                (Frame::Prefixed { form, .. }, _) => form.least(),
                (Frame::Fixed { len, .. }, _) => *len,
                (Frame::Until { ends, .. }, _) => ends.iter().map(Vec::len).min().unwrap_or(0),
                (Frame::Inline, Content::Fields(parts)) => leasts(parts),
                (Frame::Inline, Content::Group(items)) => leasts(&items.parts),
                (Frame::Inline, Content::List(list)) => match &list.times {
                    Times::Prefixed { form, .. } => form.least(),
                    Times::Fixed(times) => leasts(&list.items.parts).saturating_mul(*times),
                    Times::Apart(_) | Times::ToEnd => 0,
                },
                (Frame::Json | Frame::Split { .. }, _) => 2,
                _ => 0,
            },
        }
    }
}

fn widths(parts: &[Part]) -> Option<usize> {
    parts.iter().map(Part::width).sum()
}

/// The fewest bytes that the parts take together.
pub(super) fn leasts(parts: &[Part]) -> usize {
    parts.iter().map(Part::least).sum()
}

impl Encoding {
    /// The text that the bytes mean; [`Value::Bytes`] when they mean none.
    pub(super) fn decode(self, bytes: &[u8]) -> Value {
        let text = match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Ascii if bytes.is_ascii() => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Ascii => None,
            Self::Latin1 => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
            Self::Utf16 { little } => decode_utf16(bytes, little),
        };
        text.map_or_else(|| Value::Bytes(bytes.to_vec()), Value::Text)
    }

    /// The bytes of a text, if the encoding has them.
    pub(super) fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Utf8 => Some(text.as_bytes().into()),
            Self::Ascii => text.is_ascii().then(|| text.as_bytes().into()),
            Self::Latin1 => text.chars().map(|c| u8::try_from(c).ok()).collect(),
            Self::Utf16 { little } => Some(
                text.encode_utf16()
                    .flat_map(|unit| {
                        if little {
                            unit.to_le_bytes()
                        } else {
                            unit.to_be_bytes()
                        }
                    })
                    .collect(),
            ),
        }
    }

    /// Its name in protocol files.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Ascii => "ascii",
            Self::Latin1 => "latin1",
            Self::Utf16 { little: true } => "utf16le",
            Self::Utf16 { little: false } => "utf16be",
        }
    }

    /// All that there are.
    pub(super) const ALL: [Self; 5] = [
        Self::Utf8,
        Self::Ascii,
        Self::Latin1,
        Self::Utf16 { little: false },
        Self::Utf16 { little: true },
    ];
}

fn decode_utf16(bytes: &[u8], little: bool) -> Option<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    let units = pairs.iter().map(|pair| {
        if little {
            u16::from_le_bytes(*pair)
        } else {
            u16::from_be_bytes(*pair)
        }
    });
    char::decode_utf16(units)
        .collect::<Result<String, _>>()
        .ok()
}
