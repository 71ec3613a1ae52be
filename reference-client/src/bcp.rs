//! The Basic Chat Protocol: registers a name, sends one message at a time, acknowledges deliveries.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use clap::Args;
use reference_codecs::Decoder;
use reference_codecs::bcp::{ClientMessage, DEFAULT_PORT, Dialect, MAX_TEXT, OK, ServerMessage};

use crate::arguments;
use crate::session::{Effects, Failure, Note, Session};
use crate::text;

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
}

impl Options {
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.server, self.port)
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
    decoder: Decoder<ServerMessage>,
    /// Whether the STATUS of the REGISTER, or of the last SEND, is still to come.
    waiting: bool,
    queue: VecDeque<String>,
}

impl Client {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            name: options.name.clone(),
            dialect: options.dialect,
            decoder: Decoder::new(options.dialect),
            waiting: false,
            queue: VecDeque::new(),
        }
    }

    fn handle(&mut self, message: ServerMessage, effects: &mut Effects) -> Result<(), Failure> {
        match message {
            ServerMessage::Notice { message } => {
                self.deliver(self.dialect.server_name(), &message, effects)
            }
            ServerMessage::Deliver { from, message } => self.deliver(&from, &message, effects),
            ServerMessage::Status { code: OK, .. } => {
                self.waiting = false;
                self.send_next(effects)
            }
            ServerMessage::Status { code, message } => Err(refused(code, &message)),
        }
    }

    fn deliver(&self, from: &[u8], text: &[u8], effects: &mut Effects) -> Result<(), Failure> {
        effects.show.push(Note::Heard(text::message(from, text)));
        ClientMessage::ack().encode(self.dialect, &mut effects.send)?;
        Ok(())
    }

    fn send_next(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        if self.waiting {
            return Ok(());
        }
        if let Some(text) = self.queue.pop_front() {
            self.waiting = true;
            let message = ClientMessage::Send {
                message: text.into_bytes(),
            };
            message.encode(self.dialect, &mut effects.send)?;
        }
        Ok(())
    }
}

/// The code of the server becomes the exit status of the program.
fn refused(code: u8, text: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(text);
    let sentence = if text.is_empty() {
        format!("the server answered with error {code}")
    } else {
        format!("the server answered with error {code}: {text}")
    };
    Failure::Refused {
        status: code,
        sentence,
    }
}

impl Session for Client {
    fn start(&mut self, effects: &mut Effects) -> Result<(), Failure> {
        self.waiting = true;
        let username = self.name.clone().into_bytes();
        ClientMessage::Register { username }.encode(self.dialect, &mut effects.send)?;
        Ok(())
    }

    fn receive(&mut self, bytes: &[u8], effects: &mut Effects) -> Result<(), Failure> {
        self.decoder.feed(bytes);
        while let Some(message) = self.decoder.next_message()? {
            self.handle(message, effects)?;
        }
        Ok(())
    }

    fn line(&mut self, line: &str, effects: &mut Effects) -> Result<(), Failure> {
        let sent = text::cut(line, MAX_TEXT);
        if sent.len() < line.len() {
            let warning = format!("the message was cut to {} bytes", sent.len());
            effects.show.push(Note::Warning(warning));
        }
        if sent.is_empty() {
            return Ok(());
        }
        let shown = text::message(self.name.as_bytes(), sent.as_bytes());
        effects.show.push(Note::Said(shown));
        self.queue.push_back(sent.to_owned());
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
