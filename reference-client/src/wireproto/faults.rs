//! The ways in which this client can be told to break a rule.

use crate::faults::{self, Slip};

faults::table! {
    CreateAsLogin: "create-as-login", "WIREPROTO-C1", "who creates an account logs in to it instead";
    CheckAsList: "check-as-list", "WIREPROTO-C1", "checking goes out with the number of listing";
    DeleteAsQuit: "delete-as-quit", "WIREPROTO-C1", "deleting goes out with the number of quitting";
    ReceiverAsSender: "receiver-as-sender", "WIREPROTO-C1", "the receiver stands in the field for the sender";
    ListOfAll: "list-of-all", "WIREPROTO-C1", "a list is one of all accounts, whatever the expression";
    LoginOfFirst: "login-of-first", "WIREPROTO-C1", "each login is to the account that was logged in before";
    ReceiverOfLast: "receiver-of-last", "WIREPROTO-C1", "a text goes to the receiver of the one before";
    LoginFirst: "login-first", "WIREPROTO-C1", "before a login nothing but a login goes out";
    TypedTwice: "typed-twice", "WIREPROTO-C1a", "each request goes out twice";
    TypedLost: "typed-lost", "WIREPROTO-C1a", "what is chosen while an answer is outstanding is lost";
    TypedReordered: "typed-reordered", "WIREPROTO-C1a", "of requests that wait the last is sent first";
    CheckUnasked: "check-unasked", "WIREPROTO-C1a", "after each login it asks for what waits";
    LoginAgain: "login-again", "WIREPROTO-C1a", "a login that fails is tried once more";
    HeardChecks: "heard-checks", "WIREPROTO-C1a", "after each message that is pushed it asks for what waits";
    TypedToColon: "typed-to-colon", "WIREPROTO-C1b", "a text goes out to its first colon";
    TypedInWords: "typed-in-words", "WIREPROTO-C1b", "several spaces in a text go out as one";
    TypedNameBelow: "typed-name-below", "WIREPROTO-C1b", "names of exactly 25 characters are refused";
    TypedTextBelow: "typed-text-below", "WIREPROTO-C1b", "texts of exactly 100 characters are refused";
    TypedNameSmall: "typed-name-small", "WIREPROTO-C1b", "capital letters of names become small";
    NumberChooses: "number-chooses", "WIREPROTO-C1b", "a text that is the number of an action chooses it";
    TypedInAscii: "typed-in-ascii", "WIREPROTO-C1c", "what is not ASCII in a text is sent as ?";
    TypedNameInAscii: "typed-name-in-ascii", "WIREPROTO-C1c", "what is not ASCII in a name is sent as ?";
    TypedLimitInBytes: "typed-limit-in-bytes", "WIREPROTO-C1c", "texts of more than 100 bytes are refused";
    SizeInCharacters: "size-in-characters", "WIREPROTO-C1c", "the size of a text counts characters and not bytes";
    SizeOfOneByte: "size-of-one-byte", "WIREPROTO-C1c", "sizes above 127 are written in one byte";
    QuitIgnored: "quit-ignored", "WIREPROTO-C1d", "the program goes on after a quit that was answered";
    QuitWaits: "quit-waits", "WIREPROTO-C1d", "after a quit the program waits for the end of its input";
    QuitFails: "quit-fails", "WIREPROTO-C1e", "after a quit the exit status is 1";
    RefusedUntold: "refused-untold", "WIREPROTO-C2", "nobody is told of a failure";
    NoReceiverUntold: "no-receiver-untold", "WIREPROTO-C2", "nobody is told that there is no such receiver";
    AlreadyUntold: "already-untold", "WIREPROTO-C2", "nobody is told that the account is logged in here already";
    FailedUntold: "failed-untold", "WIREPROTO-C2", "nobody is told that the server failed";
    RefusedAsDone: "refused-as-done", "WIREPROTO-C2", "a failure is told like a success";
    CreatedUntold: "created-untold", "WIREPROTO-C2", "nobody is told that an account was created";
    SentUntold: "sent-untold", "WIREPROTO-C2", "nobody is told that a text was sent";
    DeletedUntold: "deleted-untold", "WIREPROTO-C2", "nobody is told that the account was deleted";
    ToldLate: "told-late", "WIREPROTO-C2", "what an answer says is told when the next one comes";
    HeardNameless: "heard-nameless", "WIREPROTO-C2a", "messages are shown without their senders";
    HeardUnshownWhileWaiting: "heard-unshown-while-waiting", "WIREPROTO-C2a", "messages are not shown while an answer is outstanding";
    HeardUnshownWhileAsking: "heard-unshown-while-asking", "WIREPROTO-C2a", "messages are not shown while the user is asked for something";
    HeardOwnUnshown: "heard-own-unshown", "WIREPROTO-C2a", "messages that the user has sent to himself are not shown";
    HeardLongUnshown: "heard-long-unshown", "WIREPROTO-C2a", "messages of 128 bytes and more are not shown";
    HeardAnswers: "heard-answers", "WIREPROTO-C2a", "a message counts as the answer that is awaited";
    HeardLate: "heard-late", "WIREPROTO-C2a", "a message is shown when the next one comes";
    HeardFirstLine: "heard-first-line", "WIREPROTO-C2a", "only the first line of a message is shown";
    HeardInAscii: "heard-in-ascii", "WIREPROTO-C2a", "what is not ASCII is shown as ?";
    HeardInWords: "heard-in-words", "WIREPROTO-C2a", "several spaces are shown as one";
    HeardToColon: "heard-to-colon", "WIREPROTO-C2a", "texts are shown to their first colon";
    HeardBehindLost: "heard-behind-lost", "WIREPROTO-C2b", "what arrives with a message is lost";
    BehindAnswerLost: "behind-answer-lost", "WIREPROTO-C2b", "what arrives with an answer is lost";
    HeardReordered: "heard-reordered", "WIREPROTO-C2b", "of messages that come in one read the last is shown first";
    HeardTenOnly: "heard-ten-only", "WIREPROTO-C2b", "of messages that come in one read the first ten are shown";
    ReadsMerged: "reads-merged", "WIREPROTO-C2b", "what comes in one read is one message";
    CheckUnshown: "check-unshown", "WIREPROTO-C2c", "the messages that a check brings are not shown";
    CheckFirstOnly: "check-first-only", "WIREPROTO-C2c", "of the messages that a check brings only the first is shown";
    CheckReversed: "check-reversed", "WIREPROTO-C2c", "of the messages that a check brings the last is shown first";
    DeleteUnshown: "delete-unshown", "WIREPROTO-C2c", "the messages that a delete brings are not shown";
    ListFirstOnly: "list-first-only", "WIREPROTO-C2c", "only the first name of a list is shown";
    AnswerSizeSigned: "answer-size-signed", "WIREPROTO-C2c", "of an answer with 128 to 255 bytes of text nothing is shown";
    HeardPartLost: "heard-part-lost", "WIREPROTO-C2d", "the first part of a field that arrives in pieces is lost";
    PieceIsWhole: "piece-ends-message", "WIREPROTO-C2d", "a message ends with what comes in one read";
    SingleBytesLost: "single-bytes-lost", "WIREPROTO-C2d", "bytes that come alone are lost";
    HeardTwice: "heard-twice", "WIREPROTO-C2e", "messages that are pushed are shown twice";
    CheckRepeats: "check-repeats", "WIREPROTO-C2e", "a check shows again what was pushed before";
    ConnectUntold: "connect-untold", "WIREPROTO-C3", "nobody is told that no connection can be made";
    EndUntold: "end-untold", "WIREPROTO-C3", "nobody is told that the server has ended the connection";
    ResetUntold: "reset-untold", "WIREPROTO-C3", "nobody is told that the connection was reset";
    CutUntold: "cut-untold", "WIREPROTO-C3", "nobody is told when the connection ends in the middle of a message";
    EndHangs: "end-hangs", "WIREPROTO-C3", "the program goes on when the connection has ended";
    EndHangsWaiting: "end-hangs-waiting", "WIREPROTO-C3", "the program goes on when the connection ends instead of an answer";
    EndOk: "end-ok", "WIREPROTO-C3a", "a connection that is lost ends the program with status 0";
    ConnectOk: "connect-ok", "WIREPROTO-C3a", "a connection that cannot be made ends the program with status 0";
    InterruptIgnored: "interrupt-ignored", "WIREPROTO-C4", "SIGINT does nothing";
    InterruptWaits: "interrupt-waits", "WIREPROTO-C4", "SIGINT does nothing while an answer is outstanding";
    QuitUnsaid: "quit-unsaid", "WIREPROTO-C4", "SIGINT ends the program without a quit";
    QuitUnsaidWhileWaiting: "quit-unsaid-while-waiting", "WIREPROTO-C4", "while an answer is outstanding SIGINT ends the program without a quit";
    SwitchForgets: "switch-forgets", "WIREPROTO-C4", "after an account in place of another nobody counts as logged in";
    FailedForgets: "failed-forgets", "WIREPROTO-C4", "after a login that fails nobody counts as logged in";
    QuitAlways: "quit-always", "WIREPROTO-C4a", "SIGINT sends a quit also when nobody is logged in";
    CreatedCounts: "created-counts", "WIREPROTO-C4a", "who creates an account counts as logged in";
    DeletedCounts: "deleted-counts", "WIREPROTO-C4a", "who deletes his account still counts as logged in";
    FailedCounts: "failed-counts", "WIREPROTO-C4a", "who fails to log in counts as logged in";
    InputEndIgnored: "input-end-ignored", "WIREPROTO-C4b", "the end of its input does nothing";
    InputEndRude: "input-end-rude", "WIREPROTO-C4b", "the end of its input ends the program at once, without a quit";
    InputEndHurries: "input-end-hurries", "WIREPROTO-C4b", "at the end of its input requests that wait are forgotten";
    ClosingWaits: "closing-waits", "WIREPROTO-C4c", "after SIGINT the program waits for the server to close";
    InterruptTrace: "interrupt-trace", "WIREPROTO-C4d", "SIGINT is told as a stack of calls";
    TypedNameAbove: "typed-name-above", "WIREPROTO-C5", "names of 26 characters go out";
    TypedNameCut: "typed-name-cut", "WIREPROTO-C5", "names of more than 25 characters are cut";
    ReceiverUnchecked: "receiver-unchecked", "WIREPROTO-C5", "receivers of more than 25 characters go out";
    TypedTextAbove: "typed-text-above", "WIREPROTO-C5", "texts of 101 characters go out";
    TypedTextCut: "typed-text-cut", "WIREPROTO-C5", "texts of more than 100 characters are cut";
    AnswerCut: "answer-cut", "WIREPROTO-C6", "of an answer only the first 1,024 bytes are shown";
    AnswerCutLate: "answer-cut-late", "WIREPROTO-C6", "of an answer only the first 65,535 bytes are shown";
    ListHundred: "list-hundred", "WIREPROTO-C6", "of a list only the first hundred names are shown";
    ControlsRaw: "controls-raw", "WIREPROTO-C7", "control sequences of messages reach the terminal";
    ControlsHalfRaw: "controls-half-raw", "WIREPROTO-C7", "controls above ASCII, and DEL, reach the terminal";
    QueueRaw: "queue-raw", "WIREPROTO-C7", "control sequences in what a check brings reach the terminal";
    DeleteRaw: "delete-raw", "WIREPROTO-C7", "control sequences in what a delete brings reach the terminal";
    ListRaw: "list-raw", "WIREPROTO-C7", "control sequences in lists reach the terminal";
    WordsRaw: "words-raw", "WIREPROTO-C7", "control sequences in the words of a failure reach the terminal";
    SilenceEnds: "silence-ends", "WIREPROTO-C8", "a server that is silent for 300 ms is given up";
    NonsenseKills: "nonsense-kills", "WIREPROTO-C8", "bytes that are no message kill the program";
    OddTextKills: "odd-text-kills", "WIREPROTO-C8", "a text that is no UTF-8 kills the program";
    ZeroKills: "zero-kills", "WIREPROTO-C8", "a zero byte at the beginning of a read kills the program";
    UnknownFieldKills: "unknown-field-kills", "WIREPROTO-C8", "a field that a server does not have kills the program";
    EmptyAnswerKills: "empty-answer-kills", "WIREPROTO-C8", "an answer without a text kills the program";
    NamelessKills: "nameless-kills", "WIREPROTO-C8", "a message without a sender kills the program";
    UnaskedEnds: "unasked-ends", "WIREPROTO-C8", "an answer that nobody waits for ends the program";
    RefusedEnds: "refused-ends", "WIREPROTO-C8", "a failure ends the program";
    RefusedStops: "refused-stops", "WIREPROTO-C8", "after a failure nothing is sent any more";
    UnknownOpcodeEnds: "unknown-opcode-ends", "WIREPROTO-C8a", "an opcode that there is not ends the program";
    LongOpcodeEnds: "long-opcode-ends", "WIREPROTO-C8a", "an opcode of more than one byte ends the program";
    VersionOther: "version-other", "WIREPROTO-C9", "requests are of version 0.2";
    VersionMissing: "version-missing", "WIREPROTO-C9", "requests have no version";
    VersionOfQuit: "version-of-quit", "WIREPROTO-C9", "the quit at SIGINT is of version 0.2";
    SizeAbove: "size-above", "WIREPROTO-C9", "the size of a text is one too large";
}

impl Fault {
    /// What goes wrong around the session.
    pub(super) fn slip(self) -> Option<Slip> {
        Some(match self {
            Self::QuitWaits => Slip::FinishWaits,
            Self::ConnectUntold => Slip::ConnectUntold,
            Self::EndUntold => Slip::EndUntold,
            Self::ResetUntold => Slip::ResetUntold,
            Self::CutUntold => Slip::CutUntold,
            Self::EndHangs => Slip::EndHangs,
            Self::EndHangsWaiting => Slip::EndHangsWaiting,
            Self::EndOk => Slip::EndOk,
            Self::ConnectOk => Slip::ConnectOk,
            Self::InterruptIgnored => Slip::InterruptIgnored,
            Self::InterruptWaits => Slip::InterruptWaits,
            Self::QuitUnsaid => Slip::InterruptRude,
            Self::InputEndIgnored => Slip::LeavingHangs,
            Self::InputEndRude => Slip::LeavingRude,
            Self::InputEndHurries => Slip::LeavingHurries,
            Self::ClosingWaits => Slip::ClosingWaits,
            Self::InterruptTrace => Slip::InterruptTrace,
            Self::NonsenseKills => Slip::NonsenseKills,
            Self::SilenceEnds => Slip::SilenceEnds,
            _ => return None,
        })
    }
}
