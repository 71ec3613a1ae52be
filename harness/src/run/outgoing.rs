//! Datagrams on their way out: from which socket, to whom, how often and in which order.

use std::net::SocketAddr;
use std::sync::Arc;

use rand::seq::SliceRandom as _;

use super::stop::{Stop, undecided};
use super::world::World;
use crate::plan::{SendPlan, StepPlace, ToPlan, Who};
use crate::scenario::Order;
use crate::transcript::{Cause, What};
use crate::wire::{Message, Value};

/// What goes out, and which way.
pub(super) struct Outgoing {
    pub bytes: Vec<u8>,
    pub message: Option<Message>,
    pub via: Option<Arc<str>>,
    pub to: Option<SocketAddr>,
    /// How often; the actor's own number when the step does not say.
    pub copies: Option<usize>,
}

impl World {
    /// The datagrams of a step, each with its way.
    pub(super) async fn datagrams(
        &mut self,
        place: &Arc<StepPlace>,
        actor: usize,
        send: &SendPlan,
    ) -> Result<Vec<Outgoing>, Stop> {
        if let Some(ToPlan::Actor(group)) = &send.to {
            for other in self.members(Who::Group(*group)) {
                self.ensure_connected(other, place).await?;
            }
        }
        let to = match &send.to {
            None => None,
            Some(to) => Some(self.address_of(actor, to)?),
        };
        let pieces = self.compose(actor, send)?;
        let mut outgoing: Vec<Outgoing> = pieces
            .into_iter()
            .map(|(bytes, message, kind)| {
                let (bytes, message) = match (send.first, send.skip) {
                    (None, None) => (bytes, message),
                    _ => (part_of(bytes, send), None),
                };
                let own = || self.outlet_of(&kind?);
                Outgoing {
                    bytes,
                    message,
                    via: send.via.clone().or_else(own),
                    to,
                    copies: send.copies,
                }
            })
            .collect();
        match send.order {
            Order::AsWritten => {}
            Order::Reversed => outgoing.reverse(),
            Order::Shuffled => outgoing.shuffle(&mut self.rng),
        }
        Ok(outgoing)
    }

    pub(super) fn note_sent(&mut self, actor: usize, outgoing: &[Outgoing]) {
        for one in outgoing {
            self.note_answer(actor, one.message.as_ref());
        }
    }

    /// The socket that messages of a kind go out from, when nothing else is said.
    pub(super) fn outlet_of(&self, kind: &str) -> Option<Arc<str>> {
        let known = self.protocol.codec.kind(kind)?;
        known
            .goes_from()
            .filter(|_| self.has_named_sockets())
            .cloned()
    }

    /// The address that a step names.
    pub(super) fn address_of(&self, actor: usize, to: &ToPlan) -> Result<SocketAddr, Stop> {
        let found = match to {
            ToPlan::Actor(group) => {
                let members = self.members(crate::plan::Who::Group(*group));
                let own = members.contains(&actor).then_some(actor);
                return own
                    .or_else(|| members.clone().next())
                    .and_then(|member| self.actors[member].local)
                    .ok_or_else(|| undecided("it has no socket yet; `connect: {}` opens it"));
            }
            ToPlan::Address(expr) => expr.evaluate(&self.names(Some(actor))).map_err(undecided)?,
        };
        found
            .as_ref()
            .and_then(address)
            .ok_or_else(|| undecided("`to` is an actor, \"IP:PORT\", or a list of both"))
    }

    /// Queues what goes out, opening sockets on the way, and gives the sockets.
    pub(super) fn put_out(
        &mut self,
        actor: usize,
        outgoing: Vec<Outgoing>,
        cause: Cause,
    ) -> Result<Vec<usize>, Stop> {
        let mut used = Vec::new();
        for one in outgoing {
            let index = self.outlet(actor, one.via.as_deref())?;
            let copies = one.copies.or(self.actors[actor].copies).unwrap_or(1);
            if copies == 0 {
                self.note(
                    Some(index),
                    What::Note("a datagram is lost here".to_owned()),
                );
            }
            for _ in 0..copies {
                let (bytes, message) = (one.bytes.clone(), one.message.clone());
                self.queue(index, bytes, message, cause, one.to);
            }
            used.push(index);
        }
        Ok(used)
    }
}

/// What `first` and `skip` leave of bytes.
pub(super) fn part_of(bytes: Vec<u8>, send: &SendPlan) -> Vec<u8> {
    let end = send.first.unwrap_or(usize::MAX);
    let part = bytes.into_iter().take(end).skip(send.skip.unwrap_or(0));
    part.collect()
}

/// `127.0.0.1:5000`, `[127.0.0.1, 5000]`, `{ ip: 127.0.0.1, port: 5000 }`.
pub(super) fn address(value: &Value) -> Option<SocketAddr> {
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => other.to_string(),
    };
    let pair = |ip: &Value, port: &Value| {
        let port = text(port).parse().ok()?;
        Some(SocketAddr::new(text(ip).parse().ok()?, port))
    };
    match value {
        Value::Text(text) => text.parse().ok(),
        Value::List(items) => match &items[..] {
            [ip, port] => pair(ip, port),
            _ => None,
        },
        Value::Map(entries) => {
            let get = |name: &str| entries.iter().find(|(key, _)| key == name);
            pair(&get("ip")?.1, &get("port")?.1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_in_three_ways() {
        let text = |text: &str| Value::Text(text.to_owned());
        let map = |port| {
            let entries = [
                ("name", text("x")),
                ("ip", text("127.0.0.1")),
                ("port", port),
            ];
            Value::Map(entries.map(|(key, value)| (key.to_owned(), value)).into())
        };
        for value in [
            text("127.0.0.1:5000"),
            Value::List(vec![text("127.0.0.1"), Value::Int(5000)]),
            Value::List(vec![text("127.0.0.1"), text("5000")]),
            map(Value::Int(5000)),
        ] {
            assert_eq!(address(&value), "127.0.0.1:5000".parse().ok(), "{value}");
        }
        for value in [
            text("localhost"),
            Value::Null,
            Value::List(vec![text("127.0.0.1")]),
            map(Value::Int(70_000)),
        ] {
            assert_eq!(address(&value), None, "{value}");
        }
    }
}
