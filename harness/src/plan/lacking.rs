//! Scenarios about messages and fields that the chosen dialect does not have.
//!
//! What is only written differently, or optional, is no fault: such scenarios do not apply. What a
//! dialect says that its implementation `lacks` breaks the rule that it names.

use std::sync::Arc;

use super::{LackPlan, ProtocolPlan};
use crate::source::{Diagnostics, Unknown};
use crate::verdict::Rule;
use crate::wire::{Codec, Direction, Kind, Lack};

/// Why a scenario cannot be said in a dialect.
pub(super) enum Lacking {
    /// It does not apply, and why.
    NotHere(String),
    /// It fails a rule.
    Broken(LackPlan),
}

/// What the complaints about a scenario mean when the protocol's own description knows the messages
/// and fields that they say are unknown; `None` when they are mistakes.
pub(super) fn lacking(
    complaints: &Diagnostics,
    protocol: &ProtocolPlan,
    rules: &[Arc<Rule>],
) -> Option<Lacking> {
    let own = protocol.own_codec.as_ref()?;
    let unknown = complaints.iter().filter_map(|d| d.unknown.as_ref());
    let missing: Vec<&Unknown> = unknown
        .filter(|unknown| is_described(own, unknown))
        .collect();
    let first = missing.first()?;
    for unknown in &missing {
        for lack in protocol.codec.lacks() {
            if !is_about(lack, unknown) {
                continue;
            }
            if let Some(rule) = rules.iter().find(|rule| names(lack, rule)) {
                return Some(Lacking::Broken(LackPlan {
                    rule: Arc::clone(rule),
                    what: shown(unknown),
                    span: lack.span.clone(),
                }));
            }
        }
    }
    Some(Lacking::NotHere(format!(
        "the dialect {} has no {}",
        protocol.dialect,
        shown(first)
    )))
}

fn names(lack: &Lack, rule: &Rule) -> bool {
    lack.rules.iter().any(|id| id == rule.id.as_str())
}

fn is_about(lack: &Lack, unknown: &Unknown) -> bool {
    unknown.kinds.contains(&lack.kind) && (lack.field.is_none() || lack.field == unknown.field)
}

fn is_described(codec: &Codec, unknown: &Unknown) -> bool {
    let has = |kind: &Kind| match &unknown.field {
        None => true,
        Some(field) => [Direction::ToServer, Direction::ToClient]
            .into_iter()
            .any(|direction| kind.field(direction, field).is_some()),
    };
    unknown
        .kinds
        .iter()
        .any(|kind| codec.kind(kind).is_some_and(has))
}

fn shown(unknown: &Unknown) -> String {
    let kinds = unknown.kinds.join("`, `");
    match &unknown.field {
        None => format!("`{kinds}`"),
        Some(field) => format!("`{field}` in `{kinds}`"),
    }
}
