//! Servers for the harness to judge: one that keeps the rules of `protocols/talk` (and of
//! `scenarios/bcp`, whose bytes are the same) but for one fault, and some that keep none.
//!
//! A faulty server works in lockstep where texts are compared: it waits for an acknowledgement
//! before it writes to anybody else, so that what arrives has one order in every run.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Where a server differs from one that keeps the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    WrongSender,
    Echo,
    Lost,
    Swapped,
    Hasty,
    ChangedText,
    InvalidText,
    SharesNames,
    StaysOpen,
    RefusesAll,
    NoJoinNotice,
    NoLeaveNotice,
    TwoLeaveNotices,
    OtherNoticeName,
    ClosesOnSay,
    ResetsOnSay,
    UnknownType,
    Truncated,
    TruncatedEnd,
    Slow,
    NoAnswer,
    TwoAnswers,
    SilentlyCloses,
    NeverCloses,
}

const ENTER: u8 = 1;
const SAY: u8 = 2;
const HEARD: u8 = 3;
const STATUS: u8 = 4;

/// How long a server in lockstep waits for an acknowledgement.
const LOCKSTEP: Duration = Duration::from_millis(250);

/// A listening socket with a thread for each connection, until it is dropped.
pub(crate) struct Listener {
    pub address: SocketAddr,
    state: Arc<ListenerState>,
}

#[derive(Default)]
struct ListenerState {
    stopped: AtomicBool,
    connections: Mutex<HashMap<u64, TcpStream>>,
}

impl Listener {
    /// Serves every connection with `serve`.
    pub(crate) fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(ListenerState::default());
        let (serve, shared) = (Arc::new(serve), Arc::clone(&state));
        thread::spawn(move || {
            for number in 0.. {
                let Ok((stream, _)) = listener.accept() else {
                    return;
                };
                if shared.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let copy = stream.try_clone().map(|copy| (number, copy));
                lock(&shared.connections).extend(copy);
                let (serve, shared) = (Arc::clone(&serve), Arc::clone(&shared));
                thread::spawn(move || {
                    serve(stream);
                    lock(&shared.connections).remove(&number);
                });
            }
        });
        Self { address, state }
    }

    pub(crate) fn target(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        for (_, stream) in lock(&self.state.connections).drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A chat server with one fault.
pub(crate) fn faulty(fault: Fault) -> Listener {
    start(fault, LOCKSTEP)
}

fn start(fault: Fault, lockstep: Duration) -> Listener {
    let server = Arc::new(Server {
        fault,
        lockstep,
        room: Mutex::default(),
        acknowledged: Condvar::new(),
    });
    Listener::start(move |stream| {
        let _ = server.serve(stream);
    })
}

struct Server {
    fault: Fault,
    lockstep: Duration,
    room: Mutex<Room>,
    acknowledged: Condvar,
}

#[derive(Default)]
struct Room {
    members: Vec<Member>,
}

struct Member {
    name: String,
    stream: TcpStream,
    /// What was delivered last is not acknowledged yet.
    owes: bool,
    waiting: VecDeque<Vec<u8>>,
    /// What is kept back to be delivered in the wrong order.
    held: Option<Vec<u8>>,
}

/// What a connection does after a message.
enum Next {
    Goes,
    Ends,
}

impl Server {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut name = None;
        let outcome = self.converse(&mut stream, &mut name);
        if let Some(name) = name {
            self.leave(&name);
        }
        let _ = stream.shutdown(Shutdown::Both);
        outcome
    }

    fn converse(&self, stream: &mut TcpStream, name: &mut Option<String>) -> io::Result<()> {
        stream.set_nodelay(true)?;
        loop {
            let next = match (read_byte(stream)?, &name) {
                (ENTER, None) => {
                    let asked = read_text(stream)?;
                    let next = self.enter(stream, &asked)?;
                    if let Next::Goes = next {
                        *name = Some(asked);
                    }
                    next
                }
                (SAY, Some(name)) => {
                    let text = read_text(stream)?;
                    self.say(stream, name, &text)?
                }
                (STATUS, Some(name)) => {
                    let code = read_byte(stream)?;
                    read_text(stream)?;
                    if code == 0 && self.acknowledge(name) {
                        Next::Goes
                    } else {
                        self.complain(stream)?
                    }
                }
                _ => self.complain(stream)?,
            };
            if let Next::Ends = next {
                return Ok(());
            }
        }
    }

    fn complain(&self, stream: &mut TcpStream) -> io::Result<Next> {
        if self.fault != Fault::SilentlyCloses {
            stream.write_all(&status(1))?;
        }
        if self.fault == Fault::NeverCloses {
            return io::copy(stream, &mut io::sink()).map(|_| Next::Ends);
        }
        Ok(Next::Ends)
    }

    fn enter(&self, stream: &mut TcpStream, name: &str) -> io::Result<Next> {
        let room = lock(&self.room);
        let taken = room.members.iter().any(|member| member.name == name);
        // Who is slow has not noticed yet that the one before has gone, when he is tried again.
        let shares = matches!(self.fault, Fault::SharesNames | Fault::Slow);
        if self.fault == Fault::RefusesAll || (taken && !shares) {
            stream.write_all(&status(1))?;
            if self.fault == Fault::StaysOpen {
                return io::copy(stream, &mut io::sink()).map(|_| Next::Ends);
            }
            return Ok(Next::Ends);
        }
        let mut room = room;
        if self.fault != Fault::NoJoinNotice {
            room = self.deliver_to_others(room, name, &self.notice(&format!("{name} is here")));
        }
        stream.write_all(&status(0))?;
        room.members.push(Member {
            name: name.to_owned(),
            stream: stream.try_clone()?,
            owes: false,
            waiting: VecDeque::new(),
            held: None,
        });
        Ok(Next::Goes)
    }

    fn leave(&self, name: &str) {
        let mut room = lock(&self.room);
        if let Some(at) = room.members.iter().position(|member| member.name == name) {
            room.members.remove(at);
        }
        let mut notice = self.notice(&format!("{name} is gone"));
        if self.fault == Fault::TwoLeaveNotices {
            notice = notice.repeat(2);
        }
        if self.fault != Fault::NoLeaveNotice {
            room = self.deliver_to_others(room, name, &notice);
        }
        drop(room);
    }

    fn notice(&self, text: &str) -> Vec<u8> {
        let sender = match self.fault {
            Fault::OtherNoticeName => "Server",
            _ => "server",
        };
        heard(sender.as_bytes(), text.as_bytes())
    }

    fn say(&self, stream: &mut TcpStream, name: &str, text: &str) -> io::Result<Next> {
        let room = lock(&self.room);
        match self.fault {
            Fault::ClosesOnSay => return Ok(Next::Ends),
            Fault::ResetsOnSay => {
                socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO))?;
                return Ok(Next::Ends);
            }
            _ => {}
        }
        let message = self.relayed(name, text);
        let mut room = match self.fault {
            Fault::Lost => room,
            Fault::Echo => {
                let room = self.deliver_to_others(room, name, &message);
                self.deliver_to(room, name, &message)
            }
            Fault::Swapped => self.deliver_swapped(room, name, &message),
            _ => self.deliver_to_others(room, name, &message),
        };
        match self.fault {
            Fault::NoAnswer => return Ok(Next::Goes),
            Fault::Slow => {
                drop(room);
                thread::sleep(Duration::from_millis(1500));
                room = lock(&self.room);
            }
            Fault::TwoAnswers => stream.write_all(&status(0))?,
            Fault::UnknownType => {
                stream.write_all(&[0x2a, 0, 0])?;
                return Ok(Next::Goes);
            }
            Fault::Truncated => {
                stream.write_all(&[STATUS, 0, 0])?;
                return Ok(Next::Goes);
            }
            Fault::TruncatedEnd => {
                stream.write_all(&[STATUS, 0, 0])?;
                return Ok(Next::Ends);
            }
            _ => {}
        }
        stream.write_all(&status(0))?;
        drop(room);
        Ok(Next::Goes)
    }

    fn relayed(&self, name: &str, text: &str) -> Vec<u8> {
        match self.fault {
            Fault::WrongSender => heard(b"somebody", text.as_bytes()),
            Fault::ChangedText => heard(name.as_bytes(), text.to_uppercase().as_bytes()),
            Fault::InvalidText => heard(name.as_bytes(), &[text.as_bytes(), b"\xff\xfe"].concat()),
            _ => heard(name.as_bytes(), text.as_bytes()),
        }
    }

    fn deliver_to_others<'r>(
        &'r self,
        mut room: MutexGuard<'r, Room>,
        name: &str,
        message: &[u8],
    ) -> MutexGuard<'r, Room> {
        let others: Vec<String> = room
            .members
            .iter()
            .filter(|member| member.name != name)
            .map(|member| member.name.clone())
            .collect();
        for other in others {
            room = self.deliver_to(room, &other, message);
        }
        room
    }

    /// Every other message overtakes the one before it.
    fn deliver_swapped<'r>(
        &'r self,
        mut room: MutexGuard<'r, Room>,
        name: &str,
        message: &[u8],
    ) -> MutexGuard<'r, Room> {
        for at in 0..room.members.len() {
            if room.members[at].name == name {
                continue;
            }
            let other = room.members[at].name.clone();
            match room.members[at].held.take() {
                None => room.members[at].held = Some(message.to_vec()),
                Some(held) => {
                    room = self.deliver_to(room, &other, message);
                    room = self.deliver_to(room, &other, &held);
                }
            }
        }
        room
    }

    fn deliver_to<'r>(
        &'r self,
        mut room: MutexGuard<'r, Room>,
        name: &str,
        message: &[u8],
    ) -> MutexGuard<'r, Room> {
        let Some(member) = room.members.iter_mut().find(|member| member.name == name) else {
            return room;
        };
        if member.owes && self.fault != Fault::Hasty {
            member.waiting.push_back(message.to_vec());
            return room;
        }
        member.owes = true;
        let _ = member.stream.write_all(message);
        if self.lockstep.is_zero() {
            return room;
        }
        let owes = |room: &mut Room| room.members.iter().any(|m| m.name == name && m.owes);
        let (room, _) = self
            .acknowledged
            .wait_timeout_while(room, self.lockstep, owes)
            .unwrap_or_else(PoisonError::into_inner);
        room
    }

    /// Delivers what has waited; false when nothing was to be acknowledged.
    fn acknowledge(&self, name: &str) -> bool {
        let mut room = lock(&self.room);
        let Some(member) = room.members.iter_mut().find(|member| member.name == name) else {
            return false;
        };
        let owed = member.owes;
        member.owes = false;
        if let Some(next) = member.waiting.pop_front() {
            member.owes = true;
            let _ = member.stream.write_all(&next);
        }
        self.acknowledged.notify_all();
        owed || matches!(self.fault, Fault::Hasty | Fault::TwoLeaveNotices)
    }
}

fn read_byte(stream: &mut TcpStream) -> io::Result<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn read_text(stream: &mut TcpStream) -> io::Result<String> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut text = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A message that somebody hears.
pub(crate) fn heard(from: &[u8], text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![HEARD];
    for part in [from, text] {
        bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

/// A status without text.
pub(crate) fn status(code: u8) -> Vec<u8> {
    vec![STATUS, code, 0, 0]
}
