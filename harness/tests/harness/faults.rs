//! One fault a server, and exactly what a person reads about it.

use crate::peer::{Fault, faulty};
use crate::program::{Ended, run_with};

/// Runs the scenarios of the protocol of these tests that fit `filter` against a server with a
/// fault.
fn judged(fault: Fault, filter: &str, more: &[&str]) -> Ended {
    run_with(|| {
        let peer = faulty(fault);
        let mut words: Vec<String> = vec![
            "run".into(),
            "protocols/talk".into(),
            "--seed".into(),
            "7".into(),
            "--filter".into(),
            filter.into(),
            "--target".into(),
            peer.target(),
        ];
        words.extend(more.iter().map(|&word| word.to_owned()));
        (peer, words)
    })
}

/// One test for each fault: its scenario, its exit status, and a golden file of its name.
macro_rules! golden {
    ($($name:ident: $fault:ident, $filter:literal, $code:literal;)+) => {
        $(
            #[test]
            fn $name() {
                let ended = judged(Fault::$fault, $filter, &[]).expect($code);
                insta::assert_snapshot!(stringify!($name), ended.shown());
            }
        )+
    };
}

golden! {
    no_fault: None, "talk", 0;
    wrong_sender: WrongSender, "everybody else hears", 1;
    to_its_sender: Echo, "everybody else hears", 1;
    lost: Lost, "everybody else hears", 1;
    changed_text: ChangedText, "everybody else hears", 1;
    invalid_text: InvalidText, "everybody else hears", 1;
    no_answer: NoAnswer, "everybody else hears", 1;
    two_answers: TwoAnswers, "do not take long", 1;
    closes_on_message: ClosesOnSay, "everybody else hears", 1;
    resets_on_message: ResetsOnSay, "everybody else hears", 1;
    unknown_type: UnknownType, "everybody else hears", 1;
    truncated_then_silence: Truncated, "everybody else hears", 1;
    truncated_then_closed: TruncatedEnd, "everybody else hears", 1;
    swapped: Swapped, "in the order", 1;
    before_acknowledgement: Hasty, "waits for the acknowledgement", 1;
    slow: Slow, "do not take long", 1;
    name_taken_twice: SharesNames, "taken only once", 1;
    open_after_refusal: StaysOpen, "taken only once", 1;
    good_name_refused: RefusesAll, "is welcomed", 1;
    setup_fails: RefusesAll, "everybody else hears", 3;
    no_join_notice: NoJoinNotice, "who has come", 1;
    no_leave_notice: NoLeaveNotice, "who has left", 1;
    two_leave_notices: TwoLeaveNotices, "who has left", 1;
    notices_from_another_name: OtherNoticeName, "notices come from", 0;
    no_error_before_closing: SilentlyCloses, "told so", 0;
    never_thrown_out: NeverCloses, "thrown out", 1;
}

#[test]
fn only_recommendations_broken_and_strict() {
    let ended = judged(Fault::OtherNoticeName, "notices come from", &["--strict"]).expect(1);
    insta::assert_snapshot!("strict", ended.shown());
}

#[test]
fn a_fault_in_one_line() {
    let ended = judged(Fault::Lost, "everybody else hears", &["--quiet"]).expect(1);
    insta::assert_snapshot!("quiet", ended.shown());
}

#[test]
fn a_fault_among_all_scenarios() {
    let ended = judged(Fault::NoLeaveNotice, "talk", &["--verbose"]).expect(1);
    insta::assert_snapshot!("verbose", ended.shown());
}
