use super::super::password::{Hasher, Password};
use super::*;

/// Accounts, all with the same password, each logged in at a place of its own.
struct World {
    desk: Accounts,
    hash: PasswordHash,
}

impl World {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let password = Password("pw".to_owned());
        Self {
            desk: Accounts::new(limits, Log::discard()),
            hash: runtime.block_on(Hasher::new().hash(password)).unwrap(),
        }
    }

    /// Logs in, creating the account when it is unknown.
    fn login(&mut self, name: &str, place: &mut Place) -> Token {
        let login = match self.desk.find(name) {
            Some((id, _)) => self.desk.log_in(id, place),
            None => self.desk.create(name, self.hash.clone(), place),
        };
        let login = login.unwrap().unwrap();
        place.account = Some(login.account);
        login.token
    }

    fn join(&mut self, name: &str) -> (Token, Place) {
        let mut place = Place::default();
        (self.login(name, &mut place), place)
    }

    fn send(&mut self, token: Token, to: &str, text: &str) -> Result<(), Refusal> {
        self.desk.send(&token, to, text.into())
    }

    fn deliver(&mut self, token: Token, user: &str) -> Result<Vec<String>, Refusal> {
        self.desk.deliver(&token, user).map(texts)
    }

    fn fetch(&mut self, place: &Place) -> Vec<String> {
        texts(self.desk.fetch(place))
    }

    fn names(&mut self, token: Token) -> Result<Vec<String>, Refusal> {
        let names = self.desk.names(&token, &Place::default())?;
        Ok(names.iter().map(ToString::to_string).collect())
    }
}

fn texts(mail: Vec<Mail>) -> Vec<String> {
    let text = |mail: Mail| String::from_utf8(mail.text.into()).unwrap();
    mail.into_iter().map(text).collect()
}

#[test]
fn rule_1_a_name_that_came_meanwhile_is_not_created_twice() {
    let mut world = World::new();
    let (token, place) = world.join("alice");
    let again = world.desk.create("alice", world.hash.clone(), &place);
    assert!(again.unwrap().is_none());
    assert_eq!(world.names(token), Ok(vec!["alice".to_owned()]));
}

#[test]
fn rule_2_without_a_valid_token_nothing_happens() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let guess = Token([0; 16]);
    assert_eq!(world.names(guess), Err(Refusal::BadToken));
    assert_eq!(world.send(guess, "alice", "hi"), Err(Refusal::BadToken));
    assert_eq!(world.deliver(guess, "alice"), Err(Refusal::BadToken));
    assert_eq!(
        world.desk.delete(&guess, "alice").err(),
        Some(Refusal::BadToken)
    );
    assert_eq!(world.deliver(alice, "alice"), Ok(vec![]));
}

#[test]
fn rule_2_a_login_makes_the_older_token_void() {
    let mut world = World::new();
    let (first, mut place) = world.join("alice");
    let second = world.login("alice", &mut place);
    assert_ne!(first, second);
    assert_eq!(world.names(first), Err(Refusal::BadToken));
    assert!(world.names(second).is_ok());
}

#[test]
fn rule_2_another_login_leaves_the_token_of_the_first_user_valid() {
    let mut world = World::new();
    let (alice, mut place) = world.join("alice");
    let bob = world.login("bob", &mut place);
    assert!(world.names(alice).is_ok() && world.names(bob).is_ok());
}

#[test]
fn rule_3_to_nobody_is_an_error() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    assert_eq!(world.send(alice, "ghost", "hi"), Err(Refusal::NoSuchUser));
}

#[test]
fn rule_3_messages_are_pushed_to_the_connected_and_kept_for_the_others() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let (_, bob) = world.join("bob");
    world.send(alice, "bob", "one").unwrap();
    world.send(alice, "bob", "two").unwrap();
    assert_eq!(world.fetch(&bob), ["one", "two"]);
    assert!(world.fetch(&bob).is_empty());
    world.desk.leave(&bob, Vec::new());
    world.send(alice, "bob", "three").unwrap();
    assert!(world.fetch(&bob).is_empty());
    let (token, back) = world.join("bob");
    assert!(world.fetch(&back).is_empty(), "a login asks for nothing");
    assert_eq!(world.deliver(token, "bob"), Ok(vec!["three".to_owned()]));
    assert_eq!(world.deliver(token, "bob"), Ok(vec![]));
}

#[test]
fn rule_3_older_messages_come_first_also_when_one_is_pushed() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let (_, bob) = world.join("bob");
    world.desk.leave(&bob, Vec::new());
    world.send(alice, "bob", "kept").unwrap();
    let (token, bob) = world.join("bob");
    world.send(alice, "bob", "pushed").unwrap();
    assert_eq!(world.fetch(&bob), ["kept", "pushed"]);
    assert_eq!(world.deliver(token, "bob"), Ok(vec![]));
}

#[test]
fn rule_3_what_is_delivered_is_not_pushed() {
    let mut world = World::new();
    let (alice, place) = world.join("alice");
    world.send(alice, "alice", "to myself").unwrap();
    assert_eq!(
        world.deliver(alice, "alice"),
        Ok(vec!["to myself".to_owned()])
    );
    assert!(world.fetch(&place).is_empty());
}

#[test]
fn rule_3_many_messages_are_fetched_in_parts_and_the_bell_rings_for_each() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let (_, bob) = world.join("bob");
    let sent: Vec<String> = (0..10)
        .map(|i| format!("{i}{}", "x".repeat(20_000)))
        .collect();
    for text in &sent {
        world.send(alice, "bob", text).unwrap();
    }
    let mut fetched = Vec::new();
    while fetched.len() < sent.len() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(bob.bell.rung());
        let part = world.fetch(&bob);
        assert!((1..=4).contains(&part.len()));
        fetched.extend(part);
    }
    assert_eq!(fetched, sent);
}

#[test]
fn rule_4_and_5_nobody_acts_for_somebody_else() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let (bob, place) = world.join("bob");
    world.desk.leave(&place, Vec::new());
    world.send(alice, "bob", "secret").unwrap();
    for user in ["bob", "ghost", ""] {
        assert_eq!(world.deliver(alice, user), Err(Refusal::NotYours));
        let deleted = world.desk.delete(&alice, user);
        assert_eq!(deleted, Err(Refusal::NotYours));
    }
    assert_eq!(world.names(bob).unwrap(), ["alice", "bob"]);
    assert_eq!(world.deliver(bob, "bob"), Ok(vec!["secret".to_owned()]));
}

#[test]
fn rule_5_nothing_is_left_of_a_deleted_account() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let (bob, mut place) = world.join("bob");
    world.send(alice, "bob", "too late").unwrap();
    world.desk.delete(&bob, "bob").unwrap();
    assert_eq!(world.names(alice).unwrap(), ["alice"]);
    assert_eq!(world.names(bob), Err(Refusal::BadToken));
    assert!(world.fetch(&place).is_empty());
    assert_eq!(world.send(alice, "bob", "hi"), Err(Refusal::NoSuchUser));
    let again = world.login("bob", &mut place);
    assert_eq!(world.deliver(again, "bob"), Ok(vec![]));
    assert_eq!(world.names(bob), Err(Refusal::BadToken));
}

#[test]
fn rule_5_what_a_connection_held_for_a_deleted_account_is_gone() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let (bob, place) = world.join("bob");
    world.send(alice, "bob", "held").unwrap();
    let held = world.desk.fetch(&place);
    world.desk.delete(&bob, "bob").unwrap();
    let (again, _) = world.join("bob");
    world.desk.leave(&place, held);
    assert_eq!(world.deliver(again, "bob"), Ok(vec![]));
}

#[test]
fn rule_6_names_come_in_the_order_of_their_creation() {
    let mut world = World::new();
    let (zoe, _) = world.join("zoe");
    world.join("alice");
    assert_eq!(world.names(zoe).unwrap(), ["zoe", "alice"]);
    world.join("zoe");
    let (bob, _) = world.join("bob");
    assert_eq!(world.names(bob).unwrap(), ["zoe", "alice", "bob"]);
}

#[test]
fn rule_7_pushes_go_where_the_user_authenticated_last() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let (_, first) = world.join("bob");
    let (_, second) = world.join("bob");
    world.send(alice, "bob", "one").unwrap();
    assert!(world.fetch(&first).is_empty());
    assert_eq!(world.fetch(&second), ["one"]);
    world.desk.leave(&first, Vec::new());
    world.send(alice, "bob", "two").unwrap();
    assert_eq!(world.fetch(&second), ["two"]);
}

#[test]
fn rule_7_pushes_that_were_due_go_to_the_newer_connection() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let (_, first) = world.join("bob");
    world.send(alice, "bob", "one").unwrap();
    let (_, second) = world.join("bob");
    assert!(world.fetch(&first).is_empty());
    assert_eq!(world.fetch(&second), ["one"]);
}

#[test]
fn rule_7_another_user_on_a_connection_detaches_the_first() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let (bob, mut place) = world.join("bob");
    world.login("carol", &mut place);
    world.send(alice, "bob", "one").unwrap();
    assert!(world.fetch(&place).is_empty());
    assert_eq!(world.deliver(bob, "bob"), Ok(vec!["one".to_owned()]));
    world.send(alice, "carol", "two").unwrap();
    assert_eq!(world.fetch(&place), ["two"]);
}

#[test]
fn rule_10_what_could_not_be_sent_waits_again_in_front() {
    let mut world = World::new();
    let (alice, _) = world.join("alice");
    let (_, bob) = world.join("bob");
    for text in ["one", "two"] {
        world.send(alice, "bob", text).unwrap();
    }
    let unsent = world.desk.fetch(&bob);
    world.send(alice, "bob", "three").unwrap();
    world.desk.leave(&bob, unsent);
    let (token, _) = world.join("bob");
    let all = ["one", "two", "three"].map(ToOwned::to_owned).to_vec();
    assert_eq!(world.deliver(token, "bob"), Ok(all));
}

#[test]
fn a_queue_has_limits_and_a_refusal_changes_nothing() {
    let mut world = World::with(Limits {
        queued_messages: 2,
        queued_bytes: 500,
        ..Limits::default()
    });
    let (alice, _) = world.join("alice");
    let (bob, place) = world.join("bob");
    world.desk.leave(&place, Vec::new());
    let long = "x".repeat(1000);
    world.send(alice, "bob", &long).unwrap();
    assert_eq!(world.send(alice, "bob", "x"), Err(Refusal::QueueFull));
    assert_eq!(world.deliver(bob, "bob"), Ok(vec![long]));
    for _ in 0..2 {
        world.send(alice, "bob", "").unwrap();
    }
    assert_eq!(world.send(alice, "bob", ""), Err(Refusal::QueueFull));
    assert_eq!(world.deliver(bob, "bob").unwrap().len(), 2);
}

#[test]
fn the_number_of_accounts_has_a_limit_and_deleting_makes_room() {
    let mut world = World::with(Limits {
        accounts: 2,
        ..Limits::default()
    });
    world.join("alice");
    let (bob, place) = world.join("bob");
    let full = world.desk.create("carol", world.hash.clone(), &place);
    assert_eq!(full.unwrap_err(), Refusal::ServerFull);
    world.desk.delete(&bob, "bob").unwrap();
    world.join("carol");
    let name = "a".repeat(NAMES_LIMIT);
    world.desk.limits.accounts = 3;
    let full = world.desk.create(&name, world.hash.clone(), &place);
    assert_eq!(full.unwrap_err(), Refusal::ServerFull);
}
