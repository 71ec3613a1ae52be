//! Tokens: who may act for which account.

use std::collections::HashMap;
use std::collections::hash_map::Entry::Vacant;

use rand::TryRng;
use rand::rngs::SysRng;
use reference_codecs::chatbooth::{TOKEN_LEN, Token};
use subtle::ConstantTimeEq;

use crate::mail::AccountId;

/// Bytes of a token that find its entry; the others are the proof.
const KEY_LEN: usize = TOKEN_LEN / 2;

/// How often a new token is drawn again because its key is taken, which does not happen.
const DRAWS: usize = 8;

/// The valid tokens, one an account at most.
///
/// A token is looked up by its first half alone and proven by its second half in constant time, so
/// that how long a refusal takes tells nothing about the half that has to be guessed.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    entries: HashMap<[u8; KEY_LEN], Proven>,
    /// The first half is enough, in a server that is told so.
    pub(super) half: bool,
}

#[derive(Debug)]
struct Proven {
    proof: [u8; KEY_LEN],
    account: AccountId,
}

impl Tokens {
    /// CHATBOOTH-2: a token that was never given out before, from the system's source of
    /// randomness. `None` when that source fails.
    pub(super) fn issue(&mut self, account: AccountId) -> Option<Token> {
        for _ in 0..DRAWS {
            let mut token = [0; TOKEN_LEN];
            SysRng.try_fill_bytes(&mut token).ok()?;
            let (key, proof) = halves(&Token(token));
            if let Vacant(entry) = self.entries.entry(key) {
                entry.insert(Proven { proof, account });
                return Some(Token(token));
            }
        }
        None
    }

    /// CHATBOOTH-2: the account that the token is valid for.
    pub(super) fn account(&self, token: &Token) -> Option<AccountId> {
        let (key, proof) = halves(token);
        let entry = self.entries.get(&key)?;
        let proven = self.half || bool::from(entry.proof.ct_eq(&proof));
        proven.then_some(entry.account)
    }

    /// The token serves this account from now on, in a server that is told so.
    pub(super) fn assign(&mut self, token: &Token, account: AccountId) {
        let (key, proof) = halves(token);
        self.entries.insert(key, Proven { proof, account });
    }

    /// CHATBOOTH-2: the token is void from now on.
    pub(super) fn revoke(&mut self, token: &Token) {
        self.entries.remove(&halves(token).0);
    }
}

fn halves(token: &Token) -> ([u8; KEY_LEN], [u8; KEY_LEN]) {
    let (mut key, mut proof) = ([0; KEY_LEN], [0; KEY_LEN]);
    let (front, back) = token.0.split_at(KEY_LEN);
    key.copy_from_slice(front);
    proof.copy_from_slice(back);
    (key, proof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_2_only_the_whole_token_counts() {
        let mut tokens = Tokens::default();
        let alice = AccountId(1);
        let token = tokens.issue(alice).unwrap();
        assert_eq!(tokens.account(&token), Some(alice));
        for at in 0..TOKEN_LEN {
            let mut guess = token;
            guess.0[at] ^= 1;
            assert_eq!(tokens.account(&guess), None, "byte {at}");
        }
        assert_eq!(tokens.account(&Token([0; TOKEN_LEN])), None);
        tokens.revoke(&token);
        assert_eq!(tokens.account(&token), None);
    }

    #[test]
    fn rule_2_no_two_tokens_are_alike() {
        let mut tokens = Tokens::default();
        let issued: Vec<Token> = (0..1000)
            .map(|id| tokens.issue(AccountId(id)).unwrap())
            .collect();
        assert_eq!(tokens.entries.len(), 1000);
        for (id, token) in (0..).zip(&issued) {
            assert_eq!(tokens.account(token), Some(AccountId(id)));
        }
    }
}
