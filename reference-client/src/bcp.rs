//! The Basic Chat Protocol: registers a name, sends one message at a time, acknowledges deliveries.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use clap::Args;
use reference_codecs::Decoder;
use reference_codecs::bcp::{ClientMessage, DEFAULT_PORT, Dialect, MAX_TEXT, OK, ServerMessage};

pub(crate) use self::faults::Fault;
use crate::arguments;
use crate::faults::{FaultOptions, Faults, Slips, half_raw, in_ascii, in_words};
use crate::session::{Effects, Failure, Note, Session};
use crate::text;

mod faults;

/// Lines that wait until the server has answered the message before them; beyond that the input is
/// left alone.
const QUEUE_LIMIT: usize = 100;

/// Where to connect, and as whom.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Your name on the server: up to 4095 bytes, printable, without spaces.
    #[arg(short = 'u', value_name = "NAME", value_parser = parse_name)]
    name: String,
    /// IP address of the server.
    #[arg(short = 's', value_name = "IP", default_value = "127.0.0.1")]
    server: IpAddr,
    /// Port of the server.
    #[arg(short = 'p', value_name = "PORT", default_value_t = DEFAULT_PORT,
          value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// spec: as the document says; rpchat: as the C server of that name speaks.
    #[arg(long, default_value_t, value_parser = arguments::dialect(Dialect::ALL, Dialect::name))]
    dialect: Dialect,
    #[command(flatten)]
    faults: FaultOptions<Fault>,
}

impl Options {
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.server, self.port)
    }

    pub(crate) fn slips(&self) -> Slips {
        self.faults.slips()
    }
}

fn parse_name(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.len() > MAX_TEXT {
        return Err("a name has 1 to 4095 bytes");
    }
    if name
        .chars()
        .any(|c| c.is_whitespace() || text::is_harmful(c))
    {
        return Err("a name is made of printable characters without spaces");
    }
    Ok(name.to_owned())
}

/// The client's side of the protocol.
#[derive(Debug)]
pub(crate) struct Client {
    name: String,
    dialect: Dialect,
    faults: Faults<Fault>,
    decoder: Decoder<ServerMessage>,
    /// The REGISTER was accepted.
    accepted: bool,
    /// Whether the STATUS of the REGISTER, or of the last SEND, is still to come.
    waiting: bool,
    queue: VecDeque<Vec<u8>>,
    misdeeds: Misdeeds,
}

/// What only a client with faults has to remember.
#[derive(Debug, Default)]
struct Misdeeds {
    /// A message that is shown later.
    held: Option<Note>,
    /// What was typed last.
    last: Vec<u8>,
    /// Acknowledgements that go out later.
    owed: usize,
    /// Messages that were acknowledged in this read.
    acknowledged: usize,
}

impl Client {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            name: options.name.clone(),
            dialect: options.dialect,
            faults: options.faults.had(),
            decoder: Decoder::new(options.dialect),
            accepted: false,
            waiting: false,
            queue: VecDeque::new(),
            misdeeds: Misdeeds::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    fn handle(&mut self, message: ServerMessage, effects: &mut Effects) -> Result<(), Failure> {
        match message {
            ServerMessage::Notice { message } => {
                self.deliver(self.dialect.server_name(), &message, effects)
            }
            ServerMessage::Deliver { from, message } => self.deliver(&from, &message, effects),
            ServerMessage::Status { code: OK, .. } => self.accept(effects),
            ServerMessage::Status { code, message } => self.refuse(code, &message, effects),
        }
    }

    fn register(&self, effects: &mut Effects) -> Result<(), Failure> {
        let mut username = self.name.clone().into_bytes();
        if self.has(Fault::OwnNameSmall) {
            username = self.name.to_lowercase().into_bytes();
        }
        if self.has(Fault::OwnNameCut) {
            username.truncate(MAX_TEXT - 1);
        }
        ClientMessage::Register { username }.encode(self.dialect, &mut effects.send)?;
        Ok(())
    }

    /// A STATUS 0 has come.
    fn accept(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        let first = !std::mem::replace(&mut self.accepted, true);
        self.waiting = false;
        if first && self.has(Fault::RegisterAgain) {
            self.register(effects)?;
        }
        if first && self.has(Fault::Greets) {
            self.queue.push_front(b"hello".to_vec());
        }
        if !first && self.has(Fault::StatusAcknowledged) {
            self.acknowledge(effects)?;
        }
        for _ in 0..std::mem::take(&mut self.misdeeds.owed) {
            self.acknowledge(effects)?;
        }
        self.send_next(effects)
    }

    /// BCP-C2: an error ends the program, and its code is the exit status.
    fn refuse(&mut self, code: u8, text: &[u8], effects: &mut Effects) -> Result<(), Failure> {
        if self.has(Fault::ErrorOverlooked) || self.accepted && self.has(Fault::SendErrorOverlooked)
        {
            return self.accept(effects);
        }
        let text = match text.split(|byte| *byte == b' ').next() {
            _ if self.has(Fault::ErrorUnsaid) => &[],
            Some(word) if self.has(Fault::ErrorWord) => word,
            _ => text,
        };
        let status = if self.has(Fault::ErrorStatusOne) {
            1
        } else if self.has(Fault::ErrorStatusCut) {
            code & 0x7f
        } else {
            code
        };
        let failure = refused(status, code, text);
        if self.has(Fault::ErrorWaits) {
            effects
                .show
                .push(Note::Warning(text::harmless(&failure.to_string())));
            return Ok(());
        }
        Err(failure)
    }

    fn deliver(&mut self, from: &[u8], text: &[u8], effects: &mut Effects) -> Result<(), Failure> {
        if self.has(Fault::OddTextKills) && std::str::from_utf8(text).is_err() {
            std::process::abort();
        }
        self.show(from, text, effects);
        if self.waiting && self.has(Fault::AckWaits) {
            self.misdeeds.owed += 1;
        } else if !self.leaves_unacknowledged(from, text) {
            self.misdeeds.acknowledged += 1;
            self.acknowledge(effects)?;
        }
        if self.has(Fault::DeliverReleases) && self.accepted {
            self.waiting = false;
            self.send_next(effects)?;
        }
        Ok(())
    }

    /// BCP-C3: what comes is shown, as it comes.
    fn show(&mut self, from: &[u8], text: &[u8], effects: &mut Effects) {
        if self.waiting && self.has(Fault::HeardUnshownWhileWaiting)
            || self.has(Fault::NoticeUnshown) && from == self.dialect.server_name()
        {
            return;
        }
        let shown = self.shown(from, text);
        if self.has(Fault::HeardLate) {
            effects
                .show
                .extend(self.misdeeds.held.replace(Note::Heard(shown)));
        } else if self.has(Fault::HeardReordered) {
            effects.show.insert(0, Note::Heard(shown));
        } else if self.has(Fault::HeardOnStderr) {
            effects.show.push(Note::Warning(shown));
        } else {
            effects.show.push(Note::Heard(shown));
        }
    }

    /// BCP-C8: a message as it is shown.
    fn shown(&self, from: &[u8], text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text);
        let text = match text.lines().next() {
            Some(line) if self.has(Fault::HeardFirstLine) => line.to_owned(),
            _ if self.has(Fault::HeardInAscii) => in_ascii(&text),
            _ if self.has(Fault::HeardInWords) => in_words(&text),
            _ => text.into_owned(),
        };
        let name = if self.has(Fault::HeardNameless) {
            String::new()
        } else if self.has(Fault::NamesRaw) {
            format!("{}: ", String::from_utf8_lossy(from))
        } else {
            text::message(from, &[])
        };
        if self.has(Fault::ControlsRaw) {
            name + &text
        } else if self.has(Fault::ControlsHalfRaw) {
            name + &half_raw(&text)
        } else {
            name + &text::harmless(&text)
        }
    }

    /// BCP-C3a: everything that is delivered is acknowledged.
    fn leaves_unacknowledged(&self, from: &[u8], text: &[u8]) -> bool {
        self.has(Fault::Unacknowledged)
            || self.misdeeds.acknowledged > 0 && self.has(Fault::AckOfFirstOnly)
            || from == self.dialect.server_name() && self.has(Fault::NoticeUnacknowledged)
            || text.is_empty() && self.has(Fault::EmptyUnacknowledged)
            || text.len() > MAX_TEXT && self.has(Fault::LongUnacknowledged)
    }

    fn acknowledge(&self, effects: &mut Effects) -> Result<(), Failure> {
        if self.has(Fault::AckShort) {
            effects.send.extend([4, OK]);
            return Ok(());
        }
        let times = if self.has(Fault::AckSentTwice) { 2 } else { 1 };
        for _ in 0..times {
            ClientMessage::ack().encode(self.dialect, &mut effects.send)?;
        }
        Ok(())
    }

    /// BCP-C4: one SEND at a time.
    fn send_next(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        let early = !self.accepted && self.has(Fault::TypedEarly);
        while !self.waiting || early {
            let next = if self.has(Fault::TypedReordered) {
                self.queue.pop_back()
            } else {
                self.queue.pop_front()
            };
            let Some(message) = next else { break };
            self.waiting = !self.has(Fault::SendUnwaited);
            let length = self.length(&message);
            let start = effects.send.len();
            ClientMessage::Send { message }.encode(self.dialect, &mut effects.send)?;
            // Behind the type.
            if let Some((length, field)) = length.zip(effects.send.get_mut(start + 1..start + 3)) {
                field.copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(())
    }

    /// The length that a SEND has instead of the right one.
    fn length(&self, text: &[u8]) -> Option<u16> {
        if self.has(Fault::SendLengthAbove) {
            u16::try_from(text.len() + 1).ok()
        } else if self.has(Fault::SendLengthInCharacters) {
            u16::try_from(String::from_utf8_lossy(text).chars().count()).ok()
        } else {
            None
        }
    }

    /// BCP-C5b: a text that is not too long, and what is left out of one that is; `None` when
    /// nothing is to be sent.
    fn fitting(&self, line: &str) -> Option<Vec<u8>> {
        let line = if self.has(Fault::TypedTrimmed) {
            line.trim()
        } else {
            line
        };
        if line.len() > MAX_TEXT && self.has(Fault::LongUnsent)
            || line.starts_with('/') && self.has(Fault::SlashUnsent)
        {
            return None;
        }
        if self.has(Fault::LongInside) {
            let end = line.len().min(MAX_TEXT);
            return Some(line.as_bytes()[..end].to_vec());
        }
        let sent = if self.has(Fault::LongWhole) {
            line
        } else if self.has(Fault::TypedLimitBelow) {
            text::cut(line, MAX_TEXT - 1)
        } else {
            text::cut(line, MAX_TEXT)
        };
        Some(if self.has(Fault::TypedInAscii) {
            in_ascii(sent).into_bytes()
        } else {
            sent.as_bytes().to_vec()
        })
    }

    /// BCP-C5a: what was typed is shown.
    fn echo(&self, sent: &[u8], effects: &mut Effects) {
        let unshown = self.has(Fault::SaidUnshown)
            || self.waiting && self.has(Fault::SaidUnshownWhileWaiting);
        if !unshown {
            let shown = text::message(self.name.as_bytes(), sent);
            effects.show.push(Note::Said(shown));
        }
    }
}

/// The code of the server becomes the exit status of the program.
fn refused(status: u8, code: u8, text: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(text);
    let sentence = if text.is_empty() {
        format!("the server answered with error {code}")
    } else {
        format!("the server answered with error {code}: {text}")
    };
    Failure::Refused { status, sentence }
}

impl Session for Client {
    fn start(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        self.waiting = true;
        if self.has(Fault::RegisterWaits) {
            return Ok(());
        }
        self.register(effects)?;
        if self.has(Fault::RegisterSentTwice) {
            self.register(effects)?;
        }
        if self.has(Fault::StatusEarly) {
            self.acknowledge(effects)?;
        }
        Ok(())
    }

    fn receive(&mut self, bytes: &[u8], effects: &mut Effects) -> Result<(), Failure> {
        self.decoder.feed(bytes);
        self.misdeeds.acknowledged = 0;
        loop {
            let message = match self.decoder.next_message() {
                Err(_) if self.has(Fault::NonsenseAcknowledged) => {
                    self.decoder = Decoder::new(self.dialect);
                    return self.acknowledge(effects);
                }
                message => message?,
            };
            let Some(message) = message else { break };
            let is_status = matches!(message, ServerMessage::Status { .. });
            self.handle(message, effects)?;
            if self.has(Fault::HeardBehindLost)
                || is_status && self.has(Fault::HeardBehindStatusLost)
            {
                self.decoder = Decoder::new(self.dialect);
            }
        }
        if self.has(Fault::HeardPartLost) {
            self.decoder = Decoder::new(self.dialect);
        }
        Ok(())
    }

    fn line(&mut self, line: &str, effects: &mut Effects) -> Result<(), Failure> {
        if self.has(Fault::RegisterWaits) && !self.accepted {
            self.register(effects)?;
        }
        let Some(mut sent) = self.fitting(line) else {
            return Ok(());
        };
        if sent.len() < line.len() {
            let warning = format!("the message was cut to {} bytes", sent.len());
            effects.show.push(Note::Warning(warning));
        }
        if sent.is_empty() && self.has(Fault::EmptyRepeats) {
            sent.clone_from(&self.misdeeds.last);
        }
        // BCP-C5c
        if sent.is_empty() && !self.has(Fault::EmptySent) {
            return Ok(());
        }
        self.echo(&sent, effects);
        if self.accepted && self.waiting && self.has(Fault::TypedLost) {
            return Ok(());
        }
        if self.has(Fault::TypedTwice) {
            self.queue.push_back(sent.clone());
        }
        self.misdeeds.last.clone_from(&sent);
        self.queue.push_back(sent);
        self.send_next(effects)
    }

    fn wants_line(&self) -> bool {
        self.queue.len() < QUEUE_LIMIT
    }

    fn unanswered(&self) -> usize {
        self.queue.len() + usize::from(self.waiting)
    }

    fn is_inside_message(&self) -> bool {
        self.decoder.pending() > 0
    }
}

#[cfg(test)]
mod tests;
