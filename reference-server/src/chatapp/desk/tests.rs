//! Decisions that depend on what comes between a question and its answer. Everything else is
//! tested over real sockets.

use super::*;

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn desk() -> Desk {
    Desk::new(
        Kept::default(),
        Limits::default(),
        Log::discard(),
        Faults::default(),
    )
}

fn request(desk: &mut Desk, request: Request) -> Vec<Effect> {
    let requester = Requester {
        address: at(9),
        number: 0,
    };
    desk.request(request, requester, String::new()).unwrap();
    desk.take().1
}

fn register(desk: &mut Desk, name: &str, port: u16) -> Vec<Effect> {
    let name = name.to_owned();
    request(desk, Request::Register { name, port })
}

fn store(desk: &mut Desk) -> Vec<Effect> {
    let [from, to, text] = ["alice", "bob", "hi"].map(str::to_owned);
    request(desk, Request::Store { from, to, text })
}

fn send_all(desk: &mut Desk) -> Vec<Effect> {
    let [from, text] = ["alice", "hi"].map(str::to_owned);
    request(desk, Request::SendAll { from, text })
}

fn leave(desk: &mut Desk, name: &str) -> Vec<Effect> {
    let name = name.to_owned();
    request(desk, Request::Leave { name })
}

/// The one question among the effects.
fn question(effects: Vec<Effect>) -> Question {
    let mut questions = effects.into_iter().filter_map(|effect| match effect {
        Effect::Ask(question) => Some(question),
        _ => None,
    });
    let question = questions.next().unwrap();
    assert_eq!(questions.next(), None);
    question
}

/// What is sent, and where to.
fn sent(effects: Vec<Effect>) -> Vec<(u16, Kind)> {
    let mut sent = Vec::new();
    for effect in effects {
        let (to, parts) = match effect {
            Effect::Answer { requester, parts } => (requester.address, parts),
            Effect::Tell { to, parts } => (to, parts),
            Effect::Ask(question) => (question.target, vec![question.bytes]),
        };
        for part in parts {
            sent.push((to.port(), Datagram::decode(&part).unwrap().kind));
        }
    }
    sent
}

fn joined() -> Desk {
    let mut desk = desk();
    register(&mut desk, "alice", 4001);
    register(&mut desk, "bob", 4002);
    desk
}

#[test]
fn who_left_while_being_asked_is_stored_for() {
    for has_answered in [true, false] {
        let mut desk = joined();
        let asked = question(store(&mut desk));
        leave(&mut desk, "bob");
        assert!(!desk.is_there(&asked));
        if has_answered {
            desk.answered(asked);
        } else {
            desk.silent(asked);
        }
        assert_eq!(sent(desk.take().1), [(9, Kind::StoreAck)]);
        let back = sent(register(&mut desk, "bob", 4002));
        assert_eq!(back[0], (9, Kind::RegAck));
        assert_eq!(desk.open_questions, 0);
    }
}

#[test]
fn who_returned_while_being_asked_is_asked_again_but_not_for_ever() {
    let mut desk = joined();
    let mut asked = question(store(&mut desk));
    for port in 5001..=5003 {
        register(&mut desk, "bob", port);
        desk.silent(asked);
        asked = question(desk.take().1);
        assert_eq!(asked.target, at(port));
    }
    register(&mut desk, "bob", 5004);
    desk.silent(asked);
    assert_eq!(
        sent(desk.take().1),
        [(9, Kind::StoreAck), (4001, Kind::UpdateTable)]
    );
}

#[test]
fn a_text_that_is_on_its_way_is_not_handed_out() {
    let mut desk = joined();
    let asked = question(send_all(&mut desk));
    register(&mut desk, "bob", 4002);
    let boxed = |desk: &mut Desk| desk.boxes.take(UserId(1)).len();
    assert_eq!(boxed(&mut desk), 0);
    desk.silent(asked);
    let again = question(desk.take().1);
    desk.silent(again);
    assert_eq!(boxed(&mut desk), 1);
    assert!(!desk.users.get(UserId(1)).unwrap().is_active);
}

#[test]
fn who_has_come_back_to_a_device_is_not_logged_out_there() {
    let mut desk = joined();
    let first = question(register(&mut desk, "bob", 5002));
    let second = question(register(&mut desk, "bob", 4002));
    assert_eq!((first.target, second.target), (at(4002), at(5002)));
    desk.answered(first);
    assert_eq!(sent(desk.take().1), []);
    desk.answered(second);
    assert_eq!(sent(desk.take().1), [(5002, Kind::Logout)]);
}

#[test]
fn a_refused_request_changes_nothing() {
    let mut desk = joined();
    desk.limits.questions = 0;
    let requester = Requester {
        address: at(9),
        number: 0,
    };
    for refused in [
        Request::SendAll {
            from: "alice".to_owned(),
            text: "hi".to_owned(),
        },
        Request::Store {
            from: "alice".to_owned(),
            to: "bob".to_owned(),
            text: "hi".to_owned(),
        },
        Request::SendAll {
            from: "alice".to_owned(),
            text: "z".repeat(65_450),
        },
        Request::Leave {
            name: "nobody".to_owned(),
        },
    ] {
        assert!(desk.request(refused, requester, String::new()).is_err());
        assert_eq!(desk.take(), (Vec::new(), Vec::new()));
    }
    assert!(desk.boxes.take(UserId(1)).is_empty());
}
