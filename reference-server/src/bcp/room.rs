//! Who is registered, and what everybody is told.
//!
//! One task owns the names, so what it does has one order, in which everybody learns of it and in
//! which it is logged. It never waits for a client: it puts an event into a ring that all clients
//! read at their own pace. A client that falls behind by more than the ring is disconnected.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use reference_codecs::bcp::{Dialect, ServerMessage};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::membership::Membership;
use super::session::Ending;
use super::text::{self, UserList};
use super::{Fault, Options, encoded};
use crate::faults::Faults;
use crate::link::Lost;
use crate::log::Log;

/// Members in the order in which they registered; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MemberId(u64);

impl MemberId {
    /// Who is no member.
    pub(super) const NOBODY: Self = Self(u64::MAX);

    /// The third who has registered.
    pub(super) const THIRD: Self = Self(2);
}

/// Two registrations this close are at the same time.
pub(super) const SAME_TIME: Duration = Duration::from_millis(5);

/// How long a room stalls that waits for a client.
const STALL: Duration = Duration::from_millis(1500);

/// How soon after a refusal something is said that is not so.
const SOON: Duration = Duration::from_millis(50);

/// How late is too late for a notice.
const LATE: Duration = Duration::from_millis(2500);

/// Something that is said to everybody but one.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) except: MemberId,
    pub(super) encoded: Vec<u8>,
    /// Who says it, as long as he is there.
    pub(super) sender: Option<Weak<str>>,
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
    /// What only a server does that is told to break a rule.
    Misbehave(Misdeed),
}

/// What a room does that it should not.
#[derive(Debug)]
pub(super) enum Misdeed {
    /// Waits for one client, and lets all others wait.
    Stall,
    /// Never does anything again.
    Freeze,
    /// Says something that is not due.
    Tell(String),
    /// Says of who is there that he has left.
    Mourn(MemberId),
    /// Frees a name that is in use.
    Free(String),
    /// Remembers that a name will be asked for.
    Announce(String),
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
    /// What everybody is told, for those whom it does not concern.
    leak: Option<broadcast::Sender<Arc<Event>>>,
}

impl Door {
    /// What everybody is told; nothing, unless the server is told to leak.
    pub(super) fn eavesdrop(&self) -> Option<broadcast::Receiver<Arc<Event>>> {
        self.leak.as_ref().map(broadcast::Sender::subscribe)
    }

    /// Has the room do what it should not.
    pub(super) fn misbehave(&self, misdeed: Misdeed) {
        self.send(Command::Misbehave(misdeed));
    }

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
    let faults = options.faults;
    let leaks = faults.has(Fault::LeakMessages) || faults.has(Fault::LeakNotices);
    let leak = leaks.then(|| events.clone());
    let room = Room {
        dialect: options.dialect,
        faults,
        last_registered: None,
        announced: Vec::new(),
        log: options.log.clone(),
        commands: commands.downgrade(),
        events,
        names: HashSet::new(),
        members: BTreeMap::new(),
        next_id: 0,
        shutdown,
        crowd: options.limits.kept_messages / 2,
    };
    (Door { commands, leak }, tokio::spawn(room.work(queue)))
}

struct Room {
    dialect: Dialect,
    faults: Faults<Fault>,
    last_registered: Option<Instant>,
    /// Names that will be asked for, where rivals are both refused.
    announced: Vec<(String, Instant)>,
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
                    if queue.is_empty() || !self.faults.has(Fault::MessageRaced) {
                        self.say(from, text);
                    }
                    if self.events.len() > 3 && self.faults.has(Fault::BehindStalls) {
                        sleep(STALL).await;
                    }
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
                Command::Misbehave(Misdeed::Stall) => sleep(STALL).await,
                Command::Misbehave(Misdeed::Freeze) => std::future::pending().await,
                Command::Misbehave(Misdeed::Tell(text)) => self.tell(MemberId::NOBODY, text),
                Command::Misbehave(Misdeed::Mourn(member)) => {
                    if let Some(name) = self.members.get(&member) {
                        self.tell(member, text::left(name));
                    }
                }
                Command::Misbehave(Misdeed::Free(name)) => {
                    self.names.remove(name.as_str());
                }
                Command::Misbehave(Misdeed::Announce(name)) => {
                    self.announced.push((name, Instant::now()));
                }
            }
        }
    }

    /// BCP-3, BCP-5: the name is unique; those who were there before are told.
    fn register(&mut self, name: &str) -> Result<Membership, NameTaken> {
        if self.names.contains(name) && !self.shares_names() || self.has_rival(name) {
            self.refuse(name);
            return Err(NameTaken);
        }
        self.last_registered = Some(Instant::now());
        let commands = self.commands.upgrade().ok_or(NameTaken)?;
        let id = MemberId(self.next_id);
        self.next_id += 1;
        if !self.faults.has(Fault::LogWithoutRegistrations) {
            self.log.event(format_args!("register {name}"));
        }
        self.tell_of_newcomer(id, name);
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        self.members.insert(id, Arc::clone(&name));
        let list = self.first_list(id, &name);
        let door = Door {
            commands,
            leak: None,
        };
        Ok(Membership::new(
            id,
            door,
            (self.dialect, self.faults),
            list,
            self.events.subscribe(),
        ))
    }

    /// BCP-3: whether a name that is taken is given again, in a server that is told to.
    fn shares_names(&self) -> bool {
        let at_once = self
            .last_registered
            .is_some_and(|last| last.elapsed() < SAME_TIME);
        self.faults.has(Fault::TakenShared) || at_once && self.faults.has(Fault::NameRaced)
    }

    /// BCP-3: whether somebody else asks for a name at the same time, in a server that looks at it.
    fn has_rival(&mut self, name: &str) -> bool {
        let recent = |at: Instant| at.elapsed() < SAME_TIME * 3;
        self.announced.retain(|(_, at)| recent(*at));
        let same = self.announced.iter().filter(|(other, _)| other == name);
        same.count() > 1
    }

    /// BCP-3: asking for a name that is taken changes nothing, unless the server is told otherwise.
    fn refuse(&mut self, name: &str) {
        if self.faults.has(Fault::TakenFreed) {
            self.names.remove(name);
        }
        if self.faults.has(Fault::TakenToldAsLeft) {
            self.tell(MemberId::NOBODY, text::left(name));
        }
        if self.faults.has(Fault::TakenGoesAsOwner) {
            self.tell_later(SOON, MemberId::NOBODY, text::left(name));
        }
        if self.faults.has(Fault::TakenMutesOwner) {
            self.members.retain(|_, member| &**member != name);
        }
    }

    /// BCP-5: once, with the name.
    fn tell_of_newcomer(&self, id: MemberId, name: &str) {
        if self.faults.has(Fault::JoinUntold) {
            return;
        }
        if self.faults.has(Fault::JoinNameless) {
            return self.tell(id, text::joined("Somebody"));
        }
        if self.faults.has(Fault::JoinFromNewcomer) {
            return self.publish(self.notice_from(name, id, text::joined(name)));
        }
        self.tell(id, text::joined(name));
        if self.faults.has(Fault::JoinToldTwice) {
            self.tell(id, text::joined(name));
        }
    }

    /// BCP-6: delivered to every other registered client, with the sender's name.
    fn say(&mut self, from: MemberId, text: String) {
        let sender = self.members.get(&from).map(Arc::downgrade);
        let name = match self.members.get(&from) {
            Some(name) => &**name,
            None if from == MemberId::NOBODY => "nobody",
            None => return,
        };
        if !self.faults.has(Fault::LogWithoutMessages) {
            self.log.event(format_args!("message {name}: {text}"));
        }
        if self.faults.has(Fault::JoinToldAgain) {
            self.tell(from, text::joined(name));
        }
        let name = match name.as_bytes().get(..8) {
            Some(beginning) if self.faults.has(Fault::SenderCut) => beginning,
            _ => name.as_bytes(),
        };
        let message = ServerMessage::Deliver {
            from: name.to_vec(),
            message: text.into_bytes(),
        };
        let echoes = self.faults.has(Fault::Echo)
            || self.members.len() == 1 && self.faults.has(Fault::EchoAlone);
        let copies = 1 + u8::from(self.faults.has(Fault::MessageTwice));
        for _ in 0..copies {
            self.publish(Event {
                except: if echoes { MemberId::NOBODY } else { from },
                encoded: encoded(&message, self.dialect, self.faults),
                sender: sender.clone(),
                notice: None,
            });
        }
    }

    /// BCP-3, BCP-10: the name is free before anybody hears of it; one notice for one member.
    fn leave(&mut self, member: MemberId, why: Option<Ending>) {
        let removed = if self.faults.has(Fault::ListOfGone) {
            self.members.get(&member).cloned()
        } else {
            self.members.remove(&member)
        };
        let Some(name) = removed else {
            return;
        };
        let reset = matches!(why, Some(Ending::Lost(Lost::Broken(_))));
        let violation = why.as_ref().is_some_and(Ending::is_violation);
        if !self.keeps_name(reset) {
            self.names.remove(&name);
        }
        match why {
            Some(why) if self.faults.has(Fault::LogWithoutLeavers) => {
                self.log.event(format_args!("disconnect: {why}"));
            }
            Some(why) => self.log.event(format_args!("disconnect {name}: {why}")),
            None => self.log.event(format_args!("disconnect {name}")),
        }
        let silent = reset && self.faults.has(Fault::LeaveUntoldAfterReset);
        if self.shutdown.is_cancelled() || silent {
            return;
        }
        if reset && self.faults.has(Fault::ResetToldLate) {
            return self.tell_later(LATE, member, text::left(&name));
        }
        self.tell_of_leaver(member, &name);
        if violation && self.faults.has(Fault::ViolationToldTwice) {
            self.tell(member, text::left(&name));
        }
    }

    /// BCP-3: whether a name is not free again, in a server that is told to.
    fn keeps_name(&self, reset: bool) -> bool {
        self.faults.has(Fault::NameKept) || reset && self.faults.has(Fault::NameKeptAfterReset)
    }

    /// BCP-10: once, with the name, at once.
    fn tell_of_leaver(&self, member: MemberId, name: &str) {
        if self.faults.has(Fault::LeaveUntold) {
            return;
        }
        if self.faults.has(Fault::LeaveNameless) {
            return self.tell(member, text::left("Somebody"));
        }
        if self.faults.has(Fault::LeaveToldLate) {
            return self.tell_later(LATE, member, text::left(name));
        }
        self.tell(member, text::left(name));
        if self.faults.has(Fault::LeaveToldTwice) {
            self.tell(member, text::left(name));
        }
    }

    fn tell(&self, except: MemberId, notice: String) {
        self.publish(self.notice(except, notice));
    }

    /// Later, where it is not told at once.
    fn tell_later(&self, after: Duration, except: MemberId, notice: String) {
        let (events, event) = (self.events.clone(), self.notice(except, notice));
        tokio::spawn(async move {
            sleep(after).await;
            let _ = events.send(Arc::new(event));
        });
    }

    /// BCP-5: what the server says comes from the server.
    fn notice(&self, except: MemberId, notice: String) -> Event {
        if self.faults.has(Fault::NoticeSender) {
            return self.notice_from("Server", except, notice);
        }
        let message = ServerMessage::Notice {
            message: notice.clone().into_bytes(),
        };
        self.event(&message, except, notice)
    }

    /// A notice under another name than the server's.
    fn notice_from(&self, from: &str, except: MemberId, notice: String) -> Event {
        let message = ServerMessage::Deliver {
            from: from.as_bytes().to_vec(),
            message: notice.clone().into_bytes(),
        };
        self.event(&message, except, notice)
    }

    fn event(&self, message: &ServerMessage, except: MemberId, notice: String) -> Event {
        Event {
            except,
            encoded: encoded(message, self.dialect, self.faults),
            sender: None,
            notice: Some(notice),
        }
    }

    fn publish(&self, event: Event) {
        // An error means that nobody is there to hear it.
        let _ = self.events.send(Arc::new(event));
    }

    /// BCP-5: who is there, in the order in which they came, the newcomer last.
    fn first_list(&self, newcomer: MemberId, name: &str) -> ListPart {
        if self.members.len() > 1 && !self.faults.has(Fault::ListOfOne) {
            return self.list(UserList::greeting(name), None, newcomer);
        }
        let message = ServerMessage::Notice {
            message: text::alone(name).into_bytes(),
        };
        ListPart {
            encoded: encoded(&message, self.dialect, self.faults),
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
                more_after = previous.filter(|_| !self.faults.has(Fault::ListCut));
                break;
            }
            previous = Some(*id);
        }
        let message = ServerMessage::Notice {
            message: list.finish().into_bytes(),
        };
        ListPart {
            encoded: encoded(&message, self.dialect, self.faults),
            more_after,
        }
    }
}
