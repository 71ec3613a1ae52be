//! wireproto: accounts over Protocol Buffers.
//!
//! Over TCP, messages of proto3 with nothing between them, neither a length nor a delimiter:
//!
//! ```text
//! Client2Server { string version = 1; int32 opcode = 2; string sender = 3; string receiver = 4;
//!                 string msg = 5; }
//! Server2Client { string version = 1; int32 opcode = 2; string msg = 3; }
//!
//! 0a 03 '0.1'  10 03     22 03 'bob'       2a 02 'hi'
//! version      opcode 3  receiver          msg
//! ```
//!
//! So a stream is a sequence of fields, which [`Field`] reads one by one, and [`Messages`] puts
//! together again: every message begins with its version, field 1.

mod fields;
mod messages;

pub use fields::Field;
pub use messages::{MAX_FIELDS, Message, Messages};

/// The port that the document's server listens on.
pub const DEFAULT_PORT: u16 = 8080;

/// The version of all messages.
pub const VERSION: &str = "0.1";

/// The longest name of an account in characters; none is empty.
pub const NAME_LIMIT: usize = 25;

/// The longest text from one account to another in characters.
pub const TEXT_LIMIT: usize = 100;

/// The expression that asks for all names; it is no regular expression.
pub const ALL: &str = "*";

/// What a client asks for; the numbers are those of the document's menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum Action {
    /// Create the account `msg`.
    Create = 1,
    /// Log in to the account `msg`.
    LogIn = 2,
    /// Send `msg` to `receiver`.
    Send = 3,
    /// Take what waits.
    Check = 4,
    /// Delete the account that is logged in.
    Delete = 5,
    /// List the accounts that match `msg`.
    List = 6,
    /// Log out.
    Quit = 7,
}

/// What a server answers or tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum Outcome {
    /// The account is there now.
    Created = 1,
    /// The account cannot be created: there is one of this name.
    Exists = 2,
    /// The message was pushed or queued.
    Sent = 3,
    /// Nothing was sent: nobody is logged in here.
    SendNotLoggedIn = 4,
    /// Nothing was sent: there is no such receiver.
    UnknownReceiver = 5,
    /// `msg` is what has waited.
    Unread = 6,
    /// Nothing to check: nobody is logged in here.
    CheckNotLoggedIn = 7,
    /// The account is gone; `msg` is what has waited.
    Deleted = 8,
    /// Nothing was deleted: nobody is logged in here.
    DeleteNotLoggedIn = 9,
    /// `msg` names the accounts.
    Listed = 10,
    /// Nobody is logged in here any more.
    LoggedOut = 11,
    /// Nobody was logged in here.
    QuitNotLoggedIn = 12,
    /// The account is logged in here.
    LoggedIn = 13,
    /// There is no such account to log in to.
    UnknownAccount = 14,
    /// The account is logged in here already.
    AlreadyHere = 15,
    /// The account is logged in here, in place of another one.
    Switched = 16,
    /// `msg` is a message from an account that was sent just now.
    Push = 17,
    /// The server cannot do it.
    Failed = 18,
}

impl Outcome {
    /// Whether it says that a request was not carried out.
    pub fn is_failure(self) -> bool {
        match self {
            Self::Exists
            | Self::SendNotLoggedIn
            | Self::UnknownReceiver
            | Self::CheckNotLoggedIn
            | Self::DeleteNotLoggedIn
            | Self::QuitNotLoggedIn
            | Self::UnknownAccount
            | Self::AlreadyHere
            | Self::Failed => true,
            Self::Created
            | Self::Sent
            | Self::Unread
            | Self::Deleted
            | Self::Listed
            | Self::LoggedOut
            | Self::LoggedIn
            | Self::Switched
            | Self::Push => false,
        }
    }
}

/// What a client sends: `Client2Server`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ClientMessage {
    /// [`VERSION`].
    #[prost(string, tag = "1")]
    pub version: String,
    /// An [`Action`], or a number that is none.
    #[prost(int32, tag = "2")]
    pub opcode: i32,
    /// Servers do not look at it.
    #[prost(string, tag = "3")]
    pub sender: String,
    /// The account that a message is for.
    #[prost(string, tag = "4")]
    pub receiver: String,
    /// A name, a text or an expression.
    #[prost(string, tag = "5")]
    pub msg: String,
}

impl ClientMessage {
    /// A request about nobody but its sender.
    pub fn new(action: Action, msg: &str) -> Self {
        Self {
            version: VERSION.to_owned(),
            opcode: action.into(),
            sender: String::new(),
            receiver: String::new(),
            msg: msg.to_owned(),
        }
    }

    /// Sends `text` to `receiver`.
    pub fn send(receiver: &str, text: &str) -> Self {
        Self {
            receiver: receiver.to_owned(),
            ..Self::new(Action::Send, text)
        }
    }

    /// The bytes of the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        prost::Message::encode_to_vec(self)
    }
}

impl Message for ClientMessage {
    fn says_all(&self) -> bool {
        let Ok(action) = Action::try_from(self.opcode) else {
            return false;
        };
        let is_asked = match action {
            Action::Create | Action::LogIn | Action::List => !self.msg.is_empty(),
            Action::Send => !self.receiver.is_empty() && !self.msg.is_empty(),
            Action::Check | Action::Delete | Action::Quit => true,
        };
        is_asked && !self.version.is_empty()
    }
}

/// What a server sends: `Server2Client`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ServerMessage {
    /// [`VERSION`].
    #[prost(string, tag = "1")]
    pub version: String,
    /// An [`Outcome`], or a number that is none.
    #[prost(int32, tag = "2")]
    pub opcode: i32,
    /// Messages or names, one a line, or a text for the user.
    #[prost(string, tag = "3")]
    pub msg: String,
}

impl ServerMessage {
    /// An answer, or a push.
    pub fn new(outcome: Outcome, msg: impl Into<String>) -> Self {
        Self {
            version: VERSION.to_owned(),
            opcode: outcome.into(),
            msg: msg.into(),
        }
    }

    /// The bytes of the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        prost::Message::encode_to_vec(self)
    }
}

impl Message for ServerMessage {
    fn says_all(&self) -> bool {
        !self.version.is_empty() && self.opcode != 0 && !self.msg.is_empty()
    }
}

#[cfg(test)]
mod tests;
