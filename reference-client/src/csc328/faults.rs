//! The ways in which this client can be told to break a rule.

use crate::faults;

faults::session_table! {
    HelloIgnored: "hello-ignored", "CSC328-C1", "HELLO changes nothing, no nickname is asked for";
    NickInCapitals: "nick-in-capitals", "CSC328-C1", "the nickname is asked for in capital letters";
    RetryIgnored: "retry-ignored", "CSC328-C1a", "RETRY is not noticed";
    RetryOnce: "retry-once", "CSC328-C1a", "after the second RETRY no further nickname is asked for";
    NickEarly: "nick-early", "CSC328-C1b", "a nickname is asked for before HELLO";
    NickUnasked: "nick-unasked", "CSC328-C1b", "after a RETRY the program asks for a nickname of its own";
    NickAgain: "nick-again", "CSC328-C1b", "the nickname is asked for once more after READY";
    ChatEarly: "chat-early", "CSC328-C2", "what is typed goes out before READY";
    GreetsEarly: "greets-early", "CSC328-C2", "it says hello to all as soon as it has asked for a nickname";
    TypedLost: "typed-lost", "CSC328-C2a", "what is typed before READY is lost";
    TypedTwice: "typed-twice", "CSC328-C2a", "what is typed is sent twice";
    TypedTrimmed: "typed-trimmed", "CSC328-C2a", "spaces around what is typed are not sent";
    TypedInAscii: "typed-in-ascii", "CSC328-C2a", "what is not ASCII is sent as ?";
    TypedReordered: "typed-reordered", "CSC328-C2a", "of lines that wait the last is sent first";
    WordUnsent: "word-unsent", "CSC328-C2a", "a text that begins with a word of the protocol is not sent";
    HeardNameless: "heard-nameless", "CSC328-C2b", "texts are shown without their senders";
    HeardReordered: "heard-reordered", "CSC328-C2b", "of texts that come in one read the last is shown first";
    HeardInAscii: "heard-in-ascii", "CSC328-C2b", "what is not ASCII is shown as ?";
    HeardToColon: "heard-to-colon", "CSC328-C2b", "texts are shown to their first colon";
    HeardLate: "heard-late", "CSC328-C2b", "a text is shown when the next one comes";
    NoticeUnshown: "notice-unshown", "CSC328-C2b", "what the server says in its own name is not shown";
    HeardPartLost: "heard-part-lost", "CSC328-C2b", "the first part of a text that arrives in pieces is lost";
    HeardBehindLost: "heard-behind-lost", "CSC328-C2b", "what arrives with a text is lost";
    Greets: "greets", "CSC328-C2c", "it says hello to all when it is ready";
    Repeats: "repeats", "CSC328-C2c", "what others say is said again";
    ByeUnsaid: "bye-unsaid", "CSC328-C3", "the program ends without BYE";
    ByeUnsaidOnInterrupt: "bye-unsaid-on-interrupt", "CSC328-C3", "SIGINT ends the program without BYE" => InterruptRude;
    InterruptIgnored: "interrupt-ignored", "CSC328-C3", "SIGINT does nothing" => InterruptIgnored;
    ByeTwice: "bye-twice", "CSC328-C3a", "BYE is said twice";
    ByeWaits: "bye-waits", "CSC328-C3a", "after BYE the program waits for the server to close" => ClosingWaits;
    ShutdownUnshown: "shutdown-unshown", "CSC328-C4", "the message about the server's end is not shown";
    ShutdownTimeless: "shutdown-timeless", "CSC328-C4", "the message about the server's end is shown without its seconds";
    ShutdownLeaves: "shutdown-leaves", "CSC328-C2a", "after the message about the server's end nothing is sent any more";
    EndHangs: "end-hangs", "CSC328-C4a", "the program goes on when the connection has ended" => EndHangs;
    CutHangs: "cut-hangs", "CSC328-C4a", "the program goes on when the connection has ended in the middle of a message" => CutHangs;
    ShutdownStatus: "shutdown-status", "CSC328-C4b", "an announced end of the server ends the program with status 1" => AnnouncedFails;
    ShutdownResetStatus: "shutdown-reset-status", "CSC328-C4b", "an announced end of the server by a reset ends the program with status 1" => AnnouncedResetFails;
    ConnectUntold: "connect-untold", "CSC328-C4c", "nobody is told that no connection can be made" => ConnectUntold;
    EndUntold: "end-untold", "CSC328-C4c", "nobody is told that the server has ended the connection" => EndUntold;
    ResetUntold: "reset-untold", "CSC328-C4c", "nobody is told that the connection was reset" => ResetUntold;
    CutUntold: "cut-untold", "CSC328-C4c", "nobody is told when the connection ends in the middle of a message" => CutUntold;
    SilenceEnds: "silence-ends", "CSC328-C5", "a server that is silent for 300 ms is given up" => SilenceEnds;
    OddTextKills: "odd-text-kills", "CSC328-C5", "a text that is no UTF-8 kills the program";
    SizeAbove: "size-above", "CSC328-C6", "the size of a text is one too large";
    SizeTurned: "size-turned", "CSC328-C6", "the bytes of a size are in the wrong order";
    ControlsRaw: "controls-raw", "CSC328-C7", "control sequences of texts reach the terminal";
    NamesRaw: "names-raw", "CSC328-C7", "control sequences of names reach the terminal";
}
