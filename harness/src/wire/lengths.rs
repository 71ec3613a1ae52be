//! Lengths that stand apart from what they measure.

use super::description::Named;
use super::shape::{Counted, Frame, Part, Role, Times, What};
use super::types::Types;
use crate::source::{Content, Diagnostic, Diagnostics, Node, Span, closest};

/// A field that is the length of others in the same list.
#[derive(Debug)]
pub(super) struct Length<'n> {
    /// Which field.
    at: usize,
    /// What it counts, itself perhaps included, in wire order.
    targets: Vec<usize>,
    /// It counts the values of a list, and no bytes.
    values: bool,
    span: &'n Span,
}

/// Finds all lengths: fields with `len_of`, and fields that another names as its `len`. `all` are
/// the fields that there could be; a target that this kind does not have counts nothing.
pub(super) fn resolve<'n>(
    fields: &[Named<'n>],
    all: &[Named<'n>],
    types: &Types<'n>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Length<'n>>> {
    let mut lengths: Vec<Length<'n>> = Vec::new();
    let index = |name: &str| fields.iter().position(|field| &*field.name == name);
    let mut complete = true;
    for (at, field) in fields.iter().enumerate() {
        let Some(node) = field.spec.len_of else {
            continue;
        };
        let mut targets = Vec::new();
        for item in node.items().unwrap_or(std::slice::from_ref(node)) {
            match item.text().and_then(index) {
                Some(target) => targets.push(target),
                None => complete &= known_elsewhere(item, all, diagnostics),
            }
        }
        let span = &node.span;
        lengths.push(Length {
            at,
            targets,
            values: false,
            span,
        });
    }
    complete &= named_by_others(fields, types, &mut lengths, diagnostics);
    for length in &mut lengths {
        length.targets.sort_unstable();
        length.targets.dedup();
    }
    complete.then_some(lengths)
}

/// Adds the fields that others name as their `len` or `count`; false when something is wrong.
fn named_by_others<'n>(
    fields: &[Named<'n>],
    types: &Types<'n>,
    lengths: &mut Vec<Length<'n>>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let index = |name: &str| fields.iter().position(|field| &*field.name == name);
    let mut complete = true;
    for (target, field) in fields.iter().enumerate() {
        let named = [(field.spec.len, false), (field.spec.count, true)];
        for (node, values) in named
            .into_iter()
            .filter_map(|(node, values)| Some((node?, values)))
        {
            let Content::Scalar(raw) = &node.content else {
                continue;
            };
            let is_word = node.integer().is_none() && raw.text != "rest" && !types.knows(&raw.text);
            let at = index(&raw.text).filter(|at| is_word && *at < target);
            let Some(at) = at else {
                complete &= !values || !is_word || no_such_count(node, diagnostics);
                continue;
            };
            match lengths.iter_mut().find(|length| length.at == at) {
                Some(length) if !values && !length.values => length.targets.push(target),
                Some(length) => complete &= counts_twice(node, length.span, diagnostics),
                None => lengths.push(Length {
                    at,
                    targets: vec![target],
                    values,
                    span: &node.span,
                }),
            }
        }
    }
    complete
}

fn no_such_count(node: &Node, diagnostics: &mut Diagnostics) -> bool {
    let message = format!("no field before it is {}", node.describe());
    let diagnostic = Diagnostic::error(message).at(&node.span, "unknown");
    diagnostics.add(diagnostic.help("`count: u8`, `count: 3`, or the name of a field before it"));
    false
}

fn counts_twice(node: &Node, other: &Span, diagnostics: &mut Diagnostics) -> bool {
    let message = "a field counts either the bytes or the values of something";
    let diagnostic = Diagnostic::error(message).at(&node.span, "the second use");
    diagnostics.add(diagnostic.related(other, "the first use"));
    false
}

/// Complains when no field of any kind has that name.
fn known_elsewhere(item: &Node, all: &[Named<'_>], diagnostics: &mut Diagnostics) -> bool {
    let name = item.text().unwrap_or_default();
    let names = || all.iter().map(|field| &*field.name);
    if names().any(|known| known == name) {
        return true;
    }
    let help = match closest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "the fields here are: {}",
            names().collect::<Vec<_>>().join(", ")
        ),
    };
    let message = format!("`len_of` names {}, which is no field here", item.describe());
    diagnostics.add(
        Diagnostic::error(message)
            .at(&item.span, "unknown")
            .help(help),
    );
    false
}

/// Which of the lengths the field is.
pub(super) fn measuring(lengths: &[Length<'_>], index: usize) -> Option<usize> {
    lengths.iter().position(|length| length.at == index)
}

/// True when a length before the field counts it.
pub(super) fn counts(lengths: &[Length<'_>], index: usize) -> bool {
    let counts = |length: &Length<'_>| {
        length.at < index && !length.values && length.targets.contains(&index)
    };
    lengths.iter().any(counts)
}

/// Ties the parts to the lengths that count them. `first` is the number of the first length.
pub(super) fn connect(
    parts: &mut [Part],
    fields: &[Named<'_>],
    lengths: &[Length<'_>],
    first: usize,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    for (index, length) in lengths.iter().enumerate() {
        let count = first + index;
        if length.values {
            for target in &length.targets {
                set_times(&mut parts[*target], count);
            }
            continue;
        }
        let extra = before(parts, fields, length, diagnostics)?;
        let behind: Vec<usize> = length
            .targets
            .iter()
            .copied()
            .filter(|target| *target > length.at)
            .collect();
        add(&mut parts[length.at], extra, behind.is_empty());
        if let ([only], 1) = (&behind[..], length.targets.len())
            && set_used(&mut parts[*only], count)
        {
            continue;
        }
        for target in &behind {
            parts[*target].counted_by.push(Counted {
                count,
                ends_before: None,
                last: behind.last() == Some(target),
            });
        }
    }
    for index in 0..parts.len() {
        if ends_by_count(&parts[index]) {
            end_of(parts, index, fields, lengths, first, diagnostics)?;
        }
    }
    Some(())
}

/// The size of what a length counts and what is read before it is known.
fn before(
    parts: &[Part],
    fields: &[Named<'_>],
    length: &Length<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<i128> {
    let mut sum = 0_i128;
    for target in length.targets.iter().filter(|target| **target <= length.at) {
        let Some(width) = parts[*target].width() else {
            let message = format!(
                "`{}` counts `{}`, which stands before it and has no fixed size",
                fields[length.at].name, fields[*target].name
            );
            let diagnostic = Diagnostic::error(message).at(length.span, "counted here");
            let help = "a length stands before what it measures";
            diagnostics.add(diagnostic.help(help));
            return None;
        };
        sum += i128::try_from(width).ok()?;
    }
    Some(sum)
}

fn add(part: &mut Part, extra: i128, nothing_behind: bool) {
    if let What::Number(number) = &mut part.what
        && let Role::Length { plus, .. } = &mut number.role
    {
        *plus += extra;
        if nothing_behind {
            number.role = Role::Constant {
                value: *plus,
                tag: false,
            };
        }
    }
}

/// A length of one padded field alone says how much of it is used.
fn set_used(part: &mut Part, count: usize) -> bool {
    if let What::Window(window) = &mut part.what
        && let Frame::Fixed {
            fill: Some(fill), ..
        } = &mut window.frame
    {
        fill.used = Some(count);
        return true;
    }
    false
}

fn set_times(part: &mut Part, count: usize) {
    if let What::Window(window) = &mut part.what
        && let super::shape::Content::List(list) = &mut window.content
    {
        list.times = Times::Apart(count);
    }
}

fn ends_by_count(part: &Part) -> bool {
    matches!(&part.what, What::Window(window) if matches!(window.frame, Frame::Counted))
}

/// Finds the length that says where a part ends: the one that counts the fewest others.
fn end_of(
    parts: &mut [Part],
    index: usize,
    fields: &[Named<'_>],
    lengths: &[Length<'_>],
    first: usize,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let by = parts[index]
        .counted_by
        .iter()
        .map(|counted| counted.count)
        .min_by_key(|count| lengths[count - first].targets.len())?;
    let length = &lengths[by - first];
    let mut behind = 0;
    for later in length.targets.iter().filter(|target| **target > index) {
        let Some(width) = parts[*later].width() else {
            let message = format!(
                "`{}` counts both `{}` and `{}`; where does the first end?",
                fields[length.at].name, fields[index].name, fields[*later].name
            );
            let diagnostic = Diagnostic::error(message).at(length.span, "counted here");
            let help = "all but one of what a length counts have an end of their own";
            diagnostics.add(diagnostic.help(help));
            return None;
        };
        behind += width;
    }
    for counted in &mut parts[index].counted_by {
        if counted.count == by {
            counted.ends_before = Some(behind);
        }
    }
    Some(())
}
