//! The ways in which this client can be told to break a rule.

use crate::faults;

faults::session_table! {
    ListOfAll: "list-of-all", "CHATBOOTH-C1", "a list is one of all accounts, whatever the expression";
    TypedToColon: "typed-to-colon", "CHATBOOTH-C1", "a text that is sent ends at its first colon";
    TypedInAscii: "typed-in-ascii", "CHATBOOTH-C1", "what is not ASCII is sent as ?";
    TypedLost: "typed-lost", "CHATBOOTH-C1", "what is typed while an answer is outstanding is lost";
    DeliverOfNobody: "deliver-of-nobody", "CHATBOOTH-C1", "messages are asked for without the user's name";
    DeleteOfNobody: "delete-of-nobody", "CHATBOOTH-C1", "deleting names no account";
    ListUnshown: "list-unshown", "CHATBOOTH-C1a", "the names of a list are not shown";
    ListFirstShown: "list-first-shown", "CHATBOOTH-C1a", "only the first name of a list is shown";
    ListUnasked: "list-unasked", "CHATBOOTH-C1b", "after each login all accounts are listed";
    SendAgain: "send-again", "CHATBOOTH-C1b", "a text that was sent is sent once more";
    LoginAgain: "login-again", "CHATBOOTH-C1b", "a login that fails is tried once more";
    ExitIgnored: "exit-ignored", "CHATBOOTH-C1c", "the program goes on when its user leaves";
    ExitWaits: "exit-waits", "CHATBOOTH-C1c", "the program does not end until its input does, too" => FinishWaits;
    ConnectUntold: "connect-untold", "CHATBOOTH-C2", "nobody is told that no connection can be made" => ConnectUntold;
    EndUntold: "end-untold", "CHATBOOTH-C2", "nobody is told that the server has ended the connection" => EndUntold;
    ResetUntold: "reset-untold", "CHATBOOTH-C2", "nobody is told that the connection was reset" => ResetUntold;
    CutUntold: "cut-untold", "CHATBOOTH-C2", "nobody is told when the connection ends in the middle of an answer" => CutUntold;
    EndOk: "end-ok", "CHATBOOTH-C2a", "a connection that is lost ends the program with status 0" => EndOk;
    ConnectOk: "connect-ok", "CHATBOOTH-C2a", "a connection that cannot be made ends the program with status 0" => ConnectOk;
    EndHangs: "end-hangs", "CHATBOOTH-C2a", "the program goes on when the connection has ended" => EndHangs;
    MessageAnswers: "message-answers", "CHATBOOTH-C3", "a message counts as the answer that is awaited";
    HeardUnshown: "heard-unshown", "CHATBOOTH-C3", "a message that nobody asked for is not shown";
    HeardUnshownWhileWaiting: "heard-unshown-while-waiting", "CHATBOOTH-C3", "a message that comes before an answer is not shown";
    HeardFirstOnly: "heard-first-only", "CHATBOOTH-C3", "of messages that come in one read only the first is shown";
    HeardFirstLine: "heard-first-line", "CHATBOOTH-C3", "only the first line of a message is shown";
    HeardInAscii: "heard-in-ascii", "CHATBOOTH-C3", "what is not ASCII is shown as ?";
    HeardPartLost: "heard-part-lost", "CHATBOOTH-C3a", "the first part of what arrives in pieces is lost";
    HeardBehindLost: "heard-behind-lost", "CHATBOOTH-C3a", "what arrives with a message or an answer is lost";
    TokenOfFirst: "token-of-first", "CHATBOOTH-C4", "the token of the first login is kept";
    TokenZero: "token-zero", "CHATBOOTH-C4", "requests carry a token of zeros";
    FailedForgets: "failed-forgets", "CHATBOOTH-C4", "a login that fails forgets the token";
    RefusedForgets: "refused-forgets", "CHATBOOTH-C4", "a request that is refused forgets the token";
    LogoutKeeps: "logout-keeps", "CHATBOOTH-C4a", "the token is kept after logging out";
    DeleteKeeps: "delete-keeps", "CHATBOOTH-C4a", "the token is kept after deleting the account";
    RefusedUntold: "refused-untold", "CHATBOOTH-C4b", "nobody is told that a text was refused";
    LoginRefusedUntold: "login-refused-untold", "CHATBOOTH-C4b", "nobody is told that a login has failed";
    SilenceEnds: "silence-ends", "CHATBOOTH-C5", "a server that is silent for 300 ms is given up" => SilenceEnds;
    NonsenseKills: "nonsense-kills", "CHATBOOTH-C5", "bytes that are no message kill the program" => NonsenseKills;
    OddTextKills: "odd-text-kills", "CHATBOOTH-C5", "a message that is no UTF-8 kills the program";
    SizeAbove: "size-above", "CHATBOOTH-C6", "the size of a text is one too large";
    VersionOne: "version-one", "CHATBOOTH-C6", "requests are of version 1";
    ControlsRaw: "controls-raw", "CHATBOOTH-C7", "control sequences of messages reach the terminal";
    ListRaw: "list-raw", "CHATBOOTH-C7", "control sequences in lists reach the terminal";
}
