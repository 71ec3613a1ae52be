//! Kinds that can never be seen because an earlier one takes all that they would.

use super::json::{Form, Member, What as Wanted};
use super::proto::{Member as Field, What as Described};
use super::shape::{Content, Frame, Number, Part, Role, Shape, Times, What, Window};
use super::template::{Hole, Sort, Template};
use super::{Codec, Direction, Kind, Value};
use crate::source::{Diagnostic, Diagnostics};

impl Codec {
    /// Warns of every kind that an earlier one always shadows in some direction.
    pub fn check_shadows(&self, diagnostics: &mut Diagnostics) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let kinds: Vec<&Kind> = self.going(direction).collect();
            for (at, later) in kinds.iter().enumerate() {
                let shadows = |earlier: &&&Kind| {
                    let shapes = (earlier.shape(direction), later.shape(direction));
                    matches!(shapes, (Some(earlier), Some(later)) if covers(earlier, later))
                };
                let Some(earlier) = kinds[..at].iter().find(shadows) else {
                    continue;
                };
                let way = direction.word();
                let message = format!(
                    "`{}` is never seen {way}: whatever fits it fits `{}` first",
                    later.name, earlier.name
                );
                diagnostics.add(
                    Diagnostic::warning(message)
                        .at(&later.span, "never reached")
                        .related(&earlier.span, "tried first")
                        .help("the first that fits is it: write the more special kind first"),
                );
            }
        }
    }
}

/// True when `earlier` is never refused where `later` fits.
fn covers(earlier: &Shape, later: &Shape) -> bool {
    lists_cover(&earlier.parts, &later.parts) || takes_all_like(earlier, later)
}

/// The earlier one is refused by nothing but a constant that the later one has too.
fn takes_all_like(earlier: &Shape, later: &Shape) -> bool {
    let same = match (&earlier.sure, &later.sure) {
        (None, _) => true,
        (earlier, later) => earlier == later,
    };
    let mut constants = usize::from(earlier.sure.is_some());
    same && earlier
        .parts
        .iter()
        .all(|part| endless(part, &mut constants))
}

/// True when the part is read from any bytes, waiting for more if need be; one constant, the one
/// at the fixed place, does not count.
fn endless(part: &Part, constants: &mut usize) -> bool {
    if part.optional || !part.counted_by.is_empty() {
        return false;
    }
    match &part.what {
        What::Number(number) => match number.role {
            Role::Value => number.form.takes_anything(),
            Role::Constant { .. } => take_one(constants),
            Role::Length { .. } => false,
        },
        What::Window(window) => match (&window.frame, &window.content) {
            (_, Content::Constant { .. }) => {
                matches!(window.frame, Frame::Fixed { fill: None, .. }) && take_one(constants)
            }
            (Frame::Inline, Content::Fields(parts)) => {
                parts.iter().all(|part| endless(part, constants))
            }
            (Frame::Prefixed { form, .. }, Content::Text(_) | Content::Bytes) => {
                form.takes_anything() && form.min() == 0
            }
            (Frame::Fixed { fill: None, .. } | Frame::Until { .. }, content) => {
                matches!(content, Content::Text(_) | Content::Bytes)
            }
            _ => false,
        },
    }
}

fn take_one(constants: &mut usize) -> bool {
    let one = *constants > 0;
    *constants = constants.saturating_sub(1);
    one
}

fn lists_cover(earlier: &[Part], later: &[Part]) -> bool {
    earlier.len() == later.len()
        && earlier.iter().zip(later).all(|(a, b)| {
            a.optional == b.optional && a.counted_by == b.counted_by && covers_part(a, b)
        })
}

fn covers_part(earlier: &Part, later: &Part) -> bool {
    match (&earlier.what, &later.what) {
        (What::Number(a), What::Number(b)) => covers_number(a, b),
        (What::Window(a), What::Window(b)) => {
            same_frame(&a.frame, &b.frame) && a.suffix == b.suffix && covers_content(a, b)
        }
        _ => false,
    }
}

fn covers_number(earlier: &Number, later: &Number) -> bool {
    earlier.form == later.form
        && match (earlier.role, later.role) {
            (Role::Constant { value: a, .. }, Role::Constant { value: b, .. })
            | (Role::Length { plus: a, .. }, Role::Length { plus: b, .. }) => a == b,
            (Role::Value, Role::Value | Role::Constant { .. }) => true,
            _ => false,
        }
}

fn same_frame(a: &Frame, b: &Frame) -> bool {
    match (a, b) {
        (Frame::Prefixed { form: a, .. }, Frame::Prefixed { form: b, .. }) => a == b,
        (Frame::Fixed { len: a, fill: x }, Frame::Fixed { len: b, fill: y }) => {
            let fill = |fill: &Option<super::shape::Fill>| {
                fill.as_ref()
                    .map(|fill| (fill.byte, fill.garbage, fill.used))
            };
            a == b && fill(x) == fill(y)
        }
        (Frame::Rest { behind: a }, Frame::Rest { behind: b }) => a == b,
        (
            Frame::Until {
                ends: a,
                lenient_cr: x,
            },
            Frame::Until {
                ends: b,
                lenient_cr: y,
            },
        ) => a == b && x == y,
        (Frame::Counted, Frame::Counted)
        | (Frame::Inline, Frame::Inline)
        | (Frame::Json, Frame::Json)
        | (Frame::Split { .. }, Frame::Split { .. }) => true,
        _ => false,
    }
}

fn covers_content(earlier: &Window, later: &Window) -> bool {
    if takes_all(&earlier.content) {
        return true;
    }
    match (&earlier.content, &later.content) {
        (Content::Constant { bytes: a, .. }, Content::Constant { bytes: b, .. }) => a == b,
        (Content::Fields(a), Content::Fields(b)) => lists_cover(a, b),
        (Content::Templates(a), Content::Templates(b)) => b
            .iter()
            .all(|later| a.iter().any(|earlier| earlier.covers(later))),
        (Content::Group(a), Content::Group(b)) => lists_cover(&a.parts, &b.parts),
        (Content::List(a), Content::List(b)) => {
            same_times(&a.times, &b.times) && lists_cover(&a.items.parts, &b.items.parts)
        }
        (Content::Json(a), Content::Json(b)) => {
            let exact = b.exact || !a.exact;
            exact && form_covers(&a.root, &b.root, a.exact)
        }
        (Content::Proto(a), Content::Proto(b)) => {
            a.message == b.message
                && (b.exact || !a.exact)
                && members_cover(&a.members, &b.members, a.exact)
        }
        _ => false,
    }
}

fn same_times(a: &Times, b: &Times) -> bool {
    match (a, b) {
        (Times::Prefixed { form: a, .. }, Times::Prefixed { form: b, .. }) => a == b,
        (Times::Fixed(a), Times::Fixed(b)) | (Times::Apart(a), Times::Apart(b)) => a == b,
        (Times::ToEnd, Times::ToEnd) => true,
        _ => false,
    }
}

/// True when no bytes of a window are refused.
fn takes_all(content: &Content) -> bool {
    match content {
        Content::Text(_) | Content::Bytes => true,
        Content::Templates(templates) => templates.iter().any(Template::takes_all),
        Content::Fields(parts) => match &parts[..] {
            [only] => {
                let rest = |window: &Window| {
                    matches!(window.frame, Frame::Rest { behind: 0 }) && takes_all(&window.content)
                };
                !only.optional && matches!(&only.what, What::Window(window) if rest(window))
            }
            _ => false,
        },
        _ => false,
    }
}

/// True when every JSON value that fits `later` fits `earlier`.
fn form_covers(earlier: &Form, later: &Form, exact: bool) -> bool {
    match (&earlier.what, &later.what) {
        (Wanted::Whole(hole), later) => hole_covers(hole, later),
        (Wanted::Literal(a), Wanted::Literal(b)) => a == b,
        (Wanted::Mixed(template), Wanted::Literal(Value::Text(text))) => {
            template.parse(text.as_bytes(), &mut Vec::new()).is_ok()
        }
        (Wanted::Mixed(a), Wanted::Mixed(b)) => a.covers(b),
        (Wanted::List(a), Wanted::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| form_covers(a, b, exact))
        }
        (Wanted::Object(a), Wanted::Object(b)) => {
            let same = |member: &Member| b.iter().find(|other| other.key == member.key);
            let covered = a.iter().all(|member| {
                same(member).is_some_and(|other| {
                    (member.optional || !other.optional)
                        && form_covers(&member.form, &other.form, exact)
                })
            });
            let known = |other: &Member| a.iter().any(|member| member.key == other.key);
            covered && (!exact || b.iter().all(known))
        }
        _ => false,
    }
}

/// True when every Protocol Buffers message that fits `later` fits `earlier`.
fn members_cover(earlier: &[Field], later: &[Field], exact: bool) -> bool {
    let same = |one: &Field| later.iter().find(|other| other.declared == one.declared);
    let covered = earlier.iter().all(|one| match (&one.what, same(one)) {
        (Described::Whole { .. }, None) => one.optional || !one.declared.supports_presence(),
        (Described::Whole { .. }, Some(other)) => {
            one.optional || !one.declared.supports_presence() || !other.optional
        }
        (Described::Literal(a), Some(other)) => {
            matches!(&other.what, Described::Literal(b) if a == b)
        }
        (Described::Mixed(a), Some(other)) => match &other.what {
            Described::Mixed(b) => a.covers(b),
            Described::Literal(Value::Text(text)) => {
                a.parse(text.as_bytes(), &mut Vec::new()).is_ok()
            }
            _ => false,
        },
        (Described::Message(a), Some(other)) => match &other.what {
            Described::Message(b) => {
                (one.optional || !other.optional) && members_cover(a, b, exact)
            }
            _ => false,
        },
        (_, None) => false,
    });
    let known = |other: &Field| earlier.iter().any(|one| one.declared == other.declared);
    covered && (!exact || later.iter().all(known))
}

fn hole_covers(hole: &Hole, later: &Wanted) -> bool {
    if hole.slot.is_none() {
        return true;
    }
    match (&hole.sort, later) {
        (Sort::Json, _)
        | (Sort::Text, Wanted::Literal(Value::Text(_)) | Wanted::Mixed(_))
        | (Sort::Number { .. }, Wanted::Literal(Value::Int(_)))
        | (Sort::Truth, Wanted::Literal(Value::Bool(_))) => true,
        (Sort::Text, Wanted::Whole(other)) => matches!(other.sort, Sort::Text | Sort::Word),
        (sort, Wanted::Whole(other)) => other.slot.is_some() && *sort == other.sort,
        _ => false,
    }
}
