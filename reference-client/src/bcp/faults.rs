//! The ways in which this client can be told to break a rule.

use crate::faults::{self, Slip};

faults::table! {
    RegisterWaits: "register-waits", "BCP-C1", "the REGISTER goes out when the first line is typed";
    OwnNameCut: "own-name-cut", "BCP-C1", "a name of 4095 bytes loses the last one";
    OwnNameSmall: "own-name-small", "BCP-C1", "capital letters of the user's name become small";
    RegisterSentTwice: "register-sent-twice", "BCP-C1a", "the REGISTER is sent twice";
    RegisterAgain: "register-again", "BCP-C1a", "once it is accepted the REGISTER is sent again";
    TypedEarly: "typed-early", "BCP-C1b", "what is typed goes out before the REGISTER is accepted";
    StatusEarly: "status-early", "BCP-C1b", "a STATUS 0 follows the REGISTER at once";
    ErrorOverlooked: "error-overlooked", "BCP-C2", "a STATUS with an error code counts like STATUS 0";
    SendErrorOverlooked: "send-error-overlooked", "BCP-C2", "a SEND that is refused does not end the program";
    ErrorWaits: "error-waits", "BCP-C2", "after a STATUS with an error code it waits for the server to close";
    ErrorStatusOne: "error-status-one", "BCP-C2a", "every error code ends the program with status 1";
    ErrorStatusCut: "error-status-cut", "BCP-C2a", "the exit status has only the low seven bits of the code";
    ErrorUnsaid: "error-unsaid", "BCP-C2b", "only the code of an error is told";
    ErrorWord: "error-word", "BCP-C2b", "only the first word of what the server says with an error is told";
    HeardNameless: "heard-nameless", "BCP-C3", "messages are shown without their senders";
    HeardReordered: "heard-reordered", "BCP-C3", "of messages that come in one read the last is shown first";
    HeardLate: "heard-late", "BCP-C3", "a message is shown when the next one comes";
    HeardFirstLine: "heard-first-line", "BCP-C3", "only the first line of a message is shown";
    HeardInAscii: "heard-in-ascii", "BCP-C3", "what is not ASCII is shown as ?";
    HeardInWords: "heard-in-words", "BCP-C3", "several spaces are shown as one";
    HeardUnshownWhileWaiting: "heard-unshown-while-waiting", "BCP-C3", "messages are not shown while an answer is outstanding";
    NoticeUnshown: "notice-unshown", "BCP-C3", "what the server says in its own name is not shown";
    HeardOnStderr: "heard-on-stderr", "BCP-C3", "messages are shown on standard error";
    Unacknowledged: "unacknowledged", "BCP-C3a", "no message is acknowledged";
    AckOfFirstOnly: "ack-of-first-only", "BCP-C3a", "of messages that come in one read only the first is acknowledged";
    AckWaits: "ack-waits", "BCP-C3a", "messages are not acknowledged while an answer is outstanding";
    NoticeUnacknowledged: "notice-unacknowledged", "BCP-C3a", "what the server says in its own name is not acknowledged";
    EmptyUnacknowledged: "empty-unacknowledged", "BCP-C3a", "empty messages are not acknowledged";
    LongUnacknowledged: "long-unacknowledged", "BCP-C3a", "messages of more than 4095 bytes are not acknowledged";
    AckSentTwice: "ack-sent-twice", "BCP-C3b", "messages are acknowledged twice";
    StatusAcknowledged: "status-acknowledged", "BCP-C3b", "the answer to a SEND is acknowledged";
    NonsenseAcknowledged: "nonsense-acknowledged", "BCP-C3b", "bytes that are no message are acknowledged";
    HeardPartLost: "heard-part-lost", "BCP-C3c", "the first part of a message that arrives in pieces is lost";
    HeardBehindLost: "heard-behind-lost", "BCP-C3c", "what arrives with a message is lost";
    HeardBehindStatusLost: "heard-behind-status-lost", "BCP-C3c", "what arrives with a STATUS is lost";
    SendUnwaited: "send-unwaited", "BCP-C4", "the answer to a SEND is not waited for";
    DeliverReleases: "deliver-releases", "BCP-C4", "a DELIVER counts as the answer to a SEND";
    Greets: "greets", "BCP-C4", "it says hello to all when it is let in";
    TypedTrimmed: "typed-trimmed", "BCP-C5", "spaces around what is typed are not sent";
    TypedLost: "typed-lost", "BCP-C5", "what is typed while an answer is outstanding is lost";
    TypedTwice: "typed-twice", "BCP-C5", "what is typed is sent twice";
    TypedReordered: "typed-reordered", "BCP-C5", "of lines that wait the last is sent first";
    TypedLimitBelow: "typed-limit-below", "BCP-C5", "a text of exactly 4095 bytes loses the last one";
    TypedInAscii: "typed-in-ascii", "BCP-C5", "what is not ASCII is sent as ?";
    SlashUnsent: "slash-unsent", "BCP-C5", "a line that begins with / is not sent";
    SaidUnshown: "said-unshown", "BCP-C5a", "what is typed is not shown";
    SaidUnshownWhileWaiting: "said-unshown-while-waiting", "BCP-C5a", "what is typed while an answer is outstanding is not shown";
    LongWhole: "long-whole", "BCP-C5b", "texts of more than 4095 bytes are sent whole";
    LongInside: "long-inside", "BCP-C5b", "long texts are cut inside a character";
    LongUnsent: "long-unsent", "BCP-C5b", "texts of more than 4095 bytes are not sent";
    EmptySent: "empty-sent", "BCP-C5c", "an empty line is sent";
    EmptyRepeats: "empty-repeats", "BCP-C5c", "an empty line sends the one before it again";
    ArgumentStatus: "argument-status", "BCP-C6", "arguments that cannot be used end the program with status 1";
    ArgumentUntold: "argument-untold", "BCP-C6", "nobody is told which arguments cannot be used";
    InterruptIgnored: "interrupt-ignored", "BCP-C6a", "SIGINT does nothing";
    InterruptWaits: "interrupt-waits", "BCP-C6a", "SIGINT does nothing while an answer is outstanding";
    InterruptTrace: "interrupt-trace", "BCP-C6b", "SIGINT is told as a stack of calls";
    InterruptNamed: "interrupt-named", "BCP-C6b", "SIGINT is told by the name of an exception";
    ConnectUntold: "connect-untold", "BCP-C7", "nobody is told that no connection can be made";
    EndUntold: "end-untold", "BCP-C7", "nobody is told that the server has ended the connection";
    ResetUntold: "reset-untold", "BCP-C7", "nobody is told that the connection was reset";
    CutUntold: "cut-untold", "BCP-C7", "nobody is told when the connection ends in the middle of a message";
    EndOk: "end-ok", "BCP-C7a", "a connection that is lost ends the program with status 0";
    ConnectOk: "connect-ok", "BCP-C7a", "a connection that cannot be made ends the program with status 0";
    EndHangs: "end-hangs", "BCP-C7a", "the program goes on when the connection has ended";
    EndLate: "end-late", "BCP-C7a", "the program ends 3 s after the connection";
    ControlsRaw: "controls-raw", "BCP-C8", "control sequences of texts reach the terminal";
    NamesRaw: "names-raw", "BCP-C8", "control sequences of names reach the terminal";
    ErrorRaw: "error-raw", "BCP-C8", "control sequences of a refusal reach the terminal";
    ControlsHalfRaw: "controls-half-raw", "BCP-C8", "controls above ASCII, and DEL, reach the terminal";
    NonsenseKills: "nonsense-kills", "BCP-C9", "bytes that are no message kill the program";
    OddTextKills: "odd-text-kills", "BCP-C9", "a text that is no UTF-8 kills the program";
    SilenceEnds: "silence-ends", "BCP-C9", "a server that is silent for 300 ms is given up";
    AckShort: "ack-short", "BCP-C10", "a STATUS ends with its code";
    SendLengthAbove: "send-length-above", "BCP-C10", "the length of a SEND is one too large";
    SendLengthInCharacters: "send-length-in-characters", "BCP-C10", "the length of a SEND counts characters and not bytes";
}

impl Fault {
    /// What goes wrong around the session.
    pub(super) fn slip(self) -> Option<Slip> {
        Some(match self {
            Self::ArgumentStatus => Slip::ArgumentStatus,
            Self::ArgumentUntold => Slip::ArgumentUntold,
            Self::InterruptIgnored => Slip::InterruptIgnored,
            Self::InterruptWaits => Slip::InterruptWaits,
            Self::InterruptTrace => Slip::InterruptTrace,
            Self::InterruptNamed => Slip::InterruptNamed,
            Self::ConnectUntold => Slip::ConnectUntold,
            Self::EndUntold => Slip::EndUntold,
            Self::ResetUntold => Slip::ResetUntold,
            Self::CutUntold => Slip::CutUntold,
            Self::EndOk => Slip::EndOk,
            Self::ConnectOk => Slip::ConnectOk,
            Self::EndHangs => Slip::EndHangs,
            Self::EndLate => Slip::EndLate,
            Self::NonsenseKills => Slip::NonsenseKills,
            Self::SilenceEnds => Slip::SilenceEnds,
            Self::ErrorRaw => Slip::FailureRaw,
            _ => return None,
        })
    }
}
