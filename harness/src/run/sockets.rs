//! The sockets that an actor has for datagrams: its main one, and others that requests go out from.
//!
//! Each has an inbox of its own, and so a place among the actors; all that is said of an actor itself
//! stands at its main socket, the owner of the others.

use std::net::SocketAddr;
use std::sync::Arc;

use super::datagrams::Datagrams;
use super::session::Session;
use super::stop::{Done, Stop, undecided};
use super::world::World;
use crate::matching::Pattern;
use crate::plan::StepPlace;
use crate::protocol::Transport;
use crate::scenario::sockets::{FRESH, MAIN, REQUEST};
use crate::transcript::What;
use crate::wire::{Direction, Value};

/// How many sockets of one actor are open at the same time, besides its main one and those that have
/// a name; the oldest are closed then.
const MAX_OPEN: usize = 64;

/// How many sockets one actor can open.
const MAX_SOCKETS: usize = 100_000;

/// A socket besides the main one.
pub(super) struct Opened {
    pub name: Arc<str>,
    /// Its place among the actors.
    pub index: usize,
    pub local: Option<SocketAddr>,
    /// It was opened for one request.
    fresh: bool,
}

impl World {
    /// Whether each message travels for itself.
    pub(super) fn has_datagrams(&self) -> bool {
        self.protocol.transport == Transport::Udp
    }

    /// Whether kinds of messages come to and go from sockets of their own: those of clients do.
    pub(super) fn has_named_sockets(&self) -> bool {
        self.has_datagrams() && self.protocol.sends() == Direction::ToServer
    }

    /// The actor that a socket belongs to.
    pub(super) fn owner(&self, index: usize) -> usize {
        self.actors[index].owner
    }

    /// The inboxes of an actor.
    pub(super) fn inboxes(&self, actor: usize) -> Vec<usize> {
        let others = self.actors[actor].sockets.iter().map(|one| one.index);
        std::iter::once(actor).chain(others).collect()
    }

    /// The inbox of an actor that a word means.
    pub(super) fn inbox(&self, actor: usize, at: Option<&str>) -> Result<usize, Stop> {
        let known = &self.actors[actor];
        match at {
            None | Some(MAIN) => Ok(actor),
            Some(REQUEST) => known.last_request.ok_or_else(|| {
                undecided(format!(
                    "{} has sent nothing from a socket for requests",
                    known.label
                ))
            }),
            Some(name) => {
                let named = |one: &&Opened| *one.name == *name;
                let found = known.sockets.iter().rev().find(named).map(|one| one.index);
                found
                    .ok_or_else(|| undecided(format!("{} has no socket `{name}` yet", known.label)))
            }
        }
    }

    /// Where messages like these come to an actor, when nothing else is said.
    pub(super) fn inbox_of(&self, actor: usize, pattern: &Pattern) -> Result<usize, Stop> {
        let mut kinds = pattern.kinds.iter();
        let word = kinds.find_map(|kind| self.protocol.codec.kind(kind)?.comes_to().cloned());
        match word.as_deref().filter(|_| self.has_named_sockets()) {
            None => Ok(actor),
            word => self.inbox(actor, word),
        }
    }

    /// The socket that something goes out from; opened where it is not there yet.
    pub(super) fn outlet(&mut self, actor: usize, via: Option<&str>) -> Result<usize, Stop> {
        let index = match via {
            None | Some(MAIN) => return Ok(actor),
            Some(FRESH) => self.open_socket(actor, None)?,
            Some(REQUEST) => match self.actors[actor].last_request {
                Some(index) => index,
                None => self.open_socket(actor, None)?,
            },
            Some(name) => {
                let known = self.actors[actor].sockets.iter();
                let found = known.rev().find(|one| *one.name == *name);
                match found.map(|one| one.index) {
                    Some(index) => index,
                    None => self.open_socket(actor, Some(name))?,
                }
            }
        };
        self.actors[actor].last_request = Some(index);
        Ok(index)
    }

    fn open_socket(&mut self, actor: usize, name: Option<&str>) -> Result<usize, Stop> {
        let owner = &self.actors[actor];
        if owner.sockets.len() >= MAX_SOCKETS {
            return Err(undecided(format!("{} has too many sockets", owner.label)));
        }
        let session = Datagrams::open(
            &self.shared.ports,
            self.subject.address(),
            self.protocol.receives(),
            owner.receive_buffer,
        )
        .map_err(|error| undecided(format!("no socket could be opened: {error}")))?;
        let local = session.local();
        let number = 1 + owner.sockets.iter().filter(|one| one.fresh).count();
        let word: Arc<str> = name.map_or_else(|| format!("{REQUEST}{number}").into(), Arc::from);
        let label = Arc::from(format!("{}.{word}", owner.label));
        let index = self.actors.len();
        let opened = Opened {
            name: word,
            index,
            local,
            fresh: name.is_none(),
        };
        let mut socket = super::actor::Actor::new(label, owner.name.clone(), &self.protocol);
        socket.owner = actor;
        socket.local = local;
        socket.begin_connection(Session::Datagrams(session));
        self.actors.push(socket);
        self.actors[actor].sockets.push(opened);
        self.close_oldest(actor);
        self.note(Some(index), What::Connected { local, peer: None });
        Ok(index)
    }

    /// Closes the oldest sockets for requests when there are many; what they received stays.
    fn close_oldest(&mut self, actor: usize) {
        let fresh = self.actors[actor].sockets.iter().filter(|one| one.fresh);
        let indices: Vec<usize> = fresh.map(|one| one.index).collect();
        let many = indices.len().saturating_sub(MAX_OPEN);
        // Those before were closed when there were fewer.
        if let Some(oldest) = many.checked_sub(1).and_then(|at| indices.get(at)) {
            self.actors[*oldest].session = None;
        }
    }

    /// Opens the main socket of an actor, once somebody listens.
    pub(super) async fn open_main(&mut self, actor: usize, place: &Arc<StepPlace>) -> Done {
        self.wait_for_listener(actor, place).await?;
        for index in self.inboxes(actor) {
            self.actors[index].session = None;
        }
        let receive_buffer = self.actors[actor].receive_buffer;
        let opened = Datagrams::open(
            &self.shared.ports,
            self.subject.address(),
            self.protocol.receives(),
            receive_buffer,
        );
        let session =
            opened.map_err(|error| undecided(format!("no socket could be opened: {error}")))?;
        let local = session.local();
        let known = &mut self.actors[actor];
        known.begin_connection(Session::Datagrams(session));
        known.local = local;
        self.note(Some(actor), What::Connected { local, peer: None });
        self.last_action = tokio::time::Instant::now();
        Ok(())
    }
}

/// What a variable of an actor says about its sockets: `main`, `main.port`, `main.ip`.
pub(super) fn socket_variable(actor: &super::actor::Actor, name: &str) -> Option<Value> {
    let (socket, part) = name.split_once('.').unwrap_or((name, ""));
    let local = match socket {
        MAIN => actor.local?,
        REQUEST => {
            let last = actor.last_request?;
            actor.sockets.iter().find(|one| one.index == last)?.local?
        }
        word => {
            actor
                .sockets
                .iter()
                .rev()
                .find(|one| *one.name == *word)?
                .local?
        }
    };
    match part {
        "" => Some(Value::Text(local.to_string())),
        "ip" => Some(Value::Text(local.ip().to_string())),
        "port" => Some(Value::Int(local.port().into())),
        _ => None,
    }
}
