use super::*;

fn accounts_with(limits: Limits) -> Accounts {
    let mut accounts = Accounts::new(limits, Log::discard(), Faults::default());
    for name in ["alice", "bob", "carol"] {
        accounts.create(name).unwrap();
    }
    accounts
}

fn accounts() -> Accounts {
    accounts_with(Limits::default())
}

/// A new connection on which somebody logs in.
fn join(accounts: &mut Accounts, name: &str) -> Place {
    let mut place = Place::default();
    let login = accounts.log_in(name, &place).unwrap();
    place.account = Some(login.account);
    place
}

fn texts(mail: Vec<Mail>) -> String {
    mail.iter()
        .map(|mail| str::from_utf8(&mail.text).unwrap())
        .collect()
}

fn unread(accounts: &mut Accounts, place: &Place) -> String {
    texts(accounts.check(place).unwrap())
}

#[test]
fn rule_1_a_name_is_taken_once() {
    let mut accounts = accounts();
    assert_eq!(accounts.create("alice"), Err(Refusal::Exists));
    assert_eq!(accounts.create("Alice"), Ok(()));
}

#[test]
fn rule_1_a_new_account_of_an_old_name_has_nothing_of_the_old_one() {
    let mut accounts = accounts();
    let alice = join(&mut accounts, "alice");
    let bob = join(&mut accounts, "bob");
    accounts.send(&alice, "bob", "one").unwrap();
    let taken = accounts.fetch(&bob);
    accounts.send(&alice, "bob", "two").unwrap();
    assert_eq!(texts(accounts.delete(&bob).unwrap()), "alice:two\n");
    accounts.create("bob").unwrap();
    accounts.leave(&bob, taken);
    let bob = join(&mut accounts, "bob");
    assert_eq!(unread(&mut accounts, &bob), "");
}

#[test]
fn rule_2_unknown_again_and_another_account() {
    let mut accounts = accounts();
    let mut place = join(&mut accounts, "alice");
    assert_eq!(
        accounts.log_in("nobody", &place),
        Err(Refusal::UnknownAccount)
    );
    assert_eq!(accounts.log_in("alice", &place), Err(Refusal::AlreadyHere));
    let login = accounts.log_in("bob", &place).unwrap();
    assert!(login.has_switched);
    place.account = Some(login.account);
    let carol = join(&mut accounts, "carol");
    accounts.send(&carol, "alice", "away").unwrap();
    accounts.send(&carol, "bob", "here").unwrap();
    assert_eq!(texts(accounts.fetch(&place)), "carol:here\n");
    let alice = join(&mut accounts, "alice");
    assert_eq!(unread(&mut accounts, &alice), "carol:away\n");
}

#[test]
fn rule_2_an_account_is_taken_over() {
    let mut accounts = accounts();
    let old = join(&mut accounts, "alice");
    let bob = join(&mut accounts, "bob");
    accounts.send(&bob, "alice", "not fetched").unwrap();
    let new = join(&mut accounts, "alice");
    let refused = |action| Err(Refusal::NotLoggedIn(action));
    assert_eq!(accounts.send(&old, "bob", "x"), refused(Action::Send));
    assert_eq!(accounts.quit(&old), refused(Action::Quit));
    assert!(accounts.check(&old).is_err() && accounts.delete(&old).is_err());
    assert_eq!(texts(accounts.fetch(&old)), "");
    // Its end does not log the new one out.
    accounts.leave(&old, Vec::new());
    accounts.send(&bob, "alice", "pushed").unwrap();
    assert_eq!(texts(accounts.fetch(&new)), "bob:pushed\n");
    assert_eq!(unread(&mut accounts, &new), "bob:not fetched\n");
    let login = accounts.log_in("alice", &old).unwrap();
    assert!(!login.has_switched, "nobody was logged in there any more");
}

#[test]
fn rule_3_who_sends_what_to_whom() {
    let mut accounts = accounts();
    let stranger = Place::default();
    assert_eq!(
        accounts.send(&stranger, "alice", "x"),
        Err(Refusal::NotLoggedIn(Action::Send))
    );
    let alice = join(&mut accounts, "alice");
    assert_eq!(
        accounts.send(&alice, "nobody", "x"),
        Err(Refusal::UnknownReceiver)
    );
    assert_eq!(
        accounts.send(&alice, "bob", &"x".repeat(101)),
        Err(Refusal::TextTooLong)
    );
    accounts.send(&alice, "alice", "note").unwrap();
    assert_eq!(texts(accounts.fetch(&alice)), "alice:note\n");
    assert_eq!(unread(&mut accounts, &alice), "");
}

#[test]
fn rule_3_nothing_is_lost_and_everything_keeps_its_order() {
    let mut accounts = accounts();
    let alice = join(&mut accounts, "alice");
    accounts.send(&alice, "bob", "1").unwrap();
    let bob = join(&mut accounts, "bob");
    for text in ["2", "3", "4"] {
        accounts.send(&alice, "bob", text).unwrap();
    }
    let unsent = accounts.fetch(&bob);
    accounts.send(&alice, "bob", "5").unwrap();
    // Logged in elsewhere before the connection that could not send has ended.
    let again = join(&mut accounts, "bob");
    accounts.leave(&bob, unsent);
    assert_eq!(
        unread(&mut accounts, &again),
        "alice:1\nalice:2\nalice:3\nalice:4\nalice:5\n"
    );
    assert_eq!(unread(&mut accounts, &again), "");
}

#[test]
fn rule_3_a_fetch_takes_a_part_and_the_bell_rings_for_the_rest() {
    let mut accounts = accounts();
    let alice = join(&mut accounts, "alice");
    let bob = join(&mut accounts, "bob");
    let text = "x".repeat(100);
    for _ in 0..1000 {
        accounts.send(&alice, "bob", &text).unwrap();
    }
    let mut taken = 0;
    let mut turns = 0;
    while taken < 1000 {
        let fetched = accounts.fetch(&bob).len();
        assert!(fetched > 0);
        taken += fetched;
        turns += 1;
    }
    assert!(turns > 1);
    assert!(accounts.fetch(&bob).is_empty());
}

#[test]
fn rule_5_a_deleted_account_gives_back_what_waits_and_its_name() {
    let mut accounts = accounts();
    let alice = join(&mut accounts, "alice");
    accounts.send(&alice, "bob", "1").unwrap();
    let bob = join(&mut accounts, "bob");
    accounts.send(&alice, "bob", "2").unwrap();
    assert_eq!(texts(accounts.delete(&bob).unwrap()), "alice:1\nalice:2\n");
    assert!(accounts.delete(&bob).is_err());
    assert_eq!(&*accounts.names(), ["alice".into(), "carol".into()]);
    assert_eq!(accounts.create("bob"), Ok(()));
}

#[test]
fn rule_7_who_quits_is_offline() {
    let mut accounts = accounts();
    let alice = join(&mut accounts, "alice");
    let bob = join(&mut accounts, "bob");
    assert_eq!(accounts.quit(&bob), Ok(()));
    assert_eq!(accounts.quit(&bob), Err(Refusal::NotLoggedIn(Action::Quit)));
    accounts.send(&alice, "bob", "later").unwrap();
    assert!(accounts.fetch(&bob).is_empty());
    let bob = join(&mut accounts, "bob");
    assert!(
        accounts.fetch(&bob).is_empty(),
        "nothing is pushed at login"
    );
    assert_eq!(unread(&mut accounts, &bob), "alice:later\n");
}

#[test]
fn queues_and_accounts_have_limits() {
    let limits = Limits {
        accounts: 3,
        queued_messages: 2,
        ..Limits::default()
    };
    let mut accounts = accounts_with(limits);
    assert_eq!(accounts.create("dave"), Err(Refusal::ServerFull));
    let alice = join(&mut accounts, "alice");
    accounts.send(&alice, "bob", "1").unwrap();
    accounts.send(&alice, "bob", "2").unwrap();
    assert_eq!(accounts.send(&alice, "bob", "3"), Err(Refusal::QueueFull));
    let bob = join(&mut accounts, "bob");
    assert_eq!(unread(&mut accounts, &bob), "alice:1\nalice:2\n");
    accounts.send(&alice, "bob", "4").unwrap();
    assert_eq!(accounts.fetch(&bob).len(), 1);
}
