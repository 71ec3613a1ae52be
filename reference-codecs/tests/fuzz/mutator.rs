//! Valid messages, spoilt at random: the same way for the same seed. The fuzz targets of the typed
//! codecs and of the harness's decoder share it.

use std::env;
use std::fmt::Write as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The most bytes of a case; what is longer is cut off.
const MAX_LEN: usize = 4096;

/// Bytes that mean something in some protocol.
const TELLING: &[u8] = b"\0\n\r\x01\x7f\x80\xff {}[]\":,\\09-ue";

/// Sizes that are the last to fit somewhere, or the first that do not.
const TELLING_SIZES: [u64; 10] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    u64::MAX,
];

/// Tries `check` on spoilt messages, `iterations` of them unless `FUZZ_ITERATIONS` says another
/// number. The seed of the first is `FUZZ_SEED`, else 0, and each next one has the next number, so
/// that a case that fails can be tried alone.
pub(crate) fn fuzz(target: &str, iterations: u64, valid: &[Vec<u8>], check: impl Fn(&Case)) {
    assert!(!valid.is_empty(), "{target} has no valid messages");
    let first = setting("FUZZ_SEED").unwrap_or(0);
    let iterations = setting("FUZZ_ITERATIONS").unwrap_or(iterations);
    println!("{target}: FUZZ_SEED={first} FUZZ_ITERATIONS={iterations}");
    for seed in (0..iterations).map(|index| first.wrapping_add(index)) {
        let case = Case::new(seed, valid);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&case))) {
            println!("{target}: FUZZ_SEED={seed} FUZZ_ITERATIONS=1 does it again");
            println!("the bytes, `|` where they are cut: {}", case.shown());
            resume_unwind(panic);
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}

/// The beginning of a stream, and how it comes.
pub(crate) struct Case {
    /// Some messages one after another, most of them spoilt.
    pub(crate) bytes: Vec<u8>,
    /// How many messages they are, if nothing was spoilt.
    pub(crate) valid: Option<usize>,
    /// Where the stream is cut into pieces, in ascending order.
    cuts: Vec<usize>,
}

impl Case {
    fn new(seed: u64, valid: &[Vec<u8>]) -> Self {
        let mut random = Random(seed);
        let mut bytes = Vec::new();
        let count = 1 + random.below(3);
        for _ in 0..count {
            bytes.extend(random.one_of(valid));
        }
        let changes = random.below(5);
        for _ in 0..changes {
            spoil(&mut bytes, valid, &mut random);
        }
        let valid = (changes == 0 && bytes.len() <= MAX_LEN).then_some(count);
        bytes.truncate(MAX_LEN);
        let mut cuts: Vec<usize> = (0..random.below(6)).map(|_| random.place(&bytes)).collect();
        cuts.sort_unstable();
        Self { bytes, valid, cuts }
    }

    /// The bytes as they come.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.cuts.iter().copied());
        let ends = self.cuts.iter().copied().chain([self.bytes.len()]);
        begins.zip(ends).map(|(begin, end)| &self.bytes[begin..end])
    }

    /// Beginnings of the bytes, shorter ones first.
    pub(crate) fn beginnings(&self) -> impl Iterator<Item = &[u8]> {
        self.cuts.iter().map(|cut| &self.bytes[..*cut])
    }

    fn shown(&self) -> String {
        let mut shown = String::new();
        for (index, piece) in self.pieces().enumerate() {
            shown.push_str(if index == 0 { "" } else { " | " });
            for byte in piece {
                let _ = write!(shown, "{byte:02x}");
            }
        }
        shown
    }
}

fn spoil(bytes: &mut Vec<u8>, valid: &[Vec<u8>], random: &mut Random) {
    let at = random.place(bytes);
    match random.below(9) {
        0 => change(bytes, at, |byte| *byte ^= 1 << random.below(8)),
        1 => change(bytes, at, |byte| *byte = *random.one_of(TELLING)),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(random.range(bytes))),
        4 => {
            let range = random.range(bytes);
            let copy = bytes[range.clone()].to_vec();
            bytes.splice(range.end..range.end, copy);
        }
        5 => {
            let other = random.one_of(valid);
            bytes.truncate(at);
            bytes.extend(&other[random.place(other)..]);
        }
        6 => {
            let count = random.below(20);
            let new: Vec<u8> = (0..count).map(|_| random.byte()).collect();
            bytes.splice(at..at, new);
        }
        7 => {
            let byte = *random.one_of(TELLING);
            bytes.splice(at..at, vec![byte; 1 + random.below(3)]);
        }
        _ => resize(bytes, at, random),
    }
}

fn change(bytes: &mut [u8], at: usize, change: impl FnOnce(&mut u8)) {
    if let Some(byte) = bytes.get_mut(at) {
        change(byte);
    }
}

/// Writes another number where a length may stand.
fn resize(bytes: &mut [u8], at: usize, random: &mut Random) {
    let width = *random.one_of(&[1, 2, 4, 8]);
    let rest = (bytes.len() - at).saturating_sub(width);
    let Some(field) = bytes.get_mut(at..at + width) else {
        return;
    };
    let is_little = random.below(2) == 0;
    if is_little {
        field.reverse();
    }
    let old = field
        .iter()
        .fold(0, |old, byte| old << 8 | u64::from(*byte));
    let new = match random.below(5) {
        0 => old.wrapping_add(1),
        1 => old.wrapping_sub(1),
        2 => rest as u64,
        3 => random.next() >> random.below(64),
        _ => *random.one_of(&TELLING_SIZES),
    };
    field.copy_from_slice(&new.to_be_bytes()[8 - width..]);
    if is_little {
        field.reverse();
    }
}

/// The generator `SplitMix64`: each seed begins another sequence.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A place in the bytes or at their end; each second one near the beginning, where most
    /// numbers stand.
    fn place(&mut self, bytes: &[u8]) -> usize {
        let end = match self.below(2) {
            0 => bytes.len(),
            _ => bytes.len().min(12),
        };
        self.below(end + 1)
    }

    fn range(&mut self, bytes: &[u8]) -> Range<usize> {
        let (one, other) = (self.place(bytes), self.place(bytes));
        one.min(other)..one.max(other)
    }
}
