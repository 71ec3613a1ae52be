use std::sync::Arc;

use crate::matching::Reference;
use crate::scenario::{Expression, Quantity, Variable, Word, step_words};
use crate::source::{Diagnostic, Diagnostics, Node, closest};

/// What names mean at one place of a scenario.
pub(super) struct Scope {
    /// The words for actors, in the order of their groups.
    pub groups: Vec<Arc<str>>,
    /// Parameters and constants.
    pub fixed: Vec<Arc<str>>,
    /// Captured values, loop variables and marks that exist at this place.
    pub known: Vec<Arc<str>>,
    /// Macro arguments and `each` variables, the innermost last.
    pub bound: Vec<(String, Binding)>,
    /// Inside a reflex or a fence: what else can be named.
    pub extra: Extra,
}

/// Names that exist only in some places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    Nothing,
    /// `$got.field` and `$source`.
    Reflex,
    /// `$nonce`.
    Fence,
}

/// What a macro argument or an `each` variable stands for.
#[derive(Debug, Clone)]
pub(super) enum Binding {
    /// An actor's word, as the caller means it.
    Actor(Who),
    /// A value, already resolved where the macro is used.
    Value(crate::matching::Expr),
    /// A variant's value.
    Node(Node),
}

pub(super) use super::Who;

/// What a variable turned out to be.
pub(super) enum Resolved {
    Reference(Reference),
    Expr(crate::matching::Expr),
    Node(Node),
}

impl Scope {
    /// The binding of a macro argument or variant variable.
    pub(super) fn binding(&self, name: &str) -> Option<&Binding> {
        self.bound
            .iter()
            .rev()
            .find(|(bound, _)| bound == name)
            .map(|(_, binding)| binding)
    }

    /// Declares a captured value, a loop variable or a mark.
    pub(super) fn declare(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.known.iter().find(|known| ***known == *name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.known.push(Arc::clone(&name));
        name
    }

    /// The group that a word means.
    pub(super) fn actor(&self, word: &Word, diagnostics: &mut Diagnostics) -> Option<Who> {
        let name = word.text.trim_start_matches('$');
        match self.binding(name) {
            Some(Binding::Actor(who)) => return Some(*who),
            Some(Binding::Node(node)) => {
                if let Some(group) = node.text().and_then(|text| self.group(text)) {
                    return Some(Who::Group(group));
                }
            }
            _ => {}
        }
        if name == "all" {
            return Some(Who::All);
        }
        if let Some(group) = self.group(name) {
            return Some(Who::Group(group));
        }
        let mut complaint =
            Diagnostic::error(format!("no actor `{name}`")).at(&word.span, "unknown actor or step");
        let help = match closest(name, self.actor_words()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the actors of this scenario: {}", self.groups.join(", ")),
        };
        complaint = complaint.help(help);
        diagnostics.add(complaint);
        None
    }

    fn actor_words(&self) -> impl Iterator<Item = &str> {
        let keywords = step_words::HEADS.iter().copied();
        self.groups.iter().map(|name| &**name).chain(keywords)
    }

    pub(super) fn group(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|group| **group == *name)
    }

    /// What a variable is; complains when it is nothing.
    pub(super) fn resolve(
        &self,
        variable: &Variable,
        diagnostics: &mut Diagnostics,
    ) -> Option<Resolved> {
        let part = variable.part.clone();
        match (variable.name.as_str(), part) {
            ("self", Some(part)) => return Some(Resolved::Reference(Reference::Own(part))),
            ("got", Some(part)) if self.extra == Extra::Reflex => {
                return Some(Resolved::Reference(Reference::Got(part)));
            }
            ("source", None) if self.extra == Extra::Reflex => {
                return Some(Resolved::Reference(Reference::Source));
            }
            ("nonce", None) if self.extra == Extra::Fence => {
                return Some(Resolved::Reference(Reference::Nonce));
            }
            (name, part) => {
                if let Some(found) = self.named(name, part) {
                    return Some(found);
                }
            }
        }
        self.complain(variable, diagnostics);
        None
    }

    fn named(&self, name: &str, part: Option<String>) -> Option<Resolved> {
        let of_group = |group: usize, part: Option<String>| match part {
            Some(part) if part != "name" => Reference::VariableOf(group, part),
            _ => Reference::NameOf(group),
        };
        match (self.binding(name), &part) {
            (Some(Binding::Actor(Who::Group(group))), _) => {
                return Some(Resolved::Reference(of_group(*group, part)));
            }
            (Some(Binding::Actor(Who::All)), None) => {
                return Some(Resolved::Reference(Reference::Own("name".to_owned())));
            }
            (Some(Binding::Value(expr)), None) => return Some(Resolved::Expr(expr.clone())),
            (Some(Binding::Node(node)), None) => return Some(Resolved::Node(node.clone())),
            _ => {}
        }
        if let Some(group) = self.group(name) {
            return Some(Resolved::Reference(of_group(group, part)));
        }
        let known = self
            .known
            .iter()
            .chain(&self.fixed)
            .find(|known| ***known == *name);
        match (known, part) {
            (Some(known), None) => Some(Resolved::Reference(Reference::Named(Arc::clone(known)))),
            _ => None,
        }
    }

    fn complain(&self, variable: &Variable, diagnostics: &mut Diagnostics) {
        let name = &variable.name;
        let bound = self.bound.iter().map(|(name, _)| name.as_str());
        let names = self
            .groups
            .iter()
            .chain(&self.known)
            .chain(&self.fixed)
            .map(|name| &**name);
        let names: Vec<&str> = names.chain(bound).collect();
        let help = match closest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `${near}`? write `$$` for a dollar sign"),
            None => format!(
                "known here: {}; write `$$` for a dollar sign",
                names.join(", ")
            ),
        };
        diagnostics.add(
            Diagnostic::error(format!("nothing is called `${name}` here"))
                .at(&variable.span, "unknown name")
                .help(help),
        );
    }

    /// Checks the names of a quantity, and puts in what macro arguments stand for.
    pub(super) fn quantity(
        &self,
        quantity: &Quantity,
        diagnostics: &mut Diagnostics,
    ) -> Option<Quantity> {
        Some(match quantity {
            Quantity::Number(_) | Quantity::Time(_) => quantity.clone(),
            Quantity::Binary(left, operator, right) => Quantity::Binary(
                Box::new(self.quantity(left, diagnostics)?),
                *operator,
                Box::new(self.quantity(right, diagnostics)?),
            ),
            Quantity::Name(variable) if variable.name == "last_sent" => quantity.clone(),
            Quantity::Name(variable) => match self.resolve(variable, diagnostics)? {
                Resolved::Reference(_) => quantity.clone(),
                Resolved::Node(node) => Quantity::read(&node, diagnostics)?,
                Resolved::Expr(crate::matching::Expr::Value(value)) => {
                    let text = match value {
                        crate::wire::Value::Text(text) => text,
                        other => other.to_string(),
                    };
                    Quantity::parse(&text, &variable.span, diagnostics)?
                }
                Resolved::Expr(_) => {
                    diagnostics.error(&variable.span, "not a number or a time", "cannot compute");
                    return None;
                }
            },
        })
    }

    /// The text of a word that may be a variant's variable.
    pub(super) fn word(&self, word: &Word, diagnostics: &mut Diagnostics) -> Option<Word> {
        let Some(name) = word.text.strip_prefix('$') else {
            return Some(word.clone());
        };
        let text = match self.binding(name) {
            Some(Binding::Node(node)) => node.text().map(str::to_owned),
            Some(Binding::Value(crate::matching::Expr::Value(crate::wire::Value::Text(text)))) => {
                Some(text.clone())
            }
            _ => None,
        };
        if text.is_none() {
            let variable = Variable {
                name: name.to_owned(),
                part: None,
                span: word.span.clone(),
            };
            self.complain(&variable, diagnostics);
        }
        Some(Word {
            text: text?,
            span: word.span.clone(),
        })
    }

    /// A value that must be a fixed number.
    pub(super) fn expression_words(expression: &Expression) -> Option<&str> {
        match expression {
            Expression::Literal(scalar, _) => Some(&scalar.text),
            _ => None,
        }
    }
}
