use super::{Codec, Direction};
use crate::source::{Diagnostic, Diagnostics, Node, Span};

/// Something that an implementation never sends, and what it breaks thereby.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// The kind.
    pub kind: String,
    /// The field of that kind; `None` when the whole kind is missing.
    pub field: Option<String>,
    /// The rules that are broken.
    pub rules: Vec<String>,
    /// Where it is said.
    pub span: Span,
}

/// Reads `lacks` of a protocol: `{ shutdown.seconds: CSC328-7 }`.
pub(super) fn read(codec: &Codec, root: &Node, diagnostics: &mut Diagnostics) -> Vec<Lack> {
    let Some(node) = root.get("lacks").filter(|node| !node.is_null()) else {
        return Vec::new();
    };
    let Some(entries) = node.entries() else {
        let message = format!("`lacks` is a map, this is {}", node.describe());
        let diagnostic = Diagnostic::error(message).at(&node.span, "expected a map");
        diagnostics.add(diagnostic.help("such as `lacks: { shutdown.seconds: CSC328-7 }`"));
        return Vec::new();
    };
    let mut lacks = Vec::new();
    for entry in entries {
        let value = &entry.value;
        let items = value.items().unwrap_or(std::slice::from_ref(value));
        let rules: Option<Vec<String>> = items
            .iter()
            .map(|item| item.text().map(str::to_owned))
            .collect();
        let Some(rules) = rules.filter(|rules| !rules.is_empty()) else {
            let message = format!("`{}` names the rule that is broken", entry.key);
            diagnostics.error(&value.span, message, "expected the id of a rule");
            continue;
        };
        let (kind, field) = match entry.key.split_once('.') {
            Some((kind, field)) => (kind, Some(field.to_owned())),
            None => (entry.key.as_str(), None),
        };
        if described(codec, kind, field.as_deref()) {
            let message = format!("`{}` is lacking, and yet described", entry.key);
            diagnostics.add(
                Diagnostic::warning(message)
                    .at(&entry.key_span, "said to be never sent")
                    .help(
                        "remove it from `messages` (a dialect writes `name: ~`), or from `lacks`",
                    ),
            );
        }
        lacks.push(Lack {
            kind: kind.to_owned(),
            field,
            rules,
            span: entry.key_span.clone(),
        });
    }
    lacks
}

fn described(codec: &Codec, kind: &str, field: Option<&str>) -> bool {
    let Some(kind) = codec.kind(kind) else {
        return false;
    };
    let Some(name) = field else { return true };
    [Direction::ToServer, Direction::ToClient]
        .into_iter()
        .any(|direction| kind.field(direction, name).is_some())
}
