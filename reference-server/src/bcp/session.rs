//! The rules of one connection as a state machine, without a socket and without a clock.
//!
//! The connection tells what arrived and when; the answer is what to do next.

use std::fmt;
use std::time::{Duration, Instant};

use reference_codecs::Malformed;
use reference_codecs::bcp::{ClientMessage, Dialect, OK, ServerMessage};

use super::text::{self, NameError, TextError};
use super::{Fault, Options};
use crate::faults::Faults;
use crate::link::Lost;

/// The code of every error that this server reports.
const ERROR: u8 = 1;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No REGISTER so far.
    Unregistered,
    /// The room has not answered yet; what comes meanwhile waits in the decoder.
    Registering,
    /// A user. `unacknowledged` is when the DELIVER that waits for its STATUS was sent.
    Registered { unacknowledged: Option<Instant> },
}

/// What a message from the client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: it was the awaited acknowledgement.
    Acknowledged,
    /// Nothing, although the connection should end.
    Overlooked,
    /// Ask the room for this name, then call [`Session::admitted`] or end with
    /// [`Ending::NameTaken`].
    Register(String),
    /// Hand the text to the room, then answer with [`Session::accepted`].
    Say(String),
    /// Answer with [`Session::refusal`]; the connection stays.
    Refuse(TextError),
    /// End the connection.
    End(Ending),
}

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    NotRegistered,
    BadName(NameError),
    NameTaken,
    RegisteredAlready,
    UnexpectedStatus,
    UnexpectedSend,
    Malformed(Malformed),
    ClientError(u8),
    Inactive,
    TooFarBehind,
    Lost(Lost),
    Stopping,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRegistered => f.write_str("the first message must be REGISTER"),
            Self::BadName(error) => error.fmt(f),
            Self::NameTaken => f.write_str("the name is in use"),
            Self::RegisteredAlready => f.write_str("already registered"),
            Self::UnexpectedStatus => f.write_str("a STATUS that nobody waits for"),
            Self::UnexpectedSend => f.write_str("a SEND before the acknowledgement"),
            Self::Malformed(error) => error.fmt(f),
            Self::ClientError(code) => write!(f, "the client reported error {code}"),
            Self::Inactive => f.write_str("inactive for too long"),
            Self::TooFarBehind => f.write_str("too many messages behind"),
            Self::Lost(lost) => lost.fmt(f),
            Self::Stopping => f.write_str("the server stops"),
        }
    }
}

impl Ending {
    /// BCP-9: a registered client has sent what was not due.
    pub(super) fn is_violation(&self) -> bool {
        matches!(
            self,
            Self::RegisteredAlready | Self::UnexpectedStatus | Self::Malformed(_)
        )
    }
}

impl From<Lost> for Ending {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// The state machine of one connection.
#[derive(Debug)]
pub(super) struct Session {
    dialect: Dialect,
    idle_timeout: Duration,
    state: State,
    /// When the connection was made or, once registered, when it last sent something.
    active: Instant,
    /// What waits for its STATUS is a notice.
    owes_for_notice: bool,
    faults: Faults<Fault>,
}

impl Session {
    /// A connection made at `now`.
    pub(super) fn new(options: &Options, now: Instant) -> Self {
        let faults = options.faults;
        let idle_timeout = if faults.has(Fault::IdleTenfold) {
            options.idle_timeout.saturating_mul(10)
        } else if faults.has(Fault::IdleEarly) {
            options.idle_timeout / 2
        } else {
            options.idle_timeout
        };
        Self {
            dialect: options.dialect,
            idle_timeout,
            state: State::Unregistered,
            active: now,
            owes_for_notice: false,
            faults,
        }
    }

    /// Bytes came, perhaps not yet a whole message.
    pub(super) fn heard(&mut self, now: Instant) {
        // BCP-11: until it registers, a connection has `idle_timeout` in all, whatever it sends.
        let counts = match self.state {
            State::Registered {
                unacknowledged: Some(_),
            } if self.faults.has(Fault::IdleDespiteAck) => false,
            State::Registered { .. } => !self.faults.has(Fault::IdleDespiteSend),
            _ => self.faults.has(Fault::UnregisteredRenewed),
        };
        if counts {
            self.active = now;
        }
    }

    /// A whole message came.
    pub(super) fn message(&mut self, message: ClientMessage) -> Step {
        match (self.state, message) {
            (State::Unregistered, ClientMessage::Register { username }) => self.register(username),
            (State::Unregistered, message) if self.overlooks_first(&message) => Step::Overlooked,
            (State::Unregistered, ClientMessage::Send { message })
                if self.faults.has(Fault::UnregisteredHeard) =>
            {
                self.say(message)
            }
            // BCP-1: the first message is REGISTER.
            (State::Unregistered, _) => Step::End(Ending::NotRegistered),
            (_, ClientMessage::Register { username }) if self.passes_on_second() => {
                Step::Register(String::from_utf8_lossy(&username).into_owned())
            }
            // BCP-9: a second REGISTER. While the room has not answered none is read.
            (_, ClientMessage::Register { .. })
                if self.faults.has(Fault::SecondRegisterIgnored) =>
            {
                Step::Overlooked
            }
            (_, ClientMessage::Register { .. }) => Step::End(Ending::RegisteredAlready),
            // BCP-8: a SEND can have crossed a DELIVER. It is served and acknowledges nothing.
            (_, ClientMessage::Send { message }) => self.say(message),
            (state, ClientMessage::Status { code, .. }) => self.status(state, code),
        }
    }

    /// BCP-9: bytes that are no message of a client.
    pub(super) fn malformed(&self, error: Malformed) -> Ending {
        match self.state {
            State::Unregistered => Ending::NotRegistered,
            State::Registering | State::Registered { .. } => Ending::Malformed(error),
        }
    }

    /// BCP-2: the room has taken the name; the answer to the REGISTER.
    pub(super) fn admitted(&mut self, now: Instant) -> ServerMessage {
        self.state = State::Registered {
            unacknowledged: None,
        };
        self.active = now;
        ServerMessage::Status {
            code: OK,
            message: Vec::new(),
        }
    }

    /// The name was taken, and the client may ask for another, in a server that is told so.
    pub(super) fn forget_registration(&mut self) {
        self.state = State::Unregistered;
    }

    /// BCP-6: the room has taken the text; the one answer to the SEND.
    pub(super) fn accepted() -> ServerMessage {
        ServerMessage::Status {
            code: OK,
            message: Vec::new(),
        }
    }

    /// The answer to a SEND that reaches nobody.
    pub(super) fn refusal(&self, error: TextError) -> ServerMessage {
        self.error(&error)
    }

    /// What the client is told before its connection ends, if anything.
    pub(super) fn farewell(&self, ending: &Ending) -> Option<ServerMessage> {
        let unsaid = match ending {
            Ending::NotRegistered if self.faults.has(Fault::FirstErrorOk) => {
                return Some(Self::accepted());
            }
            Ending::NameTaken if self.faults.has(Fault::TakenOk) => return Some(Self::accepted()),
            ending if ending.is_violation() && self.faults.has(Fault::OutOfTurnOk) => {
                return Some(Self::accepted());
            }
            Ending::NotRegistered => Fault::FirstErrorUnsaid,
            Ending::NameTaken => Fault::TakenUnsaid,
            _ => Fault::OutOfTurnUnsaid,
        };
        if self.faults.has(unsaid) {
            return None;
        }
        match ending {
            // BCP-1, BCP-2, BCP-4, BCP-9: an error STATUS comes before the end.
            Ending::NotRegistered
            | Ending::BadName(_)
            | Ending::NameTaken
            | Ending::RegisteredAlready
            | Ending::UnexpectedStatus
            | Ending::UnexpectedSend
            | Ending::Malformed(_) => Some(self.error(ending)),
            Ending::ClientError(_)
            | Ending::Inactive
            | Ending::TooFarBehind
            | Ending::Lost(_)
            | Ending::Stopping => None,
        }
    }

    /// BCP-7: whether a DELIVER may be sent now, none being unacknowledged.
    pub(super) fn takes_delivery(&self) -> bool {
        match self.state {
            State::Registered {
                unacknowledged: Some(_),
            } => self.faults.has(Fault::NoWait),
            State::Registered { .. } => true,
            // BCP-6: who has not registered is told nothing.
            _ => self.faults.has(Fault::LeakMessages) || self.faults.has(Fault::LeakNotices),
        }
    }

    /// Whether a DELIVER is unacknowledged.
    pub(super) fn owes_acknowledgement(&self) -> bool {
        let State::Registered { unacknowledged } = self.state else {
            return false;
        };
        unacknowledged.is_some()
    }

    /// A DELIVER is sent at `now`, which may be a notice.
    pub(super) fn delivered(&mut self, now: Instant, notice: bool) {
        self.owes_for_notice = notice;
        if let State::Registered { unacknowledged } = &mut self.state {
            *unacknowledged = Some(now);
        }
    }

    /// BCP-11: whether the client has been inactive for too long.
    ///
    /// An acknowledgement that is outstanding counts from its DELIVER, whatever else comes.
    pub(super) fn is_inactive(&self, now: Instant) -> bool {
        let since = match self.state {
            State::Registered {
                unacknowledged: Some(_),
            } if self.faults.has(Fault::UnacknowledgedStays) => return false,
            State::Registered {
                unacknowledged: Some(delivered),
            } if !self.faults.has(Fault::UnacknowledgedRenewed) => delivered,
            State::Registered { .. } if self.faults.has(Fault::IdleStays) => return false,
            State::Unregistered if self.faults.has(Fault::UnregisteredStays) => return false,
            _ => self.active,
        };
        now.saturating_duration_since(since) >= self.idle_timeout
    }

    /// BCP-1: only in a server that is told to.
    fn overlooks_first(&self, message: &ClientMessage) -> bool {
        let status = matches!(message, ClientMessage::Status { code: OK, .. });
        self.faults.has(Fault::FirstMessageIgnored)
            || status && self.faults.has(Fault::FirstStatusIgnored)
    }

    /// BCP-9: only in a server that is told to.
    fn passes_on_second(&self) -> bool {
        self.faults.has(Fault::SecondRegisterTold) || self.faults.has(Fault::SecondRegisterFrees)
    }

    fn register(&mut self, username: Vec<u8>) -> Step {
        match text::accept_name(username, self.faults) {
            Ok(name) => {
                self.state = State::Registering;
                Step::Register(name)
            }
            Err(error) => Step::End(Ending::BadName(error)),
        }
    }

    fn say(&mut self, message: Vec<u8>) -> Step {
        if self.owes_acknowledgement() && self.faults.has(Fault::CrossingEnds) {
            return Step::End(Ending::UnexpectedSend);
        }
        if self.owes_acknowledgement() && self.faults.has(Fault::CrossingRefused) {
            return Step::Refuse(TextError::Empty);
        }
        if self.owes_acknowledgement() && self.send_acknowledges() {
            self.state = State::Registered {
                unacknowledged: None,
            };
        }
        match text::accept_text(message, self.dialect, self.faults) {
            Ok(text) => Step::Say(text),
            Err(error) => Step::Refuse(error),
        }
    }

    /// BCP-8: only in a server that is told to.
    fn send_acknowledges(&self) -> bool {
        self.faults.has(Fault::SendAcknowledges)
            || self.owes_for_notice && self.faults.has(Fault::SendAcknowledgesNotice)
    }

    fn status(&mut self, state: State, code: u8) -> Step {
        // BCP-12: an error of the client ends its connection.
        if code != OK && self.faults.has(Fault::ErrorAckIgnored) {
            return Step::Overlooked;
        }
        if code != OK && !self.faults.has(Fault::ErrorAckAccepted) {
            return Step::End(Ending::ClientError(code));
        }
        match state {
            State::Registered {
                unacknowledged: Some(_),
            } => {
                self.state = State::Registered {
                    unacknowledged: None,
                };
                Step::Acknowledged
            }
            // BCP-9: a STATUS that nobody waits for.
            _ if self.overlooks_status() => Step::Overlooked,
            _ => Step::End(Ending::UnexpectedStatus),
        }
    }

    /// BCP-9: only in a server that is told to, or that does not wait for what comes here.
    fn overlooks_status(&self) -> bool {
        let faults = [
            Fault::StrayStatusIgnored,
            Fault::NoWait,
            Fault::NoWaitAfterNotice,
            Fault::AckReleasesTwo,
            Fault::SendAcknowledges,
        ];
        faults.into_iter().any(|fault| self.faults.has(fault))
    }

    fn error(&self, reason: &impl ToString) -> ServerMessage {
        let message = match self.dialect {
            Dialect::Spec => reason.to_string().into_bytes(),
            // rpchat's server explains no error.
            Dialect::RpChat => Vec::new(),
        };
        ServerMessage::Status {
            code: ERROR,
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use reference_codecs::Reason;

    use super::*;

    const IDLE: Duration = Duration::from_secs(60);

    fn new_session() -> (Session, Instant) {
        let now = Instant::now();
        (Session::new(&Options::default(), now), now)
    }

    fn registered() -> (Session, Instant) {
        let (mut session, now) = new_session();
        assert_eq!(
            session.message(register("alice")),
            Step::Register("alice".to_owned())
        );
        assert!(!session.takes_delivery());
        assert_eq!(session.admitted(now), ok());
        (session, now)
    }

    fn register(name: &str) -> ClientMessage {
        ClientMessage::Register {
            username: name.into(),
        }
    }

    fn send(text: &str) -> ClientMessage {
        ClientMessage::Send {
            message: text.into(),
        }
    }

    fn status(code: u8) -> ClientMessage {
        ClientMessage::Status {
            code,
            message: Vec::new(),
        }
    }

    fn ok() -> ServerMessage {
        ServerMessage::Status {
            code: 0,
            message: Vec::new(),
        }
    }

    fn malformed(tag: u8) -> Malformed {
        Malformed {
            offset: 0,
            field: "type",
            reason: Reason::UnknownType(tag),
        }
    }

    fn say(text: &str) -> Step {
        Step::Say(text.to_owned())
    }

    #[test]
    fn rule_1_the_first_message_is_register() {
        for message in [send("hi"), status(0), status(1)] {
            let (mut session, _) = new_session();
            assert_eq!(session.message(message), Step::End(Ending::NotRegistered));
        }
        let (session, _) = new_session();
        assert_eq!(session.malformed(malformed(9)), Ending::NotRegistered);
        let message = b"the first message must be REGISTER".to_vec();
        let error = ServerMessage::Status { code: 1, message };
        assert_eq!(session.farewell(&Ending::NotRegistered), Some(error));
    }

    #[test]
    fn rule_2_and_4_a_bad_name_ends_with_an_error() {
        for name in ["", "a b", "\x07", "é"] {
            let (mut session, _) = new_session();
            let Step::End(ending @ Ending::BadName(_)) = session.message(register(name)) else {
                panic!("{name:?} was taken");
            };
            assert!(session.farewell(&ending).is_some());
        }
        let (session, _) = new_session();
        assert!(session.farewell(&Ending::NameTaken).is_some());
    }

    #[test]
    fn rule_6_a_text_is_said_or_refused() {
        let (mut session, _) = registered();
        assert_eq!(session.message(send("hi")), say("hi"));
        assert_eq!(Session::accepted(), ok());
        assert_eq!(session.message(send("")), Step::Refuse(TextError::Empty));
        let message = b"the message is empty".to_vec();
        let error = ServerMessage::Status { code: 1, message };
        assert_eq!(session.refusal(TextError::Empty), error);
        assert_eq!(session.message(send("still here")), say("still here"));
    }

    #[test]
    fn rule_7_one_delivery_at_a_time() {
        let (mut session, now) = registered();
        assert!(session.takes_delivery());
        session.delivered(now, false);
        assert!(!session.takes_delivery());
        assert_eq!(session.message(status(0)), Step::Acknowledged);
        assert!(session.takes_delivery());
    }

    #[test]
    fn rule_8_a_send_acknowledges_nothing() {
        let (mut session, now) = registered();
        session.delivered(now, false);
        assert_eq!(session.message(send("crossed")), say("crossed"));
        assert!(!session.takes_delivery());
        assert_eq!(session.message(send("")), Step::Refuse(TextError::Empty));
        assert!(!session.takes_delivery());
        assert_eq!(session.message(status(0)), Step::Acknowledged);
    }

    #[test]
    fn rule_9_messages_out_of_sequence_end_with_an_error() {
        let (mut session, _) = registered();
        let unexpected = Ending::UnexpectedStatus;
        assert_eq!(session.message(status(0)), Step::End(unexpected.clone()));
        let (mut session, _) = registered();
        let again = Ending::RegisteredAlready;
        assert_eq!(session.message(register("bob")), Step::End(again.clone()));
        let bytes = session.malformed(malformed(9));
        assert_eq!(bytes, Ending::Malformed(malformed(9)));
        for ending in [unexpected, again, bytes] {
            assert!(session.farewell(&ending).is_some(), "{ending}");
        }
    }

    #[test]
    fn rule_11_silence_ends_after_the_timeout_and_never_before() {
        let almost = IDLE.checked_sub(Duration::from_millis(1)).unwrap();
        let (mut session, start) = registered();
        assert!(!session.is_inactive(start + almost));
        assert!(session.is_inactive(start + IDLE));
        session.heard(start + almost);
        assert!(!session.is_inactive(start + almost + almost));
        assert!(session.is_inactive(start + almost + IDLE));
        assert_eq!(session.farewell(&Ending::Inactive), None);
    }

    #[test]
    fn rule_11_an_outstanding_acknowledgement_counts_from_its_delivery() {
        let (mut session, start) = registered();
        let later = start + IDLE / 2;
        session.delivered(later, false);
        assert!(!session.is_inactive(start + IDLE));
        session.heard(start + IDLE);
        assert_eq!(session.message(send("busy")), say("busy"));
        assert!(session.is_inactive(later + IDLE));
        session.heard(later + IDLE);
        assert_eq!(session.message(status(0)), Step::Acknowledged);
        assert!(!session.is_inactive(later + IDLE));
    }

    #[test]
    fn rule_11_who_never_registers_has_the_timeout_in_all() {
        let (mut session, start) = new_session();
        session.heard(start + IDLE / 2);
        assert!(session.is_inactive(start + IDLE));
    }

    #[test]
    fn rule_12_an_error_of_the_client_ends_it() {
        let (mut session, now) = registered();
        assert_eq!(
            session.message(status(3)),
            Step::End(Ending::ClientError(3))
        );
        let (mut waiting, _) = registered();
        waiting.delivered(now, false);
        assert_eq!(
            waiting.message(status(255)),
            Step::End(Ending::ClientError(255))
        );
        assert_eq!(waiting.farewell(&Ending::ClientError(255)), None);
    }

    #[test]
    fn errors_have_no_text_in_rpchat() {
        let options = Options {
            dialect: Dialect::RpChat,
            ..Options::default()
        };
        let session = Session::new(&options, Instant::now());
        let error = ServerMessage::Status {
            code: 1,
            message: Vec::new(),
        };
        assert_eq!(session.refusal(TextError::Empty), error);
        assert_eq!(session.farewell(&Ending::NameTaken), Some(error));
    }
}
