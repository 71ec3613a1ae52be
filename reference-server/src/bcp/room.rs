//! Who is registered, and what everybody is told.
//!
//! One task owns the names, so what it does has one order, in which everybody learns of it and in
//! which it is logged. It never waits for a client: it puts an event into a ring that all clients
//! read at their own pace. A client that falls behind by more than the ring is disconnected.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use reference_codecs::bcp::{Dialect, ServerMessage};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::membership::Membership;
use super::session::Ending;
use super::text::{self, UserList};
use super::{Options, encoded};
use crate::log::Log;

/// Members in the order in which they registered; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MemberId(u64);

/// Something that is said to everybody but one.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) except: MemberId,
    pub(super) encoded: Vec<u8>,
    /// The text, when the server itself says it.
    pub(super) notice: Option<String>,
}

/// The name is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NameTaken;

/// What the room is asked for.
#[derive(Debug)]
pub(super) enum Command {
    Register {
        name: String,
        answer: oneshot::Sender<Result<Membership, NameTaken>>,
    },
    Say {
        from: MemberId,
        text: String,
        crowded: oneshot::Sender<bool>,
    },
    List {
        newcomer: MemberId,
        after: MemberId,
        answer: oneshot::Sender<ListPart>,
    },
    Leave {
        member: MemberId,
        why: Option<Ending>,
    },
}

/// A part of the list that a newcomer gets.
#[derive(Debug)]
pub(super) struct ListPart {
    pub(super) encoded: Vec<u8>,
    /// The last name in it, when there are more.
    pub(super) more_after: Option<MemberId>,
}

/// The way to the room; cheap to clone. The room ends when all of them and all members are gone.
///
/// The queue behind it has no limit of its own: every connection waits for the answer to its
/// command before the next, so there are at most two commands a connection.
#[derive(Debug, Clone)]
pub(super) struct Door {
    commands: mpsc::UnboundedSender<Command>,
}

impl Door {
    /// BCP-3: takes the name if it is free.
    pub(super) async fn register(&self, name: String) -> Result<Membership, NameTaken> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Register { name, answer });
        // A room that is gone takes nobody.
        answered.await.unwrap_or(Err(NameTaken))
    }

    /// Never waits.
    pub(super) fn send(&self, command: Command) {
        // The room ends only after the last door, or with the whole server.
        let _ = self.commands.send(command);
    }
}

/// Starts the room as a task that ends after the last [`Door`] and [`Membership`].
pub(super) fn start(options: &Options, shutdown: CancellationToken) -> (Door, JoinHandle<()>) {
    let (commands, queue) = mpsc::unbounded_channel();
    let (events, _) = broadcast::channel(options.limits.kept_messages.max(1));
    let room = Room {
        dialect: options.dialect,
        log: options.log.clone(),
        commands: commands.downgrade(),
        events,
        names: HashSet::new(),
        members: BTreeMap::new(),
        next_id: 0,
        shutdown,
        crowd: options.limits.kept_messages / 2,
    };
    (Door { commands }, tokio::spawn(room.work(queue)))
}

struct Room {
    dialect: Dialect,
    log: Log,
    commands: mpsc::WeakUnboundedSender<Command>,
    events: broadcast::Sender<Arc<Event>>,
    names: HashSet<Arc<str>>,
    members: BTreeMap<MemberId, Arc<str>>,
    next_id: u64,
    /// Once cancelled, all are leaving and nobody is left to be told.
    shutdown: CancellationToken,
    /// Events that somebody has not fetched yet, above which senders pause.
    crowd: usize,
}

impl Room {
    async fn work(mut self, mut queue: mpsc::UnboundedReceiver<Command>) {
        while let Some(command) = queue.recv().await {
            match command {
                Command::Register { name, answer } => {
                    // Whoever is gone before the answer drops it, and that leaves the room.
                    let _ = answer.send(self.register(&name));
                }
                Command::Say {
                    from,
                    text,
                    crowded,
                } => {
                    self.say(from, text);
                    let _ = crowded.send(self.events.len() > self.crowd);
                }
                Command::List {
                    newcomer,
                    after,
                    answer,
                } => {
                    let list = UserList::continued();
                    let _ = answer.send(self.list(list, Some(after), newcomer));
                }
                Command::Leave { member, why } => self.leave(member, why),
            }
        }
    }

    /// BCP-3, BCP-5: the name is unique; those who were there before are told.
    fn register(&mut self, name: &str) -> Result<Membership, NameTaken> {
        if self.names.contains(name) {
            return Err(NameTaken);
        }
        let commands = self.commands.upgrade().ok_or(NameTaken)?;
        let id = MemberId(self.next_id);
        self.next_id += 1;
        self.log.event(format_args!("register {name}"));
        self.tell(id, text::joined(name));
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        self.members.insert(id, Arc::clone(&name));
        let list = self.first_list(id, &name);
        let door = Door { commands };
        Ok(Membership::new(
            id,
            door,
            self.dialect,
            list,
            self.events.subscribe(),
        ))
    }

    /// BCP-6: delivered to every other registered client, with the sender's name.
    fn say(&mut self, from: MemberId, text: String) {
        let Some(name) = self.members.get(&from) else {
            return;
        };
        self.log.event(format_args!("message {name}: {text}"));
        let message = ServerMessage::Deliver {
            from: name.as_bytes().to_vec(),
            message: text.into_bytes(),
        };
        let encoded = encoded(&message, self.dialect);
        self.publish(Event {
            except: from,
            encoded,
            notice: None,
        });
    }

    /// BCP-3, BCP-10: the name is free before anybody hears of it; one notice for one member.
    fn leave(&mut self, member: MemberId, why: Option<Ending>) {
        let Some(name) = self.members.remove(&member) else {
            return;
        };
        self.names.remove(&name);
        match why {
            Some(why) => self.log.event(format_args!("disconnect {name}: {why}")),
            None => self.log.event(format_args!("disconnect {name}")),
        }
        if !self.shutdown.is_cancelled() {
            self.tell(member, text::left(&name));
        }
    }

    fn tell(&self, except: MemberId, notice: String) {
        let message = ServerMessage::Notice {
            message: notice.clone().into_bytes(),
        };
        let encoded = encoded(&message, self.dialect);
        self.publish(Event {
            except,
            encoded,
            notice: Some(notice),
        });
    }

    fn publish(&self, event: Event) {
        // An error means that nobody is there to hear it.
        let _ = self.events.send(Arc::new(event));
    }

    /// BCP-5: who is there, in the order in which they came, the newcomer last.
    fn first_list(&self, newcomer: MemberId, name: &str) -> ListPart {
        if self.members.len() > 1 {
            return self.list(UserList::greeting(name), None, newcomer);
        }
        let message = ServerMessage::Notice {
            message: text::alone(name).into_bytes(),
        };
        ListPart {
            encoded: encoded(&message, self.dialect),
            more_after: None,
        }
    }

    /// As many names as fit, from behind `after` to the newcomer's own.
    fn list(&self, mut list: UserList, after: Option<MemberId>, newcomer: MemberId) -> ListPart {
        let first = after.map_or(MemberId(0), |MemberId(id)| MemberId(id + 1));
        let mut previous = None;
        let mut more_after = None;
        // The bounds are in order: a newcomer's own id is the largest it asks for.
        for (id, name) in self
            .members
            .range(first..)
            .take_while(|(id, _)| **id <= newcomer)
        {
            if !list.push(name) {
                more_after = previous;
                break;
            }
            previous = Some(*id);
        }
        let message = ServerMessage::Notice {
            message: list.finish().into_bytes(),
        };
        ListPart {
            encoded: encoded(&message, self.dialect),
            more_after,
        }
    }
}
