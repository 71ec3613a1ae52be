//! What steps say about datagrams: sockets and addresses.

use std::sync::Arc;

use super::ToPlan;
use super::scope::{Binding, Who};
use super::steps::Resolver;
use super::values::Place;
use crate::protocol::Transport;
use crate::scenario::{Action, Expression, Order, Piece, Word};
use crate::source::{Diagnostic, Span};

impl Resolver<'_> {
    /// Complains about what needs a connection where there is none, and the other way round.
    pub(super) fn check_transport(&mut self, action: &Action, span: &Span) {
        let datagrams = self.protocol.transport == Transport::Udp;
        let word = match action {
            Action::Closed(..) if datagrams => "closed",
            Action::Open if datagrams => "open",
            Action::Close(how, _) if datagrams && matches!(&*how.text, "write" | "reset") => {
                "close"
            }
            Action::Send(send) if datagrams && !send.writing.chunks.is_empty() => "chunks",
            Action::Send(send) if !datagrams => match &send.writing.way {
                way if way.via.is_some() => "via",
                way if way.to.is_some() => "to",
                way if way.copies.is_some() => "copies",
                way if way.order != Order::AsWritten => "order",
                _ => return,
            },
            Action::Recv { at: Some(_), .. } if !datagrams => "at",
            Action::Network(_) if !datagrams => "network",
            _ => return,
        };
        let (message, help) = if datagrams {
            (
                format!("`{word}` is for connections, and this protocol has datagrams"),
                "a datagram is whole, and a socket for datagrams has no end; `close: fin` closes it",
            )
        } else {
            (
                format!("`{word}` is for datagrams, and this protocol has connections"),
                "a connection has one other end, and what is written arrives once and in order",
            )
        };
        let diagnostic = Diagnostic::error(message).at(span, "not here").help(help);
        self.diagnostics.add(diagnostic);
    }

    /// Where datagrams go: an actor by its name, or an address.
    pub(super) fn to(&mut self, to: &Expression) -> Option<ToPlan> {
        if let Expression::Template(template, span) = to
            && let [Piece::Variable(variable)] = template.pieces.as_slice()
            && variable.part.is_none()
            && (self.scope.group(&variable.name).is_some()
                || matches!(self.scope.binding(&variable.name), Some(Binding::Actor(_))))
        {
            let word = Word {
                text: variable.name.clone(),
                span: span.clone(),
            };
            if let Who::Group(group) = self.scope.actor(&word, self.diagnostics)? {
                return Some(ToPlan::Actor(group));
            }
        }
        let expr = self.scope.expr(to, Place::Free, self.diagnostics)?;
        Some(ToPlan::Address(expr))
    }

    /// The name of a socket, which may be a variant's variable.
    pub(super) fn socket(&mut self, word: Option<&Word>) -> Option<Option<Arc<str>>> {
        let Some(word) = word else { return Some(None) };
        let word = self.scope.word(word, self.diagnostics)?;
        Some(Some(word.text.into()))
    }

    /// The socket to which expected messages come: as the step says, or as their kinds do.
    pub(super) fn comes_to(
        &mut self,
        pattern: &crate::matching::Pattern,
        at: Option<&Word>,
    ) -> Option<Option<Arc<str>>> {
        if at.is_some() || self.protocol.transport != Transport::Udp {
            return self.socket(at);
        }
        let kinds = pattern
            .kinds
            .iter()
            .filter_map(|kind| self.codec.kind(kind));
        let mut sockets = kinds.map(crate::wire::Kind::comes_to);
        let first = sockets.next().flatten().cloned();
        if sockets.any(|other| other != first.as_ref()) {
            self.diagnostics.add(
                Diagnostic::error("these kinds come to different sockets")
                    .at(&pattern.span, "to which one?")
                    .help("write `at:` with the name of the socket"),
            );
        }
        Some(first)
    }
}
